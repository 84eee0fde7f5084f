"""A planned takeover and the way back, judged by what the simulated hosts themselves say."""

from __future__ import annotations

import pytest

from tests.lab.in_process import InProcess

FORM = {"reason": "firmware update of nima", "change_ticket": "CHG0042"}
CLIENTS = ("aix01", "aix02", "aix03")


@pytest.fixture
def airflow(start_lab, install):
    return InProcess(install(start_lab("synced_peer_kept")))


def owners(lab) -> dict[str, str]:
    """Whom each client's own /etc/niminfo names."""
    return {name: client["niminfo"]["NIM_MASTER_HOSTNAME"] for name, client in lab.state()["clients"].items()}


def test_every_client_is_handed_over_and_given_back(airflow):
    lab = airflow.lab
    nima, nimb = "nima", "nimb"
    assert set(owners(lab).values()) == {nima}

    assert airflow.run("nim_planned_takeover", **FORM).verdict == "done"
    assert set(owners(lab).values()) == {nimb}

    back = airflow.run("nim_give_back", **FORM)
    assert (back.verdict, back.reason) == ("done", "Every required step recorded its read-back.")
    assert set(owners(lab).values()) == {nima}


def test_a_second_run_changes_nothing(airflow):
    airflow.run("nim_planned_takeover", **FORM)
    before = airflow.lab.state_hash(), len(airflow.lab.changing())
    again = airflow.run("nim_planned_takeover", **FORM)
    assert (again.verdict, again.tasks["approve"]) == ("done", "skipped")
    assert (airflow.lab.state_hash(), len(airflow.lab.changing())) == before


def test_a_rehearsal_sends_nothing(airflow):
    before = airflow.lab.state_hash()
    rehearsed = airflow.run("nim_planned_takeover", **FORM, rehearsal=True)
    assert (rehearsed.verdict, rehearsed.tasks["lock"]) == ("done", "skipped")
    assert airflow.lab.changing() == []
    assert airflow.lab.state_hash() == before
