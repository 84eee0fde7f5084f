"""Which stale content of the target is copied anew (design section 3, Drift).

A sync copies only what is not at its location on the target (nim.md 4.3, 8). So stale content is moved aside there, the
sync copies the resource as if it had never been there, and what was moved aside goes once the copy was found equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from nim_operators.nim.assess import assess
from nim_operators.nim.collector import BASE
from nim_operators.nim.commands import is_plain_path
from nim_operators.nim.law import Permission
from nim_operators.nim.objects import NimObject
from nim_operators.nim.pair import PairView
from nim_operators.nim.runbooks import Runbook
from nim_operators.nim.snapshot import Snapshot

READY = "ready for use"
"""The only ``Rstate`` of a resource that may be copied (nim.md 5)."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """A resource whose content on the target is to be moved aside; ``content`` is the fingerprint of the source's."""

    resource: str
    location: str
    content: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A stale resource that stays as it is, and why."""

    resource: str
    why: str

    def __str__(self) -> str:
        return f"{self.resource} is stale and stays as it is: {self.why}."


def choose(
    view: PairView, runbook: Runbook, run: str, stale: Mapping[str, str]
) -> tuple[tuple[Renewal, ...], tuple[Kept, ...]]:
    """Choose what may be moved aside, and say why not of each other stale resource.

    Beyond what the resource itself forbids, a sync onto a target without the content must be allowed: the whole
    assessment is made again for it, so that room and mount points are judged by the checks that every sync meets.

    :param stale: each stale resource, with the fingerprint of its content on the source.
    """
    source, target = view.snapshot(view.source), view.snapshot(view.target)
    if source is None or target is None:
        return (), ()
    chosen: list[Renewal] = []
    kept: list[Kept] = []
    for name, content in sorted(stale.items()):
        why = next(_obstacles(source, target, name, content), "")
        if not why:
            renewal = Renewal(name, source.objects[name].location or "", content)
            found = assess(_without(view, target, [*chosen, renewal]), runbook, run)
            if found.permission is Permission.GO:
                chosen.append(renewal)
                continue
            why = "; ".join(one.saw.rstrip(".") for one in found.obstacles) or found.ruling.because
        kept.append(Kept(name, why))
    return tuple(chosen), tuple(kept)


def _without(view: PairView, target: Snapshot, renewals: Iterable[Renewal]) -> PairView:
    """Return the view as it will be with the content of *renewals* aside; what is aside still takes its room."""
    gone = {one.location for one in renewals}
    places = {
        path: replace(place, kind="absent", size_kb=None) if path in gone else place
        for path, place in target.places.items()
    }
    return replace(view, observations={**view.observations, view.target: replace(target, places=places)})


def _obstacles(source: Snapshot, target: Snapshot, name: str, content: str) -> Iterator[str]:
    """Yield what forbids to move the content of a resource, the first reason first."""
    left, right = source.objects.get(name), target.objects.get(name)
    if left is None or right is None or left.location is None or left.location != right.location:
        yield "it is not defined at the same location on both masters"
        return
    if right.get("server") not in {None, "master"}:
        yield f"{target.master} does not serve it itself"
    if left.get("Rstate") not in {None, READY}:
        yield f"on {source.master} it is {left.get('Rstate')}"
    yield from _in_use(source, target, name)
    yield from _misfit(target, left.location)
    yield from _nested(source, target, left)
    tried = next((found for found in target.own.asides if found.resource == name), None)
    if tried is not None and tried.state == "refused" and tried.content == content:
        record = f"{BASE}/aside/{name} on {target.master}"
        yield f"a copy of this very content was not equal in run {tried.run}; to try again remove {record}"


def _in_use(source: Snapshot, target: Snapshot, name: str) -> Iterator[str]:
    for own in (source, target):
        count = own.objects[name].get("alloc_count")
        if count != "0":
            yield f"on {own.master} it is allocated {count or 'nobody knows how many'} times"


def _misfit(target: Snapshot, location: str) -> Iterator[str]:
    """Yield why a location cannot be renamed inside its own directory and file system."""
    if not is_plain_path(location) or location.rpartition("/")[0] == "":
        yield f"{location} is no plain path of at least two names"
    place = target.places.get(location)
    if place is None or place.file_system is None:
        yield f"on {target.master} nobody could tell which file system holds {location}"
    elif place.file_system.mount_point == location:
        yield f"{location} is a mount point; refresh it by hand"
    for mounted in target.file_systems:
        if mounted.mount_point.startswith(f"{location}/"):
            yield f"a file system is mounted at {mounted.mount_point}, inside of it"


def _nested(source: Snapshot, target: Snapshot, one: NimObject) -> Iterator[str]:
    for other in chain(source.resources, target.resources):
        if other.name != one.name and other.location is not None:
            mine, theirs = f"{_extent(one)}/", f"{_extent(other)}/"
            if mine.startswith(theirs) or theirs.startswith(mine):
                yield f"its location and that of {other.name} lie one in the other"


def _extent(found: NimObject) -> str:
    """Return the directory that belongs to a resource: a SPOT's location ends in ``/usr`` (nim.md 8)."""
    location = (found.location or "").rstrip("/")
    return location.removesuffix("/usr") if found.type == "spot" else location
