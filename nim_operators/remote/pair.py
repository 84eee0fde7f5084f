"""Observe both masters of a pair so that the two snapshots can be compared."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from nim_operators.nim.clients import parse_client_answers
from nim_operators.nim.collector import parse_sections
from nim_operators.nim.errors import Unreadable
from nim_operators.nim.identity import has_files_of_peer
from nim_operators.nim.outcome import Exited
from nim_operators.nim.snapshot import (
    BY_SSH,
    Absence,
    ClientAnswer,
    Observation,
    Section,
    Snapshot,
    Unreachable,
    Witness,
)
from nim_operators.nim.witnesses import parse_witnesses, to_ask
from nim_operators.remote.asking import asking_values
from nim_operators.remote.collect import Questions, add_places, observe_over
from nim_operators.remote.endpoint import Endpoint
from nim_operators.remote.errors import HostAbsent, LinkLost, OutcomeUnknown
from nim_operators.remote.script import build, complaint, read_sections
from nim_operators.remote.text import text_of
from nim_operators.remote.transport import Host, connect
from nim_operators.remote.witnesses import TESTIMONY_SECONDS, ask_witnesses, nim_answers, nim_ports


@dataclass(frozen=True, slots=True)
class Asking:
    """How clients are asked: *width* at a time, each for at most *limit_seconds*; not at all where width is 0.

    Those with an entry in *connections* are asked over SSH too, which no master can stand in the way of. With
    *by_target_too* the target asks every client of the source, which shows whom it can reach before a takeover.
    """

    width: int = 16
    limit_seconds: int = 10
    connections: Mapping[str, Endpoint] = field(default_factory=dict)
    by_target_too: bool = False


SECOND_LOOK_SECONDS = 3.0
_PASSING = frozenset({Absence.REFUSED, Absence.NO_ROUTE, Absence.TIMED_OUT, Absence.LINK_LOST})

_Seen = TypeVar("_Seen")

NOBODY = Asking(width=0)
"""Do not ask clients: for a look at the masters alone."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What one master looks like, and the raw text behind it (empty where it could not be observed)."""

    observation: Observation
    sections: Mapping[str, Section] = field(repr=False)


async def observe_pair(
    source: str,
    target: str,
    endpoints: Mapping[str, Endpoint],
    asking: Asking,
    *,
    dispensable: Collection[str] = (),
) -> dict[str, Observed]:
    """Observe both masters side by side, one round trip each: one that hangs does not keep us from the other.

    Places on the target that only the source's resources name are looked at afterwards, where there are any.

    Clients that stay silent to the master that claims them are asked once more from the other one: a client that has
    gone over to it might answer there (design section 3). So are all clients of a master that does not answer, and
    those that no master claims. That costs a further trip only where there are such clients; so does asking some of
    the clients of a master that does not answer us whether they reach it.

    :param dispensable: masters that are as good as absent where what they print makes no sense.
    :raises nim_operators.nim.errors.Unreadable: if any other printed such a thing.
    """
    looks = (
        _observe(master, endpoints[master], asking, is_dispensable=master in dispensable) for master in (source, target)
    )
    first, second = await asyncio.gather(*looks)
    missing = _missing_places(first.observation, second.observation)
    if missing:
        second = await _look_at_places(second, endpoints[target], missing)
    observed = {source: first, target: second}
    if asking.width:
        for master, peer in ((source, target), (target, source)):
            everybody = asking.by_target_too and master == target
            unheard = _unheard(observed[peer].observation, observed[master].observation, everybody=everybody)
            observed[master] = await _ask_more(observed[master], endpoints[master], unheard, asking)
        asker = source if isinstance(first.observation, Snapshot) else target
        is_lost = any(isinstance(found.observation, Unreachable) for found in observed.values())
        observed[asker] = await _ask_by_ssh(observed[asker], asking, witness=is_lost)
        if is_lost:
            lost = target if asker == source else source
            observed[asker], observed[lost] = await asyncio.gather(
                _ask_witnesses(observed[asker], endpoints[asker]),
                _try_ports(observed[lost], endpoints[lost], observed[asker].observation),
            )
    return observed


