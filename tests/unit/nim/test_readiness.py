from __future__ import annotations

from dataclasses import replace

import pytest

from nim_operators.nim.facts import facts_of
from nim_operators.nim.levels import Level
from nim_operators.nim.pair import PairView
from nim_operators.nim.readiness import Readiness, readiness
from nim_operators.nim.snapshot import BY_SSH
from tests.unit.nim import worlds
from tests.unit.nim.worlds import HOST, A, B, answer, client, pair, silence

LISTS_A_ALONE = (HOST[A],)


def standing(view: PairView, name: str = "lpar1") -> Readiness:
    return next(one for one in readiness(facts_of(view)) if one.client == name)


def causes(view: PairView, name: str = "lpar1") -> list[str]:
    return [one.cause.value for one in standing(view, name).obstacles]


def heard(*words, by_target=()) -> PairView:
    """The healthy pair, of whose clients only one speaks: to A, and to B where that one asked too."""
    return worlds.say(worlds.say(pair(), *words), *by_target, asked_by=B)


def defined(**attributes: str) -> PairView:
    """The healthy pair, in both databases of which the first client has these attributes too, before its others."""
    view = pair()
    plain = client("lpar1")
    given = replace(plain, attributes=(*attributes.items(), *plain.attributes))
    return worlds.put(worlds.put(view, A, given), B, given)


def test_clients_of_a_healthy_pair_follow_and_a_vios_may():
    assert [(one.client, one.follows, causes(pair(), one.client)) for one in readiness(facts_of(pair()))] == [
        ("lpar1", True, []),
        ("lpar2", True, []),
        ("vios1", True, ["a VIOS"]),
    ]


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("0042-006 c_rsh: (From_Master) connect Connection refused", "cannot be reached"),
        ("no answer within its limit", "cannot be reached"),
        ("0042-008 nimsh: Request denied - wronghost", "refuses the master that asked"),
        ("0042-008 nimsh: Request denied", "refuses the master that asked"),
        ("0042-008 nimsh: the cpuid is another one", "cpuid has changed"),
        ("0042-008 nimsh: no push is permitted", "forbids pushes"),
        ("SSL handshake failed", "lacks the target's certificate"),
        ("its /etc/niminfo names no master", "does not say who controls it"),
        ("0042-137 nimclient: /etc/niminfo lacks variables", "does not say who controls it"),
    ],
)
def test_a_silent_client_is_judged_by_what_it_said_to_its_own_master(said, cause):
    view = heard(silence("lpar1", A, said), by_target=[silence("lpar1", B, "0042-008 nimsh: wronghost")])
    assert causes(view) == [cause]


def test_a_client_whom_nobody_asked_is_silent_and_may_follow():
    assert causes(heard()) == ["does not say who controls it"]
    assert standing(heard()).follows


def test_that_the_target_does_not_control_a_client_yet_is_no_reason():
    ask_from_b = [silence("lpar1", B, '0042-378 m_lslpp: The current master for "lpar1" is "nima"')]
    assert causes(heard(silence("lpar1", A, "0042-006 connect"), by_target=ask_from_b)) == ["cannot be reached"]


@pytest.mark.parametrize(
    ("to_target", "found"),
    [
        ("0042-006 c_rsh: connect Connection refused", ["cannot be reached"]),
        ("0042-008 nimsh: Request denied - wronghost nimb", []),
        ("0042-008 nimsh: no push is permitted", []),
    ],
)
def test_before_a_takeover_only_a_way_that_is_shut_counts_against_the_target(to_target, found):
    assert causes(heard(answer("lpar1"), by_target=[silence("lpar1", B, to_target)])) == found


def test_a_way_that_is_shut_from_the_target_is_to_be_opened_there():
    view = heard(answer("lpar1"), by_target=[silence("lpar1", B, "0042-006 connect")])
    (obstacle,) = standing(view).obstacles
    assert obstacle.remedy == "Open ports 3901 and 3902 from nimb to it, and look at name resolution there."


def test_what_refuses_its_own_master_counts_although_the_client_speaks_by_ssh():
    said = answer("lpar1", asked_by=BY_SSH)
    assert causes(heard(silence("lpar1", A, "0042-008 nimsh: no push is permitted"), said)) == ["forbids pushes"]
    assert causes(heard(said, silence("lpar1", A, "0042-006 connect"))) == ["cannot be reached"]


def test_what_refuses_the_other_master_does_not_count_for_a_client_that_has_moved():
    said = answer("lpar1", HOST[B], BY_SSH, (HOST[B], HOST[A]))
    assert causes(heard(silence("lpar1", A, "0042-008 nimsh: no push is permitted"), said)) == []


def test_the_machine_a_client_runs_on_outranks_what_a_message_speaks_of():
    said = replace(answer("lpar1", asked_by=BY_SSH), machine_id="00FA0000AD00")
    view = heard(silence("lpar1", A, "0042-008 nimsh: no push is permitted"), said)
    assert causes(view) == ["cpuid has changed", "forbids pushes"]
    assert standing(view).obstacles[0].saw == "Its object says 00068A0AD700, the host 00FA0000AD00."


def test_a_machine_id_counts_although_another_word_had_none():
    said = replace(answer("lpar1"), machine_id="00FA0000AD00")
    assert causes(heard(said, by_target=[silence("lpar1", B, "0042-008 wronghost")])) == ["cpuid has changed"]


def test_the_same_machine_in_small_letters_is_the_same():
    assert causes(heard(replace(answer("lpar1"), machine_id="00068a0ad700"))) == []


def test_a_list_without_the_target_outranks_what_a_message_speaks_of():
    said = answer("lpar1", asked_by=BY_SSH, lists=LISTS_A_ALONE)
    view = heard(silence("lpar1", A, "0042-008 nimsh: no push is permitted"), said)
    assert causes(view) == ["does not list the target", "forbids pushes"]


def test_a_client_of_a_third_master_belongs_there():
    assert "belongs to a third master" in causes(heard(answer("lpar1", "nimc.example.com")))


def test_a_host_that_answers_to_the_name_of_another_is_no_change_of_cpuid():
    said = replace(answer("lpar1", calls_itself="lpar9"), machine_id="00FA0000AD00")
    assert causes(heard(said))[0] == "another host answers to its name"


def test_a_client_above_the_target_does_not_follow():
    view = heard(answer("lpar1", level=Level(7300, 3, 0, 2446)))
    assert (causes(view), standing(view).follows) == (["above the target's level"], False)


def test_a_client_that_the_target_does_not_define_does_not_follow():
    view = worlds.drop(pair(), B, "lpar1")
    assert (causes(view), standing(view).follows) == (["not in the target's database"], False)


@pytest.mark.parametrize(
    ("key", "value", "cause", "follows"),
    [
        ("control", "lpar1 push_off", "forbids pushes", False),
        ("connect", "nimsh (secure)", "lacks the target's certificate", True),
        ("Cstate", "BOS installation has been enabled", "not ready for a NIM operation", True),
    ],
)
def test_what_its_object_says_of_it(key, value, cause, follows):
    view = defined(**{key: value})
    assert (causes(view), standing(view).follows) == ([cause], follows)


def test_each_cause_is_told_once():
    said = silence("lpar1", A, "0042-008 nimsh: no push is permitted")
    assert causes(worlds.say(defined(control="lpar1 push_off"), said)) == ["forbids pushes"]
