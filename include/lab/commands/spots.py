"""SPOTs and lpp_sources: build, check and remove them on the master that controls the clients (nim.md 4.3, 4.6, 8)."""

from __future__ import annotations

import asyncio
import re
import shutil
import zlib

from include.lab.call import Call
from include.lab.commands.nim import NimArgs
from include.lab.errors import NimError, unexpected
from include.lab.host import Host
from include.lab.nimdb import clients_of, find, load_database
from include.lab.odm import NimObject

USABLE, UNUSABLE = "ready for use", "unavailable for use"
BASE_IMAGE = "bos.rte.bff"
KERNEL = "lib/boot/unix_64"
LEVEL = re.compile(rb"oslevel_r=(\d)(\d)00-(\d\d)")
"""What a base image says of its level, where it says something; else it is of the lab's own."""
BUILT_FROM = {"lpp_source", "mksysb"}
REMOVE_FILES = {"lpp_source": "rm_lpp_source", "mksysb": "rm_image"}


def require_active(call: Call, method: str) -> None:
    """
    Refuse on a master that controls no client: after a sync it controls nothing until takeover [S40].

    What a real one says then is not documented; whether it refuses is a switch.
    """
    clients = clients_of(load_database(call.host, "nim"))
    controls = any(item.get("current_master", call.host.hostname) in call.host.names for item in clients)
    if clients and not controls and call.estate.switches["spot_operations_before_takeover"] == "refused":
        text = 'this master controls no client. You must run the "takeover" operation before you can do that'
        raise NimError(1, method, text)


async def build(call: Call, args: NimArgs) -> int:
    """
    Make a SPOT out of the images of an lpp_source, image by image.

    Until the last one it is unavailable for use, which is what an interrupted build leaves; a build that fails takes
    its object and its files away.
    """
    host, name = call.host, args.target
    require_active(call, "m_mkspot")
    for key in ("server", "location", "source"):
        if not args.attr(key):
            raise NimError(21, "m_mkspot", f'the "{key}" attribute is required for this operation')
    location = f"{args.attr('location').rstrip('/')}/{name}/usr"
    for other in load_database(host, "nim"):
        if other.cls == "resources" and other.get("location") == location:
            text = f'a resource already exists on "{args.attr("server")}" at location "{location}"'
            raise NimError(81, "m_mkspot", text)
    source = find(host, args.attr("source"))
    images = images_of(host, source)
    item = NimObject(name, "resources", "spot", [("plat_defined", "chrp"), ("arch", "power"), ("bos_license", "yes")])
    item.attrs += [("Rstate", UNUSABLE), ("prev_state", ""), ("location", location), *_release(images)]
    item.attrs += [("alloc_count", "0"), ("server", args.attr("server")), ("if_supported", "chrp.64 ent")]
    host.db.save([*host.db.edit(), item])
    await call.line(
        f' Creating SPOT in "{args.attr("location")}" on machine "{args.attr("server")}" from "{source.name}" ...', ""
    )
    try:
        await _install(call, name, location, images)
    except OSError as error:
        shutil.rmtree(host.path(location).parent, ignore_errors=True)
        host.db.save([other for other in host.db.edit() if other.name != name])
        raise unexpected("m_mkspot", "/usr/sbin/installp", f"0503-008 {error.strerror}") from error
    _set(host, name, Rstate=USABLE, prev_state=UNUSABLE, Rstate_result="success")
    return 0


def images_of(host: Host, source: NimObject) -> dict[str, bytes]:
    """Return the images of what a SPOT can be built from, or raise why nothing can."""
    if source.type not in BUILT_FROM:
        raise NimError(23, "m_mkspot", f'"{source.name}" is not a valid value for the "source" attribute')
    if source.get("Rstate") != USABLE:
        raise NimError(1, "m_mkspot", f'the resource "{source.name}" is unavailable for use')
    place = host.path(source.get("location"))
    if not place.exists():
        raise NimError(154, "c_stat", f'the file or directory "{source.get("location")}" does not exist')
    if place.is_file():
        return {BASE_IMAGE: place.read_bytes()}
    images = {path.name: path.read_bytes() for path in sorted(place.rglob("*.bff"))}
    if BASE_IMAGE not in images:
        text = f"installp: 0503-461 {BASE_IMAGE.removesuffix('.bff')} is not on {source.get('location')}"
        raise unexpected("m_mkspot", "/usr/sbin/installp", text)
    return images


def _release(images: dict[str, bytes]) -> list[tuple[str, str]]:
    said = LEVEL.search(images[BASE_IMAGE])
    version, release, level = (part.decode() for part in said.groups()) if said else ("7", "3", "02")
    technology = f"{version}{release}00-{level}"
    return [("version", version), ("release", release), ("mod", str(int(level))), ("oslevel_r", technology)]


async def _install(call: Call, name: str, location: str, images: dict[str, bytes]) -> None:
    """Write what the images hold: what comes of them depends on nothing but their bytes."""
    for image, content in images.items():
        await call.estate.journal.point(f"spot:{name}={image}", host=call.host.name)
        fileset = image.removesuffix(".bff")
        call.host.fs.write(f"{location}/lpp/{fileset}/{fileset}.al", content)
        if image == BASE_IMAGE:
            call.host.fs.write(f"{location}/{KERNEL}", content[::-1])
        await call.line(f" Installing {fileset} ...")
        await asyncio.sleep(call.estate.pace)
    toc = "".join(f"{image} {zlib.crc32(content):08x}\n" for image, content in images.items())
    call.host.fs.write(f"{location}/lib/objrepos/lpp", toc.encode())


async def update(call: Call, item: NimObject, source: NimObject) -> None:
    """Install the images of an lpp_source into a SPOT."""
    require_active(call, "m_cust")
    try:
        await _install(call, item.name, item.get("location"), images_of(call.host, source))
    except OSError as error:
        raise unexpected("m_cust", "/usr/sbin/installp", f"0503-008 {error.strerror}") from error


def verify(call: Call, item: NimObject) -> int:
    """Look at the files of a resource, and say by Rstate, for an lpp_source also by simages, what they are fit for."""
    require_active(call, "m_check")
    host, location = call.host, item.get("location")
    place = host.path(location)
    whole = place.exists()
    if item.type == "spot":
        whole = (place / KERNEL).is_file()
    changed = {"prev_state": item.get("Rstate"), "Rstate": USABLE if whole else UNUSABLE}
    if item.type == "lpp_source":
        changed["simages"] = "yes" if any(path.name == BASE_IMAGE for path in place.rglob("*")) else "no"
    _set(host, item.name, **changed)
    if not place.exists():
        raise NimError(154, "c_stat", f'the file or directory "{location}" does not exist')
    return 0


def remove_files(call: Call, args: NimArgs, item: NimObject) -> None:
    """Remove what lies at a resource's location: always that of a SPOT, of others only what is asked for."""
    place = call.host.path(item.get("location"))
    if item.type == "spot":
        require_active(call, "m_rmspot")
        shutil.rmtree(place.parent if place.name == "usr" else place, ignore_errors=True)
    elif args.attr(REMOVE_FILES.get(item.type, ""), "no") == "yes":
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)


def _set(host: Host, name: str, **values: str) -> None:
    objects = host.db.edit()
    for item in objects:
        if item.name == name:
            for key, value in values.items():
                item.set(key, value)
    host.db.save(objects)
