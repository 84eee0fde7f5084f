"""nimclient: NIM as the client sees it (nim.md 4.9)."""

from __future__ import annotations

from include.lab.call import Call
from include.lab.commands.lsnim import render
from include.lab.errors import NimError
from include.lab.host import Host
from include.lab.registry import command

USAGE = "usage: nimclient [-o <operation>] [-a <attr>=<value>]... | -l | -p | -P | -d | -c | -C"
READ_ONLY = ("-l",)


@command("/usr/sbin/nimclient", root_only=True, changing=lambda argv: not set(READ_ONLY) & set(argv))
async def nimclient(call: Call) -> int:
    """Allow (-p) and forbid (-P) pushes, take (-c) and drop (-C) SSL, list the master (-l), take its date (-d)."""
    values = call.host.niminfo()
    if "NIM_MASTER_HOSTNAME" not in values:
        text = "/etc/niminfo is missing some required environment variables"
        return await call.fail(137, *NimError(137, "nimclient", text, wrapped=False).lines())
    flag, rest = (call.args[0], call.args[1:]) if call.args else ("", [])
    master = _reached_master(call, values["NIM_MASTER_HOSTNAME"])
    if flag in {"-p", "-P"}:
        # what a client allows is its own affair: it holds with the master away, whose record then lags
        call.host.push_off = flag == "-P"
        _record(master, call.host, "control", f"{call.host.object_name} push_off" if flag == "-P" else "")
        return 0
    if flag not in {"-l", "-d", "-c", "-C"}:
        return await call.fail(1, USAGE)
    if master is None:
        text = f"Unable to contact the NIM master {values['NIM_MASTER_HOSTNAME']}: Connection refused"
        return await call.fail(1, *NimError(1, "nimclient", text, wrapped=False).lines())
    if flag == "-l":
        return await _list(call, master, rest)
    if flag == "-c":
        # a certificate is that of one master; the other's comes only while that one is current (nim.md 12.21)
        call.host.certificates = {*(call.host.certificates or ()), master.name}
        _record(master, call.host, "connect", "nimsh (secure)")
    elif flag == "-C":
        call.host.certificates = None
        _record(master, call.host, "connect", "nimsh")
    return 0


def _reached_master(call: Call, name: str) -> Host | None:
    """Return the client's current master if its nimesis answers."""
    master = call.estate.lookup(name, call.host)
    if master is None or not call.estate.reaches(call.host, master) or not master.active("nimesis"):
        return None
    return master if master.is_master else None


async def _list(call: Call, master: Host, args: list[str]) -> int:
    remote = Call(call.estate, master, ["lsnim", *args], env=call.env)
    try:
        await call.out(render(remote, args))
    except NimError as error:
        return await call.fail(error.status, *error.lines())
    return 0


def _record(master: Host | None, client: Host, key: str, value: str) -> None:
    if master is None or not master.db.readable():
        return
    objects = master.db.edit()
    for item in objects:
        if item.name == client.object_name and value:
            item.set(key, value)
        elif item.name == client.object_name:
            item.drop(key)
    master.db.save(objects)
