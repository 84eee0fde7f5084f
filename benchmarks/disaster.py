"""Rescue the clients of a dead master, by the product and by a script: ``python -m benchmarks.disaster CLIENTS``.

Every twentieth client is off. Measured is the time from the first key pressed to the last client whose own file was
read back, by the lab's log, and how often a person had to decide something on the way. Prints JSON lines.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.theatre import RIVALS, Theatre, clients_of, pair_dag, play, switch_some_off, theatre, world_of
from include.lab import Lab, running_lab

Result = dict[str, Any]

DEAD, ALTERNATE = "nima", "nimb"


def by_product(place: Theatre) -> Result:
    """Run ``nim_disaster_failover``: a person says why, and approves the plan."""
    ended, _ = play(place, pair_dag("nim_disaster_failover"), {"reason": "its frame lost power"}, question="approve")
    return {"decisions": 2, "ended": ended}


def by_script(lab: Lab) -> Result:
    """Run the technote's steps on the alternate: a person starts the script, and says that the other one is dead."""
    _ssh(lab, "cat >/tmp/technote.ksh", (RIVALS / "technote.ksh").read_text())
    ended = _ssh(lab, f"/usr/bin/ksh /tmp/technote.ksh {DEAD}", "yes\n")
    return {"decisions": 2, "ended": f"exit {ended}"}


def _ssh(lab: Lab, line: str, given: str) -> int:
    command = ("ssh", "-F", str(lab.directory / "ssh_config"), ALTERNATE, line)
    ran = subprocess.run(command, input=given, text=True, capture_output=True, check=False)
    return ran.returncode


def rescued(lab: Lab, who: str, rescue: Callable[[], Result]) -> Result:
    """Switch the master and some clients off, let somebody rescue the others, and return what that took."""
    number, off = len(lab.state()["clients"]), switch_some_off(lab)
    lab.break_fault("host_down", host=DEAD)
    mark, began = lab.mark(), time.time()
    result = rescue()
    heard = [call["end"] for call in lab.calls("c_rsh", after=mark, host=ALTERNATE) if call.get("exit") == 0]
    return {
        "clients": number,
        "by": who,
        "seconds": max(heard, default=began) - began,
        **result,
        "movable": number - len(off),
        "moved": clients_of(lab, ALTERNATE),
        "load": os.getloadavg()[0],
    }


def measure(clients: int, folder: Path) -> None:
    """Let each rescue the clients of a lab of its own, one after the other."""
    with theatre(folder, world_of(clients)) as place:
        print(json.dumps(rescued(place.lab, "nim_disaster_failover", lambda: by_product(place))), flush=True)
    with running_lab(world_of(clients), folder / "lab", pace=0) as lab:
        print(json.dumps(rescued(lab, "technote by script", lambda: by_script(lab))), flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="b") as base:
        measure(int(sys.argv[1]), Path(base))
