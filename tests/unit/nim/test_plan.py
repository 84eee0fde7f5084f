from __future__ import annotations

import json
from dataclasses import replace

import pytest

from nim_operators.nim.assess import assess
from nim_operators.nim.commands import AIX
from nim_operators.nim.facts import facts_of
from nim_operators.nim.pair import PairView
from nim_operators.nim.plan import FinalSync, NoPlan, TakeoverPlan, digest_of, plan_takeover, takeover_commands
from nim_operators.nim.runbooks import Runbook
from tests.unit.nim import worlds
from tests.unit.nim.worlds import HOST, A, B, alternate, answer, client, network, pair, silence

SYNC = (A, "/usr/sbin/nim -F -o sync -a replicate=yes nimb")
TAKEOVER = (B, "/usr/sbin/nim -o takeover -a async=no nima")


def planned(view: PairView, *, lacks_nothing: bool = False, wanted: bool = True) -> TakeoverPlan:
    return plan_takeover(
        facts_of(view),
        Runbook.PLANNED_TAKEOVER,
        {A: AIX, B: AIX},
        sync_assessment=assess(view, Runbook.NIGHTLY_SYNC),
        lacks_nothing=lacks_nothing,
        sync_wanted=wanted,
    )


def lines(plan: TakeoverPlan) -> list[tuple[str, str]]:
    return [(one.host, one.line) for one in plan.commands]


def test_a_healthy_pair_is_synchronised_once_more_and_then_taken_over():
    plan = planned(pair())
    assert lines(plan) == [SYNC, TAKEOVER]
    assert (plan.to_move, plan.there, plan.stays) == (worlds.CLIENTS, (), ())
    assert plan.final_sync is FinalSync.SENT


def test_nothing_is_copied_that_the_target_has():
    plan = planned(pair(), lacks_nothing=True)
    assert (lines(plan), plan.final_sync, plan.why_no_sync) == ([TAKEOVER], FinalSync.NOT_NEEDED, "")


def test_a_person_may_do_without_the_final_sync():
    plan = planned(pair(), wanted=False)
    assert (lines(plan), plan.final_sync) == ([TAKEOVER], FinalSync.NOT_WANTED)
    assert plan.why_no_sync == "The takeover rests on the last recovery point."


def test_a_sync_that_the_law_of_the_night_refuses_is_not_planned_and_the_plan_says_why():
    plan = planned(worlds.change(pair(), B, nim_level="7.3.9.9"))
    assert (lines(plan), plan.final_sync) == ([TAKEOVER], FinalSync.NOT_POSSIBLE)
    assert "levels.database" in plan.why_no_sync


def test_a_source_that_cannot_be_read_is_not_copied():
    plan = planned(worlds.lose(pair(), A))
    assert (lines(plan), plan.final_sync) == ([TAKEOVER], FinalSync.NO_SOURCE)


def test_where_every_client_names_the_target_no_command_is_planned():
    plan = planned(worlds.owned_by_b(), lacks_nothing=True)
    assert (lines(plan), plan.to_move, plan.there) == ([], (), worlds.CLIENTS)


def test_a_client_that_names_both_masters_is_not_there_yet():
    said = [answer("lpar1", HOST[B], B, (HOST[B], HOST[A])), answer("lpar2", HOST[B], B, (HOST[B], HOST[A]))]
    view = worlds.say(worlds.say(pair(), answer("lpar1")), *said, asked_by=B)
    assert planned(view).there == ("lpar2",)


def test_clients_that_are_known_not_to_follow_are_told_from_those_that_may_not():
    said = (silence("lpar1", A, "0042-006 connect"), answer("lpar2", lists=(HOST[A],)), answer("vios1"))
    plan = planned(worlds.say(pair(), *said))
    assert plan.stays == ("lpar1", "lpar2")
    assert [one.client for one in plan.obstacles] == ["lpar1", "lpar2", "vios1"]
    assert plan.to_move == worlds.CLIENTS


def test_what_is_to_be_copied_is_what_is_absent_on_the_target_and_each_place_once():
    absent = {path: replace(place, kind="absent") for path, place in worlds.places().items() if "lpp" in path}
    view = worlds.change(pair(), B, places={**worlds.places(), **absent})
    again = worlds.resource("lpp_again", "lpp_source", "/export/nim/lpp/lpp_73")
    assert planned(view).bytes_to_copy == 4_000_000 * 1024
    assert planned(worlds.put(view, A, again)).bytes_to_copy == 4_000_000 * 1024
    assert planned(pair()).bytes_to_copy == 0
    assert planned(view, wanted=False).bytes_to_copy == 0


