"""The watch says what is wrong with a pair, once, and keeps a heartbeat."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nim_operators.operators.verdict import NothingNew, RunNotDone
from tests.lab.in_process import InProcess
from tests.lab.test_bad_inputs import bent

AHEAD = """#!/usr/bin/ksh
case $* in
    *%Y-%m-%dT*) echo 2031-01-01T00:00:00Z ;;
    *) exec GENUINE/date "$@" ;;
esac
"""
"""A clock that is years ahead."""


@pytest.fixture
def airflow(start_lab: Any, install: Any) -> InProcess:
    return InProcess(install(start_lab("synced_peer_kept")))


def heartbeat(airflow: InProcess) -> dict[str, Any]:
    return json.loads((airflow.installation.evidence / "lab" / "watch.json").read_text())


def look(airflow: InProcess) -> Exception | None:
    return airflow.alone("watch", "nim_watch")


def test_a_pair_without_a_recovery_point_is_told_of_once(airflow: InProcess) -> None:
    before = airflow.lab.state_hash()
    told = look(airflow)
    assert type(told) is RunNotDone
    assert "no recovery point" in told.reason
    first = heartbeat(airflow)
    assert type(look(airflow)) is NothingNew
    second = heartbeat(airflow)
    assert (first["state"], first["since"]) == ("healthy", second["since"])
    assert second["at"] > first["at"]
    assert (airflow.lab.changing(), airflow.lab.state_hash()) == ([], before)


def test_after_a_good_night_the_watch_is_green_until_the_active_master_dies(airflow: InProcess) -> None:
    with bent(airflow.lab, "nima", "/usr/bin/date", AHEAD):
        run = airflow.run()
    assert run.verdict == "done", run.reason
    assert look(airflow) is None
    (point,) = run.records("recovery_point")
    assert point["source_clock"] == "2031-01-01T00:00:00Z"
    begun = json.loads((run.evidence / "run.json").read_text())["started_at"]
    assert begun[:10] <= point["at"][:10] <= heartbeat(airflow)["at"][:10]

    kept = airflow.installation.evidence / "lab" / "recovery_point.json"
    kept.write_text(json.dumps(point | {"at": point["source_clock"]}))
    assert "is from 2031-01-01T00:00:00Z, still to come: a clock is wrong" in str(look(airflow))
    kept.write_text(json.dumps(point))
    assert look(airflow) is None

    airflow.lab.break_fault("host_down", host="nima")
    assert "Run the disaster failover" in str(look(airflow))
    assert heartbeat(airflow)["state"] == "active dead"

    airflow.lab.heal("host_down", host="nima")
    assert look(airflow) is None
    assert heartbeat(airflow)["state"] == "healthy"


def test_a_lock_that_a_dead_run_left_is_told_and_a_run_that_finds_nothing_to_do_breaks_it(airflow: InProcess) -> None:
    assert airflow.run().verdict == "done"
    form = {"reason": "firmware of nima", "change_ticket": "CHG0042"}
    assert airflow.run("nim_planned_takeover", **form).verdict == "done"
    dead = "nim_setup__lab/manual__dead"
    assert airflow.alone("lock", "nim_setup", run_id="manual__dead") is None
    locks = [airflow.lab.tree(host) / "var/adm/nim_operators/lock" for host in ("nima", "nimb")]
    told = look(airflow)
    assert f"A lock on nimb, nima was left by a run that is not going on in this Airflow: {dead}" in str(told)

    mark = airflow.lab.mark()
    rehearsed = {**form, "override": "its worker is gone", "break_lock_of": dead}
    assert airflow.run("nim_planned_takeover", **rehearsed, rehearsal=True).verdict == "done"
    assert all(lock.is_dir() for lock in locks)
    idle = airflow.run("nim_planned_takeover", **rehearsed)
    assert (idle.verdict, idle.tasks["lock"]) == ("done", "skipped")
    assert not any(lock.exists() for lock in locks)
    assert f"lock of {dead} broken. Reason typed: its worker is gone" in str(idle.records("note"))
    assert airflow.lab.changing(after=mark) == []
    assert look(airflow) is None


def test_the_watch_turns_with_the_direction(airflow: InProcess) -> None:
    assert airflow.run().verdict == "done"
    assert look(airflow) is None
    assert airflow.run("nim_planned_takeover", reason="firmware of nima", change_ticket="CHG0042").verdict == "done"

    assert look(airflow) is None
    seen = heartbeat(airflow)
    assert (seen["state"], seen["source"], seen["target"]) == ("healthy", "nimb", "nima")


def test_what_the_standby_does_not_know_yet_is_told_without_alarm(airflow: InProcess) -> None:
    assert airflow.run().verdict == "done"
    airflow.lab.admin("nima", "nim", "-o", "change", "-a", "comments=new since the night", "mksysb_aix01")
    assert look(airflow) is None
    (drift,) = heartbeat(airflow)["drift"]
    assert drift == "mksysb_aix01 (resources mksysb) is defined differently: comments: new since the night / not set"


def test_what_would_make_the_next_night_refuse_is_an_alarm_already_now(airflow: InProcess) -> None:
    assert airflow.run().verdict == "done"
    airflow.lab.admin(
        "nimb", "nim", "-o", "define", "-t", "ent", "-a", "net_addr=10.9.9.0", "-a", "snm=255.255.255.0", "by_hand"
    )
    told = look(airflow)
    assert type(told) is RunNotDone
    assert "The next nightly sync would refuse, content.target-only by_hand: Only nimb has it" in told.reason
    assert type(look(airflow)) is NothingNew
    assert airflow.run().verdict == "refused"
