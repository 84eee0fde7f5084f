"""Who else has tried to reach a master that does not answer us (design section 5, S3).

A client that names the master is asked to ping it and to list its ``master`` object with ``nimclient``, which its
nimesis answers (nim.md 4.8, 4.9). One that reaches it is a veto against calling it dead. One that says nothing is no
witness for anything: its nimsh may not talk to a master that is not its current one (nim.md 12.19).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from nim_operators.nim.facts import Facts, few
from nim_operators.nim.names import same_host
from nim_operators.nim.snapshot import ClientAnswer, Unreachable, Witness

WITNESSES = 16
"""So many clients are asked, drawn evenly from those that can be: one that reaches the master is enough."""

_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]*", re.ASCII)
_RECEIVED = re.compile(r"(\d+) (?:packets )?received", re.ASCII)
_LISTED = re.compile(r"^master\s+machines\s+master\s*$", re.ASCII | re.MULTILINE)
_LED = re.compile(r"(?P<client>\S+) (?P<said>.*)", re.ASCII)


def to_ask(answers: Iterable[ClientAnswer], asker: Iterable[str]) -> dict[str, str]:
    """Return the clients to ask and the host that each shall try, of those that spoke and do not name the *asker*.

    :param asker: the names of the master that asks.
    """
    own = tuple(asker)
    hosts = {
        answer.client: answer.niminfo.master_hostname
        for answer in answers
        if answer.niminfo is not None and answer.niminfo.master_hostname is not None
    }
    other = {
        client: host
        for client, host in sorted(hosts.items())
        if _HOST.fullmatch(host) and not any(same_host(host, name) for name in own)
    }
    step = max(1, len(other) // WITNESSES)
    return dict(list(other.items())[::step][:WITNESSES])


def parse_witnesses(asked_by: str, text: str, hosts: Mapping[str, str]) -> tuple[Witness, ...]:
    """Read what clients said, each line led by its client's name. Nothing is refused: nonsense is no testimony.

    :param hosts: the clients that were asked and the host that each was to try.
    """
    lines = [found for line in text.splitlines() if (found := _LED.fullmatch(line.strip()))]
    said = {client: [found["said"] for found in lines if found["client"] == client] for client in hosts}
    return tuple(_witness(client, asked_by, host, "\n".join(said[client])) for client, host in hosts.items())


def _witness(client: str, asked_by: str, host: str, text: str) -> Witness:
    heard = [int(count) for count in _RECEIVED.findall(text)]
    if _LISTED.search(text):
        return Witness(client, asked_by, host, reaches=True, said="nimesis answered nimclient")
    if any(heard):
        return Witness(client, asked_by, host, reaches=True, said="it answered ping")
    if heard:
        return Witness(client, asked_by, host, reaches=False, said="no answer to ping or nimclient")
    last = next((line for line in reversed(text.splitlines()) if line.strip() and not line.startswith("@ ")), "nothing")
    return Witness(client, asked_by, host, reaches=None, said=last.strip())


def heard_of(facts: Facts, master: str) -> tuple[Witness, ...]:
    """Return what clients said of *master*, of those that tried that very host."""
    side = facts.side(master)
    told = (witness for own in facts.observed for witness in own.witnesses)
    return tuple(witness for witness in told if facts.side_of(witness.master_hostname) is side)


def is_reached(facts: Facts, lost: Unreachable) -> bool:
    """Tell whether anybody reaches a master that does not answer us: our own try at its NIM ports, or a client."""
    return bool(lost.nim_answers) or any(witness.reaches for witness in heard_of(facts, lost.master))


def testimony(facts: Facts, lost: Unreachable) -> Iterator[str]:
    """Yield what every witness said of a master that does not answer us, one sentence each."""
    if lost.nim_answers is not None:
        ports = "accepted a connection" if lost.nim_answers else "accepted no connection"
        yield f"Its NIM ports {ports} from here."
    for own in facts.observed:
        tried = {True: "reaches it", False: "tried to reach it and got no answer", None: "could not try to reach it"}
        yield f"{own.master} {tried[own.peer_answers]}."
    heard = heard_of(facts, lost.master)
    for reaches in (True, False):
        for how in dict.fromkeys((witness.asked_by, witness.said) for witness in heard if witness.reaches is reaches):
            clients = tuple(one.client for one in heard if (one.asked_by, one.said) == how)
            yield f"{'Reached' if reaches else 'Not reached'} from {few(clients)}, asked by {how[0]}: {how[1]}."
    if not any(witness.reaches is not None for witness in heard):
        yield "None of its clients could be asked whether it reaches it, which says nothing either way."
