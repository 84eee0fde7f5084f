"""The first task of a takeover: it refuses a form that cannot be used, and waits for clients that are busy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest

from include.lab import Lab, running_lab
from nim_operators.nim.errors import Refused
from tests.lab.in_process import InProcess
from tests.lab.runbook import ESTATE, Installation

RUNBOOK = "nim_planned_takeover"
FORM = {"reason": "firmware update of nima", "change_ticket": "CHG0042"}
INSTALLING = "Base Operating System installation is being performed"
SOON = "    takeover: {ready_wait: PT2S}\n"


@pytest.fixture(scope="module")
def airflow(metadata_database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    folder = tmp_path_factory.mktemp("waiting")
    with pytest.MonkeyPatch.context() as patch, running_lab("synced_peer_kept", folder / "lab", pace=0) as lab:
        yield InProcess(Installation(lab, folder, patch, ESTATE + SOON))


@pytest.fixture
def lab(airflow: InProcess) -> Iterator[Lab]:
    """The pair; no test may send a command that changes it."""
    mark = airflow.lab.mark()
    yield airflow.lab
    airflow.lab.heal()
    assert airflow.lab.changing(after=mark) == []


def waited(airflow: InProcess, **params: Any) -> Exception | None:
    """Run the first task with the form as Airflow hands it over, and return what it raised."""
    return airflow.alone("wait_clients", RUNBOOK, **{**airflow.dag(RUNBOOK).params.dump(), **FORM, **params})


@pytest.mark.parametrize(
    ("given", "sentences"),
    [
        ({"reason": None}, ["'Reason' is empty: say why this is wanted"]),
        ({"reason": " \n "}, ["'Reason' is empty: say why"]),
        ({"reason": "a\x07b"}, ["'Reason' is 'a\\x07b': say why"]),
        ({"reason": 2001 * "x"}, ["up to 2000 printable characters."]),
        ({"reason": ["now"]}, ["'Reason' is ['now']: say why"]),
        ({"change_ticket": ""}, ["'Change ticket' is empty: enter its number, or 'none'"]),
        ({"success_threshold": 0}, ["'Success threshold' is 0: enter a whole number from 1 to 100."]),
        ({"success_threshold": 101}, ["'Success threshold' is 101: enter"]),
        ({"success_threshold": True}, ["'Success threshold' is True: enter"]),
        ({"success_threshold": "90"}, ["'Success threshold' is '90': enter"]),
        ({"window_minutes": 10081}, ["'Outage window' is 10081: enter a whole number from 1 to 10080."]),
        ({"final_sync": "yes"}, ["'Final sync' is 'yes': choose true or false."]),
        ({"rehearsal": 1}, ["'Rehearsal' is 1: choose true or false."]),
        (
            {"reason": "", "change_ticket": None, "success_threshold": -1, "window_minutes": 0.5, "rehearsal": "no"},
            ["'Reason' is", "'Change ticket' is", "'Success threshold' is", "'Outage window' is", "'Rehearsal' is"],
        ),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else "told",
)
def test_a_form_that_cannot_be_used_is_refused_before_anything_is_looked_at(
    airflow: InProcess, lab: Lab, given: dict[str, Any], sentences: list[str]
) -> None:
    mark = lab.mark()
    refused = waited(airflow, **given)
    assert isinstance(refused, Refused)
    assert str(refused).startswith("The trigger form cannot be used, and nothing was looked at. ")
    assert [sentence for sentence in sentences if sentence not in str(refused)] == []
    assert str(refused).count("' is ") == len(sentences) == len(given)
    assert lab.log(after=mark, event="command") == []


def test_clients_that_are_ready_are_not_waited_for(airflow: InProcess, lab: Lab) -> None:
    mark = lab.mark()
    assert waited(airflow) is None
    assert len(lab.log(after=mark, event="command")) == 1


def test_a_client_that_stays_busy_is_named_when_the_limit_is_over(airflow: InProcess, lab: Lab) -> None:
    lab.break_fault("cstate_busy", client="aix02")
    refused = waited(airflow)
    assert isinstance(refused, Refused)
    assert str(refused) == (
        f"Not ready for a NIM operation after 0:00:02: aix02: {INSTALLING}. Wait until each has ended, or trigger "
        "again with an override that says why they may be taken over as they are."
    )


def test_a_client_that_gets_ready_in_time_is_waited_for(
    airflow: InProcess, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    sensor = airflow.dag(RUNBOOK).get_task("wait_clients")
    monkeypatch.setattr(sensor, "poke_interval", timedelta(milliseconds=50))
    monkeypatch.setattr(sensor, "wait_limit", timedelta(minutes=2))
    lab.break_fault("cstate_busy", client="aix02")
    mark = lab.mark()

    def end_the_installation() -> None:
        second = lab.wait("call_end:*lsnim*", after=lab.wait("call_end:*lsnim*", after=mark)["seq"])
        assert second["seq"] > mark
        lab.heal("cstate_busy", client="aix02")

    installer = Thread(target=end_the_installation)
    installer.start()
    assert waited(airflow) is None
    installer.join()
    assert len(lab.calls("lsnim", after=mark)) > 2


def test_a_typed_override_goes_on_at_once_and_the_plan_names_who_is_busy(airflow: InProcess, lab: Lab) -> None:
    lab.break_fault("cstate_busy", client="aix02")
    run = airflow.run(RUNBOOK, **FORM, rehearsal=True, override="the installation hangs and may be lost")
    assert (run.tasks["wait_clients"], run.verdict) == ("success", "done")
    (note, *_) = run.records("note")
    assert f"aix02: {INSTALLING}" in note["text"]
    assert "Reason typed: the installation hangs and may be lost" in note["text"]
    obstacles = run.records("plan")[-1]["plan"]["obstacles"]
    assert [(one["client"], one["obstacles"][0]["cause"]) for one in obstacles] == [
        ("aix02", "not ready for a NIM operation"),
        ("vios1", "a VIOS"),
    ]
