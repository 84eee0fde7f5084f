"""A master that hangs is left within about a minute, and does not keep anybody from the other one.

The limits are shortened here, so that the tests need not wait them out; what they add up to is counted by hand.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from include.lab import Lab
from nim_operators.nim.snapshot import Absence, Snapshot, Unreachable
from nim_operators.remote import asking, collect, pair, script
from nim_operators.remote.asking import FIRST_WORD_SECONDS, SLACK_SECONDS
from nim_operators.remote.collect import QUICK_SECONDS, SLOW_SECONDS
from nim_operators.remote.endpoint import CONNECT_SECONDS
from nim_operators.remote.pair import SECOND_LOOK_SECONDS, Asking, Observed, observe_pair
from tests.lab.test_asking_clients import endpoint


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (asking, collect, script):
        monkeypatch.setattr(module, "FIRST_WORD_SECONDS", 5.0)
    monkeypatch.setattr(asking, "SLACK_SECONDS", 5.0)
    monkeypatch.setattr(collect, "QUICK_SECONDS", 6)
    monkeypatch.setattr(collect, "SLOW_SECONDS", 6)
    monkeypatch.setattr(pair, "SECOND_LOOK_SECONDS", 0.0)


def look(lab: Lab) -> dict[str, Observed]:
    endpoints = {
        "nima": replace(endpoint(lab, "nim_lab_a"), connect_seconds=2),
        "nimb": replace(endpoint(lab, "nim_lab_b"), connect_seconds=15),
    }
    return asyncio.run(observe_pair("nima", "nimb", endpoints, Asking()))


@pytest.mark.parametrize(
    ("fault", "arguments", "absence", "said"),
    [
        ("ssh_mute", {}, Absence.TIMED_OUT, "did not complete a login within 2 seconds"),
        ("login_hangs", {}, Absence.TIMED_OUT, "did not complete a login within 2 seconds"),
        ("shell_hangs", {}, Absence.HANGS, "no end within 5 seconds"),
        ("command_hangs", {"command": "lssrc"}, Absence.HANGS, "'lssrc -s nimesis' did not end within 6 seconds"),
    ],
)
def test_a_master_that_hangs_is_named_and_the_other_one_is_observed(
    fault: str, arguments: dict[str, str], absence: Absence, said: str, lab: Lab
) -> None:
    lab.break_fault(fault, host="nima", **arguments)
    began = time.monotonic()
    observed = look(lab)
    took = time.monotonic() - began
    hung = observed["nima"].observation
    assert isinstance(hung, Unreachable)
    assert hung.absence is absence
    assert said in hung.reason
    assert isinstance(observed["nimb"].observation, Snapshot)
    assert took < 60  # a second look at a silent one included


def test_a_database_that_hangs_is_told_from_a_master_that_does(lab: Lab) -> None:
    lab.break_fault("command_hangs", host="nima", command="lsnim")
    hung = look(lab)["nima"].observation
    assert isinstance(hung, Snapshot)
    assert hung.database_fault == "'lsnim' did not end within its limit and was killed"
    assert hung.is_active("nimesis")


def test_one_hang_costs_about_a_minute() -> None:
    """Whatever hangs first ends the look; what comes before it ends at once where nothing hangs."""
    mute_or_login = 2 * CONNECT_SECONDS + SECOND_LOOK_SECONDS
    shell = CONNECT_SECONDS + FIRST_WORD_SECONDS
    quick, slow = (limit + SLACK_SECONDS for limit in (QUICK_SECONDS, SLOW_SECONDS))
    assert max(mute_or_login, shell, quick, slow) <= 75


def test_the_two_masters_are_looked_at_side_by_side(lab: Lab) -> None:
    look(lab)
    first, second, *_ = (one for one in lab.log(event="command") if "end_seq" in one)
    assert {first["host"], second["host"]} == {"nima", "nimb"}
    assert max(first["seq"], second["seq"]) < min(first["end_seq"], second["end_seq"])
