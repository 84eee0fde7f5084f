"""What happens when a master pushes to a client: names, daemons, what the client allows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from include.lab.errors import NimError, not_allowed, refused_connection
from include.lab.nimdb import interface_host
from include.lab.odm import NimObject

if TYPE_CHECKING:
    from include.lab.estate import Estate
    from include.lab.host import Host

PORT_COUNT = 1023 - 512 + 1
TIME_WAIT = 60.0
PORTS_PER_PUSH = 2


def masters_listed(client: Host) -> list[str]:
    """Return the masters in a client's own niminfo, the current one first (nim.md 2.1)."""
    values = client.niminfo()
    listed = values.get("NIM_MASTER_HOSTNAME_LIST", "").split()
    current = values.get("NIM_MASTER_HOSTNAME", "")
    return listed or ([current] if current else [])


def contact(estate: Estate, master: Host, item: NimObject, method: str, *, switching: bool = False) -> Host:
    """Return the client a push reaches, or raise what it fails with (nim.md 12.19, section 6)."""
    name = interface_host(item)
    via = "exec_nimsh_cmd" if method == "c_rsh" else "From_Master"
    client = estate.lookup(name, master)
    if client is None:
        raise NimError(6, method, f"(From_Master) getaddrinfo {name}: host not found\n")
    _take_ports(estate, name, method)
    connect = item.get("connect", "nimsh").split()[0]
    if client.role == "client" and estate.fault("client_down", client=client.name):
        raise refused_connection(name, method, via)
    if not estate.reaches(master, client) or (connect == "nimsh" and not client.active("nimsh")):
        raise refused_connection(name, method, via)
    if client.push_off:
        raise NimError(8, "nimsh", "Request denied - push operations are not permitted by this client\n")
    listed = masters_listed(client)
    if not set(listed) & set(master.names):
        raise (not_allowed() if switching else NimError(8, "nimsh", f"Request denied - wronghost {master.hostname}\n"))
    if client.cpuid != item.get("cpuid"):
        raise NimError(8, "nimsh", f"Request denied - cpuid {item.get('cpuid')} is not this machine's\n")
    if "secure" in client.traits and listed[0] not in master.names:
        raise NimError(8, "nimsh", "Request denied - SSL certificate verification failed\n")
    current = listed[0] in master.names
    if not current and not switching and estate.switches["c_rsh_from_non_current"] == "refused":
        raise NimError(8, "nimsh", f"Request denied - wronghost {master.hostname}\n")
    return client


def _take_ports(estate: Estate, name: str, method: str) -> None:
    """Spend privileged ports, which stay in TIME_WAIT, when the budget is switched on (nim.md 3.4)."""
    if estate.switches["port_budget"] == "off":
        return
    now = time.monotonic()
    estate.ports_used = [used for used in estate.ports_used if now - used < TIME_WAIT]
    if len(estate.ports_used) + PORTS_PER_PUSH > PORT_COUNT:
        raise NimError(6, method, f"(From_Master) rresvport: no privileged port is free for {name}\n")
    estate.ports_used += [now] * PORTS_PER_PUSH


def switch_client(estate: Estate, master: Host, other: Host, item: NimObject) -> None:
    """Make `master` the current master in a client's own niminfo, listed first [S1]."""
    client = contact(estate, master, item, "c_switch_master", switching=True)
    if "silent_success" in client.traits:
        return
    values = client.niminfo()
    rest = [name for name in masters_listed(client) if name not in master.names]
    values["NIM_MASTER_HOSTNAME"] = master.hostname
    values["NIM_MASTER_HOSTNAME_LIST"] = " ".join([master.hostname, *(rest or [other.hostname])])
    if "NIM_MASTERID" in values:
        values["NIM_MASTERID"] = master.cpuid
    client.write_niminfo(values)
