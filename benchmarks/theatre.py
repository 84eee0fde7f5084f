"""A real Airflow with the LocalExecutor beside a lab of many clients, and what a run of a DAG there took."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from benchmarks.spans import Span, seconds_of, union
from include.demo.configuration import APPROVERS, OPERATOR
from include.demo.local_airflow import LocalAirflow
from include.demo.stage import PAIR, REPOSITORY, stage
from include.lab import Lab
from include.lab.world import WorldSpec

RIVALS = Path(__file__).parent / "rivals"
RUN_WITHIN = timedelta(minutes=30)
NIM_COMMANDS = frozenset({"nim", "lsnim", "c_rsh", "m_backup_db", "m_restore_db", "niminit", "nim_master_recover"})
PARALLELISM = 8
"""How many tasks Airflow runs at the same time, whoever's they are."""


@dataclass(frozen=True)
class Theatre:
    """A running lab of one pair, and an Airflow that has connections to its masters."""

    airflow: LocalAirflow
    lab: Lab


def world_of(clients: int) -> WorldSpec:
    """Return a synchronised pair with so many clients."""
    return WorldSpec(start="synced", clients=clients, vios=0, ssh_clients=0)


def clients_of(lab: Lab, master: str) -> int:
    """Return how many clients' own files name *master*, by the lab's ground truth."""
    clients = lab.state()["clients"].values()
    return sum(client["niminfo"].get("NIM_MASTER_HOSTNAME") == master for client in clients)


def switch_some_off(lab: Lab) -> list[str]:
    """Switch every twentieth client off, and return which."""
    off = sorted(lab.state()["clients"])[::20]
    for client in off:
        lab.break_fault("client_down", client=client)
    return off


@contextmanager
def theatre(folder: Path, world: WorldSpec) -> Iterator[Theatre]:
    """Have Airflow and a lab up, and both gone afterwards."""
    file = folder / "world.yaml"
    file.write_text(yaml.safe_dump(world.model_dump()))
    bundles = [
        {
            "name": path.name,
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {"path": str(path)},
        }
        for path in (REPOSITORY / "dags", RIVALS)
    ]
    settings = {
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
        "AIRFLOW__CORE__PARALLELISM": str(PARALLELISM),
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles),
        # Files are parsed before the clock starts, and not again while it runs.
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
    }
    with stage(folder / "stage", settings=settings, world=str(file)) as running:
        lab = Lab(running.lab.directory)
        lab.pace(0)
        yield Theatre(running.airflow, lab)


@dataclass(frozen=True)
class Took:
    """How long a piece of work took, how much of it were NIM commands and waits for a person, and what is left.

    ``load`` is the machine's load average when it was over.
    """

    seconds: float
    nim: float
    asked: float
    own: float
    load: float


class Stopwatch:
    """Measures one piece of work in a lab, from now on."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._mark = lab.mark()
        self._began = time.time()
        self.asked: list[Span] = []

    def stop(self) -> Took:
        """Return what was spent. NIM's time is the union of its commands in the lab's log, on either master.

        A command lasts from the start of its process, as anybody would time it, to its last word.
        """
        run = (self._began, time.time())
        calls = self._lab.log(after=self._mark, event="call")
        nim = [
            (min(call["time"], call["began"] or call["time"]), call.get("end", run[1]))
            for call in calls
            if call["argv"][0] in NIM_COMMANDS
        ]
        return Took(
            seconds=run[1] - run[0],
            nim=seconds_of(run, nim),
            asked=seconds_of(run, self.asked),
            own=run[1] - run[0] - seconds_of(run, union([*nim, *self.asked])),
            load=os.getloadavg()[0],
        )


def play(
    place: Theatre, dag_id: str, conf: Mapping[str, Any], *, question: str = "", within: timedelta = RUN_WITHIN
) -> tuple[str, Took]:
    """Run a DAG once and return how that ended, and what it took; stop it when it has not ended *within* that time.

    :param question: the task that asks a person, who approves as soon as that is safe to do.
    """
    airflow = place.airflow
    airflow.wait_for_dag(dag_id)
    with airflow.api_as(OPERATOR) as api:
        api.set_paused(dag_id, paused=False)
        watch = Stopwatch(place.lab)
        run_id = api.trigger(dag_id, conf)
        if question:
            airflow.wait_for_task_state(dag_id, run_id, question, "awaiting_input", within=within)
            airflow.approve(dag_id, run_id, question, user=APPROVERS[0], chosen="Approve", params={"comment": "agreed"})
            asked = api.question(dag_id, run_id, question)
            watch.asked.append((_seconds(asked["created_at"]), _seconds(asked["responded_at"])))
        try:
            state = airflow.wait_for_run(dag_id, run_id, within=within)
        except TimeoutError:
            took = watch.stop()
            api.set_run_state(dag_id, run_id, "failed")
            return "stopped", took
        return state, watch.stop()


def pair_dag(runbook: str) -> str:
    """Return the id of the product's DAG for the pair of the lab."""
    return f"{runbook}__{PAIR}"


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
