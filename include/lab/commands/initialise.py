"""niminit and nimconfig (nim.md 4.1, 4.2)."""

from __future__ import annotations

from include.lab import niminfo
from include.lab.call import Call
from include.lab.commands.backup import add_and_start
from include.lab.commands.nim import NimArgs, parse
from include.lab.definitions import GATEWAY, alternate_object, base_objects, client_object
from include.lab.errors import NimError
from include.lab.host import Host
from include.lab.registry import always, command
from include.lab.system_files import NIMSH_INITTAB


def _master_of(call: Call, args: NimArgs) -> Host:
    name = args.attr("master")
    if not args.attr("name") or not name:
        raise NimError(21, "niminit", 'the "name" and "master" attributes are required', wrapped=False)
    host = call.estate.lookup(name, call.host)
    if host is None or not call.estate.reaches(call.host, host) or not host.active("nimesis"):
        raise NimError(6, "niminit", f"(To_Master) connect Connection refused {name}", wrapped=False)
    if not host.is_master:
        raise NimError(12, "niminit", f"{name} is not a NIM master", wrapped=False)
    return host


@command("/usr/sbin/niminit", root_only=True, changing=always)
async def niminit(call: Call) -> int:
    """Make this machine a client of a master, or an alternate master."""
    try:
        args = parse(call.args)
        master = _master_of(call, args)
        if args.attr("is_alternate", "no") == "yes":
            return await _alternate(call, args, master)
        return await _client(call, args, master)
    except NimError as error:
        return await call.fail(error.status, *error.lines("niminit"))


async def _alternate(call: Call, args: NimArgs, master: Host) -> int:
    """Register this machine as alternate of `master`; make a database if there is none (nim.md 12.14)."""
    host, estate = call.host, call.estate
    if not any(fileset.name == "bos.sysmgt.nim.master" for fileset in host.filesets):
        raise NimError(156, "niminit", "bos.sysmgt.nim.master is not installed", wrapped=False)
    known = host.niminfo().get("NIM_ALTERNATE_MASTER", "").split()
    if set(known) & set(master.names) and estate.switches["second_niminit"] == "refuses":
        raise NimError(
            32, "niminit", f"this machine is already an alternate master of {master.hostname}", wrapped=False
        )
    record = alternate_object(host)
    record.name = args.attr("name")
    for key in ("platform", "netboot_kernel", "connect"):
        record.set(key, args.attr(key, record.get(key)))
    objects = [item for item in master.db.edit() if item.name != record.name]
    objects.insert(min(4, len(objects)), record)
    master.db.save(objects)
    if not host.db.exists():
        host.db.save(base_objects(host, None))
        host.write("/etc/NIM.level", f"{host.fileset_level}\n")
    host.write_niminfo(niminfo.for_master(host.hostname, master.hostname))
    if not host.rows("nimesis"):
        await add_and_start(call)
    return 0


async def _client(call: Call, args: NimArgs, master: Host) -> int:
    """Register this machine as client, or only rebuild its niminfo when it is defined (nim.md 2.1)."""
    host, name = call.host, args.attr("name")
    if host.niminfo() and host.niminfo().get("NIM_NAME"):
        text = "/etc/niminfo exists: this machine is already registered; remove the file first"
        raise NimError(43, "niminit", text, wrapped=False)
    objects = master.db.edit()
    existing = next((item for item in objects if item.name == name), None)
    if existing is None:
        if not args.attr("pif_name"):
            raise NimError(21, "niminit", 'the "pif_name" attribute is required', wrapped=False)
        host.connect = args.attr("connect", host.connect)
        existing = client_object(host, master.hostname)
        existing.name = name
        objects.append(existing)
    existing.set("sync_required", "no")
    existing.set("cpuid", host.cpuid)
    master.db.save(objects)
    others = [other for other in call.estate.possible_masters if other is not master]
    listed = [(master.hostname, master.address)]
    alternates = master.niminfo().get("NIM_ALTERNATE_MASTER", "").split()
    listed += [(other.hostname, other.address) for other in others if set(alternates) & set(other.names)]
    if call.estate.switches["niminit_lists"] == "current":
        del listed[1:]
    current = existing.get("current_master", master.hostname)
    listed.sort(key=lambda pair: pair[0] != current)
    host.write_niminfo(
        niminfo.for_client(
            name=name,
            hostname=host.hostname,
            ip=host.address,
            connect=host.connect,
            masters=listed,
            gateway=GATEWAY,
            masterid=master.cpuid,
        )
    )
    row = next(iter(host.rows("nimsh")), None)
    await call.line(NIMSH_INITTAB, "0513-077 Subsystem has been changed.")
    if row is not None:
        call.estate.stop_subsystem(host, row)
        pid = call.estate.start_subsystem(host, row)
        await call.line(f"0513-059 The nimsh Subsystem has been started. Subsystem PID is {pid}.")
    return 0


@command("/usr/sbin/nimconfig", root_only=True, changing=always)
async def nimconfig(call: Call) -> int:
    """Configure a master, or rebuild its /etc/niminfo with -r."""
    host = call.host
    if call.args == ["-r"]:
        if not host.db.exists():
            return await call.fail(1, "nimconfig: there is no NIM database on this machine.")
        peers = [item for item in host.db.load() if item.type == "alternate_master"]
        peer = peers[0].get("if1").split()[1] if peers else None
        host.write_niminfo(niminfo.for_master(host.hostname, peer))
        return 0
    if host.is_master:
        return await call.fail(1, "nimconfig: this machine is already configured as a NIM master.")
    try:
        args = parse(call.args)
    except NimError as error:
        return await call.fail(1, *error.lines())
    if not args.attr("pif_name") or not args.attr("netname"):
        return await call.fail(1, "usage: nimconfig -a pif_name=<pif> -a netname=<name> [-a master_port=<port>] ...")
    host.db.save(base_objects(host, None))
    host.write_niminfo(niminfo.for_master(host.hostname))
    host.write("/etc/NIM.level", f"{host.fileset_level}\n")
    await add_and_start(call)
    return 0
