"""Hand clients over with few ports, one in twenty dead: ``python -m benchmarks.ports CLIENTS`` prints a JSON line.

The masters have 512 privileged ports each, of which every push keeps two for a while, NIM's own pushes as well as ours.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.theatre import clients_of, pair_dag, play, switch_some_off, theatre, world_of
from include.lab.world import WorldSpec

FORM = {"reason": "benchmark", "change_ticket": "none"}
TIME_WAIT = 10.0
"""Seconds for which a master keeps each port of a push."""
PACE = 0.5
"""The lab's NIM then switches twenty clients a second, for which its ports suffice if nobody else has them."""


def measure(clients: int, folder: Path) -> dict[str, Any]:
    """Run ``nim_planned_takeover``, and return what moved, and how often a push found no port."""
    world = WorldSpec(
        **{**world_of(clients).model_dump(), "time_wait": TIME_WAIT, "switches": {"port_budget": "on"}},
    )
    with theatre(folder, world) as place:
        dead = switch_some_off(place.lab)
        place.lab.pace(PACE)
        ended, took = play(place, pair_dag("nim_planned_takeover"), FORM, question="approve")
        ports = [master["ports"] for master in place.lab.state()["masters"].values()]
        return {
            "clients": clients,
            "dead": len(dead),
            "moved": clients_of(place.lab, "nimb"),
            "port_failures": sum(host["refused"] for host in ports),
            "most_ports_in_use": max(host["most"] for host in ports),
            "calls": len(place.lab.calls("c_rsh")),
            "ended": ended,
            **asdict(took),
        }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="b") as base:
        print(json.dumps(measure(int(sys.argv[1]), Path(base))))
