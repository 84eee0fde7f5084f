from __future__ import annotations

import json
from dataclasses import replace

import pytest

from nim_operators.nim.facts import facts_of
from nim_operators.nim.pair import PairView
from nim_operators.nim.takeoverresult import TakeoverResult, judge_takeover
from tests.unit.nim import worlds
from tests.unit.nim.worlds import HOST, A, B, answer, client, pair, silence

ALL = {"lpar1": "SUCCESS", "lpar2": "SUCCESS", "vios1": "SUCCESS"}
NAMES_B = (HOST[B], HOST[A])


def moved(name: str):
    return answer(name, HOST[B], B, NAMES_B)


def after(*words, databases: str = B) -> PairView:
    """The pair after a takeover by B: what clients said to B, and whom both databases give them to."""
    view = pair()
    for master in (A, B):
        given = (client(name, HOST[databases], "vios" if name == "vios1" else "standalone") for name in worlds.CLIENTS)
        view = worlds.put(view, master, *given)
    return worlds.say(worlds.say(view), *words, asked_by=B)


def judged(view: PairView, rows: dict[str, str] | None = None) -> TakeoverResult:
    return judge_takeover(facts_of(view), ALL if rows is None else rows)


def cause(result: TakeoverResult, name: str) -> str:
    return next(one.cause for one in result.unresolved if one.client == name)


def test_all_have_moved_when_each_client_itself_names_the_target():
    result = judged(after(*map(moved, worlds.CLIENTS)))
    assert (result.moved, result.unresolved, result.one_way, result.disagreeing) == (worlds.CLIENTS, (), (), ())
    assert result.is_complete


@pytest.mark.parametrize("rows", [{}, {"lpar1": "FAILURE", "lpar2": "", "vios1": "ERROR"}])
def test_the_table_proves_nothing_against_a_client_that_moved(rows):
    assert judged(after(*map(moved, worlds.CLIENTS)), rows).is_complete


def test_success_of_a_client_that_still_names_the_source_is_called_what_it_is():
    result = judged(after(answer("lpar1"), moved("lpar2"), moved("vios1")))
    assert result.moved == ("lpar2", "vios1")
    assert result.unresolved[0].to_json() == {
        "client": "lpar1",
        "cause": "was reported as switched and was not",
        "saw": "The takeover's table says SUCCESS. Its own /etc/niminfo still names nima.example.com.",
        "remedy": "Run the takeover again with an override; it is safe for the clients that nimb has.",
    }


@pytest.mark.parametrize(
    ("rows", "table"),
    [
        ({"lpar1": "FAILED"}, "The takeover's table says FAILED."),
        ({"lpar1": ""}, "The takeover's table gives it no result."),
        ({}, "The takeover's table has no row for it."),
    ],
)
def test_a_client_in_whose_way_nothing_is_known_was_not_switched(rows, table):
    result = judged(after(answer("lpar1"), moved("lpar2"), moved("vios1")), rows)
    assert cause(result, "lpar1") == "was not switched"
    assert result.unresolved[0].saw == f"Its own /etc/niminfo names nima.example.com. {table}"


def test_what_stands_in_its_way_is_its_cause():
    view = after(answer("lpar1", lists=(HOST[A],)), silence("lpar2", B, "0042-006 connect"), answer("vios1"))
    result = judged(view, {})
    assert [(one.client, one.cause) for one in result.unresolved] == [
        ("lpar1", "does not list the target"),
        ("lpar2", "cannot be reached"),
        ("vios1", "a VIOS"),
    ]


def test_causes_that_may_be_true_are_all_named_where_none_is_certain():
    busy = client("vios1", HOST[A], "vios", control="vios1 push_off")
    state = tuple((key, "in use" if key == "Cstate" else value) for key, value in busy.attributes)
    view = worlds.put(after(answer("lpar1"), moved("lpar2"), answer("vios1")), A, replace(busy, attributes=state))
    assert cause(judged(view, {}), "vios1") == "forbids pushes"
    state = tuple((key, value) for key, value in state if key != "control")
    view = worlds.put(view, A, replace(busy, attributes=state))
    assert cause(judged(view, {}), "vios1") == "not ready for a NIM operation or a VIOS"


def test_a_silent_client_has_not_moved_whatever_table_and_databases_say():
    result = judged(after(silence("lpar1", B, "no answer within its limit"), moved("lpar2"), moved("vios1")))
    assert (result.moved, cause(result, "lpar1")) == (("lpar2", "vios1"), "cannot be reached")


def test_a_host_that_answers_to_the_name_of_a_client_does_not_vouch_for_it():
    other = answer("lpar1", HOST[B], B, NAMES_B, calls_itself="lpar9")
    result = judged(after(other, moved("lpar2"), moved("vios1")))
    assert (result.moved, cause(result, "lpar1")) == (("lpar2", "vios1"), "another host answers to its name")


def test_a_moved_client_that_lists_the_target_alone_cannot_be_given_back():
    result = judged(after(answer("lpar1", HOST[B], B, (HOST[B],)), moved("lpar2"), moved("vios1")))
    assert (result.moved, result.one_way) == (worlds.CLIENTS, ("lpar1",))


def test_a_database_that_gives_a_moved_client_to_the_source_is_named():
    view = worlds.put(after(*map(moved, worlds.CLIENTS)), A, client("lpar2", HOST[A]))
    result = judged(view)
    assert result.disagreeing == ("The database of nima does not give lpar2 to nimb.",)
    assert not result.is_complete


def test_a_database_that_says_nothing_or_cannot_be_read_disagrees_with_nobody():
    view = worlds.put(after(*map(moved, worlds.CLIENTS)), A, client("lpar2", None))
    assert judged(view).disagreeing == ()
    assert judged(worlds.lose(view, A)).disagreeing == ()


@pytest.mark.parametrize(
    ("of", "percent"),
    [(worlds.CLIENTS, pytest.approx(66.67, abs=0.01)), (("lpar2", "vios1"), 100), (("lpar1",), 0), ((), 100)],
)
def test_the_share_is_of_the_clients_that_were_to_move(of, percent):
    assert judged(after(answer("lpar1"), moved("lpar2"), moved("vios1"))).percent_moved(of) == percent


def test_where_nobody_was_expected_and_nobody_moved_that_is_no_success():
    assert judged(after(answer("lpar1"), answer("lpar2"), answer("vios1"))).percent_moved(()) == 0


def test_a_result_is_plain_json():
    told = judged(after(answer("lpar1"), moved("lpar2"), moved("vios1"))).to_json()
    assert json.loads(json.dumps(told)) == told


def test_who_does_not_list_the_target_is_told_what_helps_once_others_follow_it():
    unlisted = answer("lpar1", HOST[A], A, (HOST[A],))
    alone = judged(after(unlisted, answer("lpar2"), answer("vios1")), {"lpar1": "FAILURE"}).unresolved[0]
    assert alone.remedy == "Trigger nim_repair_client for it, or nim_reset_clients for every client."
    left = judged(after(unlisted, moved("lpar2"), moved("vios1")), {"lpar1": "FAILURE"}).unresolved[0]
    assert left.remedy.startswith(
        "Log in to it as root and type 'cp -p /etc/niminfo /etc/niminfo.saved; rm /etc/niminfo; "
    )
    assert f"niminit -a name=lpar1 -a master={HOST[B]} " in left.remedy
