"""Diagnosis: the one named state a pair is in (design section 3).

The rows of :data:`ROWS` are tried from top to bottom and the first that has reasons gives the state; the last
one always does. Order matters: what makes later questions meaningless comes first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from nim_operators.nim.direction import Arming
from nim_operators.nim.facts import Facts, facts_of, few, has_copy
from nim_operators.nim.ownership import Row, Side
from nim_operators.nim.pair import PairView
from nim_operators.nim.preparation import beyond_repair, preparation
from nim_operators.nim.serving import not_serving
from nim_operators.nim.snapshot import Absence, Fenced, NimProcess, Snapshot, Unreachable
from nim_operators.nim.witnesses import is_reached, testimony

TRANSFER = re.compile(r"-\w*o\s*(?:sync|takeover)\b|\bnim_master_recover\b|\bm_restore_db\b", re.ASCII)
"""Command lines that move a whole database or every client: sync, takeover, restores (nim.md 4.3-4.7)."""

TRANSFER_JOB = re.compile(r"sync|takeover|restore", re.ASCII)
"""Kinds of our own jobs that do the same."""
TAKEOVER_JOB = "takeover"
"""The kind of our own jobs that take clients over; they copy no database."""


class State(StrEnum):
    """Every state a pair can be diagnosed with. :data:`MEANINGS` says each in one sentence."""

    HEALTHY = "healthy"
    FIRST_SYNC = "first sync"
    STANDBY_DOWN = "standby down"
    STANDBY_SYNCING = "standby syncing"
    ACTIVE_UNREACHABLE_UNCONFIRMED = "active unreachable but unconfirmed"
    ACTIVE_DEAD = "active dead"
    BOTH_UNREACHABLE = "both unreachable"
    ACTIVE_NOT_SERVING = "active not serving"
    UNUSABLE_ALTERNATE = "unusable alternate"
    INTERRUPTED_SYNC = "interrupted sync"
    INTERRUPTED_TAKEOVER = "interrupted takeover"
    SPLIT = "split"
    RETURNED_STALE = "returned stale"
    TAKEN_OVER = "taken over"
    ROLES_REVERSED = "roles reversed"
    NOT_A_PAIR = "not a pair"
    OWNERSHIP_UNKNOWN = "ownership unknown"
    NOT_ARMED = "not armed"


MEANINGS: dict[State, str] = {
    State.HEALTHY: "Both masters serve, the clients name the source, and the armed direction agrees.",
    State.FIRST_SYNC: "All is well, but the alternate holds no copy yet.",
    State.STANDBY_DOWN: "The active master answers, the standby does not.",
    State.STANDBY_SYNCING: "A sync, takeover or restore is running on one of the masters.",
    State.ACTIVE_UNREACHABLE_UNCONFIRMED: (
        "The active master does not answer us; nobody else has confirmed that it is dead."
    ),
    State.ACTIVE_DEAD: "The active master answers neither us nor the alternate nor any client that could try.",
    State.BOTH_UNREACHABLE: "Neither master answers us, so nothing is known of either.",
    State.ACTIVE_NOT_SERVING: "The active master answers, but its NIM does not work.",
    State.UNUSABLE_ALTERNATE: "The standby answers, but its NIM could not take over.",
    State.INTERRUPTED_SYNC: "A job that moves a whole database ended without anybody knowing how.",
    State.INTERRUPTED_TAKEOVER: "A takeover ended without anybody knowing how, so some clients may have moved.",
    State.SPLIT: "Some clients name one master, some the other.",
    State.RETURNED_STALE: "The clients name one master, while the other one's database still claims some of them.",
    State.TAKEN_OVER: "Every answering client names the master that is wanted as the target.",
    State.ROLES_REVERSED: "The clients or a recorded armed direction name the other direction.",
    State.NOT_A_PAIR: "The two hosts are not a NIM master and its alternate.",
    State.OWNERSHIP_UNKNOWN: "No client says who controls it.",
    State.NOT_ARMED: "No direction was ever armed, and the databases do not allow to arm one now.",
}


MOOT = frozenset(
    {
        State.STANDBY_DOWN,
        State.STANDBY_SYNCING,
        State.ACTIVE_UNREACHABLE_UNCONFIRMED,
        State.ACTIVE_DEAD,
        State.BOTH_UNREACHABLE,
    }
)
"""States in which findings about databases and clients mean nothing: what they speak of is away or on the move."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The state of a pair and the sentences that led to it; a healthy pair has none."""

    state: State
    reasons: tuple[str, ...] = ()

    @property
    def meaning(self) -> str:
        """The state in one sentence."""
        return MEANINGS[self.state]

    def to_json(self) -> dict[str, Any]:
        """Return the diagnosis as plain JSON."""
        return {"state": self.state.value, "meaning": self.meaning, "reasons": list(self.reasons)}


