"""Let others try to reach a master that does not answer us: its NIM ports from here, its clients through the peer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from nim_operators.nim.snapshot import Observation, Section, Snapshot, Witness
from nim_operators.nim.witnesses import parse_witnesses
from nim_operators.remote.endpoint import Endpoint
from nim_operators.remote.script import build, read_sections
from nim_operators.remote.transport import Host

NIM_PORTS = frozenset({1058, 1059})
"""Client communication and registration, where nobody has chosen others (nim.md 3.4)."""
PORT_SECONDS = 5.0
TESTIMONY_SECONDS = 25
"""For one client, whose ping takes five seconds at most, and whose nimclient waits for a dead master much longer."""


def nim_ports(peer: Observation) -> frozenset[int]:
    """Return the ports on which the other master of *peer* may serve: NIM's own, and those that files there name.

    A client's file names one port, whichever master controls it, so both masters of a pair use the same.
    """
    if not isinstance(peer, Snapshot):
        return NIM_PORTS
    files = (peer.niminfo, *(answer.niminfo for answer in peer.clients))
    named = (port for file in files if file is not None for port in (file.master_port, file.registration_port))
    return NIM_PORTS.union(port for port in named if port is not None)


async def nim_answers(endpoint: Endpoint, ports: Iterable[int]) -> bool | None:
    """Tell whether any of NIM's *ports* accepts a connection from here; None where the way leads through a proxy."""
    if endpoint.proxy_command:
        return None
    return any(await asyncio.gather(*(_accepts(endpoint.host, port) for port in ports)))


async def _accepts(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(PORT_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.transport.abort()
    return True


async def ask_witnesses(
    host: Host, hosts: Mapping[str, str], addresses: Mapping[str, str]
) -> tuple[tuple[Witness, ...], Section]:
    """Ask clients, through the master that we do reach, whether they reach the other one: one trip, all at a time.

    :param hosts: the clients, and the host that each of them shall try.
    :param addresses: what ``c_rsh`` knows a client by, where that is not its name.
    :raises OutcomeUnknown: if nobody saw the end of the look.
    """
    values = {"C_RSH": host.endpoint.commands.c_rsh, "PATIENCE": str(TESTIMONY_SECONDS)}
    lines = [f"{client} {master} {addresses.get(client, client)}" for client, master in hosts.items()]
    script = build("witnesses", values, {"list_witnesses": lines})
    section = (await read_sections(host, script))["witnesses"]
    return parse_witnesses(host.name, section.stdout, hosts), section
