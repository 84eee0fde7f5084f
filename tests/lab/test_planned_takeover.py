"""A planned takeover and the way back, judged by what the simulated hosts themselves say."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.lab.in_process import InProcess
from tests.lab.test_killed_between import below
from tests.lab.test_killed_in_each_phase import argv_of

FORM = {"reason": "firmware update of nima", "change_ticket": "CHG0042"}
SAID = {**FORM, "override": "the others were switched off and are back"}


@pytest.fixture
def airflow(start_lab, install):
    return InProcess(install(start_lab("synced_peer_kept", pace=0)))


def owners(lab) -> set[str]:
    """Whom the clients' own /etc/niminfo name."""
    return {client["niminfo"]["NIM_MASTER_HOSTNAME"] for client in lab.state()["clients"].values()}


def armed(lab) -> set[str]:
    """The source of the armed direction, as each master keeps it."""
    kept = (lab.tree(host) / "var/adm/nim_operators/direction" for host in ("nima", "nimb"))
    return {file.read_text().partition("\n")[0] for file in kept}


def is_locked(lab) -> bool:
    return any((lab.tree(host) / "var/adm/nim_operators/lock").exists() for host in ("nima", "nimb"))


def runs_again_and_changes_nothing(airflow, runbook):
    lab = airflow.lab
    before, mark = lab.state_hash(), lab.mark()
    again = airflow.run(runbook, **FORM)
    assert (again.verdict, again.tasks["approve"], again.tasks["takeover"]) == ("done", "skipped", "skipped")
    assert lab.changing(after=mark) == []
    assert lab.state_hash() == before
    assert not is_locked(lab)


def test_every_client_is_handed_over_and_given_back_and_a_second_run_changes_nothing(airflow):
    lab = airflow.lab
    assert owners(lab) == {"nima"}

    there = airflow.run("nim_planned_takeover", **FORM)
    assert there.verdict == "done"
    assert (owners(lab), armed(lab), is_locked(lab)) == ({"nimb"}, {"source=nimb"}, False)
    tonight = there.records("assessment")[-1]
    assert (tonight["source"], tonight["diagnosis"]["state"], tonight["permission"]) == ("nimb", "healthy", "go")
    assert "Findings after the takeover, for the direction nimb to nima" in (there.evidence / "page.txt").read_text()
    runs_again_and_changes_nothing(airflow, "nim_planned_takeover")

    recording = {"host": "nimb", "nth": 5, "at": "before"}
    airflow.before["takeover"] = lambda: lab.break_fault("ssh_drop", **recording)
    back = airflow.run("nim_give_back", **FORM)
    assert len(lab.log(event="command", ended="dropped before it ran")) == 1
    assert (back.verdict, back.reason) == ("done", "Every required step recorded its read-back.")
    assert (owners(lab), armed(lab), is_locked(lab)) == ({"nima"}, {"source=nima"}, False)
    assert [call for call in lab.calls("nim") if "sync" in call["argv"] and call["host"] == "nimb"] == []
    runs_again_and_changes_nothing(airflow, "nim_give_back")


def test_a_rehearsal_sends_nothing(airflow):
    before = airflow.lab.state_hash()
    rehearsed = airflow.run("nim_planned_takeover", **FORM, rehearsal=True)
    assert (rehearsed.verdict, rehearsed.tasks["lock"]) == ("done", "skipped")
    assert airflow.lab.changing() == []
    assert airflow.lab.state_hash() == before


@pytest.mark.parametrize(
    ("runbook", "end"),
    [("nim_planned_takeover", "nimb"), pytest.param("nim_give_back", "nima", marks=pytest.mark.sweep)],
)
def test_below_the_threshold_it_stops_and_either_way_is_open(airflow, runbook, end):
    lab = airflow.lab
    assert airflow.run("nim_setup", reason="first night").verdict == "done"
    for client in ("aix02", "aix03", "aix04"):
        lab.break_fault("client_silent_success", client=client)

    half = airflow.run("nim_planned_takeover", **FORM, final_sync=False)
    assert half.verdict == "incomplete"
    assert "50 % of the clients moved, below the threshold of 90 %: the armed direction was not turned." in half.reason
    assert (owners(lab), armed(lab), is_locked(lab)) == ({"nima", "nimb"}, {"source=nima"}, False)

    lab.heal()
    assert airflow.run(runbook, **FORM, final_sync=False).verdict == "refused"
    ended = airflow.run(runbook, **SAID, final_sync=False)
    assert ended.verdict == "done", ended.reason
    assert (owners(lab), armed(lab), is_locked(lab)) == ({end}, {f"source={end}"}, False)


