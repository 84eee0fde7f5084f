"""Where evidence is kept: a folder per run that outlives Airflow's own history, and what a pair remembers.

Layout below the base::

    <pair>/direction.json           the last armed direction
    <pair>/recovery_point.json      the last recovery point
    <pair>/backups/<master>/<name>  fetched backups of a NIM database, names begin with their UTC time
    <pair>/runs/<dag_id>/<run_id>/  one run, see :mod:`nim_operators.evidence`

Everything but backups goes through :class:`nim_operators.evidence.redact.Redactor` before it is written. A
backup is kept byte for byte, because it must restore.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any, TypeVar

from nim_operators.evidence.page import render_html, render_text, text_digest
from nim_operators.evidence.records import KINDS, Json, RecoveryPointRecord, Stored, VerdictGiven, safe_name
from nim_operators.evidence.redact import Redactor
from nim_operators.evidence.verdict import VerdictRecord, judge, open_verdict
from nim_operators.evidence.view import page_of
from nim_operators.files import EvidenceUnavailable, Files
from nim_operators.nim.snapshot import ArmedDirection, Section

_Kept = TypeVar("_Kept", ArmedDirection, RecoveryPointRecord)
_BACKUP_NAME = re.compile(r"\d{8}T\d{6}Z[A-Za-z0-9_.-]*", re.ASCII)


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


class EvidenceStore:
    """
    The evidence of every pair. Constructing it touches nothing.

    :param base: see :class:`nim_operators.files.Files`.
    """

    def __init__(self, base: str) -> None:
        self._files = Files(base)

    def run(self, pair: str, dag_id: str, run_id: str) -> RunEvidence:
        """Return the evidence of one run; the same arguments always lead to the same folder."""
        return RunEvidence(
            self._files, f"{safe_name(pair)}/runs/{safe_name(dag_id)}/{safe_name(run_id)}", dag_id, run_id
        )

    def begun_run(self, pair: str, dag_id: str, run_id: str) -> RunEvidence | None:
        """Return the evidence of a run that has written some, None where none is kept; never that of another run.

        :raises EvidenceUnavailable: if the store cannot be reached.
        """
        evidence = self.run(pair, dag_id, run_id)
        return evidence if evidence.has_begun() else None

    def remember_direction(self, pair: str, direction: ArmedDirection) -> None:
        """Keep *direction* as the armed one of *pair*."""
        self._files.replace(_direction_file(pair), _to_bytes(asdict(direction)))

    def remembered_direction(self, pair: str) -> ArmedDirection | None:
        """Return the armed direction of *pair*, None where none was ever kept.

        :raises EvidenceUnavailable: if there is one that cannot be understood; it never counts as none.
        """
        return self._remembered(_direction_file(pair), ArmedDirection)

    def write_recovery_point(self, pair: str, point: RecoveryPointRecord) -> None:
        """Keep *point* as the last recovery point of *pair*."""
        self._files.replace(_recovery_point_file(pair), _to_bytes(asdict(point)))

    def recovery_point(self, pair: str) -> RecoveryPointRecord | None:
        """Return the last recovery point of *pair*, None where there never was one.

        :raises EvidenceUnavailable: if there is one that cannot be understood.
        """
        return self._remembered(_recovery_point_file(pair), RecoveryPointRecord)

    def write_backup(self, pair: str, master: str, name: str, content: bytes) -> str:
        """Keep a fetched backup under *name* and return its address. What is kept is never overwritten.

        :param name: begins with the UTC time of the backup, ``20261122T020003Z``, by which retention sorts.
        :raises EvidenceUnavailable: if another content is kept under this name already, or nothing can be.
        """
        if not _BACKUP_NAME.fullmatch(name):
            raise ValueError(f"{name!r} does not begin with a UTC time such as 20261122T020003Z")
        path = f"{_backups(pair, master)}/{name}"
        if not self._files.create(path, content) and self._files.read(path) != content:
            raise EvidenceUnavailable(
                f"{self._files.address(path)} holds another backup already; move it away and run again."
            )
        return self._files.address(path)

    def read_backup(self, pair: str, master: str, name: str) -> bytes:
        """Return a kept backup, read anew from where it is kept.

        :raises EvidenceUnavailable: if it is not there.
        """
        path = f"{_backups(pair, master)}/{name}"
        content = self._files.read(path)
        if content is None:
            raise EvidenceUnavailable(f"{self._files.address(path)} is not there; take a new backup.")
        return content

    def backups(self, pair: str, master: str) -> list[str]:
        """Return the names of the kept backups of *master*, the oldest first."""
        return [name for name in self._files.find(_backups(pair, master)) if _BACKUP_NAME.fullmatch(name)]

    def prune_backups(self, pair: str, master: str, keep: int) -> list[str]:
        """Remove all but the newest *keep* backups of *master* and return the names of the removed ones.

        The backup that the last recovery point names stays, however old it is.
        """
        point = self.recovery_point(pair)
        folder = _backups(pair, master)
        aged = self.backups(pair, master)[:-keep]
        removed = [name for name in aged if point is None or self._files.address(f"{folder}/{name}") != point.backup]
        for name in removed:
            self._files.remove(f"{folder}/{name}")
        return removed

    def _remembered(self, path: str, kind: type[_Kept]) -> _Kept | None:
        content = self._files.read(path)
        if content is None:
            return None
        try:
            fields = json.loads(content)
            for key, value in fields.items():
                fields[key] = tuple(value) if isinstance(value, list) else value
            return kind(**fields)
        except (AttributeError, TypeError, ValueError) as error:
            raise EvidenceUnavailable(
                f"{self._files.address(path)} cannot be understood ({error}); compare it with the evidence "
                "of the last run and put it right."
            ) from error


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
        self, *, pair: str, runbook: str, source: str, estate_digest: str, requested_by: str, started_at: str
    ) -> Json:
        """Write what this run is, unless an earlier task or try did, and return what stands there."""
        run = {
            "uid": self._uid,
            "pair": pair,
            "runbook": runbook,
            "source": source,
            "dag_id": self._dag_id,
            "run_id": self._run_id,
            "started_at": started_at,
            "estate_digest": estate_digest,
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

    def read_records(self) -> list[Stored]:
        """Return every record in the order of its writing.

        :raises EvidenceUnavailable: if one cannot be understood; it never counts as none.
        """
        records = [self._read_record(f"records/{name}") for name in self._files.find(self._path("records"))]
        return sorted(records, key=lambda record: (record.at, record.task_id, record.number))

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
        return _to_bytes(self._redactor.json(value))

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


def _direction_file(pair: str) -> str:
    return f"{safe_name(pair)}/direction.json"


def _recovery_point_file(pair: str) -> str:
    return f"{safe_name(pair)}/recovery_point.json"


def _backups(pair: str, master: str) -> str:
    return f"{safe_name(pair)}/backups/{safe_name(master)}"


def _to_bytes(value: Any) -> bytes:
    return _encoded(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def _encoded(text: str) -> bytes:
    """Return UTF-8; what a host printed and is no text is spelt out instead of lost."""
    return text.encode(errors="backslashreplace")
