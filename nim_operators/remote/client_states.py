"""Ask a master which of its clients are not ready for a NIM operation."""

from __future__ import annotations

from collections.abc import Collection

from nim_operators.nim.checks.activity import READY
from nim_operators.nim.lsnim import parse_lsnim_long
from nim_operators.remote.script import build, read_sections
from nim_operators.remote.transport import Host


async def busy_clients(host: Host, set_aside: Collection[str] = ()) -> dict[str, str]:
    """Return each client whose Cstate is not ready, with that Cstate (nim.md 5).

    :param set_aside: clients for which nobody waits; whether one of them answers is seen when clients are asked.
    :raises OutcomeUnknown: if nobody saw the end of the command.
    :raises nim_operators.nim.errors.Unreadable: if its output makes no sense.
    """
    script = build("client_states", {"LSNIM": host.endpoint.commands.lsnim})
    section = (await read_sections(host, script))["lsnim_l"]
    objects = parse_lsnim_long(host.name, section.stdout).values()
    states = {found.name: found.get("Cstate") for found in objects if found.is_client and found.name not in set_aside}
    return {name: state for name, state in states.items() if state is not None and state != READY}
