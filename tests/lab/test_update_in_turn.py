"""Both masters are updated one after the other while each in turn serves every client; and what a final sync may do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from include.lab import Lab
from tests.lab.in_process import InProcess
from tests.lab.runbook import Installation

FORM = {"reason": "update of nima to 7300-03", "change_ticket": "CHG0042"}
NEW = {"oslevel": "7300-03-00-2446", "fileset": "7.3.3.0"}
DEFINE = ("nim", "-o", "define", "-t", "standalone", "-a", "platform=chrp", "-a", "netboot_kernel=64")
NEW_CLIENT = (*DEFINE, "-a", "if1=master_net aix03 0", "-a", "cable_type1=N/A", "new1")


@pytest.fixture
def airflow(start_lab: Callable[..., Lab], install: Callable[[Lab], Installation]) -> InProcess:
    return InProcess(install(start_lab("synced_peer_kept", pace=0)))


def owners(lab: Lab) -> set[str]:
    """Whom the clients' own /etc/niminfo name."""
    return {client["niminfo"]["NIM_MASTER_HOSTNAME"] for client in lab.state()["clients"].values()}


def syncs(lab: Lab, host: str) -> int:
    return len([call for call in lab.calls("nim", host=host) if "sync" in call["argv"]])


def update(lab: Lab, host: str) -> None:
    """Bring a master to the new level, as an update does: the filesets, and the level that its database is of."""
    lab.break_fault("levels_apart", host=host, **NEW)
    (lab.tree(host) / "etc/NIM.level").write_text(f"{NEW['fileset']}\n")


def test_both_masters_are_updated_in_turn_while_every_client_is_served(airflow: InProcess) -> None:
    lab = airflow.lab
    assert airflow.run("nim_planned_takeover", **FORM).verdict == "done"
    assert owners(lab) == {"nimb"}
    sent = syncs(lab, "nima")

    update(lab, "nima")
    back = airflow.run("nim_give_back", **FORM)
    assert back.verdict == "done", back.reason
    assert (owners(lab), syncs(lab, "nima"), syncs(lab, "nimb")) == ({"nima"}, sent, 0)

    assert lab.admin("nima", "nim", "-o", "change", "-a", "comments=seen", "aix02")["exit"] == 0
    night = airflow.run()
    assert (night.verdict, syncs(lab, "nima")) == ("refused", sent)
    assert "levels.filesets-equal" in night.reason

    update(lab, "nimb")
    night = airflow.run()
    assert night.verdict == "done", night.reason
    assert (owners(lab), syncs(lab, "nima"), syncs(lab, "nimb")) == ({"nima"}, sent + 1, 0)


def test_a_master_that_was_updated_first_does_not_hand_over_to_a_lower_one(airflow: InProcess) -> None:
    lab = airflow.lab
    update(lab, "nima")
    before = lab.state_hash()
    run = airflow.run("nim_planned_takeover", **FORM)
    assert (run.verdict, owners(lab)) == ("refused", {"nima"})
    assert "levels.target-lower" in run.reason
    assert (lab.changing(), lab.state_hash()) == ([], before)


@pytest.mark.sweep
def test_a_final_sync_that_fails_ends_the_run_and_a_second_one_may_do_without(airflow: InProcess) -> None:
    lab = airflow.lab
    assert lab.admin("nima", *NEW_CLIENT)["exit"] == 0
    lab.break_fault("sync_fails", host="nima", phase=6)
    known = set(lab.state()["masters"]["nimb"]["objects"])

    failed = airflow.run("nim_planned_takeover", **FORM)
    assert (failed.verdict, failed.tasks["put_back"], failed.tasks["takeover"]) == (
        "failed",
        "success",
        "upstream_failed",
    ), failed.reason
    assert (owners(lab), set(lab.state()["masters"]["nimb"]["objects"])) == ({"nima"}, known)
    assert [call for call in lab.calls("nim") if "takeover" in call["argv"]] == []

    without = airflow.run("nim_planned_takeover", **FORM, final_sync=False)
    assert (without.verdict, without.tasks["sync"]) == ("incomplete", "skipped")
    assert [(one["client"], one["cause"]) for one in without.records("takeover")[-1]["unresolved"]] == [
        ("new1", "not in the target's database")
    ]
