"""Content of resources on two masters, by inventories of their files (design sections 3 and 6).

Replication copies only what is not there (nim.md 4.3), so a copy that was cut counts as present the next
night, and a source that changed is never copied again. The two look much alike: a file that is missing or
shorter on the target. A copy is called partial unless an earlier run proved that it was once whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Inventory = Mapping[str, tuple[int, str | None]]
"""Each file of one resource: its path below the location, its size in bytes, its checksum if one was made."""


class Condition(StrEnum):
    """How the target's content of one resource stands to the source's."""

    EQUAL = "equal"
    STALE = "stale"
    PARTIAL = "partial"
    MISSING = "missing"
    UNREADABLE = "unreadable"

    @property
    def blocks(self) -> bool:
        """Whether a copy in this condition is no recovery point. Stale content is listed only."""
        return self in {Condition.PARTIAL, Condition.MISSING, Condition.UNREADABLE}


@dataclass(frozen=True, slots=True)
class ContentDifference:
    """One resource and how its copy stands; ``files`` says which files differ and how, one line each.

    ``by_checksum`` tells whether every file was compared by checksum, not by size alone.
    """

    resource: str
    condition: Condition
    files: tuple[str, ...] = ()
    by_checksum: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as plain JSON."""
        return {
            "resource": self.resource,
            "condition": self.condition.value,
            "blocks": self.condition.blocks,
            "by_checksum": self.by_checksum,
            "files": list(self.files),
        }


def compare_content(
    source: Mapping[str, Inventory | None],
    target: Mapping[str, Inventory | None],
    *,
    unfinished: frozenset[str] = frozenset(),
    verified_before: frozenset[str] = frozenset(),
) -> tuple[ContentDifference, ...]:
    """Compare the target's content of each resource of *source*, by name; equal ones are reported too.

    An inventory of None, or none at all, is content that could not be read.

    :param unfinished: resources whose copying began and never ended; never trusted on sizes alone.
    :param verified_before: resources that an earlier run found equal, so that the copy was whole once and
        what differs now is age.
    """
    return tuple(
        _compare(
            resource,
            source[resource],
            target.get(resource),
            cut=resource in unfinished,
            whole_once=resource in verified_before and resource not in unfinished,
        )
        for resource in sorted(source)
    )


def _compare(
    resource: str, left: Inventory | None, right: Inventory | None, *, cut: bool, whole_once: bool
) -> ContentDifference:
    if left is None or right is None:
        side = "source" if left is None else "target"
        return ContentDifference(resource, Condition.UNREADABLE, (f"could not be read on the {side}",))
    if left and not right:
        none = f"none of {len(left)} files is on the target"
        return ContentDifference(resource, Condition.MISSING, (none,))
    by_checksum = all(known[1] is not None for known in (*left.values(), *right.values()))
    lacking = [_lacking(path, left[path], right.get(path)) for path in sorted(left)]
    short = tuple(line for line in lacking if line)
    other = tuple(line for line in _otherwise(left, right) if line)
    condition = _condition(short=bool(short), other=bool(other), cut=cut, proven=by_checksum, whole_once=whole_once)
    return ContentDifference(resource, condition, short + other, by_checksum)


def _condition(*, short: bool, other: bool, cut: bool, proven: bool, whole_once: bool) -> Condition:
    if cut and (short or other or not proven):
        return Condition.PARTIAL
    if short:
        return Condition.STALE if whole_once else Condition.PARTIAL
    return Condition.STALE if other else Condition.EQUAL


def _lacking(path: str, source: tuple[int, str | None], target: tuple[int, str | None] | None) -> str | None:
    """Say what a copy that was cut would look like: no file, or fewer bytes."""
    if target is None:
        return f"{path}: not on the target"
    if target[0] < source[0]:
        return f"{path}: {target[0]} of {source[0]} bytes"
    return None


def _otherwise(left: Inventory, right: Inventory) -> list[str | None]:
    """Say what no cut copy explains: more bytes, other bytes, files the source does not have."""
    found = [_changed(path, left[path], right[path]) for path in sorted(left) if path in right]
    return [*found, *(f"{path}: only on the target" for path in sorted(right) if path not in left)]


def _changed(path: str, source: tuple[int, str | None], target: tuple[int, str | None]) -> str | None:
    if target[0] > source[0]:
        return f"{path}: {target[0]} bytes instead of {source[0]}"
    known = source[1] is not None and target[1] is not None
    if target[0] == source[0] and known and source[1] != target[1]:
        return f"{path}: same size, other checksum"
    return None
