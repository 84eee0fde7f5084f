"""What this product's own directory on a host says: armed direction, lock, jobs, and how far to trust it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from nim_operators.nim.errors import Unreadable
from nim_operators.nim.snapshot import ArmedDirection, Aside, Fenced, LockOwner, OpenJob, OwnRecords, Unusable

COMMAND = "the records of this product"

_HEAD = re.compile(r"@ (?P<kind>fault|listing|record|job) (?P<value>.*)")
_LISTING = re.compile(r"(?P<mode>\S{10})(?P<more>\S?)\s+\d+\s+(?P<uid>\d+)\s+\d+\s+.*", re.ASCII)
_STATES = frozenset({"reserved", "running", "ended", "vanished"})
_ASIDE = "aside/"


@dataclass(slots=True)
class _Entry:
    number: int
    line: str
    kind: str
    value: str
    fields: dict[str, str] = field(default_factory=dict)


def parse_own_records(host: str, text: str, uid: str) -> OwnRecords:
    """Read the directory's listing and its records: head lines, and ``name=value`` lines below them.

    Example::

        @ listing drwx------    5 0        0               256 Jan 05 10:00 /var/adm/nim_operators
        @ record direction
        source=nima
        @ job running
        job=sync-20260101T020000

    *uid* is the number of the user that the collector ran as; the directory must be that user's and closed to
    everybody else, and where it is not the result says so in ``fault``. No text at all means no directory.

    :raises Unreadable: at a line of another shape, an unknown state, or a record without one of its fields.
    """
    found: dict[str, Any] = {}
    jobs: list[OpenJob] = []
    asides: list[Aside] = []
    for entry in _entries(host, text):
        if entry.kind == "fault":
            found["fault"] = f"{entry.value}."
        elif entry.kind == "listing":
            found["fault"] = found.get("fault") or _fault(host, entry, uid)
        elif entry.kind == "job":
            jobs.append(_job(host, entry))
        elif entry.value in _RECORDS:
            name, kind, fields = _RECORDS[entry.value]
            found[name] = kind(*_fields(host, entry, *fields))
        else:
            asides.append(_aside(host, entry))
    return OwnRecords(jobs=tuple(jobs), asides=tuple(asides), **found)


_RECORDS: Mapping[str, tuple[str, type[Any], tuple[str, ...]]] = {
    "direction": ("direction", ArmedDirection, ("source", "target", "recorded_by", "recorded_at")),
    "lock/owner": ("lock", LockOwner, ("run", "token", "taken_at")),
    "unusable": ("unusable", Unusable, ("run", "reason", "since", "backup")),
    "fenced": ("fenced", Fenced, ("run", "since")),
}
"""Each record's file, the field of OwnRecords it fills, and what it holds in order."""


def _entries(host: str, text: str) -> Iterator[_Entry]:
    entry: _Entry | None = None
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        head = _HEAD.fullmatch(line)
        if head is not None:
            if entry is not None:
                yield entry
            entry = _Entry(number, line, head["kind"], head["value"].strip())
        elif entry is not None and entry.kind in {"record", "job"} and "=" in line:
            name, _, value = line.partition("=")
            entry.fields[name] = value.rstrip("\r")
        else:
            raise Unreadable(host, COMMAND, number, line, "a head line that begins with @, or name=value below one")
    if entry is not None:
        yield entry


def _fields(host: str, entry: _Entry, *names: str) -> tuple[str, ...]:
    missing = [name for name in names if not entry.fields.get(name)]
    if missing:
        raise Unreadable(host, COMMAND, entry.number, entry.line, f"the fields {', '.join(missing)} below it")
    return tuple(entry.fields[name] for name in names)


def _aside(host: str, entry: _Entry) -> Aside:
    if not entry.value.startswith(_ASIDE):
        wanted = "the record direction, lock/owner, unusable, fenced or aside/<resource>"
        raise Unreadable(host, COMMAND, entry.number, entry.line, wanted)
    return Aside(*_fields(host, entry, "resource", "location", "aside", "content", "run", "since", "state"))


def _job(host: str, entry: _Entry) -> OpenJob:
    if entry.value not in _STATES:
        raise Unreadable(host, COMMAND, entry.number, entry.line, f"one of the states {', '.join(sorted(_STATES))}")
    job, kind, run, slot = _fields(host, entry, "job", "kind", "run", "slot")
    return OpenJob(job, kind, run, slot, entry.value)


def _fault(host: str, entry: _Entry, uid: str) -> str | None:
    found = _LISTING.fullmatch(entry.value)
    if found is None:
        raise Unreadable(host, COMMAND, entry.number, entry.line, "one line of ls -ldn")
    if found["mode"] != "drwx------" or found["more"] == "+":
        return f"The directory is open to other users: {found['mode']}{found['more']}."
    if found["uid"] != uid:
        return f"The directory belongs to user {found['uid']}, not to user {uid}."
    return None
