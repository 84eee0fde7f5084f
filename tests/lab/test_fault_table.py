"""Each row of the first table of ``docs/fault_table.md``, judged by the simulated hosts' own state."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest

from include.lab import Lab, LabError, running_lab
from tests.lab.fault_table import Before, arguments_of, judge, rows
from tests.lab.in_process import InProcess
from tests.lab.runbook import Installation

Start = Callable[..., Lab]
Install = Callable[[Lab], Installation]

ROWS = [pytest.param(*row, id=" ".join(row)) for row in rows("fault") if row[0] != "sync_by_hand"]
REFUSED = [row for row in ROWS if row.values[2] == "refused"]
OTHERS = [row for row in ROWS if row.values[2] != "refused"]

SOON = "2"
"""Seconds until a login over a mute link is given up."""


@pytest.fixture(scope="module")
def untouched_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A pair before its first sync, for nights that change nothing."""
    with running_lab("default", tmp_path_factory.mktemp("refused")) as lab:
        yield lab


@pytest.fixture
def lab_of_refusals(untouched_lab: Lab) -> Iterator[Lab]:
    yield untouched_lab
    untouched_lab.heal()


@pytest.fixture
def impatient_install(install: Install, monkeypatch: pytest.MonkeyPatch) -> Install:
    def installed(lab: Lab) -> Installation:
        installation = install(lab)
        for conn_id, connection in lab.connections.items():
            hasty = connection | {"extra": connection["extra"] | {"conn_timeout": SOON}}
            monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(hasty))
        return installation

    return installed


def strike(lab: Lab, faults: str, arguments: str) -> None:
    for fault in faults.split(" and "):
        given = arguments_of(arguments) if fault != "restore_refuses" else {"host": "nimb"}
        lab.break_fault(fault, **given)


@pytest.mark.parametrize(("fault", "arguments", "outcome"), REFUSED)
def test_night_that_refuses(
    lab_of_refusals: Lab, impatient_install: Install, fault: str, arguments: str, outcome: str
) -> None:
    lab = lab_of_refusals
    installation = impatient_install(lab)
    strike(lab, fault, arguments)
    before = Before.of(lab)
    run = InProcess(installation).run()
    judge(outcome, lab, run, before)


def a_pair_in_step(start_lab: Start) -> Lab:
    """A pair whose alternate holds an earlier copy, with something new on the source, so that a sync is sent."""
    lab = start_lab("synced")
    attributes = ("platform=chrp", "netboot_kernel=64", "if1=master_net aix03 0", "cable_type1=N/A")
    words = [word for attribute in attributes for word in ("-a", attribute)]
    lab.admin("nima", "nim", "-o", "define", "-t", "standalone", *words, "new1")
    return lab


def some_of_each(rows: list[Any]) -> list[Any]:
    """Leave two of three rows of an outcome to the sweep; each outcome shows in every run of the tests."""
    seen: Counter[str] = Counter()
    marked = []
    for row in rows:
        seen[row.values[2]] += 1
        marks = [] if seen[row.values[2]] % 3 == 1 else [pytest.mark.sweep]
        marked.append(pytest.param(*row.values, id=row.id, marks=marks))
    return marked


@pytest.mark.parametrize(("fault", "arguments", "outcome"), some_of_each(OTHERS))
def test_night(start_lab: Start, install: Install, fault: str, arguments: str, outcome: str) -> None:
    later = fault.startswith("sync_fails") and int(arguments_of(arguments)["phase"]) % 2 == 0
    lab = a_pair_in_step(start_lab) if later else start_lab()
    nights = InProcess(install(lab))
    strike(lab, fault, arguments)
    before = Before.of(lab)
    run = nights.run()
    judge(outcome, lab, run, before)
    if outcome == "unusable":
        lab.heal()
        every_runbook_but_repair_refuses(nights)
        judge("put back", lab, nights.clear(run, "put_back"), before)


def every_runbook_but_repair_refuses(nights: InProcess) -> None:
    fenced, mark = nights.lab.state_hash(), nights.lab.mark()
    for runbook in nights.runbooks:
        if "repair" not in runbook:
            run = nights.run(runbook)
            assert run.verdict == "refused", (runbook, run.reason)
    assert [call["argv"] for call in nights.lab.changing(after=mark)] == []
    assert nights.lab.state_hash() == fenced


@pytest.fixture
def sync_by_hand(lab: Lab) -> Iterator[Lab]:
    """An administrator on the other side has just begun to copy in the wrong direction."""
    lab.hold("sync:2")

    def administer() -> None:
        with pytest.raises(LabError):  # the lab goes down under it
            lab.admin("nimb", "nim", "-Fo", "sync", "-a", "replicate=yes", "nima")

    administrator = Thread(target=administer)
    administrator.start()
    lab.wait("held:sync:2")
    yield lab
    lab.down()
    administrator.join()


def test_night_beside_a_sync_by_hand_from_the_other_side(sync_by_hand: Lab, install: Install) -> None:
    before = Before.of(sync_by_hand)
    run = InProcess(install(sync_by_hand)).run()
    judge("refused", sync_by_hand, run, before)
    assert "sync" in run.reason
