"""nim -o define, change, remove, unconfig (nim.md 4.6)."""

from __future__ import annotations

import re

from include.lab.call import Call
from include.lab.commands import spots
from include.lab.commands.nim import NimArgs, operation
from include.lab.definitions import NETWORK, READY
from include.lab.errors import NimError
from include.lab.host import NIMINFO
from include.lab.nimdb import clients_of, find, interface_host, load_database
from include.lab.odm import NimObject
from include.lab.predefined import CLIENT_TYPES, TYPES, class_of

_NAME = re.compile(r"^[A-Za-z0-9_.-]{1,39}$")
_MACHINE_READY = [("Cstate", READY), ("prev_state", READY), ("Mstate", "currently running")]


@operation("define")
async def define(call: Call, args: NimArgs) -> int:
    """Define an object; nothing is printed on success [S43]."""
    objects = load_database(call.host, "nim") and call.host.db.edit()
    cls = class_of(args.type)
    if cls is None:
        raise NimError(16, "nim", f'"{args.type}" is not an object type')
    name = args.target
    if not _NAME.match(name):
        raise NimError(34, "nim", f'"{name}" is not a valid object name')
    if any(item.name == name for item in objects):
        raise NimError(32, "m_mkobj", f'object name must be unique: "{name}" is already defined', target=name)
    if args.type == "spot":
        return await spots.build(call, args)
    makers = {
        "machines": _machine,
        "management": _machine,
        "resources": _resource,
        "networks": _network,
        "groups": _group,
    }
    item = makers[cls](call, args, NimObject(name, cls, args.type))
    objects.append(item)
    call.host.db.save(objects)
    return 0


def _required(args: NimArgs, method: str, *names: str) -> None:
    for name in names:
        if not any(key.startswith(name) for key, _ in args.attrs):
            raise NimError(21, method, f'the "{name}" attribute is required for this operation')


def _machine(call: Call, args: NimArgs, item: NimObject) -> NimObject:
    if item.type == "alternate_master" and call.estate.switches["define_alternate"] == "refused":
        raise NimError(15, "m_mkalt", 'the "define" operation is not supported on "alternate_master" objects')
    if item.type in {*CLIENT_TYPES, "alternate_master", "master"}:
        _required(args, "m_mkmac", "if")
    given = dict(args.attrs)
    if item.type in CLIENT_TYPES:
        item.attrs += [("current_master", call.host.hostname), ("sync_required", "yes")]
    defaults = {"connect": "nimsh", "platform": "chrp", "netboot_kernel": "64"}
    for key, value in defaults.items():
        item.set(key, given.pop(key, value))
    for key in sorted(key for key in given if re.fullmatch(r"if\d+", key)):
        item.set(key, _interface(call, given.pop(key)))
        cable = key.replace("if", "cable_type")
        item.set(cable, given.pop(cable, "N/A"))
    item.attrs += _MACHINE_READY
    known = call.estate.lookup(interface_host(item)) if item.has("if1") else None
    if known is not None and "cpuid" not in given and item.type == "alternate_master":
        item.set("cpuid", known.cpuid)
    for key, value in given.items():
        item.set(key, value)
    return item


def _interface(call: Call, value: str) -> str:
    """Resolve `find_net` and fill in what the user left out (nim.md 1.3)."""
    words = value.split()
    if len(words) < 2:
        raise NimError(23, "m_mkmac", f'"{value}" is not a valid value for the "if" attribute')
    if call.estate.lookup(words[1], call.host) is None:
        raise NimError(91, "m_mkmac", f'unable to resolve the host name "{words[1]}"')
    if words[0] == "find_net":
        words[0] = NETWORK
    elif find(call.host, words[0]).cls != "networks":
        raise NimError(23, "m_mkmac", f'"{words[0]}" is not a network')
    return " ".join([*words, "0"] if len(words) == 2 else words)


