"""The sections of a run's page: headings, sentences and tables that can be rendered in any form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nim_operators.evidence.records import Json, Stored, end_of, is_known
from nim_operators.evidence.times import between, moment, took
from nim_operators.nim.findings import Severity
from nim_operators.nim.outcome import outcome_from_json

MOST_ROWS = 200
"""A table shows this many rows; a page is read in two minutes, and the records hold every row."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table; ``tone`` is ``good``, ``bad``, ``warn`` or empty."""

    cells: tuple[str, ...]
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, sentences, and perhaps a table, whose column number *toned* shows the tone of each row.

    A folded section is opened by a reader who needs it. The cells of a linked one are files beside the page.
    """

    heading: str
    sentences: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    toned: int = 0
    folded: bool = False
    linked: bool = False


def sections_of(verdict: Mapping[str, Any], records: Sequence[Stored]) -> Iterator[Section]:
    """Yield the sections of a page, what a reader needs first first; one without content is left out."""
    for make in _SECTIONS:
        section = make(verdict, records)
        if section is not None:
            yield section


_RESULT_TONES = {"done": "good", "refused": "warn", "unknown": "warn", "failed": "bad", "broke": "bad"}
_SEVERITY_TONES = {Severity.BLOCKS: "bad", Severity.APPROVAL: "warn", Severity.WARNS: "warn"}
_CONTENT_TONES = {"stale": "warn", "partial": "bad", "missing": "bad", "unreadable": "bad"}


def _of(records: Iterable[Stored], kind: str) -> list[Stored]:
    return [record for record in records if record.kind == kind]


def _capped(rows: Sequence[Row], file: str) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """Return the rows to show and a sentence where that is not all of them."""
    left = len(rows) - MOST_ROWS
    return tuple(rows[:MOST_ROWS]), (f"{left} more rows are in {file}.",) if left > 0 else ()


def _steps(verdict: Mapping[str, Any], _: Sequence[Stored]) -> Section:
    rows = tuple(
        Row(
            (
                step["task_id"],
                step["result"] or ("no end recorded" if step["began_at"] else "not begun"),
                moment(step["began_at"]),
                between(step["began_at"], step["ended_at"]),
                str(step["tries"]),
            ),
            _RESULT_TONES.get(step["result"], "warn"),
        )
        for step in verdict["steps"]
    )
    return Section("Steps", (), ("step", "result", "began", "took", "tries"), rows, toned=1)


def _put_back(_: Mapping[str, Any], records: Sequence[Stored]) -> Section | None:
    rows = tuple(
        Row(
            (body["master"], body["state"], body["reason"], "\n".join(body["commands"])),
            "bad" if body["state"] == "unusable" else "good",
        )
        for body in (record.body for record in _of(records, "put_back"))
    )
    columns = ("master", "state", "why", "what to type")
    return Section("The alternate after a sync that was not proven", (), columns, rows, toned=1) if rows else None


def _diagnosis(_: Mapping[str, Any], records: Sequence[Stored]) -> Section | None:
    rows = tuple(
        Row(
            (
                record.task_id,
                record.body["diagnosis"]["state"],
                record.body["permission"],
                " ".join([record.body["diagnosis"]["meaning"], *record.body["diagnosis"]["reasons"]]),
            )
        )
        for record in _of(records, "assessment")
    )
    return Section("Diagnosis", (), ("step", "state", "permission", "why"), rows) if rows else None


def _findings(_: Mapping[str, Any], records: Sequence[Stored]) -> Section | None:
    """Show each finding once, the gravest first, with the steps that saw it."""
    seen: dict[tuple[str, ...], list[str]] = {}
    assessments = _of(records, "assessment")
    for record in assessments:
        for found in record.body["findings"]:
            evidence = "\n".join(found["evidence"])
            key = (
                found["severity"],
                found["check"],
                found["subject"],
                found["saw"],
                evidence,
                found["remedy"],
            )
            steps = seen.setdefault(key, [])
            steps += [record.task_id] if record.task_id not in steps else []
    order = [severity.value for severity in Severity]
    rows = [
        Row((*key, ", ".join(steps)), _SEVERITY_TONES.get(Severity(key[0]), ""))
        for key, steps in sorted(seen.items(), key=lambda one: order.index(one[0][0]))
    ]
    if not assessments:
        return None
    shown, more = _capped(rows, assessments[-1].file)
    columns = ("severity", "check", "about", "what was seen", "evidence", "what to do", "seen by")
    return Section("Findings", more or (() if rows else ("No check found anything.",)), columns, shown)


def _ownership(_: Mapping[str, Any], records: Sequence[Stored]) -> Section | None:
    """Show the last matrix: the counts, and each client that is not simply the source's."""
    assessments = _of(records, "assessment")
    if not assessments:
        return None
    matrix: Json = assessments[-1].body["ownership"]
    masters = (matrix["source"], matrix["target"])
    counts = ", ".join(f"{count} {verdict}" for verdict, count in matrix["summary"].items() if count)
    rows = [
        Row(
            (
                row["client"],
                row["verdict"],
                *(row["databases"].get(master) or "" for master in masters),
                ", ".join(row["own_word"]),
                "; ".join([*row["asked"], *row["remarks"]]),
            ),
            "" if row["verdict"] == "owned by source" else "warn",
        )
        for row in sorted(matrix["rows"], key=lambda row: (row["verdict"] == "owned by source", row["client"]))
    ]
    shown, more = _capped(rows, assessments[-1].file)
    told = f"As {assessments[-1].task_id} saw it: {counts or 'no client'}. Source is {masters[0]}, target {masters[1]}."
    columns = (
        "client",
        "verdict",
        *(f"says {master}" for master in masters),
        "says the client",
        "how it was asked",
    )
    return Section("Who controls the clients", (told, *more), columns, shown, toned=1)


