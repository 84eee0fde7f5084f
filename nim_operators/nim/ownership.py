"""The ownership matrix: which master controls each client, by three voices (design section 3).

Both hosts of a pair are ``NIM_CONFIGURATION=master`` (nim.md 2.1), so the role file decides nothing. For each
client three voices are put side by side: ``current_master`` in the source's database, the same in the
target's, and the client's own ``/etc/niminfo``. The client's own word outranks the databases, which only say
what each master believes (nim.md 1.3). Nothing here guesses: an absent ``current_master`` is a legal silence
of that database (nim.md 1.3, 12.6), and a client that did not answer counts for neither master. One that did not
answer and that the estate file sets aside is no row at all, so that nothing waits for it; one that answers always is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from typing import Any

from nim_operators.nim.identity import Identity, identity_by_hearsay, identity_of
from nim_operators.nim.levels import Level
from nim_operators.nim.objects import NimObject
from nim_operators.nim.pair import PairView
from nim_operators.nim.snapshot import BY_SSH, ClientAnswer


class Side(StrEnum):
    """Whom a name in a database or niminfo means, seen from the pair."""

    SOURCE = "source"
    TARGET = "target"
    OUTSIDE = "outside the pair"
    UNCLEAR = "either master"
    """The name fits both masters, as after a half restored database. It never counts for anybody."""


class Verdict(StrEnum):
    """What the three voices say together about one client."""

    SOURCE = "owned by source"
    TARGET = "owned by target"
    SPLIT = "split"
    SILENT = "silent"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class DatabaseWord:
    """What one master's database says of a client it defines; None where it says nothing."""

    master: str
    current_master: str | None
    side: Side | None
    sync_required: bool | None


@dataclass(frozen=True, slots=True)
class OwnWord:
    """What a client said of itself to one asking master, or why it said nothing.

    Exactly one of ``side`` and ``silence`` is set. ``fault`` is a clause on an answer that came from a host
    which is not, or not only, the client that was meant; it counts against a master, never for one.
    """

    asked_by: str
    master_hostname: str | None = None
    side: Side | None = None
    lists: frozenset[Side] = frozenset()
    level: Level | None = None
    fault: str | None = None
    silence: str | None = None

    @property
    def how(self) -> str:
        """How the client was asked and by whom."""
        return BY_SSH if self.asked_by == BY_SSH else f"c_rsh from {self.asked_by}"


@dataclass(frozen=True)
class Row:
    """One client of the matrix. A database that does not define the client, or was not read, has no word."""

    client: str
    verdict: Verdict
    databases: tuple[DatabaseWord, ...]
    words: tuple[OwnWord, ...]

    @cached_property
    def answers(self) -> tuple[OwnWord, ...]:
        """Every word the client itself said."""
        return tuple(word for word in self.words if word.silence is None)

    @property
    def contradicted_by(self) -> tuple[DatabaseWord, ...]:
        """The databases that name another master than the client's own word does."""
        own = {word.side for word in self.answers}
        return tuple(word for word in self.databases if own and word.side not in {None, *own})

    @property
    def lists_both(self) -> bool | None:
        """Whether the client's own file lists both masters (nim.md hazard 7); None if it did not answer."""
        if not self.answers:
            return None
        return all({Side.SOURCE, Side.TARGET} <= word.lists for word in self.answers)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is odd about each word, or why there is none."""
        if not self.words:
            return ("nobody asked it",)
        return tuple(text for word in self.words for text in (word.fault, word.silence) if text)

    def database(self, master: str) -> DatabaseWord | None:
        """Return what the database of *master* says, None where it does not define the client."""
        return next((word for word in self.databases if word.master == master), None)

    def to_json(self) -> dict[str, Any]:
        """Return the row as plain JSON, the databases by the estate's names of the masters."""
        return {
            "client": self.client,
            "verdict": self.verdict.value,
            "databases": {word.master: word.current_master for word in self.databases},
            "sync_required": {word.master: word.sync_required for word in self.databases},
            "own_word": [word.master_hostname for word in self.answers],
            "asked": [word.how for word in self.words],
            "lists_both": self.lists_both,
            "remarks": list(self.remarks),
        }


