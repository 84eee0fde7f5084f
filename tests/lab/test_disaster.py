"""The active master dies, its clients are rescued, it comes back, and the pair is whole again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from tests.lab.in_process import Answer, InProcess

STORY = {"reason": "nima lost its disks"}
FORM = {"reason": "nima is repaired", "change_ticket": "CHG0043"}
DONE = ("done", "Every required step recorded its read-back.")
UNFENCED = ("done", f"{DONE[1]} nima is NOT fenced: keep it off the network until it is.")

COLLECT = 8
"""Which of the commands that the takeover step of a rescue sends to the alternate tells that its log is kept."""


@pytest.fixture
def airflow(start_lab: Any, install: Any) -> InProcess:
    return InProcess(install(start_lab("synced_peer_kept")))


def owners(lab: Any) -> set[str]:
    """Whom the clients' own /etc/niminfo names."""
    return {client["niminfo"]["NIM_MASTER_HOSTNAME"] for client in lab.state()["clients"].values()}


def nimesis(lab: Any, host: str) -> list[str]:
    return [row["status"] for row in lab.state()["masters"][host]["subsystems"] if row["name"] == "nimesis"]


def with_half_a_sync(airflow: InProcess) -> None:
    """Let a sync onto the returned master fail: it gets its own stale database back, and must not serve with it."""
    airflow.lab.break_fault("sync_fails", phase=6)
    failed = airflow.run("nim_reprotect", **STORY)
    assert (failed.verdict, failed.tasks["put_back"]) == ("failed", "success")
    assert "nima is put back" in failed.reason
    assert nimesis(airflow.lab, "nima") == ["inoperative"]
    airflow.lab.heal("sync_fails")


def verdict(run: Any) -> tuple[str, str]:
    return run.verdict, run.reason


def test_clients_are_rescued_and_given_back_when_the_old_master_has_returned(airflow: InProcess) -> None:
    lab = airflow.lab
    lab.break_fault("host_down", host="nima")
    assert verdict(airflow.run("nim_disaster_failover", **STORY)) == UNFENCED
    assert owners(lab) == {"nimb"}

    lab.heal("host_down", host="nima")
    assert airflow.run().verdict == "refused"
    with_half_a_sync(airflow)
    assert verdict(airflow.run("nim_reprotect", **STORY, override="nima has its own database back")) == DONE
    assert nimesis(lab, "nima") == ["active"]
    assert owners(lab) == {"nimb"}

    assert verdict(airflow.run("nim_give_back", **FORM)) == DONE
    assert owners(lab) == {"nima"}


@pytest.mark.sweep
def test_a_master_that_died_in_the_middle_of_a_sync_becomes_the_standby_again(airflow: InProcess) -> None:
    lab = airflow.lab
    lab.admin("nima", "nim", "-o", "change", "-a", "comments=new tonight", "bosinst_ow")
    lab.break_fault("host_dies_at", host="nima", point="sync:11")
    night = airflow.run()
    assert night.verdict == "incomplete"
    assert verdict(airflow.run("nim_disaster_failover", **STORY)) == UNFENCED

    lab.heal("host_dies_at", host="nima")
    assert airflow.run("nim_reprotect", **STORY).verdict == "refused"
    run_id = json.loads((night.evidence / "run.json").read_text())["run_id"]
    seen = {"override": "nima died in its sync", "break_lock_of": f"nim_nightly_sync__lab/{run_id}"}
    assert verdict(airflow.run("nim_reprotect", **STORY, **seen)) == DONE
    assert owners(lab) == {"nimb"}


