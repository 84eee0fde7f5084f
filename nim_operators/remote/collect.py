"""Observe a master: one round trip, one immutable snapshot, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from nim_operators.nim.collector import build_snapshot, parse_sections
from nim_operators.nim.outcome import Exited
from nim_operators.nim.snapshot import Absence, Observation, Section, Unreachable
from nim_operators.remote.asking import Progress, asking_values
from nim_operators.remote.endpoint import Endpoint
from nim_operators.remote.errors import HostAbsent
from nim_operators.remote.script import build, complaint
from nim_operators.remote.transport import Host, connect

DEADLINE_SECONDS = 900.0
"""For everything but asking clients, whose time depends on how many there are."""


@dataclass(frozen=True, slots=True)
class Questions:
    """What to ask beyond what every master is asked.

    ``locations`` are resource locations of the peer, whose places are wanted here too; ``ask_clients`` whether this
    master asks the clients that it claims, by ``c_rsh``, ``width`` at a time, each for at most ``limit_seconds``.
    """

    locations: Collection[str] = ()
    ask_clients: bool = False
    width: int = 16
    limit_seconds: int = 10


async def observe(master: str, endpoint: Endpoint, questions: Questions) -> tuple[Observation, dict[str, Section]]:
    """Return what *master* looks like now, and the raw sections it was read from (empty where unreachable).

    :raises nim_operators.nim.errors.Unreadable: if the host printed something that makes no sense.
    """
    try:
        async with connect(master, endpoint) as host:
            return await observe_over(host, questions)
    except HostAbsent as absent:
        return Unreachable(master, absent.absence, absent.reason), {}


async def observe_over(host: Host, questions: Questions) -> tuple[Observation, dict[str, Section]]:
    """Observe over an open connection; see :func:`observe`."""
    commands = host.endpoint.commands
    script = build(
        "observe",
        {
            "LSNIM": commands.lsnim,
            "OSLEVEL": commands.oslevel,
            "LSLPP": commands.lslpp,
            "LSSRC": commands.lssrc,
            "ASK": "yes" if questions.ask_clients else "no",
            **asking_values(host.endpoint, questions.width, questions.limit_seconds),
        },
        {"list_locations": sorted(questions.locations)},
        uses=("clients", "own"),
    )
    ended = await host.run(script.text, deadline=DEADLINE_SECONDS, on_lines=Progress(host.name, script.nonce).lines)
    text = ended.stdout.decode(errors="replace")
    if not isinstance(ended.outcome, Exited):
        return Unreachable(host.name, Absence.LINK_LOST, str(ended.outcome)), {}
    if script.nonce not in text:
        absence = Absence.PRIVILEGE if host.endpoint.privilege == "sudo" else Absence.NO_SHELL
        return Unreachable(host.name, absence, complaint(host, ended)), {}
    sections = parse_sections(host.name, script.nonce, text)
    return build_snapshot(host.name, sections), sections
