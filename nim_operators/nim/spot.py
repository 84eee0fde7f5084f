"""Rebuilding a SPOT from an lpp_source, so that one usable SPOT stands at every moment (nim.md 4.6, 8).

No operation renames a SPOT, and removing one removes its files. So the lpp_source first proves what it makes: a SPOT is
built beside the other one and checked. Only then is that one removed and built again under its own name; the proof goes
last. That takes the time and the room of two builds, and nothing but documented operations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from nim_operators.nim import commands
from nim_operators.nim.checks.activity import RESOURCE_READY
from nim_operators.nim.commands import Command, CommandPaths, is_plain_path
from nim_operators.nim.objects import MAX_NAME_LENGTH, NimObject
from nim_operators.nim.plan import NoPlan
from nim_operators.nim.snapshot import Place, Snapshot

LEVEL = ("version", "release", "mod", "oslevel_r")
"""What says of a SPOT which AIX it holds (nim.md 1.3)."""

_PROOF = "_rebuild"
_PERCENT = 100
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class SpotRebuild:
    """One SPOT of one master, and the lpp_source that it is to be built from.

    ``proof`` is the name of the SPOT that is built beside it, both below ``directory``; ``level`` is what it must show.
    """

    spot: str
    lpp_source: str
    directory: str
    proof: str
    level: str

    def to_json(self) -> dict[str, str]:
        """Return it as plain JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, str]) -> SpotRebuild:
        """Rebuild what :meth:`to_json` wrote."""
        return cls(**value)

    def location(self, name: str) -> str:
        """Return where NIM puts a SPOT of that name (nim.md 8)."""
        return f"{self.directory}/{name}/usr"

    def to_build(self, own: Snapshot, paths: CommandPaths) -> tuple[Command, ...]:
        """Return what is left to do until the proof stands: what is left of an earlier one is removed first.

        Where that is the last one that can be used, it is checked only.
        """
        check = commands.check_resource(paths, self.proof)
        if self.is_cut_off(own):
            return (check,)
        left = (commands.remove_spot(paths, self.proof),) if self.proof in own.objects else ()
        return (*left, commands.define_spot(paths, self.proof, self.directory, self.lpp_source), check)

    def is_cut_off(self, own: Snapshot) -> bool:
        """Tell whether an earlier rebuild was cut off between removing the SPOT and building it: its proof is left."""
        spot, proof = own.objects.get(self.spot), own.objects.get(self.proof)
        return proof is not None and (spot is None or (_is_ready(proof) and not _is_ready(spot)))

    def to_exchange(self, own: Snapshot, paths: CommandPaths) -> tuple[Command, ...]:
        """Return what is left to do until the SPOT stands anew under its own name."""
        old = (commands.remove_spot(paths, self.spot),) if self.spot in own.objects else ()
        define = commands.define_spot(paths, self.spot, self.directory, self.lpp_source)
        return (*old, define, commands.check_resource(paths, self.spot))

    def all_commands(self, own: Snapshot, paths: CommandPaths) -> tuple[Command, ...]:
        """Return every command of the whole rebuild, in order."""
        last = commands.remove_spot(paths, self.proof)
        return (*self.to_build(own, paths), *self.to_exchange(own, paths), last)

    def lacking(self, own: Snapshot, name: str) -> tuple[str, ...]:
        """Say what a SPOT lacks to be the one that is wanted; nothing where it is."""
        found = own.objects.get(name)
        if found is None:
            return (f"the database of {own.master} has no SPOT {name}",)
        said = []
        if not _is_ready(found):
            said.append(f"its Rstate is {found.get('Rstate')!r}, not {RESOURCE_READY!r}")
        if found.location != self.location(name):
            said.append(f"its location is {found.location}, not {self.location(name)}")
        place = own.places.get(found.location or "")
        if place is None or place.kind != "directory":
            said.append(f"there is no directory {found.location}")
        if level_of(found) != self.level:
            said.append(f"it is at {level_of(found)}, not at {self.level}")
        return tuple(said)


def level_of(spot: NimObject) -> str:
    """Return version, release, modification and technology level of a SPOT, as its object shows them."""
    return " ".join(f"{key}={spot.get(key) or '-'}" for key in LEVEL)


def _is_ready(spot: NimObject) -> bool:
    return spot.get("Rstate") == RESOURCE_READY


def groups_of(own: Snapshot, name: str) -> tuple[str, ...]:
    """Return the groups that an object is a member of, by name."""
    return tuple(sorted(found.name for found in own.objects.values() if name in dict(_members(found)).values()))


def _members(group: NimObject) -> tuple[tuple[int, str], ...]:
    return group.numbered("member") if group.cls == "groups" else ()