def test_a_master_that_returns_in_the_middle_of_the_rescue_does_not_keep_the_direction_from_turning(
    airflow: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nim_operators.operators.jobs.INLINE_SECONDS", 1)
    lab = airflow.lab
    lab.break_fault("host_down", host="nima")
    lab.hold("takeover:start")

    def return_early() -> None:
        lab.wait("held:takeover:start")
        lab.heal("host_down", host="nima")
        lab.release()

    airflow.waiting["takeover"] = return_early
    run = airflow.run("nim_disaster_failover", **STORY)
    assert owners(lab) == {"nimb"}
    assert json.loads((airflow.installation.evidence / "lab/direction.json").read_text())["source"] == "nimb"
    assert "could not be recorded on nima" in str(run.records("note"))
    assert "the lock task" not in run.reason


def test_a_healthy_master_is_never_failed_over(airflow: InProcess) -> None:
    before = airflow.lab.state_hash()
    refused = airflow.run("nim_disaster_failover", **STORY, override="I want it all the same")
    assert refused.verdict == "refused"
    assert "nim_planned_takeover" in refused.reason or "planned takeover" in refused.reason
    assert (airflow.lab.changing(), airflow.lab.state_hash()) == ([], before)


@pytest.mark.sweep
def test_a_client_that_was_off_is_taken_over_when_it_is_back(start_lab: Any, install: Any) -> None:
    airflow = InProcess(install(start_lab("synced_peer_kept"), "takeover: {reattach: true, success_threshold: 50}"))
    lab = airflow.lab
    lab.break_fault("client_down", client="aix03")
    taken = airflow.run("nim_planned_takeover", **FORM)
    assert taken.verdict == "incomplete"
    assert "aix03 cannot be reached" in taken.reason
    idle = airflow.run("nim_reattach", **STORY)
    assert (idle.verdict, idle.tasks["lock"]) == ("done", "skipped")

    lab.heal("client_down", client="aix03")
    assert verdict(airflow.run("nim_reattach", **STORY)) == DONE
    assert owners(lab) == {"nimb"}


def test_a_returned_master_that_is_in_step_serves_again_after_its_fence(airflow: InProcess) -> None:
    lab = airflow.lab
    lab.break_fault("nimesis_down", host="nimb")
    airflow.before["fence"] = lambda: lab.heal("nimesis_down", host="nimb")
    airflow.dag("nim_reprotect").get_task("wait_nimesis").wait_limit = timedelta(seconds=10)
    assert verdict(airflow.run("nim_reprotect", **STORY, override="nothing was changed meanwhile")) == DONE
    assert nimesis(lab, "nimb") == ["active"]


def test_what_was_turned_before_is_never_called_unturned(start_lab: Any, install: Any) -> None:
    airflow = InProcess(install(start_lab("synced_peer_kept"), "takeover: {reattach: true}"))
    lab = airflow.lab
    lab.break_fault("client_silent_success", client="aix02")
    lab.break_fault("client_down", client="aix03")
    assert airflow.run("nim_planned_takeover", **FORM, success_threshold=30).verdict == "incomplete"

    lab.heal("client_down", client="aix03")
    left = airflow.run("nim_reattach", **STORY)
    assert left.verdict == "incomplete"
    assert "5 clients name nimb, 1 do not" in left.reason
    assert "was not turned" not in left.reason


def test_reattach_wants_the_estate_to_allow_it(airflow: InProcess) -> None:
    assert "reattach: true" in airflow.run("nim_reattach", **STORY).reason


def test_a_master_whose_nim_is_dead_is_fenced_and_its_clients_are_rescued(start_lab: Any, install: Any) -> None:
    airflow = InProcess(install(start_lab("synced_peer_kept"), "takeover: {reattach: true}"))
    lab = airflow.lab
    lab.break_fault("nimesis_down", host="nima")
    assert airflow.run("nim_disaster_failover", **STORY).verdict == "refused"
    rescued = airflow.run("nim_disaster_failover", **STORY, override="nimesis does not start any more")
    assert verdict(rescued) == DONE
    assert [fence["stands"] for fence in rescued.records("fence")] == [True]
    assert owners(lab) == {"nimb"}

    mark = lab.mark()
    for runbook in ("nim_disaster_failover", "nim_reattach"):
        again = airflow.run(runbook, **STORY)
        assert verdict(again) == DONE
        assert again.records("assessment")[-1]["diagnosis"]["state"] == "taken over"
        (plan,) = again.records("plan")
        assert (plan["idle"], plan["plan"]["source"]) == (True, "nima")
        assert "nima was fenced by nim_disaster_failover__lab/" in str(plan["plan"]["diagnosis"]["reasons"])
    assert lab.changing(after=mark) == []


def test_a_failover_that_was_done_is_taken_up_while_the_old_master_is_away(airflow: InProcess) -> None:
    lab = airflow.lab
    for fault, arguments in (("host_down", {"host": "nima"}), ("client_down", {"client": "aix03"})):
        lab.break_fault(fault, **arguments)
    first = airflow.run("nim_disaster_failover", **STORY)
    assert (first.verdict, first.records("direction")[-1]["source"]) == ("incomplete", "nimb")

    mark = lab.mark()
    silent = airflow.run("nim_disaster_failover", **STORY)
    assert silent.verdict == "incomplete"
    assert "The clients that answer are with nimb already; nothing was sent." in silent.reason
    assert "aix03 cannot be reached" in silent.reason
    assert lab.changing(after=mark) == []

    lab.heal("client_down", client="aix03")
    late = airflow.run("nim_disaster_failover", **STORY, override="nima is still dead", answer=Answer(comment="seen"))
    assert verdict(late) == UNFENCED
    assert owners(lab) == {"nimb"}

    mark = lab.mark()
    idle = airflow.run("nim_disaster_failover", **STORY)
    assert (verdict(idle), idle.tasks["lock"]) == (DONE, "skipped")
    assert lab.changing(after=mark) == []


def test_a_rescue_whose_link_is_lost_before_the_read_back_goes_on_to_it(airflow: InProcess) -> None:
    lab = airflow.lab
    lab.break_fault("nimesis_down", host="nima")
    airflow.before["takeover"] = lambda: lab.break_fault("ssh_drop", host="nimb", nth=COLLECT, at="end")
    form = {**STORY, "override": "nimesis does not start any more"}
    cut = airflow.run("nim_disaster_failover", **form)
    assert "nimb: job_collect: outcome unknown: link lost" in cut.reason
    assert (cut.verdict, owners(lab)) == ("incomplete", {"nimb"})

    assert verdict(airflow.clear(cut, "takeover", "backup", **form)) == DONE
    assert len([call for call in lab.calls("nim") if "takeover" in call["argv"]]) == 1


def test_one_lost_link_to_the_old_master_leaves_it_neither_unfenced_nor_locked(airflow: InProcess) -> None:
    lab = airflow.lab
    lab.break_fault("nimesis_down", host="nima")
    for task, nth in {"lock": 1, "backup": 2, "fence": 3, "unlock": 3}.items():
        airflow.before[task] = partial(lab.break_fault, "ssh_drop", host="nima", nth=nth, at="start")
    rescued = airflow.run("nim_disaster_failover", **STORY, override="nimesis does not start any more")
    assert verdict(rescued) == DONE
    assert [fence["stands"] for fence in rescued.records("fence")] == [True]
    assert {backup["master"] for backup in rescued.records("backup")} == {"nima", "nimb"}
    assert not (lab.tree("nima") / "var/adm/nim_operators/lock").exists()


@pytest.mark.parametrize(
    "more", [("wrong_host_key", "nima"), ("nimesis_down", "nimb")], ids=["only we are kept out", "the alternate is ill"]
)
def test_nothing_is_taken_from_a_master_that_may_live_or_by_one_that_does_not_serve(
    airflow: InProcess, more: tuple[str, str]
) -> None:
    fault, host = more
    airflow.lab.break_fault(fault, host=host)
    if host == "nima":
        airflow.lab.break_fault("link_cut", host="nimb", to="nima")
    else:
        airflow.lab.break_fault("host_down", host="nima")
    verdict_there = {"nima": "refused", "nimb": "failed"}[host]  # what does not start is tried once, as planned
    assert airflow.run("nim_disaster_failover", **STORY).verdict == verdict_there
    assert airflow.lab.calls("nim") == []
    assert owners(airflow.lab) == {"nima"}


def test_old_evidence_never_lets_reattach_turn_a_takeover_back(start_lab: Any, install: Any) -> None:
    airflow = InProcess(install(start_lab("synced_peer_kept"), "takeover: {reattach: true, success_threshold: 50}"))
    assert airflow.run().verdict == "done"
    direction = airflow.installation.evidence / "lab" / "direction.json"
    old = direction.read_text()
    airflow.lab.break_fault("client_down", client="aix03")
    assert airflow.run("nim_planned_takeover", **FORM).verdict == "incomplete"
    airflow.lab.heal("client_down", client="aix03")

    direction.write_text(old)
    assert airflow.run("nim_reattach", **STORY).verdict == "refused"
    assert owners(airflow.lab) == {"nima", "nimb"}


def test_a_second_failover_within_the_cool_down_is_approved_with_a_comment_only(airflow: InProcess) -> None:
    lab = airflow.lab
    (airflow.installation.evidence / "lab").mkdir(exist_ok=True)
    just_now = {"at": datetime.now(UTC).isoformat(), "run": "an/earlier", "source": "nimb", "target": "nima"}
    (airflow.installation.evidence / "lab/failover.json").write_text(json.dumps(just_now))
    lab.break_fault("host_down", host="nima")
    hasty = airflow.run("nim_disaster_failover", **STORY)
    (plan,) = hasty.records("plan")
    assert "within the cool-down of 1 h" in plan["warning"]
    assert "needs a comment" in hasty.reason
    assert (lab.changing(), owners(lab)) == ([], {"nima"})

    said = Answer(comment="the console shows a dead frame")
    rescued = airflow.run("nim_disaster_failover", **STORY, answer=said)
    assert verdict(rescued) == UNFENCED
    kept = json.loads((airflow.installation.evidence / "lab/failover.json").read_text())
    assert (kept["source"], kept["target"]) == ("nima", "nimb")
