"""Which client may be rebuilt: only one that answers for itself, or nobody."""

from __future__ import annotations

import pytest

from nim_operators.nim.clientrepair import plan_repair
from nim_operators.nim.facts import facts_of
from nim_operators.nim.plan import NoPlan
from tests.unit.nim.worlds import answer, pair, say


def test_a_machine_that_calls_itself_another_is_not_touched():
    view = say(pair(), answer("lpar1", calls_itself="lpar9"), answer("lpar2"))
    with pytest.raises(NoPlan, match=r"What answers for lpar1 is not it: .* calls itself lpar9\. Correct the object"):
        plan_repair(facts_of(view), "lpar1")


def test_a_client_is_reached_by_what_its_master_knows_it_by():
    repair, row = plan_repair(facts_of(say(pair(), answer("lpar1"), answer("lpar2"))), "lpar1")
    assert (repair.client, repair.address, row.client) == ("lpar1", "lpar1", "lpar1")