def test_a_takeover_that_is_cleared_after_the_lock_was_given_back_wants_new_backups(airflow):
    lab = airflow.lab
    lab.break_fault("client_silent_success", client="aix03")
    half = airflow.run("nim_planned_takeover", **FORM, final_sync=False)
    assert half.verdict == "incomplete"
    lab.heal()
    refused = airflow.clear(half, "takeover")
    assert "holds no verified backup of nima, nimb off the host since it took the lock" in refused.reason
    assert owners(lab) == {"nima", "nimb"}
    assert airflow.clear(half, "backup", "takeover").verdict == "done"
    assert (owners(lab), len(half.records("backup"))) == ({"nimb"}, 4)


def test_the_lock_stays_while_a_takeover_lives_on_whose_shell_was_killed(airflow, monkeypatch):
    monkeypatch.setattr("nim_operators.operators.jobs.INLINE_SECONDS", 1)
    lab = airflow.lab
    lab.hold("takeover:start")

    def kill_the_shell():
        lab.wait("held:takeover:start")
        shell = int((lab.tree("nimb") / "var/adm/nim_operators/jobs/change/pid").read_text())
        for pid in (shell, *(pid for pid in below(shell) if argv_of(pid) == argv_of(shell))):
            os.kill(pid, signal.SIGKILL)

    airflow.waiting["takeover"] = kill_the_shell
    run = airflow.run("nim_planned_takeover", **FORM, final_sync=False)
    assert (run.verdict, run.tasks["unlock"], is_locked(lab)) == ("incomplete", "failed", True)
    assert "still held: process" in "".join(step.get("text", "") for step in run.records("step"))
    lab.release()


def test_a_client_that_was_off_is_fetched_by_the_next_run(airflow):
    lab = airflow.lab
    lab.break_fault("client_late", client="aix03")
    first = airflow.run("nim_planned_takeover", **FORM, final_sync=False)
    assert first.verdict == "incomplete"
    assert [one["client"] for one in first.records("takeover")[-1]["unresolved"]] == ["aix03"]
    assert (owners(lab), armed(lab)) == ({"nima", "nimb"}, {"source=nimb"})

    lab.heal()
    assert airflow.run("nim_planned_takeover", **SAID, final_sync=False).verdict == "done"
    assert (owners(lab), armed(lab)) == ({"nimb"}, {"source=nimb"})


def test_a_takeover_that_a_dead_run_left_ended_is_collected_and_an_own_one_sent(airflow, monkeypatch):
    monkeypatch.setattr("nim_operators.operators.jobs.INLINE_SECONDS", 0)
    lab = airflow.lab
    lab.break_fault("client_silent_success", client="aix03")
    lab.hold("takeover:start")

    def die():
        lab.release()
        while not (lab.tree("nimb") / "var/adm/nim_operators/jobs/change/status").exists():
            time.sleep(0.05)
        raise KeyboardInterrupt

    airflow.waiting["takeover"] = die
    with pytest.raises(KeyboardInterrupt):
        airflow.run("nim_planned_takeover", **FORM, final_sync=False)
    lab.heal()
    assert owners(lab) == {"nima", "nimb"}
    dead = "nim_planned_takeover__lab/manual__0001"
    run = airflow.run("nim_planned_takeover", **SAID, final_sync=False, break_lock_of=dead)
    assert run.verdict == "done", run.reason
    assert owners(lab) == {"nimb"}
    assert [job["begun_by"] == dead for job in run.records("job") if job["kind"] == "takeover"] == [True, False]
