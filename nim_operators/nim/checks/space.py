"""Checks of space: replication writes where the source's paths point, mounted or not (nim.md hazard 4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nim_operators.nim.checks.base import Saw, check_both_masters, check_each_master
from nim_operators.nim.facts import DATABASE_PLACE, Facts, file_system_of
from nim_operators.nim.findings import Severity
from nim_operators.nim.snapshot import FileSystem, Place, Snapshot

BACKUP_PLACES = ("/var/adm/nim_operators", "/export/nim/backups")
"""Where this product and NIM itself put copies of a database (nim.md 2.2)."""

_ROOT = "/"
_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Placed:
    """A resource that replication copies, with its place on both masters; None where nobody looked."""

    resource: str
    location: str
    on_source: Place | None
    on_target: Place | None

    @property
    def is_missing(self) -> bool:
        """Whether a sync would copy it: only what is not there is copied (nim.md 4.3)."""
        return self.on_target is not None and self.on_target.kind == "absent"


def replicated(source: Snapshot, target: Snapshot) -> Iterator[Placed]:
    """Return where each resource that a sync copies lies on the source, and will lie on the target."""
    for found in source.replicated:
        at = found.location or ""
        yield Placed(found.name, at, source.places.get(at), target.places.get(at))


@check_both_masters(
    "space.looked-at",
    "taking a location for a good one because nobody looked",
    nightly=Severity.BLOCKS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.NOTES,
)
def looked_at(_facts: Facts, source: Snapshot, target: Snapshot) -> Iterable[Saw]:
    """Want the file system of each location to be known on both masters."""
    for placed in replicated(source, target):
        for own, place in ((source, placed.on_source), (target, placed.on_target)):
            if place is None or place.file_system is None:
                saw = f"On {own.master} nobody could tell which file system holds {placed.location}."
                yield Saw(placed.resource, saw, f"Run df -k {placed.location} there and see why.")


@check_both_masters(
    "space.mount-point",
    "filling / of the target because a file system is not mounted there (nim.md hazard 4)",
    nightly=Severity.BLOCKS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.NOTES,
)
def mount_point(_facts: Facts, source: Snapshot, target: Snapshot) -> Iterable[Saw]:
    """Want what is to be copied to go to a mounted file system at the source's mount point, never to /."""
    for placed in replicated(source, target):
        if placed.is_missing:
            yield from _misplaced(placed, target)


@check_both_masters(
    "space.mount-point-present",
    "content that lies in the wrong file system of the target, where it takes the room of others",
    nightly=Severity.WARNS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.NOTES,
)
def mount_point_present(_facts: Facts, source: Snapshot, target: Snapshot) -> Iterable[Saw]:
    """Warn of the same for what is there already: nothing is copied onto it."""
    for placed in replicated(source, target):
        if not placed.is_missing:
            yield from _misplaced(placed, target)


@check_both_masters(
    "space.room",
    "a replication that stops half way because the file system is full",
    nightly=Severity.BLOCKS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.NOTES,
)
def room(facts: Facts, source: Snapshot, target: Snapshot) -> Iterable[Saw]:
    """Want room for everything that will be copied, summed per file system, plus the margin of the policy."""
    needed: dict[str, int] = {}
    found: dict[str, FileSystem] = {}
    evidence: dict[str, list[str]] = {}
    for placed in replicated(source, target):
        if not placed.is_missing or placed.on_target is None or placed.on_target.file_system is None:
            continue
        size = placed.on_source.size_kb if placed.on_source is not None else None
        if size is None:
            saw = f"Its size at {placed.location} on {source.master} is not known, nor the room it needs."
            yield Saw(placed.resource, saw, f"Run du -sk {placed.location} there and see why.")
            continue
        file_system = placed.on_target.file_system
        found[file_system.mount_point] = file_system
        needed[file_system.mount_point] = needed.get(file_system.mount_point, 0) + size
        evidence.setdefault(file_system.mount_point, []).append(f"{placed.resource}: {size} KiB")
    margin = facts.view.policy.space_margin_percent
    for mount, size in needed.items():
        wanted = -(-size * (_PERCENT + margin) // _PERCENT)
        free = found[mount].free_kb
        if free is None or free < wanted:
            saw = f"{_free(free)} KiB are free, {wanted} KiB are needed ({margin} percent margin included)."
            remedy = f"Enlarge {mount} on {target.master} or remove what nobody needs."
            yield Saw(f"{target.master}:{mount}", saw, remedy, tuple(evidence[mount]))


@check_each_master(
    "space.backup",
    "a backup that is cut off because the file system is full",
    nightly=Severity.BLOCKS,
    setup=Severity.WARNS,
    takeover=Severity.BLOCKS,
    failover=Severity.APPROVAL,
)
def backup(facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Want room for one database backup at each place where one is written."""
    return _room_at(facts, own, BACKUP_PLACES, "for backups")


@check_each_master(
    "space.database",
    "a restore that fills the file system of the database half way (nim.md 4.3)",
    nightly=Severity.BLOCKS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.WARNS,
)
def database(facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Want the same room where the target's database lies: a sync replaces it there."""
    return _room_at(facts, own, (DATABASE_PLACE,), "for the database") if own.master == facts.view.target else ()


def _room_at(facts: Facts, own: Snapshot, places: tuple[str, ...], what: str) -> Iterator[Saw]:
    """Compare the policy's room for one copy of a database with what is free, summed per file system."""
    wanted: dict[FileSystem, list[str]] = {}
    for path in places:
        holds = file_system_of(own, path)
        if holds is None:
            saw = f"Nobody could tell which file system holds {path}."
            yield Saw(own.master, saw, f"Run df -k {path} there and see why.")
        else:
            wanted.setdefault(holds, []).append(path)
    for file_system, paths in wanted.items():
        needed = facts.view.policy.backup_room_kb * len(paths)
        if file_system.free_kb is None or file_system.free_kb < needed:
            saw = f"{_free(file_system.free_kb)} KiB are free {what}, {needed} KiB are needed."
            subject = f"{own.master}:{file_system.mount_point}"
            yield Saw(subject, saw, "Enlarge it or remove what nobody needs.", tuple(paths))


def _misplaced(placed: Placed, target: Snapshot) -> Iterator[Saw]:
    """Compare mount points; a place nobody looked at is another check's finding."""
    left = placed.on_source.file_system if placed.on_source is not None else None
    right = placed.on_target.file_system if placed.on_target is not None else None
    if left is None or right is None:
        return
    evidence = (f"source: {left.mount_point}", f"target: {right.mount_point}")
    if right.mount_point == _ROOT:
        remedy = f"Create and mount a file system for it on {target.master}."
        yield Saw(placed.resource, f"{placed.location} lies in / of {target.master}.", remedy, evidence)
    elif left.mount_point != right.mount_point:
        saw = f"{placed.location} lies in different file systems on the masters."
        yield Saw(placed.resource, saw, f"Mount {left.mount_point} on {target.master}.", evidence)


def _free(free_kb: int | None) -> str:
    return "An unknown number of" if free_kb is None else str(free_kb)


CHECKS = (looked_at, mount_point, mount_point_present, room, backup, database)
