"""What a run did: its steps, its commands and jobs, and notes that fit nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nim_operators.evidence.records import Stored, end_of, is_known
from nim_operators.evidence.sections.base import Row, Section, Told
from nim_operators.evidence.times import between, moment, took
from nim_operators.nim.outcome import outcome_from_json

_RESULT_TONES = {
    "done": "good",
    "skipped": "",
    "refused": "warn",
    "unknown": "warn",
    "failed": "bad",
    "broke": "bad",
}


def steps(told: Told) -> Section:
    """Show how each step ended, in the order in which they began; those that did not begin come last."""
    begun = sorted(told.verdict["steps"], key=lambda step: step["began_at"] or "~")
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
        for step in begun
    )
    return Section("Steps", (), ("step", "result", "began", "took", "tries"), rows, toned=1)


def commands(told: Told) -> Section:
    """Show what was sent that may change a master."""
    rows = _command_rows(told, changes=True)
    sentences = () if rows else ("None was sent.",)
    return Section("Commands that may change something", sentences, _COMMAND_COLUMNS, rows, toned=3)


def reading_commands(told: Told) -> Section | None:
    """Show what else was sent."""
    rows = _command_rows(told, changes=False)
    return (
        Section("Commands that change nothing in NIM", (), _COMMAND_COLUMNS, rows, toned=3, folded=True)
        if rows
        else None
    )


_COMMAND_COLUMNS = ("step", "host", "command", "outcome", "took", "stderr")


def _command_rows(told: Told, *, changes: bool) -> tuple[Row, ...]:
    return tuple(
        _command_row(record, told.records) for record in told.of("command") if bool(record.body["changes"]) is changes
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


def jobs(told: Told) -> Section | None:
    """Show each job with the digest of its log."""
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
        for job in (record.body for record in told.of("job"))
    )
    columns = ("job", "host", "outcome", "log", "sha256 of the log")
    return Section("Jobs", (), columns, rows, toned=2, folded=True) if rows else None


def notes(told: Told) -> Section | None:
    """Show who recorded which direction, and every note."""
    directions = (
        f"Armed direction: {body['source']} to {body['target']}, recorded by {body['recorded_by']} at "
        f"{body['recorded_at']}."
        for body in (record.body for record in told.of("direction"))
    )
    sentences = (*directions, *(record.body["text"] for record in told.of("note")))
    return Section("Notes", sentences) if sentences else None


def _outcome(value: Any, without: str) -> str:
    """Say how a command ended; a record that holds none of the three outcomes is shown as it is."""
    if not isinstance(value, dict):
        return without
    try:
        return str(outcome_from_json(value))
    except ValueError:
        return str(value)