async def _observe(master: str, endpoint: Endpoint, asking: Asking, *, is_dispensable: bool) -> Observed:
    """Observe one master; look once more, a moment later, where the network may just have hiccupped."""
    questions = Questions(
        ask_clients=asking.width > 0,
        width=asking.width or 1,
        limit_seconds=asking.limit_seconds,
    )
    try:
        observed = await _look(master, endpoint, questions)
        if isinstance(observed.observation, Unreachable) and observed.observation.absence in _PASSING:
            await asyncio.sleep(SECOND_LOOK_SECONDS)
            observed = await _look(master, endpoint, questions)
    except Unreadable as nonsense:
        if not is_dispensable:
            raise
        return Observed(Unreachable(master, Absence.UNREADABLE, str(nonsense).rstrip(".")), {})
    return observed


async def _try_ports(observed: Observed, endpoint: Endpoint, peer: Observation) -> Observed:
    """Add whether NIM itself accepts a connection, where a master did not let us in."""
    lost = observed.observation
    if not isinstance(lost, Unreachable) or lost.absence not in _PASSING:
        return observed
    answers = await nim_answers(endpoint, nim_ports(peer))
    return replace(observed, observation=replace(lost, nim_answers=answers))


async def _look(master: str, endpoint: Endpoint, questions: Questions) -> Observed:
    try:
        async with connect(master, endpoint) as host:
            return Observed(*await observe_over(host, questions))
    except HostAbsent as absent:
        return Observed(Unreachable(master, absent.absence, absent.reason), {})


async def _over_link(master: str, endpoint: Endpoint, look: Callable[[Host], Awaitable[_Seen]]) -> _Seen:
    """
    Look at a master that has just answered; once more, a moment later, where the link went down meanwhile.

    :raises HostAbsent: if it does not answer any more.
    :raises OutcomeUnknown: if nobody saw the end of the look.
    """
    try:
        async with connect(master, endpoint) as host:
            return await look(host)
    except LinkLost:
        await asyncio.sleep(SECOND_LOOK_SECONDS)
    async with connect(master, endpoint) as host:
        return await look(host)


def _missing_places(source: Observation, target: Observation) -> tuple[str, ...]:
    """Return the locations of the source's resources that the look at the target did not include."""
    if not isinstance(source, Snapshot) or not isinstance(target, Snapshot):
        return ()
    return tuple(sorted({found.location for found in source.resources if found.location} - set(target.places)))


async def _look_at_places(observed: Observed, endpoint: Endpoint, locations: tuple[str, ...]) -> Observed:
    """Add where *locations* are, or would be, to what was seen of a master."""
    master = observed.observation.master
    try:
        return Observed(
            *await _over_link(master, endpoint, lambda host: add_places(host, observed.sections, locations))
        )
    except HostAbsent as absent:
        return Observed(Unreachable(master, absent.absence, absent.reason), {})
    except OutcomeUnknown as lost:
        return Observed(Unreachable(master, Absence.LINK_LOST, lost.sentence), {})


def _unheard(asker: Observation, other: Observation, *, everybody: bool) -> tuple[str, ...]:
    """
    Return who has not spoken to *asker*, or *everybody*, of the clients that *other* knows and has not asked.

    A client may not have been asked by *asker* either: after a takeover each database may give it to the other master.
    """
    if not isinstance(other, Snapshot):
        return ()
    asked = {answer.client for answer in other.clients}
    heard = (
        {answer.client for answer in asker.clients if answer.silence is None} if isinstance(asker, Snapshot) else set()
    )
    known = (found.name for found in other.client_objects if found.name not in asked)
    return tuple(name for name in known if everybody or name not in heard)


async def _ask_more(observed: Observed, endpoint: Endpoint, clients: tuple[str, ...], asking: Asking) -> Observed:
    snapshot = observed.observation
    if not clients or not isinstance(snapshot, Snapshot):
        return observed
    try:
        answers, section = await _over_link(snapshot.master, endpoint, lambda host: _ask(host, clients, asking))
    except HostAbsent:
        return observed  # the clients stay silent, which counts for neither side
    except OutcomeUnknown as lost:
        answers = tuple(ClientAnswer(name, snapshot.master, silence=lost.sentence) for name in clients)
        section = Section("clients", 1, "", lost.sentence)
    return Observed(
        replace(snapshot, clients=snapshot.clients + answers),
        {**observed.sections, "clients_of_peer": section},
    )


