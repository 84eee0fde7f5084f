"""Observe a master: one round trip, one immutable snapshot, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from nim_operators.nim.collector import COMMANDS, build_snapshot, parse_sections
from nim_operators.nim.outcome import Exited
from nim_operators.nim.snapshot import Absence, Observation, Section, Unreachable
from nim_operators.remote.asking import FIRST_WORD_SECONDS, Progress, asking_values
from nim_operators.remote.endpoint import Endpoint
from nim_operators.remote.errors import HostAbsent
from nim_operators.remote.script import build, complaint, read_reply, read_sections
from nim_operators.remote.text import text_of
from nim_operators.remote.transport import Host, connect

QUICK_SECONDS = 20
"""What a command may take that only asks the system itself. A master on which one takes longer hangs."""
SLOW_SECONDS = 60
"""And one that reads a whole database, of filesets or of NIM; twice that for every attribute of every object."""


@dataclass(frozen=True, slots=True)
class Questions:
    """What to ask beyond what every master is asked.

    ``ask_clients`` tells whether this master asks the clients that it claims, by ``c_rsh``, ``width`` at a time, each
    for at most ``limit_seconds``.
    """

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
            "OSLEVEL": commands.oslevel,
            "LSLPP": commands.lslpp,
            "LSSRC": commands.lssrc,
            "QUICK": str(QUICK_SECONDS),
            "SLOW": str(SLOW_SECONDS),
            "ASK": "yes" if questions.ask_clients else "no",
            **asking_values(host.endpoint, questions.width, questions.limit_seconds),
        },
        uses=("clients", "own", "places"),
    )
    progress = Progress(host.name, script.nonce)
    ended = await host.run(script.text, deadline=FIRST_WORD_SECONDS, on_lines=progress.lines)
    text = text_of(ended.stdout)
    if not isinstance(ended.outcome, Exited):
        absence = Absence.HANGS if ended.overdue else Absence.LINK_LOST
        return Unreachable(host.name, absence, f"{ended.outcome}{_last_begun(script.nonce, text)}"), {}
    if script.nonce not in text:
        absence = Absence.PRIVILEGE if host.endpoint.privilege == "sudo" else Absence.NO_SHELL
        return Unreachable(host.name, absence, complaint(host, ended)), {}
    hung = read_reply(script, ended).last("hung")
    if hung is not None:
        section, _, seconds = hung.partition(" ")
        said = f"it lets us in, but '{COMMANDS[section]}' did not end within {seconds} seconds"
        return Unreachable(host.name, Absence.HANGS, said), {}
    sections = parse_sections(host.name, script.nonce, text)
    return build_snapshot(host.name, sections), sections


async def add_places(
    host: Host, sections: Mapping[str, Section], locations: Iterable[str]
) -> tuple[Observation, dict[str, Section]]:
    """Return what a master looks like once *locations*, of which its own database knows nothing, were looked at too.

    :raises OutcomeUnknown: if nobody saw the end of the look.
    """
    script = build("list_places", {}, {"list_locations": locations}, uses=("places",))
    more = (await read_sections(host, script))["places"]
    own = sections["places"]
    both = replace(own, exit=max(own.exit, more.exit), stdout=f"{own.stdout.rstrip()}\n{more.stdout}")
    merged = {**sections, "places": both}
    return build_snapshot(host.name, merged), merged


def _last_begun(nonce: str, text: str) -> str:
    """Say where a look ended that nobody saw the end of; empty where it had not begun."""
    begun = [line.split()[2] for line in text.splitlines() if line.startswith(f"{nonce} begin ")]
    return f" after '{COMMANDS[begun[-1]]}' began" if begun else ""
