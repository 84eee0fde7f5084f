"""Every client is told of both masters by a sync of its own, which a person approved; its own file proves it."""

from __future__ import annotations

import pytest

from include.lab import running_lab
from tests.lab.in_process import Answer, InProcess
from tests.lab.runbook import Installation

NAME = "nim_reset_clients"
FORM = {"reason": "nimb is new"}
SYNC = ["nim", "-F", "-o", "sync", "-a", "replicate=yes", "-a", "reset_clients=yes", "nimb"]


@pytest.fixture(scope="module")
def airflow(metadata_database, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reset")
    with (
        pytest.MonkeyPatch.context() as patch,
        running_lab("synced_peer_kept", folder / "lab", pace=0, clients=3) as lab,
    ):
        yield InProcess(Installation(lab, folder, patch))


@pytest.fixture
def lab(airflow):
    """The pair, of which one client knows its current master only."""
    lab = airflow.lab
    lab.heal()
    lab.break_fault("client_list_missing", client="aix02")
    return lab


def lists(lab, client):
    return lab.state()["clients"][client]["masters"]


def syncs(lab, mark):
    return [call["argv"] for call in lab.changing(after=mark) if "sync" in call["argv"]]


def test_it_tells_whoever_it_reaches_and_a_second_run_sends_nothing(airflow, lab):
    lab.break_fault("client_list_missing", client="aix03")
    lab.break_fault("client_down", client="aix03")
    mark = lab.mark()
    run = airflow.run(NAME, **FORM)
    assert run.verdict == "incomplete"
    assert "clients list nima and nimb. These do not:\naix03: To c_rsh from nima it said: " in run.reason
    assert "Switch it on, start nimsh" in run.reason
    assert lists(lab, "aix02") == ["nima", "nimb"]
    assert syncs(lab, mark) == [SYNC]
    assert run.records("recovery_point")

    lab.heal("client_down", client="aix03")
    run = airflow.run(NAME, **FORM)
    assert (run.verdict, run.reason) == ("done", "Every required step recorded its read-back.")
    assert lists(lab, "aix03") == ["nima", "nimb"]

    mark = lab.mark()
    assert airflow.clear(run, "sync", "wait_nimesis", "reconcile", "verify", "verify_lists", **FORM).verdict == "done"
    again = airflow.run(NAME, **FORM)
    assert (again.verdict, again.tasks["sync"]) == ("done", "skipped")
    assert syncs(lab, mark) == []


def test_a_rehearsal_a_rejection_and_a_walk_around_the_approval_change_nothing(airflow, lab):
    before, mark = lab.state_hash(), lab.mark()
    rehearsal = airflow.run(NAME, **FORM, rehearsal=True)
    assert rehearsal.verdict == "done"
    (plan,) = rehearsal.records("plan")
    assert plan["plan"]["commands"] == [["nima", f"/usr/sbin/{' '.join(SYNC)}"]]
    assert plan["plan"]["subject"] == {"clients": "aix02", "not_reached": ""}
    assert airflow.run(NAME, **FORM, answer=Answer("Reject")).verdict == "refused"
    assert airflow.run(NAME, **FORM, marked={"approve"}).verdict == "refused"
    assert "'Reason' is empty" in str(airflow.alone("plan", NAME, reason=" "))
    assert (lab.changing(after=mark), lab.state_hash()) == ([], before)


def test_a_level_without_it_refuses_and_the_alternate_is_untouched(airflow, lab):
    lab.switch("reset_clients", "unknown")
    before = lab.state()["masters"]["nimb"]["objects"]
    run = airflow.run(NAME, **FORM)
    lab.switch("reset_clients", "known")
    assert run.verdict == "failed"
    assert "0042-022" in run.reason
    assert "This level of NIM has no reset_clients for a sync, so no client was told" in run.reason
    assert "nimb is untouched: It is what it was before the sync." in run.reason
    assert lab.state()["masters"]["nimb"]["objects"] == before
    assert lists(lab, "aix02") == []


@pytest.mark.sweep
def test_a_level_that_tells_nobody_is_not_believed(airflow, lab):
    lab.switch("reset_clients", "ignored")
    run = airflow.run(NAME, **FORM)
    lab.switch("reset_clients", "known")
    assert run.verdict == "incomplete"
    assert "aix02: Its own /etc/niminfo has no NIM_MASTER_HOSTNAME_LIST. Trigger nim_repair_client for it" in run.reason