def test_a_size_that_nobody_knows_counts_as_nothing():
    path = "/export/nim/lpp/lpp_73"
    view = worlds.change(pair(), A, places={**worlds.places(), path: replace(worlds.places()[path], size_kb=None)})
    absent = {path: replace(worlds.places()[path], kind="absent")}
    assert planned(worlds.change(view, B, places={**worlds.places(), **absent})).bytes_to_copy == 0


def test_a_target_that_lost_the_record_of_the_source_gets_it_first():
    define, takeover = takeover_commands(facts_of(worlds.drop(pair(), B, A)), AIX)
    assert define.line == (
        "/usr/sbin/nim -o define -t alternate_master -a platform=chrp -a netboot_kernel=64 "
        "-a 'if1=find_net nima.example.com 0' -a cable_type1=N/A -a connect=nimsh nima"
    )
    assert takeover.line == TAKEOVER[1]


def test_a_source_that_cannot_be_read_is_defined_as_niminfo_names_it():
    view = worlds.lose(worlds.drop(pair(), B, A), A)
    define, takeover = takeover_commands(facts_of(view), AIX)
    assert "'if1=find_net nima.example.com 0'" in define.line
    assert takeover.line == TAKEOVER[1]


def test_a_record_under_another_name_is_the_one_that_the_takeover_names():
    renamed = replace(alternate(A), name="oldmaster")
    (takeover,) = takeover_commands(facts_of(worlds.put(worlds.drop(pair(), B, A), B, renamed)), AIX)
    assert takeover.line == "/usr/sbin/nim -o takeover -a async=no oldmaster"


def test_two_records_of_the_source_leave_nothing_to_plan():
    view = worlds.put(pair(), B, replace(alternate(A), name="oldmaster"))
    with pytest.raises(NoPlan, match=r"nimb knows nima under several names \(nima, oldmaster\); remove the wrong ones"):
        planned(view)


def test_a_source_that_nothing_names_leaves_nothing_to_plan():
    view = worlds.lose(worlds.drop(pair(), B, A), A)
    view = worlds.change(view, B, niminfo=replace(worlds.own_niminfo(B, A), alternate_master=None))
    with pytest.raises(NoPlan, match="no alternate_master object for nima, and its /etc/niminfo has no"):
        planned(view)


def test_a_target_that_was_not_observed_leaves_nothing_to_plan():
    with pytest.raises(NoPlan, match="nimb was not observed"):
        planned(worlds.lose(pair(), B))


def test_a_pair_without_clients_leaves_nothing_to_plan():
    view = worlds.drop(worlds.drop(pair(), A, *worlds.CLIENTS), B, *worlds.CLIENTS)
    with pytest.raises(NoPlan, match="nimb has nobody to take over"):
        planned(worlds.lose(view, A))


def test_the_same_pair_gives_the_same_digest():
    assert planned(pair()).digest == planned(pair()).digest == digest_of(planned(pair()).to_json())


@pytest.mark.parametrize(
    "changed",
    [
        lambda: planned(pair(), wanted=False),
        lambda: planned(worlds.put(worlds.put(pair(), A, client("lpar3")), B, client("lpar3"))),
        lambda: planned(worlds.drop(worlds.drop(pair(), A, "lpar2"), B, "lpar2")),
        lambda: planned(worlds.say(pair(), answer("lpar1", lists=(HOST[A],)), answer("lpar2"), answer("vios1"))),
        lambda: replace(planned(pair()), runbook=Runbook.GIVE_BACK),
        lambda: replace(planned(pair()), source=B, target=A),
    ],
    ids=["no sync", "a new client", "a client gone", "one more stays", "another runbook", "the other direction"],
)
def test_whatever_a_person_approves_is_in_the_digest(changed):
    assert changed().digest != planned(pair()).digest


def test_what_a_person_does_not_approve_leaves_the_digest_alone():
    assert planned(worlds.put(pair(), A, network("other_net", "10.9.9.0"))).digest == planned(pair()).digest


@pytest.mark.parametrize("key", ["commands", "clients", "source", "final_sync"])
def test_a_kept_plan_that_was_edited_has_another_digest(key):
    kept = json.loads(json.dumps(planned(pair()).to_json()))
    assert digest_of(kept) == planned(pair()).digest
    assert digest_of({**kept, key: []}) != planned(pair()).digest
