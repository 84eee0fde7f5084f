"""nim -o lslpp, check, reset, allocate, deallocate, showres, cust (nim.md 4.5, 4.6)."""

from __future__ import annotations

from pathlib import Path

from include.lab.call import Call
from include.lab.commands import spots
from include.lab.commands.nim import NimArgs, operation
from include.lab.definitions import READY
from include.lab.errors import NimError, other_master
from include.lab.faults import Fault, register
from include.lab.host import Host
from include.lab.nimdb import find, load_database
from include.lab.odm import NimObject
from include.lab.predefined import CLIENT_TYPES
from include.lab.push import push

METHODS = "/usr/lpp/bos.sysmgt/nim/methods"
RULE = "  " + "-" * 76


def require_control(host: Host, item: NimObject, method: str, operation_name: str) -> None:
    """Refuse what another master controls as far as this database knows: 0042-378 [S1]."""
    current = item.get("current_master", host.hostname)
    if current not in host.names:
        raise other_master(item.name, current, method, f"{METHODS}/{operation_name}")


@operation("lslpp")
async def lslpp(call: Call, args: NimArgs) -> int:
    """List the filesets of a client or a SPOT: the probe of who controls a client (nim.md 4.5)."""
    item = find(call.host, args.target)
    if item.type in CLIENT_TYPES:
        require_control(call.host, item, "m_lslpp", "c_ckspot")
        filesets = (await push(call.estate, call.host, item, "m_lslpp")).filesets
    elif item.type in {"spot", "master"}:
        filesets = call.host.filesets
    else:
        raise NimError(15, "m_lslpp", f'the "lslpp" operation is not supported on "{item.name}"')
    await call.line("  Fileset                      Level  State  Type  Description (Uninstaller)", RULE)
    for fileset in filesets:
        await call.line(f"  {fileset.name:<26}{fileset.level:>8}    C     F    {fileset.description}")
    return 0


@operation("check")
async def check(call: Call, args: NimArgs) -> int:
    """Verify a SPOT or lpp_source and set its Rstate, or a client's control."""
    item = find(call.host, args.target)
    if item.type in CLIENT_TYPES:
        require_control(call.host, item, "m_check", "c_ckspot")
        await push(call.estate, call.host, item, "m_check")
        return 0
    if item.cls != "resources":
        raise NimError(15, "m_check", f'the "check" operation is not supported on "{item.name}"')
    return spots.verify(call, item)


@operation("reset")
async def reset(call: Call, args: NimArgs) -> int:
    """Put an object's state back to ready."""
    objects = load_database(call.host, "nim") and call.host.db.edit()
    find(call.host, args.target)
    item = next(item for item in objects if item.name == args.target)
    if item.cls == "resources":
        item.set("Rstate", "ready for use")
        if args.force:
            item.set("alloc_count", "0")
    else:
        if item.get("Cstate") != READY and not args.force:
            raise NimError(59, "m_reset", f'"{item.name}" is busy; use the force option to reset it')
        item.set("Cstate", READY)
        item.set("Cstate_result", "reset")
    item.drop("lock")
    call.host.db.save(objects)
    return 0


def _move(call: Call, args: NimArgs, step: int) -> int:
    """Allocate (+1) or deallocate (-1) the resources that are named."""
    objects = load_database(call.host, "nim") and call.host.db.edit()
    machine = find(call.host, args.target)
    machine = next(item for item in objects if item.name == machine.name)
    if machine.type in CLIENT_TYPES:
        require_control(call.host, machine, "m_alloc" if step > 0 else "m_dealloc", "c_alloc")
    resources = {item.name: item for item in objects if item.cls == "resources"}
    wanted = list(args.attrs)
    if args.attr("subclass") == "all":
        wanted = [(key, value) for key, value in machine.attrs if value in resources and resources[value].type == key]
    for key, name in wanted:
        item = resources.get(name)
        if item is None or item.type != key:
            raise NimError(53, "nim", f'there is no NIM object named "{name}"')
        held = (key, name) in machine.attrs
        if step > 0 and held:
            raise NimError(113, "m_alloc", f'"{name}" is already allocated to "{machine.name}"')
        if step < 0 and not held:
            raise NimError(115, "m_dealloc", f'"{name}" is not allocated to "{machine.name}"')
        if step > 0:
            machine.attrs.append((key, name))
        else:
            machine.attrs.remove((key, name))
        item.set("alloc_count", str(max(0, int(item.get("alloc_count", "0")) + step)))
    call.host.db.save(objects)
    return 0


@operation("allocate")
async def allocate(call: Call, args: NimArgs) -> int:
    """Allocate resources to a machine."""
    return _move(call, args, 1)


@operation("deallocate")
async def deallocate(call: Call, args: NimArgs) -> int:
    """Free resources; subclass=all frees every one."""
    return _move(call, args, -1)


def _contents(place: Path) -> list[str]:
    return sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())


@operation("showres")
async def showres(call: Call, args: NimArgs) -> int:
    """List the content of a resource."""
    item = find(call.host, args.target)
    if item.cls != "resources":
        raise NimError(15, "m_showres", f'the "showres" operation is not supported on "{item.name}"')
    if call.estate.fault("resource_in_use", call.host.name, resource=item.name):
        raise NimError(207, "m_showres", f"Unable to allocate the {item.name} resource to master.")
    place = call.host.path(item.get("location"))
    if not place.exists():
        raise NimError(154, "c_stat", f'the file or directory "{item.get("location")}" does not exist')
    if place.is_file():
        await call.out(place.read_text(errors="replace") if item.type not in {"mksysb", "savevg"} else "")
    else:
        await call.line(*_contents(place))
    return 0


@operation("cust")
async def cust(call: Call, args: NimArgs) -> int:
    """Update a SPOT from an lpp_source, or start a customisation of a client."""
    item = find(call.host, args.target)
    if item.type in CLIENT_TYPES:
        require_control(call.host, item, "m_cust", "c_cust")
        await push(call.estate, call.host, item, "m_cust")
    source = find(call.host, args.attr("lpp_source")) if args.attr("lpp_source") else None
    if item.type == "spot" and source is not None:
        await spots.update(call, item, source)
    return 0


register(
    Fault(
        "resource_in_use",
        "showres of a resource fails with 0042-207",
        {"resource": "its name; all when missing"},
    ),
)
