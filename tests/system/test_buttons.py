"""What each button of Airflow does to a night, before, while and after its sync: the table in ``docs/guide.md``.

Whatever is pressed: no second sync is sent, the lock stays with a living job, no recovery point is recorded of what was
not verified, the verdict is honest, and the next run ends the night well.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from include.demo.api import ApiError
from include.demo.stage import Stage
from tests.system.conftest import SCHEDULED
from tests.system.night import AFTER_SYNC, BEFORE_LOCK, MID_SYNC, Night
from tests.system.pair_run import PairRun

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(600)]

Start = Callable[[], Night]
BUTTONS: dict[str, Callable[[Night], None]] = {
    "mark sync success": lambda night: night.api.set_task_state(night.dag, night.run_id, "sync", "success"),
    "mark sync failed": lambda night: night.api.set_task_state(night.dag, night.run_id, "sync", "failed"),
    "mark the run success": lambda night: night.api.set_run_state(night.dag, night.run_id, "success"),
    "mark the run failed": lambda night: night.api.set_run_state(night.dag, night.run_id, "failed"),
}
FREE = ("", "")
DRAWN = list(BUTTONS)
if os.environ.get("NIM_SWEEP") != "all":
    DRAWN = random.Random(os.environ["DEMO_FAULT_SEED"]).sample(DRAWN, 2)


def begin_and_press(new_night: Start, hold: str, *buttons: str) -> dict[str, Night]:
    """Begin a night per button, let each come to *hold*, and press its button there."""
    nights = {button: new_night() for button in buttons}
    for night in nights.values():
        night.begin(hold)
    for button, night in nights.items():
        night.wait_until_held(hold)
        BUTTONS[button](night)
    return nights


def ends(nights: dict[str, Night]) -> dict[str, tuple[str, str]]:
    """Return how each run ended: Airflow's word and the verdict."""
    return {button: (night.end(), night.verdict) for button, night in nights.items()}


def demand_that_the_next_run_ends_well(nights: dict[str, Night]) -> None:
    for night in nights.values():
        night.next_run()
    assert ends(nights) == dict.fromkeys(nights, ("success", "done"))
    assert {button: night.syncs for button, night in nights.items()} == dict.fromkeys(nights, 1)
    assert {button: night.locks for button, night in nights.items()} == dict.fromkeys(nights, FREE)
    assert {button: night.recovery_points for button, night in nights.items()} == dict.fromkeys(nights, 1)
    assert all(night.is_a_copy() for night in nights.values())


@pytest.mark.sweep
def test_before_the_lock_a_marked_run_changes_nothing(new_night: Start) -> None:
    nights = begin_and_press(new_night, BEFORE_LOCK, *BUTTONS)
    for night in nights.values():
        night.go_on()

    told = ends(nights)

    assert {button: state for button, (state, _) in told.items()} == dict.fromkeys(BUTTONS, "failed")
    assert {verdict for _, verdict in told.values()} <= {"refused", "incomplete"}
    for night in nights.values():
        assert night.syncs == 0
        assert night.locks == FREE
        assert night.recovery_points == 0
    demand_that_the_next_run_ends_well(nights)


def test_while_the_sync_runs_it_keeps_the_lock_whatever_is_marked(new_night: Start) -> None:
    nights = begin_and_press(new_night, MID_SYNC, *DRAWN)

    assert ends(nights) == dict.fromkeys(DRAWN, ("failed", "incomplete"))
    for night in nights.values():
        assert night.locks == (night.whole_run, night.whole_run)
        assert night.recovery_points == 0

    for night in nights.values():
        night.go_on()
        night.lab.wait("sync:end", 60, after=night.mark)
    demand_that_the_next_run_ends_well(nights)
    assert all(night.sync_logs == [night.log_on_host()] for night in nights.values())


@pytest.mark.sweep
def test_after_the_sync_a_living_job_keeps_the_lock_whatever_is_marked(new_night: Start) -> None:
    nights = begin_and_press(new_night, AFTER_SYNC, "mark the run success", "mark the run failed")

    assert ends(nights) == dict.fromkeys(nights, ("failed", "incomplete"))
    for night in nights.values():
        assert night.locks == (night.whole_run, night.whole_run)
        assert night.recovery_points == 0

    for night in nights.values():
        night.go_on()
        night.lab.wait("call_end:nim -o define*", 60, after=night.mark)
    demand_that_the_next_run_ends_well(nights)