@dataclass(frozen=True)
class Matrix:
    """Every client that either database defines, by name, with its verdict.

    ``set_aside`` are clients that said nothing and that the estate file sets aside: they are none of the rows.
    """

    source: str
    target: str
    rows: tuple[Row, ...]
    set_aside: tuple[Row, ...] = ()

    def row(self, client: str) -> Row:
        """Return the row of one client, set aside or not.

        :raises KeyError: if no database defines it.
        """
        return {row.client: row for row in (*self.rows, *self.set_aside)}[client]

    def clients_naming(self, master: str) -> tuple[str, ...]:
        """Clients of which any answer names *master*, or might: what counts against it (S1)."""
        sides = {self._side(master), Side.UNCLEAR}
        return tuple(row.client for row in self.rows if any(word.side in sides for word in row.answers))

    def clients_vouching_for(self, master: str) -> tuple[str, ...]:
        """Clients whose answers all name *master* and are their own: what counts for it."""
        side = self._side(master)
        return tuple(
            row.client
            for row in self.rows
            if row.answers and all(word.side is side and word.fault is None for word in row.answers)
        )

    def clients_answering_otherwise(self, master: str) -> tuple[str, ...]:
        """Clients that answer and do not vouch for *master*."""
        vouching = set(self.clients_vouching_for(master))
        return tuple(row.client for row in self.rows if row.answers and row.client not in vouching)

    @property
    def silent(self) -> tuple[Row, ...]:
        """Clients that said nothing; they count for neither side (S1)."""
        return tuple(row for row in self.rows if row.verdict is Verdict.SILENT)

    def with_verdict(self, verdict: Verdict) -> tuple[Row, ...]:
        """Return the rows of one verdict."""
        return tuple(row for row in self.rows if row.verdict is verdict)

    @cached_property
    def active(self) -> str | None:
        """The one master that answering clients name; None where they name both, or neither."""
        named = [master for master in (self.source, self.target) if self.clients_naming(master)]
        return named[0] if len(named) == 1 else None

    def summary(self) -> dict[str, int]:
        """Count the rows of each verdict, zeros included."""
        counted = Counter(row.verdict for row in self.rows)
        return {verdict.value: counted[verdict] for verdict in Verdict}

    def to_json(self) -> dict[str, Any]:
        """Return the matrix as plain JSON: who source and target are, the counts, one row per client."""
        return {
            "source": self.source,
            "target": self.target,
            "summary": self.summary(),
            "rows": [row.to_json() for row in self.rows],
            "set_aside": [row.to_json() for row in self.set_aside],
        }

    def _side(self, master: str) -> Side:
        return {self.source: Side.SOURCE, self.target: Side.TARGET}[master]


def identities_of(view: PairView) -> Mapping[str, Identity]:
    """Return who each master of the pair is; of one that was not observed, what the other knows of it."""
    found = {}
    for master, other in ((view.source, view.target), (view.target, view.source)):
        own, peer = view.snapshot(master), view.snapshot(other)
        found[master] = identity_of(own, peer) if own is not None else identity_by_hearsay(master, peer)
    return found


def sides(view: PairView, identities: Mapping[str, Identity]) -> Callable[[str], Side]:
    """Return a function that tells whom a name or address means; equal texts are looked up once."""
    by_side = ((Side.SOURCE, identities[view.source]), (Side.TARGET, identities[view.target]))

    @cache
    def side_of(text: str) -> Side:
        named = [side for side, identity in by_side if identity.is_named_by(text)]
        if len(named) > 1:
            return Side.UNCLEAR
        return named[0] if named else Side.OUTSIDE

    return side_of


def ownership(view: PairView, side_of: Callable[[str], Side]) -> Matrix:
    """Build the matrix of a pair from whatever was observed of it."""
    snapshots = [(master, view.snapshot(master)) for master in (view.source, view.target)]
    words: dict[str, list[DatabaseWord]] = {}
    answers: dict[str, list[OwnWord]] = {}
    for master, snapshot in snapshots:
        if snapshot is None:
            continue
        for client in snapshot.client_objects:
            words.setdefault(client.name, []).append(_database_word(master, client, side_of))
        for answer in snapshot.clients:
            answers.setdefault(answer.client, []).append(_own_word(answer, side_of))
    rows = [_row(client, words[client], answers.get(client, ())) for client in sorted(words)]
    aside = tuple(row for row in rows if row.client in view.policy.set_aside and not row.answers)
    return Matrix(view.source, view.target, tuple(row for row in rows if row not in aside), aside)


def _row(client: str, databases: Iterable[DatabaseWord], words: Iterable[OwnWord]) -> Row:
    row = Row(client, Verdict.SILENT, tuple(databases), tuple(words))
    return Row(client, _verdict(row), row.databases, row.words)


def _verdict(row: Row) -> Verdict:
    """Agreed only where nobody contradicts; the client's own word still stands in the row where one does."""
    named = {word.side for word in row.answers}
    if not named:
        return Verdict.SILENT
    if len(named) > 1 or row.contradicted_by or Side.UNCLEAR in named:
        return Verdict.SPLIT
    agreed = {Side.SOURCE: Verdict.SOURCE, Side.TARGET: Verdict.TARGET}
    return next((verdict for side, verdict in agreed.items() if side in named), Verdict.ELSEWHERE)


def _database_word(master: str, client: NimObject, side_of: Callable[[str], Side]) -> DatabaseWord:
    current = (client.get("current_master") or "").strip() or None
    required = (client.get("sync_required") or "").strip().lower()
    return DatabaseWord(
        master=master,
        current_master=current,
        side=side_of(current) if current else None,
        sync_required={"yes": True, "no": False}.get(required),
    )


def _own_word(answer: ClientAnswer, side_of: Callable[[str], Side]) -> OwnWord:
    """Read one answer. A niminfo that names no master is a silence: it does not say who is in control."""
    said = answer.niminfo
    if said is None:
        return OwnWord(answer.asked_by, silence=answer.silence or "it said nothing")
    if said.master_hostname is None:
        return OwnWord(answer.asked_by, level=answer.level, silence="its /etc/niminfo names no master")
    fault = None
    if said.configuration == "master":
        fault = "the host that answered is a NIM master itself"
    elif said.name is not None and said.name != answer.client:
        fault = f"the host that answered calls itself {said.name}"
    return OwnWord(
        asked_by=answer.asked_by,
        master_hostname=said.master_hostname,
        side=side_of(said.master_hostname),
        lists=frozenset(side_of(host) for host in (*said.master_hostnames, said.master_hostname)),
        level=answer.level,
        fault=fault,
    )