async def _ask_witnesses(observed: Observed, endpoint: Endpoint) -> Observed:
    """Add what some clients say of the other master, which does not answer us."""
    own = observed.observation
    if not isinstance(own, Snapshot):
        return observed
    names = (
        own.hostname,
        *((own.niminfo.master_hostname or "",) if own.niminfo and not has_files_of_peer(own) else ()),
    )
    answers = [answer for answer in own.clients if answer.asked_by == own.master]
    hosts = to_ask(answers, names)
    addresses = {answer.client: answer.asked_as for answer in answers if answer.asked_as is not None}
    if not hosts:
        return observed
    try:
        heard, section = await _over_link(own.master, endpoint, lambda host: ask_witnesses(host, hosts, addresses))
    except HostAbsent:
        return observed  # nobody has testified then
    except OutcomeUnknown as lost:
        heard, section = (), Section("witnesses", 1, "", lost.sentence)
    said = replace(own, witnesses=own.witnesses + heard)
    return Observed(said, {**observed.sections, "witnesses": section})


async def _ask_by_ssh(observed: Observed, asking: Asking, *, witness: bool) -> Observed:
    """Add what the clients with a connection of their own say, to the snapshot of a master that answers."""
    snapshot = observed.observation
    if not asking.connections or not isinstance(snapshot, Snapshot):
        return observed
    room = asyncio.Semaphore(asking.width)

    async def ask(client: str, endpoint: Endpoint) -> tuple[tuple[ClientAnswer, ...], tuple[Witness, ...]]:
        async with room:
            own = replace(endpoint, privilege="none")
            return await _own_words(client, own, asking.limit_seconds, witness=witness)

    told = await asyncio.gather(*(ask(*one) for one in asking.connections.items()))
    answers: tuple[ClientAnswer, ...] = sum((answers for answers, _ in told), ())
    heard: tuple[Witness, ...] = sum((heard for _, heard in told), ())
    said = replace(snapshot, clients=snapshot.clients + answers, witnesses=snapshot.witnesses + heard)
    return replace(observed, observation=said)


async def _own_words(
    client: str, endpoint: Endpoint, limit_seconds: int, *, witness: bool
) -> tuple[tuple[ClientAnswer, ...], tuple[Witness, ...]]:
    values = {"OSLEVEL": endpoint.commands.oslevel, "NAME": client, "WITNESS": "yes" if witness else "no"}
    script = build("client", values, uses=("clients",))
    limit = limit_seconds + (TESTIMONY_SECONDS if witness else 0)

    def silent(why: str) -> tuple[tuple[ClientAnswer, ...], tuple[Witness, ...]]:
        return (ClientAnswer(client, BY_SSH, silence=why),), ()

    try:
        async with asyncio.timeout(limit), connect(client, endpoint) as host:
            ended = await host.run(script.text, deadline=limit)
    except TimeoutError:
        return silent(f"no answer within {limit} seconds")
    except HostAbsent as absent:
        return silent(f"{absent.absence}: {absent.reason}")
    text = text_of(ended.stdout)
    if not isinstance(ended.outcome, Exited) or script.nonce not in text:
        return silent(complaint(host, ended))
    sections = parse_sections(client, script.nonce, text)
    answers = parse_client_answers(client, BY_SSH, sections["clients"].stdout, (client,))
    if not witness:
        return answers, ()
    return answers, parse_witnesses(BY_SSH, sections["witnesses"].stdout, to_ask(answers, ()))


async def _ask(host: Host, clients: tuple[str, ...], asking: Asking) -> tuple[tuple[ClientAnswer, ...], Section]:
    script = build(
        "ask_clients",
        asking_values(host.endpoint, asking.width, asking.limit_seconds),
        {"list_clients": clients},
        uses=("clients",),
    )
    section = (await read_sections(host, script))["clients"]
    return parse_client_answers(host.name, host.name, section.stdout, clients), section
