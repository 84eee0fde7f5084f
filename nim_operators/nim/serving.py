"""Why the NIM of a master that answers does not work, each cause told apart, with what a person does about it."""

from __future__ import annotations

from collections.abc import Iterator

from nim_operators.nim.collector import BASE
from nim_operators.nim.commands import AIX, lift_fence
from nim_operators.nim.facts import DATABASE_PLACE, Facts, file_system_of, has_database, takes_for
from nim_operators.nim.snapshot import Snapshot

_LOGS = "/var/adm/ras"
"""Where nimesis and the other parts of NIM write their logs (nim.md 2.3)."""

_SCRATCH = "/tmp"  # noqa: S108
"""Where a restore mounts what it copies (nim.md 2.2), and where the Korn shell keeps what a script captures."""

_ROOM_KB = 1024
"""With less than that a file system is full: one changed attribute makes the ODM write a file anew."""


def not_serving(facts: Facts, master: str) -> Iterator[str]:
    """Yield a sentence for each cause, with its remedy; none where *master* serves, or was not observed."""
    own = facts.view.snapshot(master)
    if own is None:
        return
    yield from _unusable(own)
    yield from _no_master(own)
    yield from full_file_systems(own)
    yield from _no_database(own)
    if not own.is_active("nimesis") and not facts.fenced_by_us(own):
        yield _nimesis_down(own)
    taken_for = takes_for(own, facts.peer_of(own))
    if taken_for is not None:
        yield f"{master} takes itself for {taken_for}, the other master."


def _unusable(own: Snapshot) -> Iterator[str]:
    fence = own.own.unusable
    if fence is not None:
        by_hand = "; ".join(lift_fence(AIX, BASE, fence.backup))
        said = f"was fenced by {fence.run} at {fence.since}: {fence.reason}"
        yield f"{own.master} {said} To lift it, type there: {by_hand}"


def _no_master(own: Snapshot) -> Iterator[str]:
    if own.niminfo is None:
        yield f"{own.master} has no /etc/niminfo. If it is a NIM master, 'nimconfig -r' there rebuilds it."
    elif own.niminfo.configuration != "master":
        yield f"/etc/niminfo of {own.master} says NIM_CONFIGURATION={own.niminfo.configuration}, not master."


def full_file_systems(own: Snapshot) -> Iterator[str]:
    """Want room where the database, the logs and scratch files lie: ``/``, ``/var`` and ``/tmp`` on most masters."""
    holding = (file_system_of(own, place) for place in (DATABASE_PLACE, _LOGS, _SCRATCH))
    for mount_point, found in sorted({found.mount_point: found for found in holding if found is not None}.items()):
        if found.free_kb is not None and found.free_kb < _ROOM_KB:
            yield (
                f"On {own.master} the file system {mount_point} is full: {found.free_kb} KiB are free, and NIM writes "
                f"there. 'du -skx {mount_point}' there tells what fills it; move or remove that, or enlarge it."
            )


def _no_database(own: Snapshot) -> Iterator[str]:
    is_master = own.niminfo is None or own.niminfo.configuration == "master"
    if own.database_fault is not None and is_master:
        yield (
            f"The NIM database of {own.master} cannot be read: {own.database_fault}. "
            f"'ls -l {DATABASE_PLACE}/nim_*' there shows its files; m_restore_db puts a backup in their place."
        )
    elif not has_database(own):
        yield f"The NIM database of {own.master} has no master object; m_restore_db puts a backup in its place."


def _nimesis_down(own: Snapshot) -> str:
    """Say that nimesis does not run, and what to do; one that was fenced is never to be started by hand."""
    rows = [row.status for row in own.subsystems if row.name == "nimesis"]
    fence = own.own.fenced
    if fence is not None:
        return f"On {own.master} nimesis is fenced by {fence.run} since {fence.since}; reprotect lifts the fence."
    if not rows:
        return f"On {own.master} the subsystem nimesis is not defined; m_restore_db defines it with the database."
    start = "" if own.own.unusable is not None else "; 'startsrc -s nimesis' there starts it"
    return f"On {own.master} nimesis is {', '.join(rows)}{start}."
