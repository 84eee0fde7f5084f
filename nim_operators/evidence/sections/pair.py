"""What was seen of a pair: its diagnosis, what the checks found, who controls the clients."""

from __future__ import annotations

from collections.abc import Sequence

from nim_operators.evidence.records import Json, Stored
from nim_operators.evidence.sections.base import Row, Section, Told, capped
from nim_operators.nim.findings import Severity

_SEVERITY_TONES = {Severity.BLOCKS: "bad", Severity.APPROVAL: "warn", Severity.WARNS: "warn"}
_LINES = 8
"""A finding shows this many lines of evidence; its record has every one."""


def diagnosis(told: Told) -> Section | None:
    """Show the diagnosis of each step that assessed the pair."""
    rows = tuple(
        Row(
            (
                record.task_id,
                f"{record.body['source']} to {record.body['target']}",
                record.body["diagnosis"]["state"],
                record.body["permission"],
                " ".join([record.body["diagnosis"]["meaning"], *record.body["diagnosis"]["reasons"]]),
            )
        )
        for record in told.of("assessment")
    )
    return Section("Diagnosis", (), ("step", "direction", "state", "permission", "why"), rows) if rows else None


def findings(told: Told) -> Section | None:
    """Show what the checks found; of a run that took clients over, only what they found before that."""
    later = {id(told.after_takeover()), id(told.in_new_direction())}
    assessments = [record for record in told.of("assessment") if id(record) not in later]
    if not assessments:
        return None
    return _findings("Findings before the takeover" if told.after_takeover() else "Findings", assessments)


def findings_afterwards(told: Told) -> Section | None:
    """Show what the checks say after a takeover of the direction that is armed then: that of the next night.

    That clients have left a direction is no finding of theirs where the takeover has turned it.
    """
    after = told.in_new_direction() or told.after_takeover()
    if after is None:
        return None
    direction = f"{after.body['source']} to {after.body['target']}"
    return _findings(f"Findings after the takeover, for the direction {direction}", [after])


def _findings(heading: str, assessments: Sequence[Stored]) -> Section:
    """Show each finding once, the gravest first, with the steps that saw it."""
    seen: dict[tuple[str, ...], list[str]] = {}
    for record in assessments:
        for found in record.body["findings"]:
            key = (
                found["severity"],
                found["check"],
                found["subject"],
                found["saw"],
                _evidence(found["evidence"], record.file),
                found["remedy"],
            )
            steps = seen.setdefault(key, [])
            steps += [record.task_id] if record.task_id not in steps else []
    order = [severity.value for severity in Severity]
    rows = [
        Row((*key, ", ".join(steps)), _SEVERITY_TONES.get(Severity(key[0]), ""))
        for key, steps in sorted(seen.items(), key=lambda one: order.index(one[0][0]))
    ]
    shown, more = capped(rows, assessments[-1].file)
    columns = ("severity", "check", "about", "what was seen", "evidence", "what to do", "seen by")
    return Section(heading, more or (() if rows else ("No check found anything.",)), columns, shown)


def _evidence(lines: Sequence[str], file: str) -> str:
    left = len(lines) - _LINES
    return "\n".join([*lines[:_LINES], *([f"and {left} more lines in {file}"] if left > 0 else [])])


def ownership(told: Told) -> Section | None:
    """Show the last matrix: the counts, and each client that is not simply the source's; a takeover has its own."""
    assessments = told.of("assessment")
    if not assessments or told.after_takeover():
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
    shown, more = capped(rows, assessments[-1].file)
    summary = (
        f"As {assessments[-1].task_id} saw it: {counts or 'no client'}. Source is {masters[0]}, target {masters[1]}."
    )
    aside = [row["client"] for row in matrix.get("set_aside", ())]
    told_aside = [f"Silent and set aside in the estate file, so not counted: {', '.join(aside)}."] if aside else []
    columns = (
        "client",
        "verdict",
        *(f"says {master}" for master in masters),
        "says the client",
        "how it was asked",
    )
    return Section("Who controls the clients", (summary, *told_aside, *more), columns, shown, toned=1)


def observations(told: Told) -> Section | None:
    """Show each look at a master."""
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
        for record, seen in ((record, record.body) for record in told.of("observation"))
    )
    columns = ("step", "master", "seen", "its clock", "counts", "raw text")
    return Section("Observations", (), columns, rows, toned=2, folded=True) if rows else None
