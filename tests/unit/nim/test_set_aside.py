"""A client that the estate file sets aside counts in nothing while it is silent, and as any other once it answers."""

from __future__ import annotations

import pytest

from nim_operators.nim.assess import assess
from nim_operators.nim.clientrepair import plan_repair
from nim_operators.nim.commands import AIX
from nim_operators.nim.diagnosis import State
from nim_operators.nim.facts import facts_of
from nim_operators.nim.law import Permission
from nim_operators.nim.ownership import Verdict
from nim_operators.nim.pair import PairView, Policy
from nim_operators.nim.plan import TakeoverPlan, plan_takeover
from nim_operators.nim.readiness import readiness
from nim_operators.nim.runbooks import Runbook
from nim_operators.nim.snapshot import ClientAnswer
from nim_operators.nim.takeoverresult import judge_takeover
from tests.unit.nim import worlds
from tests.unit.nim.worlds import HOST, A, B, answer, client, pair, silence

SCRAPPED = {"vios1": "scrapped, CHG0042"}
NIGHTLY = Runbook.NIGHTLY_SYNC
OTHERS = (answer("lpar1"), answer("lpar2"))
WAY_OUT = "can be set aside in the estate file (clients: set_aside)."


def heard(*words: ClientAnswer, aside: dict[str, str] = SCRAPPED) -> PairView:
    """The two LPARs name the source; the source's database gives the VIOS to the target, which claims it too."""
    view = worlds.say(pair(policy=Policy(set_aside=aside)), *OTHERS, *words)
    for master in (A, B):
        view = worlds.put(view, master, client("vios1", HOST[B], type_="vios"))
    return view


def silent(**how: dict[str, str]) -> PairView:
    return heard(silence("vios1"), silence("vios1", B), **how)


def found(view: PairView, runbook: Runbook = NIGHTLY) -> set[str]:
    return {one.check for one in assess(view, runbook).findings}


def planned(view: PairView) -> TakeoverPlan:
    return plan_takeover(
        facts_of(view),
        Runbook.PLANNED_TAKEOVER,
        {A: AIX, B: AIX},
        sync_assessment=assess(view, NIGHTLY),
        lacks_nothing=True,
        sync_wanted=True,
    )


def test_a_silent_client_that_both_databases_give_to_the_target_blocks_and_the_remedy_names_the_way_out():
    refused = assess(silent(aside={}), NIGHTLY)
    assert refused.permission is Permission.REFUSE
    remedies = {one.check: one.remedy for one in refused.obstacles}
    assert set(remedies) == {"ownership.source-database", "ownership.target-database-silent"}
    assert all(remedy.endswith(WAY_OUT) for remedy in remedies.values())


def test_once_it_is_set_aside_it_is_a_note_with_its_reason_and_nothing_else():
    night = assess(silent(), NIGHTLY)
    assert night.permission is Permission.GO
    assert night.diagnosis.state is State.HEALTHY
    (note,) = [one for one in night.findings if one.subject == "vios1" and one.check.startswith("ownership")]
    assert str(note) == (
        "[notes] ownership.set-aside vios1: It is silent and set aside, so nothing counts it: scrapped, CHG0042. "
        "Remedy: Remove its object from both masters when that may be."
    )
    assert "ownership.silent" not in found(silent())


@pytest.mark.parametrize("runbook", list(Runbook))
def test_no_runbook_finds_more_with_it_than_without_it(runbook):
    without = worlds.say(pair(), *OTHERS)
    for master in (A, B):
        without = worlds.drop(without, master, "vios1")
    assert found(silent(), runbook) - found(without, runbook) == {"ownership.set-aside"}


@pytest.mark.parametrize(("named", "check"), [(B, "ownership.target-named"), (A, "ownership.source-database")])
def test_one_that_answers_counts_as_any_other_and_is_to_be_taken_off_the_list(named, check):
    view = heard(answer("vios1", HOST[named]))
    night = assess(view, NIGHTLY)
    assert night.permission is Permission.REFUSE
    assert check in {one.check for one in night.obstacles}
    (warning,) = [one for one in night.findings if one.check == "ownership.set-aside-answers"]
    assert (warning.severity.value, warning.subject) == ("warns", "vios1")
    assert warning.saw == "It answers although it is set aside (scrapped, CHG0042), and counts as any other client."
    assert "ownership.set-aside" not in found(view)


def test_an_answer_of_which_nobody_knows_whose_it_is_counts_against_the_target_too():
    odd = heard(answer("vios1", HOST[B], calls_itself="lpar9"))
    assert "ownership.target-named" in {one.check for one in assess(odd, NIGHTLY).obstacles}


def test_a_plan_lists_it_beside_the_clients_and_is_another_plan_than_one_that_does_not():
    plan = planned(silent())
    assert (plan.clients, plan.set_aside, plan.stays) == (("lpar1", "lpar2"), ("vios1",), ())
    assert plan.to_json()["set_aside"] == ["vios1"]
    assert plan.digest != planned(silent(aside={})).digest
    answering = planned(heard(answer("vios1", HOST[A])))
    assert (answering.clients, answering.set_aside) == (("lpar1", "lpar2", "vios1"), ())


def test_a_takeover_is_complete_without_it():
    view = worlds.say(silent(), answer("lpar1", HOST[B]), answer("lpar2", HOST[B]), silence("vios1"))
    view = worlds.put(view, B, client("lpar1", HOST[B]), client("lpar2", HOST[B]))
    view = worlds.put(view, A, client("lpar1", HOST[B]), client("lpar2", HOST[B]))
    result = judge_takeover(facts_of(view), {})
    assert (result.moved, result.unresolved, result.is_complete) == (("lpar1", "lpar2"), (), True)
    assert [one.client for one in readiness(facts_of(view))] == ["lpar1", "lpar2"]
    counted = judge_takeover(facts_of(worlds.say(view, answer("lpar1", HOST[B]), answer("vios1"))), {})
    assert [one.client for one in counted.unresolved] == ["lpar2", "vios1"]


def test_what_its_object_says_of_an_installation_holds_nobody_up():
    busy = client("vios1", HOST[A], type_="vios", lock="4711")
    view = worlds.put(worlds.say(silent(), *OTHERS), A, busy)
    assert "activity.locks" not in found(view)
    assert "activity.locks" in found(worlds.put(heard(answer("vios1")), A, busy))


def test_a_name_that_no_database_defines_is_told():
    (note,) = assess(pair(policy=Policy(set_aside={"vios9": "gone"})), NIGHTLY).findings
    assert (note.check, note.subject) == ("ownership.set-aside", "vios9")
    assert note.saw == "It is set aside, but no database that was read defines it: gone."


def test_a_silent_client_that_is_set_aside_can_be_repaired_all_the_same():
    view = worlds.say(pair(policy=Policy(set_aside={"lpar1": "kept in a store room"})), silence("lpar1"))
    _, row = plan_repair(facts_of(view), "lpar1")
    assert (row.client, row.verdict) == ("lpar1", Verdict.SILENT)
