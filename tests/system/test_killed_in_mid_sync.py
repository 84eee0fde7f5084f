"""Whatever is killed in the middle of a sync, the next try finds it: one sync, one log, verdict done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from include.demo.stage import Stage
from include.lab import Lab

DAG = "nim_nightly_sync__lab"
SOON = timedelta(seconds=90)
IN_THE_MIDDLE = "held:sync:7"

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(300)]


class Night:
    """One nightly run under a real scheduler that is stopped in the middle of its sync."""

    def __init__(self, running: Stage, number: int) -> None:
        self.airflow = running.airflow
        self.evidence = running.evidence
        self.lab = Lab(running.lab.directory)
        self.airflow.wait_for_dag(DAG)
        self.airflow.api.set_paused(DAG, paused=False)
        attributes = ("platform=chrp", "netboot_kernel=64", f"if1=master_net aix0{number} 0", "cable_type1=N/A")
        words = [word for attribute in attributes for word in ("-a", attribute)]
        self.lab.admin("nima", "nim", "-o", "define", "-t", "standalone", *words, f"new{number}")
        self.mark = self.lab.mark()
        self.run_id = ""

    def begin(self) -> None:
        """Trigger a run and return while its sync is held in the middle."""
        self.lab.hold("sync:7")
        self.run_id = self.airflow.api.trigger(DAG)
        self.lab.wait(IN_THE_MIDDLE, 120, after=self.mark)

    def go_on(self) -> None:
        self.lab.release()

    def wait_for(self, task: str, *states: str, run_id: str = "") -> None:
        self.airflow.wait_for_task_state(DAG, run_id or self.run_id, task, *states, within=SOON)

    def end(self, run_id: str = "") -> str:
        return self.airflow.wait_for_run(DAG, run_id or self.run_id, within=timedelta(minutes=3))

    @property
    def syncs(self) -> list[list[str]]:
        return [call["argv"] for call in self.lab.calls("nim", after=self.mark) if "sync" in call["argv"]]

    def folder(self, run_id: str = "") -> Path:
        wanted = run_id or self.run_id
        runs = (self.evidence / "lab" / "runs" / DAG).iterdir()
        return next(run for run in runs if json.loads((run / "run.json").read_text())["run_id"] == wanted)

    def verdict(self, run_id: str = "") -> str:
        return json.loads((self.folder(run_id) / "verdict.json").read_text())["verdict"]

    def sync_logs(self, run_id: str = "") -> list[str]:
        return [file.read_text() for file in self.folder(run_id).glob("logs/sync.*.log")]

    def log_on_host(self) -> str:
        newest = max(
            self.lab.tree("nima").glob("var/adm/nim_operators/done/sync.*/log"), key=lambda log: log.stat().st_mtime
        )
        return newest.read_text()

    def lock_is_held(self) -> bool:
        return (self.lab.tree("nima") / "var/adm/nim_operators/lock/owner").exists()


@pytest.fixture
def night(running: Stage, request: pytest.FixtureRequest) -> Iterator[Night]:
    request.session.stash[_COUNT] = request.session.stash.get(_COUNT, 0) + 1
    night = Night(running, request.session.stash[_COUNT])
    yield night
    night.lab.heal()
    night.lab.release()


_COUNT = pytest.StashKey[int]()


def assert_one_true_sync(night: Night) -> None:
    assert night.end() == "success"
    assert night.verdict() == "done"
    assert len(night.syncs) == 1
    assert night.sync_logs() == [night.log_on_host()]
    assert not night.lock_is_held()


def test_ssh_session_cut(night: Night) -> None:
    night.begin()
    night.wait_for("sync", "deferred")
    night.lab.break_fault("ssh_drop", host="nima")
    night.lab.heal("ssh_drop")
    night.go_on()
    assert_one_true_sync(night)


def test_supervisor_killed_while_its_task_lives_on(night: Night) -> None:
    night.begin()
    night.airflow.kill_supervisor(DAG, night.run_id, "sync")
    night.airflow.wait_for_task_state(DAG, night.run_id, "sync", "up_for_retry", "deferred", within=SOON)
    night.go_on()
    assert_one_true_sync(night)


def test_triggerer_killed(night: Night) -> None:
    night.begin()
    night.wait_for("sync", "deferred")
    night.airflow.kill_component("triggerer")
    night.airflow.start_component("triggerer")
    night.go_on()
    assert_one_true_sync(night)


def test_clear_of_a_running_task_attaches(night: Night) -> None:
    night.begin()
    night.airflow.api.clear(DAG, night.run_id, ["sync"])
    night.go_on()
    assert_one_true_sync(night)


def test_clear_of_a_finished_task_sends_nothing_again(night: Night) -> None:
    night.begin()
    night.go_on()
    assert_one_true_sync(night)
    night.airflow.api.clear(DAG, night.run_id, ["sync"])
    night.wait_for("sync", "success")
    assert night.end() == "success"
    assert night.verdict() == "done"
    assert len(night.syncs) == 1


def test_new_run_while_a_job_is_open_refuses_and_later_attaches(night: Night) -> None:
    night.begin()
    night.wait_for("sync", "deferred")
    night.airflow.api.set_task_state(DAG, night.run_id, "sync", "failed")
    assert night.end() == "failed"
    assert night.lock_is_held()

    meanwhile = night.airflow.api.trigger(DAG)
    assert night.end(meanwhile) == "failed"
    assert night.verdict(meanwhile) == "refused"
    assert night.lock_is_held()

    night.go_on()
    night.lab.wait("sync:end", 60, after=night.mark)
    later = night.airflow.api.trigger(
        DAG, {"break_lock_of": f"{DAG}/{night.run_id}", "reason": "its task was marked failed"}
    )
    assert night.end(later) == "success"
    assert night.verdict(later) == "done"
    assert len(night.syncs) == 1
    assert night.sync_logs(later) == [night.log_on_host()]
