"""A run of one runbook for one pair under a real scheduler, stopped at a chosen moment."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from include.demo.configuration import APPROVERS
from include.demo.stage import Stage
from include.lab import Lab

SOON = timedelta(seconds=120)
RUN_WITHIN = timedelta(minutes=4)


class PairRun:
    """
    A run that begins by hand and stops where its hosts are told to hold, until :meth:`go_on`.

    Where it did not end well another run of the same kind follows; ``run_ids`` has all of them.
    """

    def __init__(self, stage: Stage, pair: str, runbook: str, **form: str) -> None:
        """:param form: what is typed into the trigger form."""
        self.airflow, self.api, self.evidence = stage.airflow, stage.airflow.api, stage.evidence
        self.pair, self.form = pair, form
        self.lab = Lab(stage.labs[pair].directory)
        self.dag = f"{runbook}__{pair}"
        self.lab.pace(0)
        self.airflow.wait_for_dag(self.dag)
        self.api.set_paused(self.dag, paused=False)
        self.mark = self.lab.mark()
        self.run_ids: list[str] = []

    def begin(self, hold: str = "") -> None:
        """Trigger the run; its hosts will stop it at *hold*."""
        if hold:
            self.lab.hold(hold)
        self.run_ids.append(self.api.trigger(self.dag, dict(self.form)))

    @property
    def run_id(self) -> str:
        """The run that was begun last."""
        return self.run_ids[-1]

    def wait_until_held(self, hold: str) -> None:
        self.lab.wait(f"held:{hold}", SOON.total_seconds(), after=self.mark)

    def go_on(self) -> None:
        self.lab.release()

    def wait_for(self, task: str, *states: str) -> None:
        self.airflow.wait_for_task_state(self.dag, self.run_id, task, *states, within=SOON)

    def catch(self, step: str, before: str) -> None:
        """Return as soon as *step*, which follows *before*, runs: some steps take half a second."""
        if before:
            self.wait_for(before, "success")
        self.airflow.wait_for_task_state(self.dag, self.run_id, step, "running", within=SOON, every=0.05)

    def approve(self) -> None:
        """Approve the plan once the run asks, as somebody other than the one who triggered it."""
        comment = {"comment": "seen on the console"}
        self.airflow.approve(self.dag, self.run_id, "approve", user=APPROVERS[0], chosen="Approve", params=comment)

    def end(self) -> str:
        return self.airflow.wait_for_run(self.dag, self.run_id, within=RUN_WITHIN)

    def states(self) -> dict[str, str | None]:
        return {task.task_id: task.state for task in self.api.task_instances(self.dag, self.run_id)}

    def next_run(self) -> None:
        """Trigger another run of the same kind; it breaks a lock that this one has left."""
        held_by = self.lock_on("nima") or self.lock_on("nimb")
        why = "its run is over"
        typed = {"override": why} if "reason" in self.form else {"reason": why} if held_by else {}
        broken = {"break_lock_of": held_by} if held_by else {}
        self.run_ids.append(self.api.trigger(self.dag, {**self.form, **typed, **broken}))

    # --- what the hosts say

    def lock_on(self, host: str) -> str:
        """Return the run that holds the pair lock of a host, empty where none does."""
        owner = self.lab.tree(host) / "var/adm/nim_operators/lock/owner"
        lines = owner.read_text().splitlines() if owner.exists() else []
        return next((line.removeprefix("run=") for line in lines if line.startswith("run=")), "")

    @property
    def locks(self) -> tuple[str, str]:
        return self.lock_on("nima"), self.lock_on("nimb")

    @property
    def whole_run(self) -> str:
        """How a host names this run as the owner of its lock."""
        return f"{self.dag}/{self.run_id}"

    def sent(self, operation: str) -> int:
        """Return how many times the hosts were sent this operation of NIM."""
        return len([call for call in self.lab.calls("nim", after=self.mark) if operation in call["argv"]])

    def owners(self) -> set[str]:
        """Return the short names of the masters that the clients' own files name."""
        clients = self.lab.state()["clients"].values()
        return {client["niminfo"]["NIM_MASTER_HOSTNAME"].partition(".")[0] for client in clients}

    def is_a_copy(self) -> bool:
        """Whether both masters have the same definitions and bytes, and each a record of the other."""
        one, two = self.lab.state()["masters"].values()
        return (
            _definitions(one) == _definitions(two)
            and _bytes(one) == _bytes(two)
            and all(
                "alternate_master" in {found["type"] for found in master["objects"].values()} for master in (one, two)
            )
        )

    # --- what the product says

    @property
    def folder(self) -> Path | None:
        return self.folders().get(self.run_id)

    def folders(self) -> dict[str, Path]:
        """Return the evidence of each run of this DAG."""
        runs = (self.evidence / self.pair / "runs" / self.dag).glob("*/run.json")
        return {json.loads(run.read_text())["run_id"]: run.parent for run in runs}

    @property
    def verdict(self) -> str:
        """The run's verdict, empty where it has none."""
        return self._said("verdict")

    @property
    def reason(self) -> str:
        return self._said("reason")

    def _said(self, what: str) -> str:
        file = self.folder / "verdict.json" if self.folder else None
        return str(json.loads(file.read_text())[what]) if file and file.exists() else ""


def _definitions(master: dict[str, Any]) -> dict[str, Any]:
    """What a sync makes equal: resources and clients, without states that either side keeps for itself."""
    return {
        name: sorted(pair for pair in map(tuple, found["attrs"]) if pair[0] in {"comments", "location", "if1"})
        for name, found in master["objects"].items()
        if "master" not in found["type"]
    }


def _bytes(master: dict[str, Any]) -> dict[str, Any]:
    own = {"boot", "nim_script"}
    return {name: found["digest"] for name, found in master["resources"].items() if name not in own}