def plan_rebuild(own: Snapshot, spot: str, lpp_source: str, margin_percent: int) -> SpotRebuild:
    """Say which SPOT is rebuilt and how, from what a person entered. Pure.

    :param own: the active master.
    :param lpp_source: what to build from; empty for the only one that can be used.
    :raises NoPlan: with a sentence for each thing that stands in the way.
    """
    proof = f"{spot}{_PROOF}"
    found = _named(own, spot, proof)
    problems = list(_not_free(own, found))
    if len(proof) > MAX_NAME_LENGTH:
        problems.append(f"{spot} is too long a name to build {proof} beside it: {MAX_NAME_LENGTH} letters are allowed.")
    directory = _directory(found)
    if not directory:
        problems.append(
            f"The location of {found.name} is {found.location}, not <directory>/{found.name}/usr, so NIM would not "
            "build it in the same place; rebuild it by hand."
        )
    left = own.objects.get(proof)
    if left is not None and left is not found:
        problems += _not_free(own, left)
    source = _source(own, lpp_source, problems)
    problems += _no_room(own, found, source, margin_percent)
    if problems or source is None:
        raise NoPlan(" ".join([*problems, "Nothing was sent."]))
    # what says no version is half built; then its proof says which one it was to be
    told = found if found.get("version") or left is None else left
    return SpotRebuild(spot, source.name, directory, proof, level_of(told))


def _named(own: Snapshot, spot: str, proof: str) -> NimObject:
    """Return the SPOT that a person named; its proof where a rebuild that was cut off has left nothing else."""
    spots = {one.name: one for one in own.of_type("spot")}
    if spot in spots or proof in spots:
        return spots.get(spot) or spots[proof]
    known = ", ".join(sorted(spots)[:_SHOWN]) or "none at all"
    entered = f"'SPOT' is {spot[:60]!r}, which {own.master} does not define" if spot else "'SPOT' is empty"
    raise NoPlan(f"{entered}; enter one of its SPOTs: {known}. Nothing was sent.")


def _not_free(own: Snapshot, spot: NimObject) -> Iterator[str]:
    """Say why a SPOT may not be removed."""
    if spot.type != "spot":
        yield f"{spot.name} on {own.master} is no SPOT but a {spot.type}; rename or remove it first."
        return
    if spot.get("server") not in {None, "master"}:
        yield f"{spot.name} lies on {spot.get('server')}, not on {own.master}; rebuild it there by hand."
    users = [one.name for one in own.objects.values() if one.cls != "groups" and one.get("spot") == spot.name]
    if users or spot.get("alloc_count") != "0":
        by = f" to {', '.join(users[:_SHOWN])}" if users else ""
        yield (
            f"{spot.name} is allocated{by} (alloc_count = {spot.get('alloc_count')}); wait until nobody uses it, or "
            "take it away with 'nim -o deallocate'."
        )


def _directory(spot: NimObject) -> str:
    """Return the directory below which NIM was told to build a SPOT, empty where its location is of another form."""
    match = re.fullmatch(rf"(/.+)/{re.escape(spot.name)}/usr", spot.location or "")
    return match[1] if match and is_plain_path(match[1]) else ""


def _source(own: Snapshot, wanted: str, problems: list[str]) -> NimObject | None:
    """Return the lpp_source to build from; say in *problems* why there is none."""
    sources = {one.name: one for one in own.of_type("lpp_source")}
    usable = [one for one in sources.values() if not tuple(_unusable(own, one))]
    if wanted in sources:
        problems += _unusable(own, sources[wanted])
        return sources[wanted]
    if not wanted and len(usable) == 1:
        return usable[0]
    if not sources:
        problems.append(f"{own.master} has no lpp_source, so there is nothing to build from; define one, or sync one.")
    elif not wanted and not usable:
        for one in sources.values():
            problems += _unusable(own, one)
    else:
        entered = f"'lpp_source' is {wanted[:60]!r}, which {own.master} does not define" if wanted else "Several fit"
        known = ", ".join(sorted(one.name for one in usable)[:_SHOWN]) or "none of them can be used"
        problems.append(f"{entered}; enter the lpp_source to build from: {known}.")
    return None


def _unusable(own: Snapshot, source: NimObject) -> Iterator[str]:
    """Say why nothing can be built from an lpp_source: ``simages = yes`` says that it holds what a SPOT needs."""
    for key, wanted in (("Rstate", RESOURCE_READY), ("simages", "yes")):
        if source.get(key) != wanted:
            yield (
                f"{source.name} has {key} = {source.get(key)}, wanted is {wanted}: add the images that it lacks, then "
                f"run 'nim -o check {source.name}' on {own.master}, which sets it."
            )
    place = own.places.get(source.location or "")
    if source.get("server") not in {None, "master"} or place is None or place.kind != "directory":
        yield f"{source.name} has no directory {source.location} on {own.master}, so nothing can be built from it."


def _no_room(own: Snapshot, spot: NimObject, source: NimObject | None, margin_percent: int) -> Iterator[str]:
    """Say where the room for one more SPOT is missing. One whose size is not known takes no more than its source."""
    place = own.places.get(spot.location or "")
    sizes = [_size(place), _size(own.places.get(source.location or "") if source is not None else None)]
    size = next((found for found in sizes if found), None)
    system = place.file_system if place is not None else None
    if size is None or system is None or system.free_kb is None:
        if source is not None:
            yield f"Nobody could tell whether there is room for a SPOT beside {spot.location}; look with df and du."
        return
    needed = -(-size * (_PERCENT + margin_percent) // _PERCENT)
    if system.free_kb < needed:
        yield (
            f"{own.master}:{system.mount_point} has {system.free_kb} KiB free, {needed} KiB are needed to build the "
            f"new SPOT beside the old one ({margin_percent} percent margin included); enlarge it."
        )


def _size(place: Place | None) -> int | None:
    return place.size_kb if place is not None and place.kind == "directory" else None
