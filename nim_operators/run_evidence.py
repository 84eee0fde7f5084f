"""The evidence of one run: its folder, to which records, snapshots and logs are added, and its verdict."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

from nim_operators.evidence.page import render_html, render_text, text_digest
from nim_operators.evidence.records import KINDS, Json, Stored, VerdictGiven, safe_name
from nim_operators.evidence.redact import Redactor
from nim_operators.evidence.verdict import VerdictRecord, judge, open_verdict
from nim_operators.evidence.view import page_of
from nim_operators.files import EvidenceUnavailable, Files
from nim_operators.nim.snapshot import Section


@dataclass(frozen=True, slots=True)
class WrittenLog:
    """A log as it is in the evidence: its file in the run's folder, the SHA-256 of that file, its lines."""

    file: str
    sha256: str
    lines: int


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The verdict of a run with its page: the plain text and its SHA-256, and where the HTML page is."""

    verdict: VerdictRecord
    text: str
    text_sha256: str
    page: str


class RunEvidence:
    """
    The folder of one run. Records, snapshots and logs are added and never changed.

    :param files: where all evidence is.
    :param folder: the run's folder there.
    """

    def __init__(self, files: Files, folder: str, dag_id: str, run_id: str) -> None:
        self._files = files
        self._folder = folder
        self._dag_id = dag_id
        self._run_id = run_id
        self._redactor = Redactor()

    @property
    def of(self) -> tuple[str, str]:
        """The ids of the DAG and of the run whose evidence this is."""
        return self._dag_id, self._run_id

    @property
    def _uid(self) -> str:
        return hashlib.sha256(f"{self._dag_id}/{self._run_id}".encode()).hexdigest()[:12]

    @property
    def location(self) -> str:
        """The address of the run's folder."""
        return self._files.address(self._folder)

    def mask(self, secrets: Iterable[str]) -> None:
        """Mask *secrets* in everything written from now on."""
        self._redactor.add(secrets)

    def begin(
        self,
        *,
        pair: str,
        runbook: str,
        source: str,
        estate_digest: str,
        requested_by: str,
        started_at: str,
        reach_digest: str = "",
        approval: Json | None = None,
    ) -> Json:
        """Write what this run is, unless an earlier task or try did, and return what stands there.

        :param approval: who may approve it, by the estate file as it is when the run begins.
        """
        run = {
            "uid": self._uid,
            "pair": pair,
            "runbook": runbook,
            "source": source,
            "dag_id": self._dag_id,
            "run_id": self._run_id,
            "started_at": started_at,
            "estate_digest": estate_digest,
            "reach_digest": reach_digest,
            "approval": approval or {},
            "requested_by": requested_by,
        }
        self._files.create(self._path("run.json"), self._json(run))
        return self._read_json("run.json")

    def has_begun(self) -> bool:
        """Tell whether this very run has written what it is."""
        return "run.json" in self.files() and self._read_json("run.json").get("uid") == self._uid

    def write_record(self, task_id: str, kind: str, body: Mapping[str, Any]) -> str:
        """Add a record and return its file. Its number follows the task's last one, of whatever try."""
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is no kind of record; known are {', '.join(KINDS)}")
        folder = f"records/{safe_name(task_id)}"
        written = self._files.find(self._path(folder))
        first = 1 + max((int(name.partition("-")[0]) for name in written), default=0)
        at = datetime.now(UTC).isoformat(timespec="microseconds")
        for number in count(first):
            record = Stored(task_id, number, kind, at, dict(body))
            if self._files.create(self._path(record.file), self._json(record.to_json())):
                return record.file
        raise AssertionError("unreachable: numbers do not end")

    def write_snapshot(self, name: str, sections: Mapping[str, Section]) -> str:
        """Add what a host printed, section by section, and return the file; a second one gets a number."""
        texts = [asdict(section) for section in sections.values()]
        return self._keep(f"snapshots/{safe_name(name)}", ".json", self._json(texts))

    def read_snapshot(self, file: str) -> dict[str, Section]:
        """Return the sections of a snapshot that this run wrote.

        :raises EvidenceUnavailable: if it is not there.
        """
        sections = [Section(**fields) for fields in json.loads(self.read_text(file))]
        return {section.name: section for section in sections}

    def write_log(self, job: str, text: str) -> WrittenLog:
        """Add the whole log of a job. The same log again is the same file; a different one gets a number."""
        masked = self._redactor.text(text)
        content = _encoded(masked)
        file = self._keep(f"logs/{safe_name(job)}", ".log", content)
        return WrittenLog(file, hashlib.sha256(content).hexdigest(), masked.count("\n"))

    def write_script(self, name: str, text: str) -> str:
        """Add a script that was left on a master, and return the file; a different one gets a number."""
        stem, dot, suffix = name.rpartition(".")
        return self._keep(stem, f"{dot}{suffix}", _encoded(self._redactor.text(text)))

    def files(self) -> list[str]:
        """Return every file of this run, relative to its folder, sorted."""
        return self._files.find(self._path(""))

    def read(self, file: str) -> bytes:
        """Return a file of this run as it is kept.

        :raises EvidenceUnavailable: if it is not there.
        """
        content = self._files.read(self._path(file))
        if content is None:
            raise EvidenceUnavailable(
                f"{self._files.address(self._path(file))} is not there; this run did not write it."
            )
        return content

    def read_text(self, file: str) -> str:
        """Return the text of a file of this run.

        :raises EvidenceUnavailable: if it is not there.
        """
        return self.read(file).decode()

    def read_records(self, kind: str = "") -> list[Stored]:
        """Return every record, or every one of that *kind*, in the order of its writing.

        Those of one task are in the order of their numbers, whatever the clocks of its workers said.

        :raises EvidenceUnavailable: if one cannot be understood; it never counts as none.
        """
        ending = f"-{kind}.json" if kind else ""
        names = [name for name in self._files.find(self._path("records")) if name.endswith(ending)]
        records = [self._read_record(f"records/{name}") for name in names]
        latest: dict[str, str] = {}
        placed = []
        for record in sorted(records, key=lambda record: (record.task_id, record.number)):
            latest[record.task_id] = max(latest.get(record.task_id, ""), record.at)
            placed.append((latest[record.task_id], record.task_id, record.number, record))
        return [record for *_, record in sorted(placed, key=lambda place: place[:3])]

    def conclude(
        self, task_id: str, step_states: Mapping[str, str], required: Mapping[str, Collection[str]]
    ) -> Conclusion:
        """Judge the run, write ``verdict.json`` and the page, and keep the verdict as a record of *task_id*.

        Verdict and page may be made anew; the record of an earlier verdict stays.

        :param step_states: see :func:`nim_operators.evidence.verdict.judge`, as *required*.
        """
        records = self.read_records()
        given = judge([record for record in records if record.task_id != task_id], step_states, required)
        verdict = self._redactor.json(given.to_json())
        self._files.replace(self._path("verdict.json"), self._json(verdict))
        files = {*self.files(), "page.html", "page.txt"}
        page = page_of(self._read_json("run.json"), verdict, records, files, self.location)
        text = self._redactor.text(render_text(page))
        self._files.replace(self._path("page.txt"), _encoded(text))
        self._files.replace(self._path("page.html"), _encoded(self._redactor.text(render_html(page))))
        digest = text_digest(text)
        self.write_record(task_id, VerdictGiven.KIND, VerdictGiven(given.verdict, verdict["reason"], digest).to_json())
        return Conclusion(given, text, digest, self._files.address(self._path("page.html")))

    def page_now(self) -> str:
        """Return the HTML page of the last verdict, or of what is recorded so far where the run has gone on since.

        :raises EvidenceUnavailable: if a record cannot be understood.
        """
        records = self.read_records()
        open_ = open_verdict(records)
        if open_ is None:
            return self.read_text("page.html")
        page = page_of(self._read_json("run.json"), open_, records, self.files(), self.location)
        return self._redactor.text(render_html(page))

    def _path(self, file: str) -> str:
        return f"{self._folder}/{file}".rstrip("/")

    def _json(self, value: Any) -> bytes:
        return to_bytes(self._redactor.json(value))

    def _read_json(self, file: str) -> Json:
        try:
            value = json.loads(self.read_text(file))
        except ValueError as error:
            raise EvidenceUnavailable(
                f"{self._files.address(self._path(file))} cannot be understood: {error}."
            ) from error
        return dict(value)

    def _read_record(self, file: str) -> Stored:
        try:
            return Stored.from_json(self._read_json(file))
        except ValueError as error:
            raise EvidenceUnavailable(
                f"{self._files.address(self._path(file))} cannot be understood: {error}."
            ) from error

    def _keep(self, stem: str, suffix: str, content: bytes) -> str:
        """Write a new file and return its name; an equal one is there once, another one beside it."""
        for number in count(1):
            file = f"{stem}{suffix}" if number == 1 else f"{stem}-{number}{suffix}"
            if self._files.create(self._path(file), content) or self._files.read(self._path(file)) == content:
                return file
        raise AssertionError("unreachable: numbers do not end")


def to_bytes(value: Any) -> bytes:
    """Return *value* as the JSON text that evidence is made of."""
    return _encoded(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def _encoded(text: str) -> bytes:
    """Return UTF-8; what a host printed and is no text is spelt out instead of lost."""
    return text.encode(errors="backslashreplace")
