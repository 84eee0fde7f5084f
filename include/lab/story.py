"""Bring a fresh pair to a later point of its story by really running the commands that lead there."""

from __future__ import annotations

from include.lab.builder import resource_bytes
from include.lab.call import Call
from include.lab.commands import nim
from include.lab.estate import Estate

_STEPS = {
    "fresh": (),
    "synced": ("sync",),
    "synced_peer_kept": ("sync", "define"),
    "stale": ("sync", "define", "change"),
    "taken_over": ("sync", "define", "takeover"),
    "returned_stale": ("sync", "define", "first down", "takeover", "first up"),
    "split": ("sync", "define", "half down", "takeover", "half up"),
    "interrupted_sync": ("sync", "define", "break sync", "sync", "heal"),
}


async def play(estate: Estate) -> None:
    """Run the steps of the world's `start`; none of them is in the log."""
    pace, estate.pace = estate.pace, 0.0
    for name in _STEPS[estate.world.start]:
        if name in {"sync", "define", "takeover"}:
            await _run(estate, name)
        else:
            _arrange(estate, name)
    estate.pace = pace
    estate.journal.records.clear()
    estate.journal.path.unlink(missing_ok=True)


async def _run(estate: Estate, name: str) -> None:
    first, second = estate.masters
    if name == "sync":
        host, args = first, ["-Fo", "sync", "-a", "replicate=yes", second.object_name]
    elif name == "takeover":
        host, args = second, ["-o", "takeover", "-a", "async=no", first.object_name]
    elif second.db.find(first.object_name):
        return
    else:
        interface = f"if1=find_net {first.hostname} {first.mac} ent0"
        host, args = second, ["-o", "define", "-t", "alternate_master", "-a", interface, first.object_name]
    call = Call(estate, host, ["nim", *args])
    if await nim.nim(call) != 0 and not estate.faults:
        said = "".join(call.captured["err"])
        raise ValueError(f"the world cannot be brought to {estate.world.start}: {said}")


def _arrange(estate: Estate, name: str) -> None:
    """Do what is no NIM command: machines that are off for a while, a sync that breaks, content that changes."""
    first = estate.masters[0]
    clients = [host for host in estate.hosts.values() if host.role == "client"]
    if name == "change":
        _grow_stale(estate)
    elif name == "first down":
        estate.activate("partition", first.name, {})
    elif name == "half down":
        for host in clients[: len(clients) // 2]:
            estate.activate("client_down", None, {"client": host.name})
    elif name == "break sync":
        estate.activate("sync_fails", None, {"phase": "5"})
    else:
        estate.deactivate("all")


def _grow_stale(estate: Estate) -> None:
    """Change the content of one resource on the source after the sync; its definition stays."""
    first = estate.masters[0]
    resource = next((item for item in estate.world.resources or [] if item.type == "mksysb"), None)
    if resource is not None:
        first.fs.write(resource.location, resource_bytes("newer " + resource.name, resource.size_kb * 1024 + 4096))