def diagnose(view: PairView) -> Diagnosis:
    """Name the state of a pair. Pure: the same view gives the same diagnosis."""
    return diagnosis_of(facts_of(view))


def diagnosis_of(facts: Facts) -> Diagnosis:
    """Name the state from facts that were worked out already; see :func:`diagnose`."""
    for state, reasons_for in ROWS:
        reasons = tuple(reasons_for(facts))
        if reasons:
            return Diagnosis(state, reasons)
    return Diagnosis(State.HEALTHY)


def is_transfer(process: NimProcess) -> bool:
    """Tell whether a process moves a whole database or every client."""
    return bool(TRANSFER.search(process.command))


def _both_unreachable(facts: Facts) -> Iterable[str]:
    lost = facts.unobserved
    return [_lost(found) for found in lost] if not facts.observed else []


def _active_dead(facts: Facts) -> Iterable[str]:
    """Want two witnesses: we cannot reach it, and the alternate tried and cannot either (design section 5, S3).

    The clients that could try are further ones; a single one that reaches it is a veto.
    """
    alternate = facts.view.snapshot(facts.standby)
    if alternate is None or alternate.peer_answers is not False:
        return ()
    if any(found.absence not in _SILENCES or is_reached(facts, found) for found in facts.unobserved):
        return ()
    return _active_unreachable(facts)


_SILENCES = frozenset({Absence.NO_ROUTE, Absence.TIMED_OUT, Absence.REFUSED, Absence.LINK_LOST})
"""Absences in which nothing on the host spoke to us. One that refuses a login or shows another key is alive."""


def _active_unreachable(facts: Facts) -> Iterable[str]:
    """Name the active master that is away; an alternate that only a person could make serve is the graver state."""
    if tuple(not_serving(facts, facts.standby)) and beyond_repair(facts):
        return []
    ill = preparation(facts).saw if facts.standby == facts.view.target else ()
    away = [found for found in facts.unobserved if found.master == facts.active]
    return [words for lost in away for words in (" ".join([_lost(lost), *ill]), *testimony(facts, lost))]


def _standby_down(facts: Facts) -> Iterable[str]:
    """Name a lost standby; a source that is away after the clients have gone over is none: it was taken over."""
    lost = (found for found in facts.unobserved if found.master == facts.standby == facts.view.target)
    return [_lost(found) for found in lost]


def _lost(found: Unreachable) -> str:
    return f"{found.master} was not observed ({found.absence}): {found.reason}."


def _transferring(facts: Facts) -> Iterable[str]:
    for own in facts.observed:
        for process in own.processes:
            if is_transfer(process):
                yield f"On {own.master} process {process.pid} of {process.user} runs: {process.command}"
        for job in own.own.jobs:
            if job.state == "running" and TRANSFER_JOB.search(job.kind):
                yield f"On {own.master} job {job.job} ({job.kind}) of run {job.run} is running."


def _active_not_serving(facts: Facts) -> Iterable[str]:
    return not_serving(facts, facts.active)


def _unusable(facts: Facts) -> Iterable[str]:
    reasons = tuple(not_serving(facts, facts.standby)) if _left_behind(facts) is None else ()
    away = [_lost(found) for found in facts.unobserved if found.master == facts.active]
    remedy = preparation(facts).remedy if away and facts.standby == facts.view.target else ""
    return (*reasons, *away, *filter(None, [remedy])) if reasons else ()


def _not_a_pair(facts: Facts) -> Iterable[str]:
    source, target = facts.source, facts.target
    if source is None or target is None:
        return
    if is_one_host(source, target):
        yield f"{source.master} and {target.master} are the same host {source.hostname}."
    if not facts.peer_records(source) and not facts.peer_records(target):
        yield "Neither master knows the other as its alternate_master."
    own_source, own_target = separate_clients(facts)
    if own_source and own_target:
        yield f"{source.master} controls {few(own_source)}, which only its own database defines."
        yield f"{target.master} controls {few(own_target)}, which only its own database defines."


def is_one_host(source: Snapshot, target: Snapshot) -> bool:
    """Tell whether both snapshots are of one host. Partitions of one frame may share the machine id alone."""
    return (source.hostname, source.machine_id) == (target.hostname, target.machine_id)


def separate_clients(facts: Facts) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the clients that name the source, or target, and that only this master's database defines."""
    view = facts.view
    by_side = ((view.source, Side.SOURCE), (view.target, Side.TARGET))
    source, target = (
        tuple(row.client for row in facts.matrix.rows if _is_separate(row, master, side)) for master, side in by_side
    )
    return source, target


def _is_separate(row: Row, master: str, side: Side) -> bool:
    defined_in = [word.master for word in row.databases]
    return defined_in == [master] and any(word.side is side for word in row.answers)


