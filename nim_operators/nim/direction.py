"""The armed direction: in which direction the nightly sync may run, and who says so (design section 3).

It is recorded on both masters and in the evidence. Records that exist must all agree with what is wanted;
nothing reverses itself. Where no record exists anywhere, the direction may be armed for the first time, but
only on the strength of what the clients themselves say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from nim_operators.nim.ownership import Matrix, Side
from nim_operators.nim.pair import PairView
from nim_operators.nim.snapshot import ArmedDirection, Snapshot, Unreachable

EVIDENCE = "the evidence"
"""How the evidence store is called beside the two masters in sentences."""


class Arming(StrEnum):
    """How the records stand to the wanted direction."""

    AGREED = "every record agrees"
    INCOMPLETE = "the records that exist agree, others are missing"
    FIRST = "no record exists, and the clients allow to make the first one"
    UNARMED = "no record exists, and the clients do not allow to make one"
    AGAINST = "a record disagrees"


@dataclass(frozen=True, slots=True)
class Armed:
    """The standing of the armed direction.

    ``sayings`` is one line per place, ``missing`` the places without a record. ``doubts`` are the sentences
    that forbid a first arming; empty in every other standing.
    """

    arming: Arming
    sayings: tuple[str, ...]
    missing: tuple[str, ...]
    doubts: tuple[str, ...] = ()


def armed_direction(view: PairView, matrix: Matrix) -> Armed:
    """Weigh every record that could be read: of each observed master and of the evidence.

    A master that was not observed has neither a record nor a missing one: nobody knows.
    """
    places = _places(view)
    sayings = tuple(_saying(place, record) for place, record in places)
    missing = tuple(place for place, record in places if record is None)
    records = [record for _, record in places if record is not None]
    if any((record.source, record.target) != (view.source, view.target) for record in records):
        return Armed(Arming.AGAINST, sayings, missing)
    if records:
        return Armed(Arming.INCOMPLETE if missing else Arming.AGREED, sayings, missing)
    observations = (view.observations[master] for master in (view.source, view.target))
    doubts = _doubts(matrix, (found for found in observations if isinstance(found, Unreachable)))
    return Armed(Arming.UNARMED if doubts else Arming.FIRST, sayings, missing, doubts)


def names_only(view: PairView, source: str) -> bool:
    """Tell whether every record that could be read, and at least one, names *source* as the master to copy from."""
    records = [record for _, record in _places(view) if record is not None]
    return bool(records) and all(record.source == source for record in records)


def _places(view: PairView) -> list[tuple[str, ArmedDirection | None]]:
    seen = [(master, view.snapshot(master)) for master in (view.source, view.target)]
    hosts = [(master, own.own.direction) for master, own in seen if isinstance(own, Snapshot)]
    return [*hosts, (EVIDENCE, view.remembered)]


def _saying(place: str, record: ArmedDirection | None) -> str:
    if record is None:
        return f"{place}: no record"
    by = f"recorded by {record.recorded_by} at {record.recorded_at}"
    return f"{place}: {record.source} to {record.target}, {by}"


def _doubts(matrix: Matrix, unobserved: Iterable[Unreachable]) -> tuple[str, ...]:
    """Say why a first arming is not allowed: nobody vouches, somebody objects, or something is not known."""
    doubts = [f"{found.master} was not observed, so its record is not known." for found in unobserved]
    if not matrix.clients_vouching_for(matrix.source):
        doubts.append(f"No answering client names {matrix.source}.")
    objecting = matrix.clients_naming(matrix.target)
    if objecting:
        doubts.append(f"{matrix.target} is named by {', '.join(objecting)}.")
    doubts += [
        f"The database of {word.master} says that {word.current_master} controls {row.client}."
        for row in matrix.rows
        for word in row.databases
        if word.side not in {None, Side.SOURCE}
    ]
    return tuple(doubts)
