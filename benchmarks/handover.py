"""Hand every client over, by the product and by its rivals: ``python -m benchmarks.handover CLIENTS``.

Product and rivals work in turn on one lab, to and fro, under one Airflow. A rival is stopped after a while: what it has
taken by then is less than what it takes. Prints JSON lines.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from benchmarks.theatre import RIVALS, Stopwatch, Theatre, clients_of, pair_dag, play, theatre, world_of

FORM = {"reason": "benchmark", "change_ticket": "none"}
STOPPED_AFTER = timedelta(minutes=2)
FORKS = 16
"""How many clients Ansible asks at the same time: as many as the product."""
ANSIBLE = Path(sys.executable).with_name("ansible-playbook")
RECORD = ("-a", "platform=chrp", "-a", "netboot_kernel=64", "-a", "cable_type1=N/A", "-a", "connect=nimsh")

Result = dict[str, Any]


def by_product(place: Theatre, source: str, _target: str, _folder: Path) -> Result:
    """Run ``nim_planned_takeover``, or ``nim_give_back`` the other way round."""
    runbook = "nim_planned_takeover" if source == "nima" else "nim_give_back"
    state, took = play(place, pair_dag(runbook), FORM, question="approve")
    return {"ended": state, **asdict(took)}


def by_tasks(place: Theatre, source: str, _target: str, _folder: Path) -> Result:
    """Run the DAG that has a task for each command."""
    state, took = play(place, f"one_task_per_command__{source}", {}, within=STOPPED_AFTER)
    return {"ended": state, **asdict(took)}


def by_ansible(place: Theatre, source: str, target: str, folder: Path) -> Result:
    """Run the Ansible play."""
    if not ANSIBLE.exists():
        return {"ended": "not measured: pip install 'nim-operators[bench]'"}
    inventory = folder / "inventory.yml"
    inventory.write_text(yaml.safe_dump(_inventory(place)))
    watch = Stopwatch(place.lab)
    given = {"source": source, "target": target, "backups": str(folder)}
    command = [str(ANSIBLE), "-i", str(inventory), "-e", json.dumps(given), str(RIVALS / "hand_over.yml")]
    with (
        (folder / "ansible.log").open("w") as log,
        subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | _settings(place, folder)) as playing,
    ):
        try:
            ended = "success" if playing.wait(STOPPED_AFTER.total_seconds()) == 0 else "failed"
        except subprocess.TimeoutExpired:
            playing.terminate()
            ended = "stopped"
        took = watch.stop()
    return {"ended": ended, **asdict(took)}


def _inventory(place: Theatre) -> Result:
    masters = {}
    for master in ("nima", "nimb"):
        host, port = place.lab.address(master)
        masters[master] = {"ansible_host": host, "ansible_port": port, "ansible_user": place.lab.login(master)}
    clients = dict.fromkeys(place.lab.state()["clients"])
    return {"all": {"children": {"masters": {"hosts": masters}, "clients": {"hosts": clients}}}}


def _settings(place: Theatre, folder: Path) -> dict[str, str]:
    options = f"-o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile={place.lab.known_hosts}"
    return {
        "ANSIBLE_FORKS": str(FORKS),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_LOCALHOST_WARNING": "False",
        "ANSIBLE_PRIVATE_KEY_FILE": str(place.lab.key_file),
        "ANSIBLE_SSH_ARGS": options,
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder / "c"),
    }


CONTESTANTS: tuple[tuple[str, Callable[[Theatre, str, str, Path], Result]], ...] = (
    ("nim_planned_takeover", by_product),
    ("Ansible play", by_ansible),
    ("SSHOperator per command", by_tasks),
)


def measure(clients: int, folder: Path) -> None:
    """Let each hand the clients of one lab over, to and fro; something new is to be copied each time."""
    source, target = "nima", "nimb"
    with theatre(folder, world_of(clients)) as place:
        for who, hand_over in CONTESTANTS:
            place.lab.admin(source, "nim", "-o", "change", "-a", f"comments={who}", "bosinst_ow")
            result = hand_over(place, source, target, folder)
            moved = clients_of(place.lab, target)
            print(json.dumps({"clients": clients, "by": who, **result, "moved": moved}), flush=True)
            _settle(place, source, target)
            source, target = target, source


def _settle(place: Theatre, source: str, target: str) -> None:
    """Finish by hand what was stopped, so that the next one finds every client at its source."""
    if clients_of(place.lab, source):
        record = (f"if1=find_net {source} 0", *RECORD, source)
        place.lab.admin(target, "nim", "-o", "define", "-t", "alternate_master", "-a", *record)
        place.lab.admin(target, "nim", "-o", "takeover", "-a", "async=no", source)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="b") as base:
        measure(int(sys.argv[1]), Path(base))