def _interrupted_sync(facts: Facts) -> Iterable[str]:
    return _left_no_status(facts, lambda kind: bool(TRANSFER_JOB.search(kind)) and kind != TAKEOVER_JOB)


def _interrupted_takeover(facts: Facts) -> Iterable[str]:
    return _left_no_status(facts, lambda kind: kind == TAKEOVER_JOB)


def _left_no_status(facts: Facts, is_meant: Callable[[str], bool]) -> Iterable[str]:
    for own in facts.observed:
        for job in own.own.jobs:
            if job.state == "vanished" and is_meant(job.kind):
                yield f"On {own.master} job {job.job} ({job.kind}) of run {job.run} left no status."


def _split(facts: Facts) -> Iterable[str]:
    source, target = facts.view.source, facts.view.target
    named = {master: facts.matrix.clients_naming(master) for master in (source, target)}
    if named[source] and named[target]:
        yield from (f"{master} is named by {few(clients)}." for master, clients in named.items())


def _returned_stale(facts: Facts) -> Iterable[str]:
    """Find a standby whose database claims most of the clients that name the active master (nim.md 10).

    A claim to a few of them is an odd record, which the next sync corrects.
    """
    active = facts.matrix.active
    if active is None or facts.view.snapshot(facts.standby) is None:
        return
    naming = set(facts.matrix.clients_vouching_for(active))
    words = {row.client: row.database(facts.standby) for row in facts.matrix.rows if row.client in naming}
    known = {client: word for client, word in words.items() if word is not None}
    claimed = tuple(client for client, word in known.items() if word.side is facts.side(facts.standby))
    if 2 * len(claimed) > len(known):
        yield f"The database of {facts.standby} claims {few(claimed)}, which name {active}."


def _taken_over(facts: Facts) -> Iterable[str]:
    if facts.matrix.active == facts.view.target:
        yield f"{facts.view.target} is named by {few(facts.matrix.clients_naming(facts.view.target))}."
        if (fence := _left_behind(facts)) is not None:
            yield f"{facts.view.source} was fenced by {fence.run} at {fence.since}; reprotect makes it the standby."


def _left_behind(facts: Facts) -> Fenced | None:
    """Return the fence of a source whose clients have gone to the target: that one is no alternate that is ill."""
    own = facts.source
    has_gone = own is not None and facts.matrix.active == facts.view.target and not own.is_active("nimesis")
    return own.own.fenced if own is not None and has_gone else None


def _reversed(facts: Facts) -> Iterable[str]:
    view = facts.view
    if facts.armed.arming is Arming.AGAINST:
        yield f"Wanted is {view.source} to {view.target}."
        yield from (f"{saying}." for saying in facts.armed.sayings)


def _ownership_unknown(facts: Facts) -> Iterable[str]:
    if facts.matrix.clients_vouching_for(facts.view.source):
        return
    rows = facts.matrix.rows
    if not rows:
        yield "Neither database defines a client."
        return
    counts = ", ".join(f"{count} {verdict}" for verdict, count in facts.matrix.summary().items() if count)
    yield f"No answering client names {facts.view.source}; of {len(rows)} clients: {counts}."


def _not_armed(facts: Facts) -> Iterable[str]:
    return facts.armed.doubts if facts.armed.arming is Arming.UNARMED else ()


def _first_sync(facts: Facts) -> Iterable[str]:
    if facts.target is not None and not has_copy(facts.target):
        yield f"The database of {facts.target.master} defines neither clients nor resources."


ROWS: tuple[tuple[State, Callable[[Facts], Iterable[str]]], ...] = (
    (State.BOTH_UNREACHABLE, _both_unreachable),
    (State.ACTIVE_DEAD, _active_dead),
    (State.ACTIVE_UNREACHABLE_UNCONFIRMED, _active_unreachable),
    (State.STANDBY_DOWN, _standby_down),
    (State.STANDBY_SYNCING, _transferring),
    (State.INTERRUPTED_SYNC, _interrupted_sync),
    (State.INTERRUPTED_TAKEOVER, _interrupted_takeover),
    (State.ACTIVE_NOT_SERVING, _active_not_serving),
    (State.UNUSABLE_ALTERNATE, _unusable),
    (State.NOT_A_PAIR, _not_a_pair),
    (State.SPLIT, _split),
    (State.RETURNED_STALE, _returned_stale),
    (State.TAKEN_OVER, _taken_over),
    (State.ROLES_REVERSED, _reversed),
    (State.OWNERSHIP_UNKNOWN, _ownership_unknown),
    (State.NOT_ARMED, _not_armed),
    (State.FIRST_SYNC, _first_sync),
)
"""Top to bottom, first match wins; a pair that no row matches is healthy."""
