"""Drift: where two NIM databases, or the content of one resource on two masters, are not the same.

Definitions are compared after taking away what a sync legitimately changes (nim.md 4.3, phases 7 to 12): the
``master`` record becomes the target's own, the masters' records of each other come and go, states are reset,
allocations are dropped. What then differs is a fault. The target's own ``master`` record is compared with
itself before and after, because a sync resets it (design section 6).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from nim_operators.nim.objects import BUILT_IN, NimObject
from nim_operators.nim.ownership import Side
from nim_operators.nim.snapshot import Snapshot

STATES = frozenset(
    {
        "Cstate",
        "Cstate_result",
        "Mstate",
        "Nstate",
        "Rstate",
        "Rstate_result",
        "alloc_count",
        "control",
        "err_info",
        "info",
        "lock",
        "prev_state",
        "simages",
        "sync_required",
    }
)
"""What NIM operations set and a sync resets: never part of a definition (nim.md 1.3, 4.3, 4.6, 5)."""

ALLOCATED = frozenset(
    {
        "adapter_def", "boot", "bosinst_data", "devexports", "dump", "exclude_files", "fb_script",
        "file_res", "fix_bundle", "home", "image_data", "installp_bundle", "ios_mksysb", "linux_source",
        "log", "lpp_source", "mksysb", "nim_script", "paging", "resolv_conf", "root", "savevg", "savewpar",
        "script", "secattrs", "shared_home", "shared_root", "spot", "tmp", "vg_data", "vopt_iso", "wpar_spec",
    }
)  # fmt: skip
"""On a machine, these attributes are resources allocated to it, which a sync frees (nim.md 1.1, 1.3)."""

_ROUTE = re.compile(r"routing\d+", re.ASCII)
_INTERFACE = re.compile(r"if\d+", re.ASCII)
_UNKNOWN_MAC = "0"


class Kind(StrEnum):
    """How one object differs between the two databases."""

    SOURCE_ONLY = "only on the source"
    TARGET_ONLY = "only on the target"
    DIFFERENT = "defined differently"


@dataclass(frozen=True, slots=True)
class AttributeDifference:
    """One attribute with its values on either side, or before and after; empty where it is not set."""

    attribute: str
    left: tuple[str, ...]
    right: tuple[str, ...]

    def __str__(self) -> str:
        left, right = (" | ".join(values) or "not set" for values in (self.left, self.right))
        return f"{self.attribute}: {left} / {right}"


@dataclass(frozen=True, slots=True)
class Difference:
    """One object that is not the same in both databases.

    ``attributes`` is set only where it is defined differently. ``what`` is class and type, those of the
    source where both databases hold the object.
    """

    name: str
    what: str
    kind: Kind
    attributes: tuple[AttributeDifference, ...] = ()

    def __str__(self) -> str:
        detail = "; ".join(map(str, self.attributes))
        return f"{self.name} ({self.what}) is {self.kind}{': ' + detail if detail else ''}"

    @property
    def source_has_more(self) -> bool:
        """Whether the source knows something of the object that the target does not."""
        values = ((set(found.left), set(found.right)) for found in self.attributes)
        return self.kind is Kind.SOURCE_ONLY or any(left - right for left, right in values)

    @property
    def is_about_owners(self) -> bool:
        """Whether the two databases only disagree on whose client this is."""
        return {found.attribute for found in self.attributes} == {"current_master"}

    def to_json(self) -> dict[str, Any]:
        """Return the difference as plain JSON."""
        return {
            "name": self.name,
            "what": self.what,
            "kind": self.kind.value,
            "attributes": {found.attribute: [list(found.left), list(found.right)] for found in self.attributes},
        }


def compare_definitions(source: Snapshot, target: Snapshot, side_of: Callable[[str], Side]) -> tuple[Difference, ...]:
    """Return every object that a finished sync would have made equal and that is not, by name.

    :param side_of: tells whom a host name means, see :func:`nim_operators.nim.ownership.sides`. It finds the
        masters' records of each other, and makes two spellings of one ``current_master`` equal.
    """
    left, right = (_comparable(snapshot, side_of) for snapshot in (source, target))
    found = []
    for name in sorted({*left, *right}):
        one, other = left.get(name), right.get(name)
        if one is None or other is None:
            present = one or other
            kind = Kind.TARGET_ONLY if one is None else Kind.SOURCE_ONLY
            found += [Difference(name, _what(present), kind)] if present else []
        elif one != other and (differing := _differing(definition_of(one), definition_of(other), side_of)):
            found.append(Difference(name, _what(one), Kind.DIFFERENT, differing))
    return tuple(found)


def lost_routes(difference: Difference) -> tuple[str, ...]:
    """Return the static routes that are all a network lacks on the target; none where it differs otherwise.

    A sync rebuilds the interfaces of the target's master record and can lose static routes with them
    (nim.md 4.7); they are put back afterwards (design section 6).
    """
    match difference.attributes:
        case (AttributeDifference("routing", left, right),) if set(right) < set(left):
            return tuple(route for route in left if route not in right)
    return ()


def compare_master(before: NimObject, after: NimObject) -> tuple[AttributeDifference, ...]:
    """Return what a sync changed in the target's own ``master`` record: before on the left, after right.

    States and the list of served resources are left out. An interface may come back on a network of another
    name and with a hardware address that was unknown before; its host, a lost address, the adapter count.
    """
    left, right = (_own_attributes(found) for found in (before, after))
    keys = [key for key in {**left, **right} if not _same_own(key, left.get(key, ()), right.get(key, ()))]
    return tuple(AttributeDifference(key, left.get(key, ()), right.get(key, ())) for key in keys)


def _comparable(snapshot: Snapshot, side_of: Callable[[str], Side]) -> dict[str, NimObject]:
    return {
        name: found
        for name, found in snapshot.objects.items()
        if name not in BUILT_IN and not is_record_of_a_master(found, side_of)
    }


def is_record_of_a_master(found: NimObject, side_of: Callable[[str], Side]) -> bool:
    """Tell whether an object is one master of the pair as the other knows it."""
    if found.type not in {"alternate_master", "master"}:
        return False
    names = [found.name, *(interface.hostname for interface in found.interfaces)]
    return any(side_of(name) is not Side.OUTSIDE for name in names)


def _what(found: NimObject) -> str:
    return f"{found.cls} {found.type}"


def definition_of(found: NimObject) -> dict[str, tuple[str, ...]]:
    """Return the attributes that define an object, routes as one set: NIM may number them anew."""
    skipped = STATES if found.cls in {"resources", "networks"} else STATES | ALLOCATED
    values: dict[str, tuple[str, ...]] = {"class": (found.cls,), "type": (found.type,)}
    for key, value in found.attributes:
        if key not in skipped:
            kept = "routing" if _ROUTE.fullmatch(key) else key
            values[kept] = tuple(sorted((*values.get(kept, ()), value)))
    return values


def _differing(
    left: Mapping[str, tuple[str, ...]], right: Mapping[str, tuple[str, ...]], side_of: Callable[[str], Side]
) -> tuple[AttributeDifference, ...]:
    return tuple(
        AttributeDifference(key, left.get(key, ()), right.get(key, ()))
        for key in {**left, **right}
        if left.get(key, ()) != right.get(key, ())
        and not (key == "current_master" and _same_current_master(left.get(key), right.get(key), side_of))
    )


def _same_current_master(
    left: tuple[str, ...] | None, right: tuple[str, ...] | None, side_of: Callable[[str], Side]
) -> bool:
    """Tell whether two databases do not contradict each other: a silent one never does (nim.md 12.6)."""
    if not left or not right:
        return True
    named = {side_of(value) for value in (*left, *right)}
    return len(named) == 1 and not named & {Side.OUTSIDE, Side.UNCLEAR}


def _own_attributes(master: NimObject) -> dict[str, tuple[str, ...]]:
    values: dict[str, tuple[str, ...]] = {}
    for key, value in master.attributes:
        if key not in STATES and key != "serves":
            values[key] = (*values.get(key, ()), value)
    return values


def _same_own(key: str, before: Iterable[str], after: Iterable[str]) -> bool:
    if not _INTERFACE.fullmatch(key):
        return tuple(before) == tuple(after)
    was, now = ([value.split()[1:] for value in values] for values in (before, after))
    return len(was) == len(now) and all(map(_same_interface, was, now))


def _same_interface(was: list[str], now: list[str]) -> bool:
    """Compare host, hardware address and adapter; what was not known before cannot have been lost."""
    if was[:1] != now[:1]:
        return False
    return all(index < len(now) and (word in {now[index], _UNKNOWN_MAC}) for index, word in enumerate(was) if index)
