from __future__ import annotations

import itertools

import pytest

from nim_operators.nim.diagnosis import State
from nim_operators.nim.law import LAW, Permission, rule, to_markdown
from nim_operators.nim.runbooks import Runbook

GO, REASON, REFUSE = Permission.GO, Permission.GO_WITH_REASON, Permission.REFUSE

EXPECTED = {
    State.HEALTHY: (GO, GO),
    State.FIRST_SYNC: (GO, GO),
    State.STANDBY_DOWN: (REFUSE, REFUSE),
    State.STANDBY_SYNCING: (REFUSE, REFUSE),
    State.ACTIVE_UNREACHABLE_UNCONFIRMED: (REFUSE, REFUSE),
    State.BOTH_UNREACHABLE: (REFUSE, REFUSE),
    State.ACTIVE_NOT_SERVING: (REFUSE, REFUSE),
    State.UNUSABLE_ALTERNATE: (REFUSE, REFUSE),
    State.INTERRUPTED_SYNC: (REASON, REASON),
    State.SPLIT: (REFUSE, REFUSE),
    State.ROLES_REVERSED: (REFUSE, REASON),
    State.NOT_A_PAIR: (REFUSE, REFUSE),
    State.OWNERSHIP_UNKNOWN: (REFUSE, REFUSE),
    State.NOT_ARMED: (REFUSE, REFUSE),
}
"""By hand: what the nightly sync and setup may do in each state."""


@pytest.mark.parametrize(("state", "runbook"), list(itertools.product(State, Runbook)))
def test_the_law_has_a_cell_for_every_state_and_runbook(state, runbook):
    ruling = rule(state, runbook)
    nightly, setup = EXPECTED[state]
    assert ruling.permission is {Runbook.NIGHTLY_SYNC: nightly, Runbook.SETUP: setup}[runbook]
    assert ruling.because.endswith(".")
    assert ruling.next_action.endswith(".")


def test_the_law_has_no_cell_for_anything_else():
    assert set(LAW) == set(Runbook)
    assert all(set(column) == set(State) for column in LAW.values())


def test_the_table_is_rendered_with_every_cell():
    lines = to_markdown().splitlines()
    assert lines[0] == "| state | meaning | `nim_nightly_sync` | `nim_setup` |"
    rows = lines[2 : 2 + len(State)]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == [state.value for state in State]
    assert (
        "| roles reversed | The clients or a recorded armed direction name the other direction. "
        "| refuse | go with typed reason |"
    ) in rows
    assert "### `nim_setup`" in lines
    assert all(line.count("|") in {0, 4, 5} for line in lines)