def _resource(call: Call, args: NimArgs, item: NimObject) -> NimObject:
    _required(args, "m_mkres", "location", "server")
    given = dict(args.attrs)
    location = given.pop("location").rstrip("/")
    for other in load_database(call.host, "nim"):
        if other.get("location") == location and other.cls == "resources":
            text = f'a resource already exists on "{given["server"]}" at location "{location}"'
            raise NimError(81, f"m_mk{item.type}", text)
    source = given.pop("source", "")
    place = call.host.path(location)
    if item.type == "lpp_source":
        place.mkdir(parents=True, exist_ok=True)
        call.host.fs.write(f"{location}/.created_by_nim", f"{item.name} from {source}\n".encode())
    elif given.pop("mk_image", "no") == "yes":
        call.host.fs.write(location, f"mksysb of {source}\n".encode() * 64)
    elif not place.exists():
        raise NimError(154, "c_stat", f'the file or directory "{location}" does not exist')
    server = given.pop("server")
    item.attrs = [("Rstate", "ready for use"), ("prev_state", "unavailable for use"), ("location", location)]
    item.attrs += [*given.items(), ("alloc_count", "0"), ("server", server)]
    if item.type == "lpp_source":
        item.attrs += [("arch", "power"), ("simages", "yes")]
    return item


def _network(_call: Call, args: NimArgs, item: NimObject) -> NimObject:
    _required(args, "m_mknet", "net_addr", "snm")
    item.attrs = [("Nstate", "ready for use"), ("prev_state", "ready for use"), *args.attrs]
    return item


def _group(call: Call, args: NimArgs, item: NimObject) -> NimObject:
    names = [value for key, value in args.attrs if key == "add_member"] or [
        v for k, v in args.attrs if k.startswith("member")
    ]
    for name in names:
        find(call.host, name)
    item.attrs = [(f"member{number}", name) for number, name in enumerate(names, 1)]
    return item


@operation("change")
async def change(call: Call, args: NimArgs) -> int:
    """Change attributes of an object."""
    objects = load_database(call.host, "nim") and call.host.db.edit()
    item = next((item for item in objects if item.name == args.target), None) or find(call.host, args.target)
    for key, value in args.attrs:
        if key in {"Cstate", "alloc_count", "class", "type"} and not args.force:
            raise NimError(22, "m_chattr", f'the "{key}" attribute is not valid for the "change" operation')
        if re.fullmatch(r"if\d+", key):
            item.set(key, _interface(call, value))
        elif key == "routing" or (re.fullmatch(r"routing\d+", key) and not value):
            item.drop(key)
        elif value:
            item.set(key, value)
        else:
            item.drop(key)
    call.host.db.save(objects)
    return 0


@operation("remove")
async def remove(call: Call, args: NimArgs) -> int:
    """Remove an object; a client's /etc/niminfo goes with it [S28]."""
    objects = load_database(call.host, "nim") and call.host.db.edit()
    item = find(call.host, args.target)
    if item.type in {"master", "boot", "nim_script"}:
        raise NimError(67, "nim", f'"{item.name}" is reserved and cannot be removed')
    allocated = [value for key, value in item.attrs if item.cls != "groups" and key in TYPES["resources"]]
    if item.cls in {"machines", "management"} and allocated:
        text = f'unable to remove "{item.name}" because resources have been allocated to it'
        raise NimError(52, "m_rmmac", text)
    if item.cls == "resources" and item.get("alloc_count", "0") != "0":
        raise NimError(61, "m_rmres", f'the "{item.name}" resource is currently allocated for client use')
    if item.cls == "resources":
        spots.remove_files(call, args, item)
    if call.estate.switches["removed_group_member"] == "leaves":
        for group in (other for other in objects if other.cls == "groups"):
            group.attrs = [pair for pair in group.attrs if pair[1] != item.name]
    call.host.db.save([other for other in objects if other.name != item.name])
    if item.type in CLIENT_TYPES:
        client = call.estate.lookup(interface_host(item), call.host)
        if client is not None and call.estate.reaches(call.host, client) and client.active("nimsh"):
            client.remove(NIMINFO)
    return 0


@operation("unconfig")
async def unconfig(call: Call, args: NimArgs) -> int:
    """Unconfigure the master: nimesis, niminfo and database go (nim.md 4.1)."""
    item = find(call.host, args.target)
    if item.type != "master":
        raise NimError(15, "m_unconfig", f'the "unconfig" operation is not supported on "{item.name}"')
    if clients_of(load_database(call.host, "nim")) and not args.force:
        raise NimError(133, "m_unconfig", "clients are still defined; use the force option")
    for name in ("nimesis", "nimd"):
        for row in call.host.rows(name):
            call.estate.stop_subsystem(call.host, row)
            call.host.subsystems.remove(row)
            await call.line(
                f"0513-044 The {name} Subsystem was requested to stop.",
                "0513-083 Subsystem has been Deleted.",
            )
    call.host.db.erase()
    call.host.remove(NIMINFO)
    return 0
