"""Leave NIM the privileged ports that its own pushes need (nim.md 3.4)."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from nim_operators.remote.asking import PORT_LOOKS, PORT_STEP, PORTS, PORTS_EACH
from nim_operators.remote.script import build, read_sections
from nim_operators.remote.transport import Host

PRIVILEGED = 512
"""All privileged ports that conversations with clients begin from: 512 to 1023."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Free:
    """Whether ports had to be waited for, and what is lacking all the same, in a sentence; empty where nothing is."""

    waited: bool
    lack: str = ""


async def wait_for_ports(host: Host, clients: int) -> Free:
    """
    Wait until a host has the ports free that NIM takes for pushes to *clients*, but no longer than one can be kept.

    Our own asking has just used some, and each is kept for up to 240 seconds after its conversation. More than asking
    itself may use are never waited for.

    :raises OutcomeUnknown: if nobody saw the end of the wait.
    """
    wanted = min(clients * PORTS_EACH, PORTS)
    patience = PORT_LOOKS * PORT_STEP
    _log.info("%s: waiting up to %d seconds until %d privileged ports are free", host.name, patience, wanted)
    values = {"PORTS": PRIVILEGED, "PORT_STEP": PORT_STEP, "PORT_LOOKS": PORT_LOOKS, "WANTED": wanted}
    values["PATIENCE"] = patience + 60
    script = build("free_ports", {name: str(value) for name, value in values.items()}, uses=("clients",))
    free, _, looks = (await read_sections(host, script))["ports"].stdout.strip().partition(" ")
    waited = looks != "0"
    if free.isdigit() and int(free) >= wanted:
        return Free(waited)
    return Free(
        waited,
        f"{host.name} has {free or 'an unknown number of'} privileged ports free, and NIM may need {wanted} for its "
        f"pushes to {clients} clients: 'netstat -an' there shows who holds the others. Clients that NIM found no port "
        "for stay where they are; run this again for them.",
    )
