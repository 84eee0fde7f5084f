"""What was copied to the alternate, how it was compared, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nim_operators.evidence.records import Json
from nim_operators.evidence.sections.base import Row, Section, Told, capped
from nim_operators.evidence.times import moment

_CONTENT_TONES = {"stale": "warn", "partial": "bad", "missing": "bad", "unreadable": "bad"}


def put_back(told: Told) -> Section | None:
    """Show what became of the alternate where a sync was not proven."""
    rows = tuple(
        Row(
            (body["master"], body["state"], body["reason"], "\n".join(body["commands"])),
            "bad" if body["state"] == "unusable" else "good",
        )
        for body in (record.body for record in told.of("put_back"))
    )
    columns = ("master", "state", "why", "what to type")
    return Section("The alternate after a sync that was not proven", (), columns, rows, toned=1) if rows else None


def drift(told: Told) -> Section | None:
    """Show each definition that differs."""
    found = told.of("drift")
    rows = [
        Row((record.task_id, row["name"], row.get("what", ""), row["kind"], _differences(row)), "warn")
        for record in found
        for row in record.body["rows"]
    ]
    if not found:
        return None
    shown, more = capped(rows, found[-1].file)
    columns = ("step", "object", "what", "how", "left and right, or before and after")
    return Section("Definitions that differ", more or (() if rows else ("None.",)), columns, shown, toned=3)


def _differences(row: Mapping[str, Any]) -> str:
    sides = (
        (name, *(" | ".join(values) or "not set" for values in (left, right)))
        for name, (left, right) in row.get("attributes", {}).items()
    )
    return "\n".join(f"{name}: {left} / {right}" for name, left, right in sides)


def contents(told: Told) -> Section | None:
    """Show the resources whose content on the target is not equal."""
    found = told.of("contents")
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
    summary = f"{len(equal)} of {len(compared)} resources are equal, {by_checksum} by checksum of every file."
    shown, more = capped(rows, found[-1].file)
    return Section("Content of the resources", (summary, *more), ("resource", "condition", "files"), shown, toned=1)


def sync(told: Told) -> Section | None:
    """Tell what the sync said of itself."""
    sentences = tuple(
        f"It ended {'with' if sync['completed'] else 'without'} its last line. "
        f"Phases: {', '.join(map(str, sync['phases'])) or 'none'}. "
        f"Copied: {', '.join(sync['replicated']) or 'nothing'}. "
        f"Begun and not finished: {', '.join(sync['unfinished']) or 'nothing'}."
        + (f" It complained: {sync['complaint']}" if sync.get("complaint") else "")
        for sync in (record.body for record in told.of("sync"))
    )
    return Section("What the sync said", sentences) if sentences else None


def recovery_point(told: Told) -> Section:
    """Tell what the alternate is proven to hold, or that this run proved nothing."""
    found = told.of("recovery_point")
    if not found and told.last("takeover"):
        return Section("Recovery point", ("This run made none. The next is made in the new direction.",))
    if not found:
        before = (
            "Do not rely on the one before it: this run sent what may have changed the alternate."
            if told.verdict["changed"]
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
    return Section("Recovery point", (holds, backup, *stale, *_by_hand(told)))


def _by_hand(told: Told) -> tuple[str, ...]:
    """Say where the takeover lies that a person can start by hand; a note says where it could not be left."""
    left = told.last("break_glass")
    if left is None or not left.body["masters"]:
        return ()
    masters = " and ".join(left.body["masters"])
    return (f"For the day Airflow is down: {left.body['file']}, on {masters} and beside this page.",)


def _backup_tone(backup: Json) -> str:
    if backup.get("raw"):
        return "warn"
    return "good" if backup["digest_here"] == backup["digest_on_host"] else "bad"


def backups(told: Told) -> Section | None:
    """Show each backup and whether it is the same here as on its host."""
    rows = tuple(
        Row(
            (
                backup["master"],
                backup["stamp"],
                backup["path"],
                str(backup["size_bytes"]),
                f"{len(backup['members'])} members" + (f"; {backup['raw']}" if backup.get("raw") else ""),
                f"{backup['algorithm']} {backup['digest_here']}",
            ),
            _backup_tone(backup),
        )
        for backup in (record.body for record in told.of("backup"))
    )
    columns = ("master", "taken", "where it is", "bytes", "content", "digest, read again here")
    return Section("Backups", (), columns, rows, toned=5) if rows else None