def _drift(_: Mapping[str, Any], records: Sequence[Stored]) -> Section | None:
    found = _of(records, "drift")
    rows = [
        Row((record.task_id, row["name"], row.get("what", ""), row["kind"], _differences(row)), "warn")
        for record in found
        for row in record.body["rows"]
    ]
    if not found:
        return None
    shown, more = _capped(rows, found[-1].file)
    columns = ("step", "object", "what", "how", "left and right, or before and after")
    return Section("Definitions that differ", more or (() if rows else ("None.",)), columns, shown, toned=3)


def _differences(row: Mapping[str, Any]) -> str:
    sides = (
        (name, *(" | ".join(values) or "not set" for values in (left, right)))
        for name, (left, right) in row.get("attributes", {}).items()
    )
    return "\n".join(f"{name}: {left} / {right}" for name, left, right in sides)


def _contents(_: Mapping[str, Any], records: Sequence[Stored]) -> Section | None:
    found = _of(records, "contents")
    if not found:
        return None
    compared = found[-1].body["rows"]
    equal = [row for row in compared if row["condition"] == "equal"]
    by_checksum = sum(1 for row in equal if row.get("by_checksum"))
    rows = [
        Row(
            (row["resource"], row["condition"], "\n".join(row["files"])),
            _CONTENT_TONES.get(row["condition"], ""),
        )
        for row in compared
        if row["condition"] != "equal"
    ]
    told = f"{len(equal)} of {len(compared)} resources are equal, {by_checksum} by checksum of every file."
    shown, more = _capped(rows, found[-1].file)
    return Section("Content of the resources", (told, *more), ("resource", "condition", "files"), shown, toned=1)


def _recovery_point(verdict: Mapping[str, Any], records: Sequence[Stored]) -> Section:
    found = _of(records, "recovery_point")
    if not found:
        before = (
            "Do not rely on the one before it: this run sent what may have changed the alternate."
            if verdict["changed"]
            else "The one before it still stands."
        )
        return Section("Recovery point", (f"This run made none. {before}",))
    point = found[-1].body
    holds = (
        f"{point['target']} holds the state that {point['source']} had at {moment(point['at'])}: "
        f"{point['definitions']} definitions; {point['resources']} resources with {point['files']} files and "
        f"{point['bytes']} bytes, compared by {point['compared_by']}."
    )
    backup = f"Backup of {point['source']}: {point['backup']}"
    stale = (f"Older on the target: {', '.join(point['stale'])}.",) if point["stale"] else ()
    return Section("Recovery point", (holds, backup, *stale))


def _backups(_: Mapping[str, Any], records: Sequence[Stored]) -> Section | None:
    rows = tuple(
        Row(
            (
                backup["master"],
                backup["stamp"],
                backup["path"],
                str(backup["size_bytes"]),
                f"{len(backup['members'])} members",
                f"{backup['algorithm']} {backup['digest_here']}",
            ),
            "good" if backup["digest_here"] == backup["digest_on_host"] else "bad",
        )
        for backup in (record.body for record in _of(records, "backup"))
    )
    columns = ("master", "taken", "where it is", "bytes", "content", "digest, read again here")
    return Section("Backups", (), columns, rows, toned=5) if rows else None


