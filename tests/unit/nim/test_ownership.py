from __future__ import annotations

import json
from dataclasses import replace

import pytest

from nim_operators.nim.facts import facts_of
from nim_operators.nim.niminfo import Niminfo
from nim_operators.nim.ownership import Matrix, Row, Verdict
from nim_operators.nim.pair import PairView
from nim_operators.nim.snapshot import ClientAnswer
from tests.unit.nim import worlds
from tests.unit.nim.worlds import HOST, A, B, answer, client, pair, silence


def matrix(view: PairView) -> Matrix:
    return facts_of(view).matrix


def row(view: PairView, name: str = "lpar1") -> Row:
    return next(found for found in matrix(view).rows if found.client == name)


def test_every_client_of_either_database_has_a_row_and_nothing_else_has():
    view = worlds.put(pair(), B, client("only_b", HOST[B]))
    assert [found.client for found in matrix(view).rows] == ["lpar1", "lpar2", "only_b", "vios1"]


def test_three_voices_that_agree_give_the_owner():
    assert row(pair()).verdict is Verdict.SOURCE
    assert row(pair(source=B, target=A)).verdict is Verdict.TARGET


@pytest.mark.parametrize("name", ["nima", "NIMA.example.com", "nima.example.com.", "10.1.1.1"])
def test_a_master_is_known_by_every_name_it_has(name):
    assert row(worlds.say(pair(), answer("lpar1", name))).verdict is Verdict.SOURCE


def test_a_database_that_names_nobody_contradicts_nobody():
    view = worlds.put(pair(), B, client("lpar1", None))
    assert row(view).verdict is Verdict.SOURCE
    assert row(view).database(B).current_master is None


def test_a_client_that_a_database_does_not_define_has_no_word_of_it():
    view = worlds.drop(pair(), B, "lpar1")
    assert row(view).database(B) is None
    assert row(view).verdict is Verdict.SOURCE


def test_a_contradicting_database_splits_the_row_but_the_clients_own_word_still_counts():
    view = worlds.put(pair(), B, client("lpar1", HOST[B]))
    assert row(view).verdict is Verdict.SPLIT
    assert [word.master for word in row(view).contradicted_by] == [B]
    assert "lpar1" in matrix(view).clients_vouching_for(A)
    assert matrix(view).clients_naming(B) == ()


def test_a_silent_client_counts_for_neither_master_whatever_the_databases_say():
    view = worlds.say(pair(), silence("lpar1"), answer("lpar2"), answer("vios1"))
    assert row(view).verdict is Verdict.SILENT
    assert row(view).remarks == ("no answer within its limit",)
    assert matrix(view).clients_vouching_for(A) == ("lpar2", "vios1")
    assert [found.client for found in matrix(view).silent] == ["lpar1"]


def test_a_client_that_nobody_asked_is_silent_and_says_so():
    view = worlds.say(pair(), answer("lpar2"))
    assert (row(view).verdict, row(view).remarks) == (Verdict.SILENT, ("nobody asked it",))


def test_an_answer_to_either_master_is_heard_though_the_other_heard_nothing():
    view = worlds.say(pair(), silence("lpar1"))
    view = worlds.say(view, answer("lpar1", HOST[A], asked_by=B), asked_by=B)
    assert row(view).verdict is Verdict.SOURCE
    assert [word.how for word in row(view).words] == ["c_rsh from nima", "c_rsh from nimb"]


def test_two_different_answers_split_the_row_and_count_against_both():
    view = worlds.say(worlds.say(pair(), answer("lpar1")), answer("lpar1", HOST[B], B), asked_by=B)
    assert row(view).verdict is Verdict.SPLIT
    assert matrix(view).clients_naming(A) == ("lpar1",)
    assert matrix(view).clients_naming(B) == ("lpar1",)
    assert matrix(view).clients_vouching_for(A) == ()


def test_a_master_outside_the_pair_is_elsewhere():
    view = worlds.say(pair(), answer("lpar1", "nimc.example.com"))
    view = worlds.put(worlds.put(view, A, client("lpar1", None)), B, client("lpar1", None))
    assert row(view).verdict is Verdict.ELSEWHERE
    assert matrix(view).clients_naming(A) == matrix(view).clients_naming(B) == ()


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (answer("lpar1", configuration="master"), "the host that answered is a NIM master itself"),
        (answer("lpar1", calls_itself="lpar9"), "the host that answered calls itself lpar9"),
    ],
)
def test_an_answer_of_another_host_does_not_vouch_for_the_source(said, fault):
    view = worlds.say(pair(), said)
    assert row(view).remarks == (fault,)
    assert matrix(view).clients_vouching_for(A) == ()


