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
}


async def play(estate: Estate) -> None:
    """Run the steps of the world's `start`; none of them is in the log."""
    first, second = estate.masters
    pace, estate.pace = estate.pace, 0.0
    steps = {
        "sync": (first, ["-Fo", "sync", "-a", "replicate=yes", second.object_name]),
        "define": (
            second,
            [
                "-o",
                "define",
                "-t",
                "alternate_master",
                "-a",
                f"if1=find_net {first.hostname} {first.mac} ent0",
                first.object_name,
            ],
        ),
        "takeover": (second, ["-o", "takeover", "-a", "async=no", first.object_name]),
    }
    for name in _STEPS[estate.world.start]:
        if name == "change":
            _grow_stale(estate)
            continue
        host, args = steps[name]
        if name == "define" and host.db.find(first.object_name):
            continue
        call = Call(estate, host, ["nim", *args])
        if await nim.nim(call) != 0:
            raise ValueError(f"the world cannot be brought to {estate.world.start}: {''.join(call.captured['err'])}")
    estate.pace = pace
    estate.journal.records.clear()
    estate.journal.path.unlink(missing_ok=True)


def _grow_stale(estate: Estate) -> None:
    """Change the content of one resource on the source after the sync; its definition stays."""
    first = estate.masters[0]
    resource = next((item for item in estate.world.resources or [] if item.type == "mksysb"), None)
    if resource is not None:
        first.fs.write(resource.location, resource_bytes("newer " + resource.name, resource.size_kb * 1024 + 4096))
