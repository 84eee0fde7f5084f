"""A nightly run of one pair under a real scheduler, stopped at a chosen moment, judged by the pair's own hosts."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from include.demo.stage import Stage
from include.lab import Lab

SOON = timedelta(seconds=120)
RUN_WITHIN = timedelta(minutes=4)

BEFORE_LOCK = "call:lsnim*"
"""The first look of `observe`: nothing is locked yet."""
MID_SYNC = "sync:7"
AFTER_SYNC = "call:nim -o define -t alternate_master*"
"""What `reconcile` gives back to the alternate after a sync took it: verify has not begun."""


class Night:
    """
    One run of a pair that needs a sync: something on the source is new.

    It begins by hand and stops where its hosts are told to hold, until :meth:`go_on`.
    """

    def __init__(self, stage: Stage, pair: str) -> None:
        self.airflow, self.api, self.evidence = stage.airflow, stage.airflow.api, stage.evidence
        self.pair = pair
        self.lab = Lab(stage.labs[pair].directory)
        self.dag = f"nim_nightly_sync__{pair}"
        self.lab.pace(0)
        self.airflow.wait_for_dag(self.dag)
        self.api.set_paused(self.dag, paused=False)
        count = self.lab.mark()
        self.lab.admin("nima", "nim", "-o", "change", "-a", f"comments=night {count}", "bosinst_ow")
        self.mark = self.lab.mark()
        self.run_ids: list[str] = []

    def begin(self, hold: str = "") -> None:
        """Trigger the run; its hosts will stop it at *hold*."""
        if hold:
            self.lab.hold(hold)
        self.run_ids.append(self.api.trigger(self.dag))

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

    def end(self) -> str:
        return self.airflow.wait_for_run(self.dag, self.run_id, within=RUN_WITHIN)

    def states(self) -> dict[str, str | None]:
        return {task.task_id: task.state for task in self.api.task_instances(self.dag, self.run_id)}

    def next_run(self) -> None:
        """Trigger another run of the same night; it breaks a lock that this one has left."""
        held_by = self.lock_on("nima") or self.lock_on("nimb")
        conf = {"break_lock_of": held_by, "reason": "its run is over"} if held_by else {}
        self.run_ids.append(self.api.trigger(self.dag, conf))

    # --- what the hosts say

    @property
    def syncs(self) -> int:
        """How many syncs the hosts were sent this night."""
        return len([call for call in self.lab.calls("nim", after=self.mark) if "sync" in call["argv"]])

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

    def is_a_copy(self) -> bool:
        """Whether the alternate has the source's definitions, its bytes, and a record of the source."""
        one, two = self.lab.state()["masters"].values()
        return (
            _definitions(one) == _definitions(two)
            and _bytes(one) == _bytes(two)
            and "alternate_master" in {found["type"] for found in two["objects"].values()}
        )

    def log_on_host(self) -> str:
        logs = self.lab.tree("nima").glob("var/adm/nim_operators/done/sync.*/log")
        return max(logs, key=lambda log: log.stat().st_mtime).read_text()

    # --- what the product says

    @property
    def folder(self) -> Path | None:
        return self._folders().get(self.run_id)

    def _folders(self) -> dict[str, Path]:
        runs = (self.evidence / self.pair / "runs" / self.dag).glob("*/run.json")
        return {json.loads(run.read_text())["run_id"]: run.parent for run in runs}

    @property
    def verdict(self) -> str:
        """The run's verdict, empty where it has none."""
        file = self.folder / "verdict.json" if self.folder else None
        return json.loads(file.read_text())["verdict"] if file and file.exists() else ""

    @property
    def reason(self) -> str:
        file = self.folder / "verdict.json" if self.folder else None
        return json.loads(file.read_text())["reason"] if file and file.exists() else ""

    @property
    def sync_logs(self) -> list[str]:
        """The logs of syncs in the evidence of all runs of this night."""
        folders = [folder for run_id, folder in self._folders().items() if run_id in self.run_ids]
        return [file.read_text() for folder in folders for file in folder.glob("logs/sync.*.log")]

    @property
    def recovery_points(self) -> int:
        return len(self.api.asset_events(self.dag, self.run_id))


def _definitions(master: dict) -> dict:
    """What a sync makes equal: resources and clients, without states that either side keeps for itself."""
    return {
        name: sorted(pair for pair in map(tuple, found["attrs"]) if pair[0] in {"comments", "location", "if1"})
        for name, found in master["objects"].items()
        if "master" not in found["type"]
    }


def _bytes(master: dict) -> dict:
    own = {"boot", "nim_script"}
    return {name: found["digest"] for name, found in master["resources"].items() if name not in own}