@pytest.mark.sweep
def test_after_the_sync_marking_it_failed_ends_no_later_step_but_spoils_the_verdict(new_night: Start) -> None:
    night = new_night()
    night.begin(AFTER_SYNC)
    night.wait_until_held(AFTER_SYNC)
    with pytest.raises(ApiError, match=r"409 .*already in success state"):
        BUTTONS["mark sync success"](night)
    BUTTONS["mark sync failed"](night)
    night.go_on()

    assert (night.end(), night.verdict) == ("failed", "incomplete")
    assert "Airflow calls it failed" in night.reason
    assert night.recovery_points == 1
    assert night.is_a_copy()
    assert night.syncs == 1
    assert night.locks == FREE


@pytest.mark.sweep
def test_after_the_sync_clearing_it_sends_no_other(new_night: Start) -> None:
    night = new_night()
    night.begin(AFTER_SYNC)
    night.wait_until_held(AFTER_SYNC)
    night.api.clear(night.dag, night.run_id, ["sync"])
    night.go_on()

    assert (night.end(), night.verdict) == ("success", "done")
    assert night.syncs == 1
    assert night.locks == FREE
    assert night.recovery_points == 1
    assert night.is_a_copy()


def test_while_the_sync_runs_clear_attaches_delete_is_refused_and_pause_waits(new_night: Start) -> None:
    night = new_night()
    night.begin(MID_SYNC)
    night.wait_until_held(MID_SYNC)

    with pytest.raises(ApiError, match=r"409 .*cannot be deleted in running state"):
        night.api.delete_run(night.dag, night.run_id)
    night.api.clear(night.dag, night.run_id, ["sync"])
    night.wait_for("sync", "deferred")
    night.api.set_paused(night.dag, paused=True)
    night.go_on()
    night.lab.wait("sync:end", 60, after=night.mark)
    night.wait_for("sync", "scheduled")
    assert night.locks == (night.whole_run, night.whole_run)
    assert night.api.run_state(night.dag, night.run_id) == "running"

    night.api.set_paused(night.dag, paused=False)
    assert (night.end(), night.verdict) == ("success", "done")
    assert night.syncs == 1
    assert night.sync_logs == [night.log_on_host()]
    assert night.locks == FREE
    assert night.recovery_points == 1


@pytest.mark.sweep
def test_when_it_is_over_no_button_reaches_the_hosts(new_night: Start) -> None:
    night = new_night()
    night.begin()
    assert (night.end(), night.verdict) == ("success", "done")
    proven, folder = night.lab.state_hash(), night.folder

    for button in ("mark sync failed", "mark sync success", "mark the run failed", "mark the run success"):
        BUTTONS[button](night)
    assert night.lab.state_hash() == proven
    night.api.clear(night.dag, night.run_id, ["sync"])
    night.wait_for("sync", "success")
    assert (night.end(), night.verdict) == ("success", "done")
    night.api.delete_run(night.dag, night.run_id)

    assert night.run_id not in night.api.run_ids(night.dag)
    assert folder
    assert (folder / "verdict.json").exists()
    assert night.lab.state_hash() == proven
    assert night.syncs == 1
    assert night.locks == FREE


def test_a_new_run_refuses_while_the_sync_of_a_dead_one_lives(new_night: Start, running: Stage) -> None:
    night = new_night()
    night.begin(MID_SYNC)
    night.wait_until_held(MID_SYNC)
    night.api.set_task_state(night.dag, night.run_id, "sync", "failed")
    assert night.end() == "failed"
    dead = night.whole_run

    night.next_run()

    assert (night.end(), night.verdict) == ("failed", "refused")
    assert night.locks == (dead, dead)
    night.go_on()
    night.lab.wait("sync:end", 60, after=night.mark)
    watch = PairRun(running, night.pair, "nim_watch")
    watch.begin()
    assert watch.end() == "failed"
    assert f"not going on in this Airflow: {dead}" in " ".join(
        running.airflow.api.task_errors(watch.dag, watch.run_id, "watch", 1)
    )
    demand_that_the_next_run_ends_well({"new run": night})


def test_a_backfill_is_refused(running: Stage) -> None:
    api, dag = running.airflow.api, f"nim_nightly_sync__{SCHEDULED}"
    running.airflow.wait_for_dag(dag)
    today = datetime.now(UTC)

    with pytest.raises(ApiError, match=r"400 .*does not allow backfill runs"):
        api.backfill(dag, today - timedelta(days=3), today)

    assert api.run_ids(dag) == []
