"""What a takeover came to, read from the clients' own files and both databases (design sections 5 and 6)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nim_operators.nim.clientrepair import repair_by
from nim_operators.nim.facts import Facts, few
from nim_operators.nim.ownership import Row
from nim_operators.nim.readiness import CERTAIN, Cause, Readiness, readiness
from nim_operators.nim.runbooks import Runbook
from nim_operators.nim.snapshot import Snapshot
from nim_operators.nim.takeoverlog import SUCCESS

NOT_SWITCHED = "was not switched"
SILENT_SUCCESS = "was reported as switched and was not"
NOT_HEARD = "was not heard from"
OR = " or "
"""Between causes of which only one may be true: of a VIOS that is busy nobody can tell which it was."""


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A client that does not name the target: the cause in a few words, what was seen, and the remedy."""

    client: str
    cause: str
    saw: str
    remedy: str

    def to_json(self) -> dict[str, str]:
        """Return it as plain JSON."""
        return {"client": self.client, "cause": self.cause, "saw": self.saw, "remedy": self.remedy}


@dataclass(frozen=True, slots=True)
class TakeoverResult:
    """Who moved by their own word, who did not, and where a database still says otherwise.

    ``one_way`` are moved clients that do not list the other master any more and could not be given back;
    ``disagreeing`` are sentences about databases that contradict clients that moved.
    """

    moved: tuple[str, ...]
    unresolved: tuple[Unresolved, ...]
    one_way: tuple[str, ...]
    disagreeing: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether every client moved and every database that could be read agrees."""
        return not self.unresolved and not self.disagreeing

    def percent_moved(self, of: Iterable[str]) -> float:
        """Return how many of the clients *of* moved, in percent; where there are none it is all or nothing."""
        wanted = set(of)
        return 100.0 * len(wanted & set(self.moved)) / len(wanted) if wanted else 100.0 * bool(self.moved)

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain JSON."""
        return {
            "moved": list(self.moved),
            "unresolved": [one.to_json() for one in self.unresolved],
            "one_way": list(self.one_way),
            "disagreeing": list(self.disagreeing),
        }


def judge_takeover(facts: Facts, rows: Mapping[str, str]) -> TakeoverResult:
    """Say of each client whether it follows the target now. Pure.

    :param rows: the words of the takeover's own table, empty where none was printed; they explain, never prove.
    """
    vouching = set(facts.matrix.clients_vouching_for(facts.view.target))
    standings = {one.client: one for one in readiness(facts)}
    return TakeoverResult(
        moved=tuple(row.client for row in facts.matrix.rows if row.client in vouching),
        unresolved=tuple(
            _unresolved(facts, row, rows.get(row.client), standings[row.client], others_moved=bool(vouching))
            for row in facts.matrix.rows
            if row.client not in vouching
        ),
        one_way=tuple(row.client for row in facts.matrix.rows if row.client in vouching and row.lists_both is False),
        disagreeing=tuple(_disagreeing(facts, vouching)),
    )


def _unresolved(facts: Facts, row: Row, word: str | None, standing: Readiness, *, others_moved: bool) -> Unresolved:
    table = {None: "The takeover's table has no row for it.", "": "The takeover's table gives it no result."}.get(
        word, f"The takeover's table says {word}."
    )
    own = next((answer.master_hostname for answer in row.answers if answer.fault is None), None)
    again = f"Run the takeover again with an override; it is safe for the clients that {facts.view.target} has."
    if own is not None and word is not None and word.upper() == SUCCESS:
        return Unresolved(row.client, SILENT_SUCCESS, f"{table} Its own /etc/niminfo still names {own}.", again)
    known = [one for one in standing.obstacles if one.cause in CERTAIN][:1] or standing.obstacles
    if known:
        cause = OR.join(one.cause.value for one in known)
        saw = " ".join([*(one.saw for one in known), table])
        remedies = (
            _by_hand(facts.target, row.client)
            if others_moved and facts.target is not None and one.cause is Cause.NOT_LISTED
            else one.remedy
            for one in known
        )
        return Unresolved(row.client, cause, saw, " ".join(remedies))
    if own is not None:
        return Unresolved(row.client, NOT_SWITCHED, f"Its own /etc/niminfo names {own}. {table}", again)
    return Unresolved(row.client, NOT_HEARD, table, again)


def _by_hand(target: Snapshot, client: str) -> str:
    """Say what to do for a client that does not list the target once others follow it: no repair takes a split pair."""
    typed = repair_by(target, client, client).by_hand
    return (
        f"Log in to it as root and type {typed}. Or give the others back, trigger {Runbook.REPAIR_CLIENT} for "
        "it, which refuses while clients name both masters, and take them over again."
    )


def _disagreeing(facts: Facts, moved: set[str]) -> Iterator[str]:
    """Name the databases that contradict; one that says nothing of a client's current master is legal (nim.md 12.6)."""
    agreeing = {None, facts.side(facts.view.target)}
    for master in (facts.view.target, facts.view.source):
        words = {row.client: row.database(master) for row in facts.matrix.rows if row.client in moved}
        wrong = tuple(client for client, word in words.items() if word is not None and word.side not in agreeing)
        if wrong:
            yield f"The database of {master} does not give {few(wrong)} to {facts.view.target}."
