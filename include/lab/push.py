"""What happens when a master pushes to a client: names, daemons, ports, and what nimsh there checks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from include.lab.errors import NimError, not_allowed, refused_connection
from include.lab.nimdb import interface_host
from include.lab.odm import NimObject
from include.lab.ports import NoPortError

if TYPE_CHECKING:
    from include.lab.estate import Estate
    from include.lab.host import Host

PORTS_PER_PUSH = 2


def masters_listed(client: Host) -> list[str]:
    """Return the masters in a machine's own niminfo, the current one first (nim.md 2.1)."""
    values = client.niminfo()
    current = values.get("NIM_MASTER_HOSTNAME", "")
    if values.get("NIM_CONFIGURATION") == "master":
        # a master takes orders from the peer it was initialised with (nim.md 4.2)
        return [current, *values.get("NIM_ALTERNATE_MASTER", "").split()]
    listed = values.get("NIM_MASTER_HOSTNAME_LIST", "").split()
    return listed or ([current] if current else [])


async def push(estate: Estate, master: Host, item: NimObject, method: str, *, switching: bool = False) -> Host:
    """Return the machine a push reaches, or raise what it fails with; one that hangs is waited for."""
    client = estate.lookup(interface_host(item), master)
    while client and (fault := estate.fault("client_hangs", client=client.name)):
        seconds = fault.args.get("seconds")
        try:
            await asyncio.wait_for(estate.faults_changed.wait(), float(seconds) if seconds else None)
        except TimeoutError:
            text = "A remote host did not respond within the timeout period."
            raise NimError(6, method, f"(From_Master) connect {text}\n") from None
    return contact(estate, master, item, method, switching=switching)


def contact(estate: Estate, master: Host, item: NimObject, method: str, *, switching: bool = False) -> Host:
    """Return the machine a push reaches at once, or raise what it fails with (nim.md section 6)."""
    name = interface_host(item)
    via = "exec_nimsh_cmd" if method == "c_rsh" else "From_Master"
    client = estate.lookup(name, master)
    if client is None:
        raise NimError(6, method, f"(From_Master) getaddrinfo {name}: host not found\n")
    _take_ports(estate, master, client, method)
    connect = item.get("connect", "nimsh").split()[0]
    if not estate.reaches(master, client) or (connect == "nimsh" and not client.active("nimsh")):
        raise refused_connection(name, method, via)
    if client.push_off:
        raise _denied("push operations are not permitted by this client")
    _authenticate(estate, master, client, item, switching=switching)
    return client


def _authenticate(estate: Estate, master: Host, client: Host, item: NimObject, *, switching: bool) -> None:
    """
    Check what nimsh checks: host name of the master, cpuid of the client, stored id of the master [S57].

    Whether a master that is listed and not the current one passes is not documented (nim.md 12.19).
    """
    listed = masters_listed(client)
    if not set(listed) & set(master.names):
        raise not_allowed() if switching else _denied(f"wronghost {master.hostname}")
    if client.cpuid != item.get("cpuid"):
        raise _denied(f"cpuid {item.get('cpuid')} is not this machine's")
    if client.certificates is not None and master.name not in client.certificates:
        raise _denied("SSL certificate verification failed")
    if listed[0] in master.names:
        if client.niminfo().get("NIM_MASTERID", master.cpuid) != master.cpuid:
            raise _denied(f"the id {master.cpuid} is not this client's master's")
    elif client.role == "client" and not switching and estate.switches["c_rsh_from_non_current"] == "refused":
        raise _denied(f"wronghost {master.hostname}")


def _denied(why: str) -> NimError:
    return NimError(8, "nimsh", f"Request denied - {why}\n")


def _take_ports(estate: Estate, master: Host, client: Host, method: str) -> None:
    """Spend privileged ports, which stay in TIME_WAIT, when the budget is switched on (nim.md 3.4)."""
    if estate.switches["port_budget"] == "off":
        return
    try:
        master.ports.take(
            PORTS_PER_PUSH, client.address, keep=estate.world.time_wait, busy=ports_of_others(estate, master)
        )
    except NoPortError:
        text = f"(From_Master) rresvport: no privileged port is free for {client.hostname}\n"
        raise NimError(6, method, text) from None


def ports_of_others(estate: Estate, host: Host) -> int:
    """Return how many privileged ports of a host other programs hold."""
    fault = estate.fault("ports_busy", host.name)
    return fault.number("count", 400) if fault else 0


async def switch_client(estate: Estate, master: Host, other: str, item: NimObject) -> None:
    """Make `master` the current master in a client's own niminfo, listed first [S1]."""
    client = await push(estate, master, item, "c_switch_master", switching=True)
    if "silent_success" in client.traits:
        return
    values = client.niminfo()
    rest = [name for name in masters_listed(client) if name not in master.names]
    values["NIM_MASTER_HOSTNAME"] = master.hostname
    values["NIM_MASTER_HOSTNAME_LIST"] = " ".join([master.hostname, *(rest or [other])])
    if "NIM_MASTERID" in values:
        values["NIM_MASTERID"] = master.cpuid
    client.write_niminfo(values)
    if "false_failure" in client.traits:
        raise NimError(6, "c_switch_master", "(From_Master) the connection was lost before the client answered\n")
