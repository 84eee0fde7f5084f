"""Replication of one resource during a sync: real bytes from tree to tree (nim.md section 8)."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from include.lab.faults import Fault, register
from include.lab.odm import NimObject

if TYPE_CHECKING:
    from include.lab.commands.sync import Sync


async def replicate(sync: Sync, item: NimObject) -> bool:
    """Copy a resource unless something is at its location already; tell whether it can be kept."""
    estate, source, target = sync.estate, sync.source, sync.target
    location = item.get("location")
    here, there = source.path(location), target.path(location)
    estate.journal.write("sync", f"sync:resource={item.name}", item.name, host=source.name, target=target.name)
    await estate.journal.point(f"sync:resource={item.name}", host=source.name)
    await sync.alive(11)
    if _present(there):
        if estate.switches["replicate_lists_present"] == "yes":
            await sync.call.line(f"Replicating resource {item.name}")
            await _print_release(sync, item)
            await sync.call.line(f"Replicated resource {item.name}")
        return True
    await sync.call.line(f"Replicating resource {item.name}")
    if estate.fault("sync_unreplicated", source.name, resource=item.name):
        return True
    half = estate.fault("sync_half_copied", source.name, resource=item.name)
    try:
        await _copy(item.name, here, there, sync, half=half is not None)
    except OSError as error:
        await sync.call.err(f"0042-175 c_replicate: cp: {location}: {error.strerror}\n")
        return False
    if half and half.args.get("silent", "yes") != "yes":
        return True
    await _print_release(sync, item)
    await sync.call.line(f"Replicated resource {item.name}")
    return True


async def _print_release(sync: Sync, item: NimObject) -> None:
    if item.type == "spot":
        await sync.call.line(*(f"{key}={item.get(key)}" for key in ("version", "release", "mod")))


def _present(place: Path) -> bool:
    return place.is_file() or (place.is_dir() and any(place.iterdir()))


def _files(here: Path, there: Path) -> list[tuple[Path, Path]]:
    """Return source and goal of every file of a resource."""
    if here.is_file():
        return [(here, there)]
    return [(file, there / file.relative_to(here)) for file in sorted(here.rglob("*")) if file.is_file()]


async def _copy(name: str, here: Path, there: Path, sync: Sync, *, half: bool) -> None:
    """Copy file by file; what fails, hangs or is killed on the way leaves what it leaves on a real disk."""
    files = _files(here, there)
    if not files:
        raise FileNotFoundError(2, "A file or directory in the path name does not exist.")
    for number, (file, goal) in enumerate(files, 1):
        content = file.read_bytes()
        if number == len(files):
            _write(sync, file, goal, content[: len(content) // 2])
            await sync.estate.journal.point(f"sync:copying={name}", host=sync.source.name)
            if half:
                return
            await sync.alive(11)
        _write(sync, file, goal, content)


def _write(sync: Sync, file: Path, goal: Path, content: bytes) -> None:
    inside = f"/{goal.relative_to(sync.target.root)}"
    sync.target.fs.write(inside, content, file.stat().st_mode & 0o777)
    shutil.copystat(file, goal)


register(
    Fault(
        "sync_unreplicated",
        "a sync skips a resource silently: no 'Replicated' line, status 0",
        {"resource": "its name; all when missing"},
    ),
    Fault(
        "sync_half_copied",
        "a sync leaves a resource half copied",
        {
            "resource": "its name; all when missing",
            "silent": "yes (default): 'Replicated' is printed; no: it is not",
        },
    ),
)
