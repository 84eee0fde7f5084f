"""Faults and hidden traits of clients: what a master cannot see beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.lab.definitions import READY
from include.lab.faults import ActiveFault, Fault, register
from include.lab.host import Host
from include.lab.power import power_off, power_on

if TYPE_CHECKING:
    from include.lab.estate import Estate


def _client(estate: Estate, fault: ActiveFault) -> Host:
    return estate.by_name[fault.args["client"]]


def _down(estate: Estate, fault: ActiveFault) -> None:
    power_off(estate, _client(estate, fault))


def _up(estate: Estate, fault: ActiveFault) -> None:
    client = _client(estate, fault)
    still = (estate.fault(name, client=client.name) for name in ("client_down", "client_late"))
    if not client.up and not any(still) and not estate.fault("host_down", client.name):
        power_on(estate, client)


def _late(estate: Estate, fault: ActiveFault) -> None:
    """Switch a client off until something happens in the lab, such as the end of a takeover."""
    client, since = _client(estate, fault), estate.journal.last
    power_off(estate, client)

    async def wait() -> None:
        await estate.journal.wait(fault.args.get("after", "takeover:end"), None, since)
        if any(fault is other for other in estate.faults):
            estate.lift([fault])

    estate.background(client, wait())


def _push_off(estate: Estate, fault: ActiveFault) -> None:
    _client(estate, fault).push_off = True


def _push_on(estate: Estate, fault: ActiveFault) -> None:
    _client(estate, fault).push_off = False


def _list_missing(estate: Estate, fault: ActiveFault) -> None:
    client = _client(estate, fault)
    values = client.niminfo()
    values.pop("NIM_MASTER_HOSTNAME_LIST", None)
    client.write_niminfo(values)


def _list_back(estate: Estate, fault: ActiveFault) -> None:
    client = _client(estate, fault)
    values = client.niminfo()
    current = values.get("NIM_MASTER_HOSTNAME", "")
    others = [master.hostname for master in estate.masters if current not in master.names]
    values["NIM_MASTER_HOSTNAME_LIST"] = " ".join([current, *others])
    client.write_niminfo(values)


def _secure(estate: Estate, fault: ActiveFault) -> None:
    client = _client(estate, fault)
    current = estate.lookup(client.niminfo().get("NIM_MASTER_HOSTNAME", ""))
    client.certificates = {current.name} if current else set()
    _set_connect(estate, fault, "nimsh (secure)")


def _not_secure(estate: Estate, fault: ActiveFault) -> None:
    _client(estate, fault).certificates = None
    _set_connect(estate, fault, "nimsh")


def _set_connect(estate: Estate, fault: ActiveFault, value: str) -> None:
    _set_everywhere(estate, fault, "connect", value)


def _set_everywhere(estate: Estate, fault: ActiveFault, key: str, value: str) -> None:
    """Change an attribute of a client's object in every database that has it; an empty value removes it."""
    for master in estate.masters:
        if not master.db.readable():
            continue
        objects = master.db.edit()
        for item in objects:
            if item.name == _client(estate, fault).object_name:
                if value:
                    item.set(key, value)
                else:
                    item.drop(key)
        master.db.save(objects)


def _busy(estate: Estate, fault: ActiveFault) -> None:
    _set_everywhere(estate, fault, "Cstate", fault.args.get("state", BUSY))


def _idle(estate: Estate, fault: ActiveFault) -> None:
    _set_everywhere(estate, fault, "Cstate", READY)


def _mark(estate: Estate, fault: ActiveFault) -> None:
    _client(estate, fault).traits.add(fault.id.removeprefix("client_"))


def _unmark(estate: Estate, fault: ActiveFault) -> None:
    _client(estate, fault).traits.discard(fault.id.removeprefix("client_"))


def _niminfo_missing(estate: Estate, fault: ActiveFault) -> None:
    client = _client(estate, fault)
    client.saved.setdefault("saved niminfo", client.read("/etc/niminfo") or "")
    client.remove("/etc/niminfo")


def _niminfo_back(estate: Estate, fault: ActiveFault) -> None:
    client = _client(estate, fault)
    if "saved niminfo" in client.saved:
        client.write("/etc/niminfo", client.saved.pop("saved niminfo"))


def _moved(estate: Estate, fault: ActiveFault) -> None:
    _give_cpuid(estate, fault, "00FA")


def _moved_back(estate: Estate, fault: ActiveFault) -> None:
    _give_cpuid(estate, fault, "00F7")


def _give_cpuid(estate: Estate, fault: ActiveFault, prefix: str) -> None:
    client = _client(estate, fault)
    client.set_cpuid(prefix + client.cpuid[4:])


BUSY = "Base Operating System installation is being performed"
_CLIENT = {"client": "its name (required)"}
register(
    Fault(
        "client_down",
        "a client is switched off; healed, it boots with its old disk",
        _CLIENT,
        on_break=_down,
        on_heal=_up,
    ),
    Fault(
        "client_late",
        "a client is switched off and boots by itself later",
        {**_CLIENT, "after": "event of the lab it waits for, by default takeover:end"},
        on_break=_late,
        on_heal=_up,
    ),
    Fault(
        "client_hangs",
        "a push to a client gets no answer",
        {**_CLIENT, "seconds": "after which it is given up; by default when the fault is healed"},
    ),
    Fault(
        "client_push_off",
        "a client forbids pushes (nimclient -P)",
        _CLIENT,
        on_break=_push_off,
        on_heal=_push_on,
    ),
    Fault(
        "client_list_missing",
        "a client's niminfo has no list of masters",
        _CLIENT,
        on_break=_list_missing,
        on_heal=_list_back,
    ),
    Fault(
        "client_niminfo_missing",
        "a client has no /etc/niminfo",
        _CLIENT,
        on_break=_niminfo_missing,
        on_heal=_niminfo_back,
    ),
    Fault(
        "wrong_cpuid",
        "a client was moved to another machine: its cpuid is not the recorded one",
        _CLIENT,
        on_break=_moved,
        on_heal=_moved_back,
    ),
    Fault(
        "client_secure",
        "a client talks nimsh (secure) and has no certificate of the other master",
        _CLIENT,
        on_break=_secure,
        on_heal=_not_secure,
    ),
    Fault(
        "client_silent_success",
        "a takeover reports SUCCESS for a client and changes nothing there",
        _CLIENT,
        on_break=_mark,
        on_heal=_unmark,
    ),
    Fault(
        "client_false_failure",
        "a takeover switches a client and reports that it failed",
        _CLIENT,
        on_break=_mark,
        on_heal=_unmark,
    ),
    Fault(
        "cstate_busy",
        "an operation is in flight on a client",
        {**_CLIENT, "state": "the Cstate, by default a BOS installation"},
        on_break=_busy,
        on_heal=_idle,
    ),
)