def test_an_answer_of_another_host_still_counts_against_the_target():
    view = worlds.say(pair(), answer("lpar1", HOST[B], calls_itself="lpar9"))
    assert matrix(view).clients_naming(B) == ("lpar1",)


def test_a_niminfo_that_names_no_master_is_a_silence():
    view = worlds.say(pair(), ClientAnswer("lpar1", A, niminfo=Niminfo(name="lpar1")))
    assert (row(view).verdict, row(view).remarks) == (Verdict.SILENT, ("its /etc/niminfo names no master",))


def test_a_name_that_fits_both_masters_counts_against_the_target_and_for_nobody():
    half = replace(worlds.own_niminfo(B, A), master_hostname=HOST[A])
    view = worlds.put(worlds.change(pair(), B, niminfo=half), B, worlds.master_object(A))
    assert row(view).verdict is Verdict.SPLIT
    assert matrix(view).clients_naming(B) == ("lpar1", "lpar2", "vios1")
    assert matrix(view).clients_vouching_for(A) == ()


def test_a_master_that_was_not_observed_is_known_by_what_its_peer_says_of_it():
    view = worlds.lose(pair(), A)
    assert [word.side.value for word in row(view).databases] == ["source"]
    assert row(worlds.lose(pair(), B)).verdict is Verdict.SOURCE


@pytest.mark.parametrize(
    ("lists", "both"),
    [((HOST[A], HOST[B]), True), (("nima", "nimb"), True), ((HOST[A],), False), ((), False)],
)
def test_a_client_lists_both_masters_or_not(lists, both):
    assert row(worlds.say(pair(), answer("lpar1", lists=lists))).lists_both is both


def test_nobody_knows_what_a_silent_client_lists():
    assert row(worlds.say(pair(), silence("lpar1"))).lists_both is None


def test_sync_required_is_yes_no_or_unknown():
    view = worlds.put(pair(), A, replace(client("lpar1", None), attributes=(("sync_required", "yes"),)))
    view = worlds.put(view, A, client("lpar2", None))
    assert row(view).database(A).sync_required is True
    assert row(view).database(B).sync_required is False
    assert row(view, "lpar2").database(A).sync_required is None


def test_the_active_master_is_the_only_one_that_clients_name():
    assert matrix(pair()).active == A
    assert matrix(worlds.owned_by_b()).active == B
    assert matrix(worlds.say(pair(), silence("lpar1"))).active is None
    assert matrix(worlds.say(pair(), answer("lpar1"), answer("lpar2", HOST[B]))).active is None


def test_the_matrix_is_plain_json_with_counts():
    view = worlds.say(pair(), answer("lpar1"), silence("lpar2"))
    body = json.loads(json.dumps(matrix(view).to_json()))
    assert (body["source"], body["target"]) == (A, B)
    assert body["summary"] == {
        "owned by source": 1,
        "owned by target": 0,
        "split": 0,
        "silent": 2,
        "elsewhere": 0,
    }
    assert body["rows"][0] == {
        "client": "lpar1",
        "verdict": "owned by source",
        "databases": {A: HOST[A], B: HOST[A]},
        "sync_required": {A: False, B: False},
        "own_word": [HOST[A]],
        "asked": ["c_rsh from nima"],
        "lists_both": True,
        "remarks": [],
    }


def half_restored() -> PairView:
    """A died while a sync had put its niminfo and its database onto B; the clients answer B."""
    own_of_a = worlds.listed(worlds.master_object(A), *worlds.shared_objects(), worlds.alternate(B))
    said = tuple(answer(name, asked_by=B) for name in worlds.CLIENTS)
    return worlds.change(pair(), B, niminfo=worlds.own_niminfo(A, B), objects=own_of_a, clients=said)


def test_a_master_with_the_files_of_its_peer_is_not_taken_for_the_peer():
    assert row(half_restored()).verdict is Verdict.SOURCE
    assert matrix(half_restored()).clients_naming(B) == ()


def test_a_master_that_died_is_still_known_by_its_files_on_the_peer():
    view = worlds.lose(half_restored(), A)
    assert row(view).verdict is Verdict.SOURCE
    assert (matrix(view).active, row(view).lists_both) == (A, True)
