"""A repair is done by the master that the clients name, whatever else the law lets go."""

from __future__ import annotations

import pytest

from nim_operators.nim.assess import assess
from nim_operators.nim.law import Permission
from nim_operators.nim.pair import PairView
from nim_operators.nim.plan import NoPlan
from nim_operators.nim.repairplan import demand_control
from nim_operators.nim.runbooks import WITHOUT_TARGET
from nim_operators.nim.snapshot import ClientAnswer
from tests.unit.nim.worlds import HOST, B, answer, lose, owned_by_b, pair, say, silence

CLIENTS = ("lpar1", "lpar2", "vios1")


def says(name: str) -> ClientAnswer:
    return answer(name, HOST[B])


def standby_away(*answers: ClientAnswer) -> PairView:
    return lose(say(pair(), *answers), B)


@pytest.mark.parametrize("runbook", sorted(WITHOUT_TARGET))
@pytest.mark.parametrize(
    ("view", "words"),
    [
        (owned_by_b(), ("Evidence: nimb is named by lpar1, lpar2, vios1.", "Next: Run setup with the master")),
        (standby_away(*map(silence, CLIENTS)), ("Evidence: Of 3 clients none names either", "Next: Make one client")),
        (
            standby_away(says("lpar1"), *map(answer, CLIENTS[1:])),
            ("Evidence: nima is named by lpar2, vios1.", "Evidence: nimb is named by lpar1.", "Next: Decide for one"),
        ),
    ],
)
def test_what_the_law_lets_go_is_refused_where_the_clients_do_not_name_the_master(runbook, view, words):
    assessment = assess(view, runbook)
    assert assessment.permission is Permission.GO
    with pytest.raises(NoPlan) as refused:
        demand_control(assessment)
    for word in ("Cause: ", *words):
        assert any(line.startswith(word) for line in str(refused.value).splitlines()), (word, str(refused.value))


@pytest.mark.parametrize("runbook", sorted(WITHOUT_TARGET))
def test_a_silent_client_and_a_standby_that_is_away_are_no_obstacle(runbook):
    assessment = assess(standby_away(silence("lpar1"), *map(answer, CLIENTS[1:])), runbook)
    assert assessment.permission is Permission.GO
    demand_control(assessment)
