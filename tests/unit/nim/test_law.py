from __future__ import annotations

import itertools

import pytest

from nim_operators.nim.diagnosis import State
from nim_operators.nim.law import LAW, Permission, rule, to_markdown
from nim_operators.nim.runbooks import Runbook

GO, REASON, REFUSE = Permission.GO, Permission.GO_WITH_REASON, Permission.REFUSE

EXPECTED = {
    #                    nightly setup planned disaster reprotect reattach watch give back, rebuild spot, repair client
    State.HEALTHY: (GO, GO, GO, REFUSE, GO, REFUSE, GO, GO, GO, GO),
    State.FIRST_SYNC: (GO, GO, REFUSE, REFUSE, GO, REFUSE, GO, REFUSE, GO, GO),
    State.STANDBY_DOWN: (REFUSE, REFUSE, REFUSE, REFUSE, REFUSE, REFUSE, GO, REFUSE, GO, GO),
    State.STANDBY_SYNCING: (REFUSE, REFUSE, REFUSE, REASON, REFUSE, REFUSE, GO, REFUSE, REFUSE, REFUSE),
    State.ACTIVE_UNREACHABLE_UNCONFIRMED: (REFUSE, REFUSE, REFUSE, REASON, REFUSE, GO, GO, REFUSE, REFUSE, REFUSE),
    State.ACTIVE_DEAD: (REFUSE, REFUSE, REFUSE, GO, REFUSE, GO, GO, REFUSE, REFUSE, REFUSE),
    State.BOTH_UNREACHABLE: (REFUSE, REFUSE, REFUSE, REFUSE, REFUSE, REFUSE, GO, REFUSE, REFUSE, REFUSE),
    State.ACTIVE_NOT_SERVING: (REFUSE, REFUSE, REFUSE, REASON, REFUSE, GO, GO, REFUSE, REFUSE, REFUSE),
    State.UNUSABLE_ALTERNATE: (REFUSE, REFUSE, REFUSE, REFUSE, REASON, REFUSE, GO, REFUSE, GO, GO),
    State.INTERRUPTED_SYNC: (REASON, REASON, REASON, REASON, REASON, REFUSE, GO, REASON, REASON, REASON),
    State.INTERRUPTED_TAKEOVER: (REFUSE, REASON, REASON, REASON, REASON, REFUSE, GO, REASON, REASON, REASON),
    State.SPLIT: (REFUSE, REFUSE, REASON, REFUSE, REFUSE, GO, GO, REASON, REFUSE, REFUSE),
    State.RETURNED_STALE: (REFUSE, REASON, REFUSE, REFUSE, GO, GO, GO, REASON, GO, GO),
    State.TAKEN_OVER: (REFUSE, REFUSE, GO, GO, REFUSE, GO, GO, GO, REFUSE, REFUSE),
    State.ROLES_REVERSED: (REFUSE, REASON, REFUSE, REFUSE, REASON, REFUSE, GO, REFUSE, REFUSE, REFUSE),
    State.NOT_A_PAIR: (REFUSE, REFUSE, REFUSE, REFUSE, REFUSE, REFUSE, GO, REFUSE, REFUSE, REFUSE),
    State.OWNERSHIP_UNKNOWN: (REFUSE, REFUSE, REFUSE, REFUSE, REFUSE, REFUSE, GO, REFUSE, REFUSE, REFUSE),
    State.NOT_ARMED: (REFUSE, REFUSE, REFUSE, REFUSE, REFUSE, REFUSE, GO, REFUSE, REFUSE, REFUSE),
}
"""By hand: what each runbook may do in each state."""

COLUMNS = {
    Runbook.NIGHTLY_SYNC: 0,
    Runbook.SETUP: 1,
    Runbook.PLANNED_TAKEOVER: 2,
    Runbook.GIVE_BACK: 7,
    Runbook.DISASTER_FAILOVER: 3,
    Runbook.REPROTECT: 4,
    Runbook.REATTACH: 5,
    Runbook.WATCH: 6,
    Runbook.REBUILD_SPOT: 8,
    Runbook.REPAIR_CLIENT: 9,
    Runbook.RESET_CLIENTS: 0,
}


@pytest.mark.parametrize(("state", "runbook"), list(itertools.product(State, Runbook)))
def test_the_law_has_a_cell_for_every_state_and_runbook(state, runbook):
    ruling = rule(state, runbook)
    assert ruling.permission is EXPECTED[state][COLUMNS[runbook]]
    assert ruling.because.endswith(".")
    assert ruling.next_action.endswith(".")


def test_the_law_has_no_cell_for_anything_else():
    assert set(LAW) == set(Runbook)
    assert all(set(column) == set(State) for column in LAW.values())


GATHERING = {Runbook.PLANNED_TAKEOVER, Runbook.GIVE_BACK, Runbook.DISASTER_FAILOVER}


@pytest.mark.parametrize("runbook", [runbook for runbook in Runbook if runbook not in GATHERING])
def test_what_refuses_while_clients_name_both_masters_says_who_brings_them_together(runbook):
    ruling = rule(State.SPLIT, runbook)
    if ruling.permission is REFUSE:
        assert "nim_planned_takeover or nim_give_back, whichever goes to it, with an override" in ruling.next_action


def test_the_table_is_rendered_with_every_cell():
    lines = to_markdown().splitlines()
    assert lines[0] == (
        "| state | meaning | `nim_nightly_sync` | `nim_setup` | `nim_planned_takeover` | `nim_give_back` "
        "| `nim_disaster_failover` | `nim_reprotect` | `nim_reattach` | `nim_watch` "
        "| `nim_rebuild_spot` | `nim_repair_client` | `nim_reset_clients` |"
    )
    rows = lines[2 : 2 + len(State)]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == [state.value for state in State]
    assert (
        "| roles reversed | The clients or a recorded armed direction name the other direction. "
        "| refuse | go with typed reason | refuse | refuse | refuse | go with typed reason | refuse | go "
        "| refuse | refuse | refuse |"
    ) in rows
    assert "### `nim_setup`" in lines
    assert all(line.count("|") in {0, 4, 14} for line in lines)
