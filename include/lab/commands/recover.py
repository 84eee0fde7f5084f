"""nim_master_recover: restore a backup on another machine and adapt it to that machine (nim.md 4.7)."""

from __future__ import annotations

from include.lab import niminfo
from include.lab.call import Call
from include.lab.commands.backup import restore
from include.lab.definitions import NETWORK
from include.lab.nimdb import interface_host
from include.lab.registry import always, command

LOG = "/var/adm/ras/nim.recover"
USAGE = "usage: nim_master_recover [-r backup.tar] [-i interface] [-n name] [-D] [-R] [-S] [-p] [-s] [-u] [-v]"


@command("/usr/sbin/nim_master_recover", root_only=True, changing=always)
async def nim_master_recover(call: Call) -> int:
    """Restore (-r), then make the master record this machine's own; its other interfaces are gone [S7]."""
    args, valued = list(call.args), {}
    while args:
        word = args.pop(0)
        if word in {"-r", "-i", "-n", "-f", "-N", "-t"} and args:
            valued[word] = args.pop(0)
        elif word not in {"-D", "-R", "-S", "-p", "-s", "-u", "-v"}:
            return await call.fail(1, USAGE)
    host = call.host
    await call.estate.journal.point("nim_master_recover", host=host.name)
    if "-r" in valued:
        status = await restore(call, call.absolute(valued["-r"]))
        if status:
            return status
    objects = host.db.edit()
    master = next((item for item in objects if item.type == "master"), None)
    if master is None:
        return await call.fail(1, "nim_master_recover: there is no NIM database on this machine.")
    lines = [f"Updating master definition in database from {valued.get('-i', 'en0')} definition"]
    for key in [key for key, _ in master.attrs if key.startswith(("if", "cable_type")) and key[-1] != "1"]:
        master.drop(key)
    master.set("if1", f"{NETWORK} {host.hostname} {host.mac} ent0")
    lines.append(f"  Updated master attribute if1 to {master.get('if1')}")
    for item in objects:
        if item.cls == "networks":
            item.attrs = [(k, v) for k, v in item.attrs if not k.startswith("routing") or v.startswith("default ")]
    own = [item for item in objects if item.type == "alternate_master" and interface_host(item) in host.names]
    for item in own:
        lines += [f"Removing NIM client {item.name}", f"Finished removing {item.name}"]
    objects = [item for item in objects if item not in own]
    host.db.save(objects)
    peers = [interface_host(item) for item in objects if item.type == "alternate_master"]
    host.write_niminfo(niminfo.for_master(host.hostname, peers[0] if peers else None))
    lines += ["Finished updating master definition", "nim_master_recover Complete"]
    host.write(LOG, (host.read(LOG) or "") + "".join(f"{line}\n" for line in lines))
    await call.line(*lines)
    return 0
