from __future__ import annotations

import pytest

from nim_operators.nim.direction import Armed, Arming
from nim_operators.nim.facts import facts_of
from nim_operators.nim.pair import PairView
from nim_operators.nim.snapshot import OwnRecords
from tests.unit.nim import worlds
from tests.unit.nim.worlds import HOST, A, B, answer, armed, client, pair, silence, unarmed


def armed_of(view: PairView) -> Armed:
    return facts_of(view).armed


def test_three_records_that_agree_arm_the_direction():
    assert armed_of(pair()).arming is Arming.AGREED
    assert armed_of(pair()).missing == ()


@pytest.mark.parametrize(
    ("view", "missing"),
    [
        (worlds.change(pair(), A, own=OwnRecords()), (A,)),
        (worlds.change(pair(), B, own=OwnRecords()), (B,)),
        (pair(remembered=None), ("the evidence",)),
    ],
)
def test_a_place_that_lost_its_record_is_named(view, missing):
    assert (armed_of(view).arming, armed_of(view).missing) == (Arming.INCOMPLETE, missing)


@pytest.mark.parametrize(
    "view",
    [
        worlds.change(pair(), A, own=OwnRecords(direction=armed(B, A))),
        worlds.change(pair(), B, own=OwnRecords(direction=armed(B, A))),
        pair(remembered=armed(B, A)),
        worlds.change(unarmed(), B, own=OwnRecords(direction=armed(B, A))),
        pair(remembered=armed("old_a", "old_b")),
    ],
)
def test_one_record_that_disagrees_is_enough(view):
    assert armed_of(view).arming is Arming.AGAINST


def test_each_place_is_quoted():
    view = worlds.change(pair(remembered=armed(B, A)), B, own=OwnRecords())
    assert armed_of(view).sayings == (
        "nima: nima to nimb, recorded by setup-1 at 2026-01-05T10:00:00Z",
        "nimb: no record",
        "the evidence: nimb to nima, recorded by setup-1 at 2026-01-05T10:00:00Z",
    )


def test_without_any_record_the_clients_may_arm_the_direction():
    assert armed_of(unarmed()).arming is Arming.FIRST


def test_no_direction_is_armed_without_a_client_that_names_the_source():
    view = worlds.say(unarmed(), *(silence(name) for name in worlds.CLIENTS))
    assert armed_of(view).doubts == ("No answering client names nima.",)


def test_no_direction_is_armed_against_a_client():
    view = worlds.say(unarmed(), answer("lpar1"), answer("lpar2", HOST[B]))
    assert armed_of(view).doubts == ("nimb is named by lpar2.",)


@pytest.mark.parametrize("master", [A, B])
def test_no_direction_is_armed_against_a_database(master):
    view = worlds.put(unarmed(), master, client("lpar2", HOST[B]))
    assert armed_of(view).arming is Arming.UNARMED
    assert armed_of(view).doubts == (f"The database of {master} says that {HOST[B]} controls lpar2.",)


def test_no_direction_is_armed_while_a_master_and_its_record_are_out_of_sight():
    view = worlds.lose(unarmed(), B)
    assert armed_of(view).doubts == ("nimb was not observed, so its record is not known.",)


def test_a_record_arms_the_direction_though_a_master_is_out_of_sight():
    assert armed_of(worlds.lose(pair(), B)).arming is Arming.AGREED
