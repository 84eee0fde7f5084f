"""The alternate is not ready when its master dies: it is mended as the approved plan says, or the remedy is named."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.lab.in_process import InProcess
from tests.lab.test_disaster import STORY, UNFENCED, nimesis, owners, verdict

RESTORE = "/usr/lpp/bos.sysmgt/nim/methods/m_restore_db /var/adm/nim_operators/backups/nimdb."
START = "/usr/bin/startsrc -s nimesis"
DEFINE = "/usr/sbin/nim -o define -t alternate_master"
TAKEOVER = "/usr/sbin/nim -o takeover -a async=no nima"

World = Callable[[InProcess], None]


def without_a_record(airflow: InProcess) -> None:
    airflow.lab.admin("nimb", "nim", "-o", "remove", "nima")


def without_either_record(airflow: InProcess) -> None:
    without_a_record(airflow)
    airflow.lab.admin("nima", "nim", "-o", "remove", "nimb")


def with_nimesis_stopped(airflow: InProcess) -> None:
    airflow.lab.admin("nimb", "stopsrc", "-s", "nimesis")


def without_a_record_and_with_nimesis_listed_twice_and_stopped(airflow: InProcess) -> None:
    without_a_record(airflow)
    airflow.lab.break_fault("nimesis_duplicate_row", host="nimb")
    with_nimesis_stopped(airflow)


def with_nimesis_not_defined(airflow: InProcess) -> None:
    airflow.lab.admin("nimb", "rmssys", "-s", "nimesis")


def with_half_a_sync_that_nobody_put_back(airflow: InProcess) -> None:
    """A night has kept a backup; later an administrator syncs by hand, and the source dies in the middle."""
    assert airflow.run().verdict == "done"
    airflow.lab.break_fault("sync_fails", host="nima", phase="5")
    assert airflow.lab.admin("nima", "nim", "-Fo", "sync", "-a", "replicate=yes", "nimb")["exit"]


def with_the_files_of_its_peer(airflow: InProcess) -> None:
    assert airflow.run().verdict == "done"
    airflow.lab.break_fault("sync_fails", host="nima", phase="7")
    assert airflow.lab.admin("nima", "nim", "-Fo", "sync", "-a", "replicate=yes", "nimb")["exit"]


def fenced_as_unusable(airflow: InProcess) -> None:
    airflow.lab.admin("nima", "nim", "-o", "change", "-a", "comments=new tonight", "bosinst_ow")
    airflow.lab.break_fault("host_dies_at", host="nima", point="sync:6")
    night = airflow.run()
    assert [record["state"] for record in night.records("put_back")] == ["unusable"]
    assert nimesis(airflow.lab, "nimb") == []


@pytest.fixture
def airflow(start_lab: Any, install: Any) -> InProcess:
    return InProcess(install(start_lab("synced_peer_kept")))


def lines(run: Any) -> list[str]:
    (plan,) = run.records("plan")
    return [line for host, line in plan["plan"]["commands"] if host == "nimb"]


def begins(found: list[str], wanted: list[str]) -> bool:
    return len(found) == len(wanted) and all(one.startswith(two) for one, two in zip(found, wanted, strict=True))


STOP = "/usr/bin/stopsrc -s nimesis"
MENDED: dict[World, list[str]] = {
    without_a_record: [DEFINE, TAKEOVER],
    without_either_record: [DEFINE, TAKEOVER],
    with_nimesis_stopped: [START, TAKEOVER],
    without_a_record_and_with_nimesis_listed_twice_and_stopped: [STOP, START, DEFINE, TAKEOVER],
    with_nimesis_not_defined: [STOP, RESTORE, START, TAKEOVER],
    with_half_a_sync_that_nobody_put_back: [STOP, RESTORE, START, TAKEOVER],
    with_the_files_of_its_peer: [STOP, RESTORE, START, TAKEOVER],
    fenced_as_unusable: [STOP, RESTORE, START, TAKEOVER],
}


def rescue(airflow: InProcess, **more: Any) -> Any:
    return airflow.run("nim_disaster_failover", **STORY, **more)


IN_CI = {with_the_files_of_its_peer, without_a_record_and_with_nimesis_listed_twice_and_stopped}


def named(*all_worlds: World) -> list[Any]:
    return [
        pytest.param(world, id=world.__name__, marks=() if world in IN_CI else pytest.mark.sweep)
        for world in all_worlds
    ]


@pytest.mark.parametrize("world", named(*MENDED))
def test_it_is_mended_as_the_plan_says_and_the_clients_are_rescued(airflow: InProcess, world: World) -> None:
    lab = airflow.lab
    world(airflow)
    lab.break_fault("host_down", host="nima")
    assert "Run the disaster failover: " in str(airflow.alone("watch", "nim_watch"))
    run = rescue(airflow)
    assert verdict(run) == UNFENCED
    assert begins(lines(run), MENDED[world]), lines(run)
    assert owners(lab) == {"nimb"}
    assert nimesis(lab, "nimb") == ["active"]
    assert not (lab.tree("nimb") / "var/adm/nim_operators/unusable").exists()
    mark = lab.mark()
    assert verdict(airflow.clear(run, "backup", "prepare", "takeover")) == UNFENCED
    assert {call["argv"][0] for call in lab.changing(after=mark)} <= {"m_backup_db"}


SENT = 11
"""At least as many commands as preparing sends to the alternate; a cut past the last one cuts nothing."""
SEED = int(os.environ["DEMO_FAULT_SEED"])
EVERY = [(number, at) for number in range(1, SENT + 1) for at in ("start", "end")]
DRAWN = EVERY if os.environ.get("NIM_SWEEP") == "all" else random.Random(SEED).sample(EVERY, 1)


@pytest.mark.parametrize(("number", "at"), DRAWN)
def test_cut_off_after_any_command_it_is_ready_in_the_end(airflow: InProcess, number: int, at: str) -> None:
    lab = airflow.lab
    with_half_a_sync_that_nobody_put_back(airflow)
    lab.break_fault("host_down", host="nima")
    mark = lab.mark()
    airflow.before["prepare"] = lambda: lab.break_fault("ssh_drop", host="nimb", nth=number, at=at)
    airflow.before["takeover"] = lambda: lab.heal("ssh_drop", host="nimb")
    run = airflow.run("nim_disaster_failover", **STORY, tries=4)
    assert verdict(run) == UNFENCED
    assert owners(lab) == {"nimb"}
    assert len(lab.calls("m_restore_db", after=mark)) == 1


def test_half_a_sync_without_a_backup_of_ours_is_refused_with_what_to_type(start_lab: Any, install: Any) -> None:
    airflow = InProcess(install(start_lab("interrupted_sync")))
    airflow.lab.break_fault("host_down", host="nima")
    before = airflow.lab.state_hash()
    refused = airflow.run("nim_disaster_failover", **STORY, override="nima is dead")
    assert refused.verdict == "refused"
    assert "/usr/lpp/bos.sysmgt/nim/methods/m_restore_db <file>; /usr/bin/startsrc -s nimesis" in refused.reason
    assert (airflow.lab.changing(), airflow.lab.state_hash()) == ([], before)


@pytest.mark.sweep
def test_a_restore_that_is_refused_leaves_the_alternate_fenced_with_the_commands(airflow: InProcess) -> None:
    lab = airflow.lab
    with_half_a_sync_that_nobody_put_back(airflow)
    lab.break_fault("host_down", host="nima")
    lab.break_fault("restore_refuses", host="nimb")
    failed = airflow.run("nim_disaster_failover", **STORY)
    assert failed.verdict == "failed"
    assert "nimb is unusable" in failed.reason
    assert RESTORE in failed.reason
    assert (lab.tree("nimb") / "var/adm/nim_operators/unusable").exists()
    assert owners(lab) == {"nima"}

    lab.heal("restore_refuses")
    assert verdict(airflow.run("nim_disaster_failover", **STORY)) == UNFENCED
    assert owners(lab) == {"nimb"}


@pytest.mark.sweep
def test_what_nobody_has_approved_is_not_mended(airflow: InProcess) -> None:
    lab = airflow.lab
    lab.break_fault("host_down", host="nima")
    airflow.before["prepare"] = lambda: with_nimesis_stopped(airflow)
    run = airflow.run("nim_disaster_failover", **STORY)
    assert run.tasks["prepare"] == "failed"
    assert "not what it was when the plan was approved" in run.reason
    assert (nimesis(lab, "nimb"), owners(lab)) == (["inoperative"], {"nima"})