def _commands(_: Mapping[str, Any], records: Sequence[Stored]) -> Section:
    rows = _command_rows(records, changes=True)
    sentences = () if rows else ("None was sent.",)
    return Section("Commands that may change something", sentences, _COMMAND_COLUMNS, rows, toned=3)


def _reading_commands(_: Mapping[str, Any], records: Sequence[Stored]) -> Section | None:
    rows = _command_rows(records, changes=False)
    return Section("Commands that only read", (), _COMMAND_COLUMNS, rows, toned=3, folded=True) if rows else None


_COMMAND_COLUMNS = ("step", "host", "command", "outcome", "took", "stderr")


def _command_rows(records: Sequence[Stored], *, changes: bool) -> tuple[Row, ...]:
    return tuple(
        _command_row(record, records) for record in _of(records, "command") if bool(record.body["changes"]) is changes
    )


def _command_row(command: Stored, records: Sequence[Stored]) -> Row:
    """Show one command; one that ran as a job has the outcome and the end of the job."""
    body = command.body
    end = None if is_known(body.get("outcome")) else end_of(command, records)
    outcome = end.body["outcome"] if end else body.get("outcome")
    lasted = between(command.at, end.at) if end else took(body.get("seconds"))
    return Row(
        (
            command.task_id,
            body["host"],
            body["line"],
            _outcome(outcome, "no end recorded"),
            lasted,
            body.get("stderr") or "",
        ),
        "good" if outcome == {"exited": 0} else "warn",
    )


def _sync(_: Mapping[str, Any], records: Sequence[Stored]) -> Section | None:
    sentences = tuple(
        f"It ended {'with' if sync['completed'] else 'without'} its last line. "
        f"Phases: {', '.join(map(str, sync['phases'])) or 'none'}. "
        f"Copied: {', '.join(sync['replicated']) or 'nothing'}. "
        f"Begun and not finished: {', '.join(sync['unfinished']) or 'nothing'}."
        for sync in (record.body for record in _of(records, "sync"))
    )
    return Section("What the sync said", sentences) if sentences else None


def _jobs(_: Mapping[str, Any], records: Sequence[Stored]) -> Section | None:
    rows = tuple(
        Row(
            (
                job["job"],
                job["host"],
                _outcome(job.get("outcome"), "not over"),
                f"{job['lines']} lines in {job['log_file']}",
                job["log_sha256"],
            ),
            "" if job.get("outcome") == {"exited": 0} else "warn",
        )
        for job in (record.body for record in _of(records, "job"))
    )
    columns = ("job", "host", "outcome", "log", "sha256 of the log")
    return Section("Jobs", (), columns, rows, toned=2, folded=True) if rows else None


def _observations(_: Mapping[str, Any], records: Sequence[Stored]) -> Section | None:
    rows = tuple(
        Row(
            (
                record.task_id,
                seen["master"],
                "observed" if seen["reachable"] else f"{seen.get('absence', '')}: {seen.get('reason', '')}",
                seen.get("clock") or "",
                ", ".join(f"{count} {what}" for what, count in (seen.get("counts") or {}).items()),
                seen.get("snapshot_file") or "",
            ),
            "" if seen["reachable"] else "warn",
        )
        for record, seen in ((record, record.body) for record in _of(records, "observation"))
    )
    columns = ("step", "master", "seen", "its clock", "counts", "raw text")
    return Section("Observations", (), columns, rows, toned=2, folded=True) if rows else None


def _notes(_: Mapping[str, Any], records: Sequence[Stored]) -> Section | None:
    directions = (
        f"Armed direction: {body['source']} to {body['target']}, recorded by {body['recorded_by']} at "
        f"{body['recorded_at']}."
        for body in (record.body for record in _of(records, "direction"))
    )
    sentences = (*directions, *(record.body["text"] for record in _of(records, "note")))
    return Section("Notes", sentences) if sentences else None


_SECTIONS: tuple[Callable[[Mapping[str, Any], Sequence[Stored]], Section | None], ...] = (
    _put_back,
    _steps,
    _diagnosis,
    _findings,
    _recovery_point,
    _ownership,
    _drift,
    _contents,
    _sync,
    _backups,
    _commands,
    _jobs,
    _observations,
    _notes,
    _reading_commands,
)


def _outcome(value: Any, without: str) -> str:
    """Say how a command ended; a record that holds none of the three outcomes is shown as it is."""
    if not isinstance(value, dict):
        return without
    try:
        return str(outcome_from_json(value))
    except ValueError:
        return str(value)
