"""Ask clients, every twentieth dead, with few ports: ``python -m benchmarks.fanout CLIENTS`` prints a JSON line."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.world import cost, endpoints
from include.lab import running_lab
from include.lab.world import WorldSpec
from nim_operators.nim.snapshot import Snapshot
from nim_operators.remote.pair import Asking, observe_pair

TIME_WAIT = 15.0
"""Seconds for which the lab's masters keep each of the two ports of a push."""


def measure(clients: int, folder: Path) -> dict[str, float]:
    """Ask all clients of a lab whose masters have 512 privileged ports; half of the dead hang, half refuse."""
    world = WorldSpec(
        start="synced", clients=clients, ssh_clients=0, time_wait=TIME_WAIT, switches={"port_budget": "on"}
    )
    with running_lab(world, folder) as lab:
        dead = sorted(lab.state()["clients"])[::20]
        for number, client in enumerate(dead):
            if number % 2:
                lab.hold(f"c_rsh:{client}")
            else:
                lab.break_fault("client_down", client=client)
        with cost() as spent:
            seen = asyncio.run(observe_pair("nima", "nimb", endpoints(lab), Asking()))
        ports = lab.state()["masters"]["nima"]["ports"]
        calls = len(lab.calls("c_rsh", host="nima"))
    source = seen["nima"].observation
    if not isinstance(source, Snapshot):
        raise TypeError(source.reason)
    answered = {answer.client for answer in source.clients if answer.niminfo is not None}
    return {
        "clients": clients,
        "dead": len(dead),
        "living_answered": len(answered - set(dead)),
        "wall_s": spent.wall,
        "most_ports_in_use": ports["most"],
        "port_failures": ports["refused"],
        "calls": calls,
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        print(json.dumps(measure(int(sys.argv[1]), Path(place))))
