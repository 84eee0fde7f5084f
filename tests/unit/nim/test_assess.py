from __future__ import annotations

import json

import pytest

from nim_operators.nim.assess import assess
from nim_operators.nim.diagnosis import State
from nim_operators.nim.law import Permission
from nim_operators.nim.pair import PairView
from nim_operators.nim.runbooks import Runbook
from nim_operators.nim.snapshot import OwnRecords
from tests.unit.nim import worlds
from tests.unit.nim.worlds import HOST, A, B, alternate, answer, armed, client, pair, silence

NIGHTLY, SETUP = Runbook.NIGHTLY_SYNC, Runbook.SETUP
GO, REASON, REFUSE = Permission.GO, Permission.GO_WITH_REASON, Permission.REFUSE


def permission(view: PairView, runbook: Runbook = NIGHTLY) -> Permission:
    return assess(view, runbook).permission


@pytest.mark.parametrize("runbook", [NIGHTLY, SETUP])
def test_a_healthy_pair_may_go_without_a_word(runbook):
    assessment = assess(pair(), runbook)
    assert (assessment.permission, assessment.refusal, assessment.findings) == (GO, "", ())


def test_the_first_night_may_go_and_notes_that_it_arms_the_direction():
    assessment = assess(worlds.first_sync(), NIGHTLY)
    assert (assessment.diagnosis.state, assessment.permission) == (State.FIRST_SYNC, GO)
    assert [found.check for found in assessment.findings] == ["direction.first-arming"]


def test_warnings_and_notes_take_no_permission_away():
    view = worlds.say(worlds.drop(pair(remembered=None), B, A), answer("lpar1"))
    assessment = assess(view, NIGHTLY)
    assert assessment.permission is GO
    assert [found.check for found in assessment.findings] == [
        "pairing.target-record",
        "ownership.silent",
        "direction.records",
    ]


def test_a_blocking_finding_refuses_what_the_law_would_give():
    view = worlds.change(pair(), B, nim_level="7.2.0.0")
    assert assess(view, NIGHTLY).ruling.permission is GO
    assert permission(view) is REFUSE
    assert permission(view, SETUP) is GO


def test_a_finding_that_wants_approval_asks_for_a_reason():
    claimed = worlds.put(pair(), B, client("lpar1", HOST[B]))
    view = worlds.say(claimed, silence("lpar1"), answer("lpar2"), answer("vios1"))
    assert permission(view) is REASON


def test_a_blocking_finding_outweighs_one_that_wants_approval():
    claimed = worlds.put(pair(), B, client("lpar1", HOST[B]))
    view = worlds.say(claimed, silence("lpar1"), answer("lpar2"), answer("vios1"))
    assert permission(worlds.change(view, B, nfs_of_peer=False)) is REFUSE


def test_no_finding_gives_back_what_the_law_takes():
    assert permission(worlds.lose(pair(), B)) is REFUSE


def test_a_direction_is_turned_by_setup_with_a_reason_and_never_by_the_night():
    view = worlds.change(pair(remembered=armed(B, A)), B, own=OwnRecords(direction=armed(B, A)))
    assert permission(view, NIGHTLY) is REFUSE
    assert permission(view, SETUP) is REASON


def test_no_reason_arms_a_direction_against_the_clients():
    assert permission(worlds.owned_by_b(), SETUP) is REFUSE


def test_the_lock_of_the_run_itself_does_not_stop_it():
    view = worlds.change(pair(), A, own=worlds.locked("run-9"))
    assert assess(view, NIGHTLY).permission is REFUSE
    assert assess(view, NIGHTLY, run="run-9").permission is GO


def test_a_sync_is_sent_to_the_sources_own_name_for_the_target():
    assert assess(pair(), NIGHTLY).alternate == B
    assert assess(worlds.drop(pair(), A, B), NIGHTLY).alternate is None
    two = worlds.put(pair(), A, alternate(B), worlds.obj("nimb2", *("machines", "alternate_master")))
    assert assess(two, NIGHTLY).alternate == B
    assert assess(worlds.lose(pair(), A), NIGHTLY).alternate is None


def test_force_is_needed_exactly_where_the_target_has_a_database():
    assert assess(pair(), NIGHTLY).force is True
    assert assess(worlds.first_sync(), NIGHTLY).force is True
    assert assess(worlds.change(pair(), B, objects={}), NIGHTLY).force is False
    assert assess(worlds.lose(pair(), B), NIGHTLY).force is False


def test_a_refusal_gives_cause_evidence_and_next_action_of_the_law_and_of_each_finding():
    view = worlds.change(pair(remembered=armed(B, A)), B, nfs_of_peer=False)
    meaning = "The clients or a recorded armed direction name the other direction."
    because = "A sync in this direction would replace the live database by the stale one."
    next_action = "If clients were taken over, give them back or arm the other direction; nothing turns itself."
    assert assess(view, NIGHTLY).refusal.splitlines() == [
        "nim_nightly_sync from nima to nimb refuses.",
        f"Cause: roles reversed. {meaning} {because}",
        "Evidence: Wanted is nima to nimb.",
        "Evidence: nima: nima to nimb, recorded by setup-1 at 2026-01-05T10:00:00Z.",
        "Evidence: nimb: nima to nimb, recorded by setup-1 at 2026-01-05T10:00:00Z.",
        "Evidence: the evidence: nimb to nima, recorded by setup-1 at 2026-01-05T10:00:00Z.",
        f"Next: {next_action}",
        "Cause: [blocks] direction.armed, armed direction: A record does not say nima to nimb.",
        "Evidence: nima: nima to nimb, recorded by setup-1 at 2026-01-05T10:00:00Z",
        "Evidence: nimb: nima to nimb, recorded by setup-1 at 2026-01-05T10:00:00Z",
        "Evidence: the evidence: nimb to nima, recorded by setup-1 at 2026-01-05T10:00:00Z",
        "Next: Find out who turned it and why; only setup, takeover and reprotect turn it.",
        "Cause: [blocks] surroundings.nfs, nimb: NFS of nima does not answer nimb.",
        "Next: Start NFS on nima; open ports 111, 2049 and that of mountd.",
    ]


def test_where_only_findings_object_the_law_is_not_quoted_as_a_cause():
    lines = assess(worlds.change(pair(), B, nfs_of_peer=False), NIGHTLY).refusal.splitlines()
    assert [line for line in lines if line.startswith("Cause: ")] == [
        "Cause: [blocks] surroundings.nfs, nimb: NFS of nima does not answer nimb."
    ]


@pytest.mark.parametrize(("runbook", "field"), [(NIGHTLY, "Reason"), (Runbook.GIVE_BACK, "Override")])
def test_a_missing_reason_is_asked_for_by_the_name_of_its_field(runbook, field):
    view = worlds.change(pair(), A, own=worlds.job("vanished"))
    assert assess(view, runbook).refusal.splitlines()[0] == (
        f"{runbook} from nima to nimb wants a typed reason, in the field {field} of its trigger form."
    )


def test_an_assessment_is_plain_json():
    body = json.loads(json.dumps(assess(worlds.change(pair(), B, nfs_of_peer=None), NIGHTLY).to_json()))
    assert sorted(body) == [
        "alternate",
        "armed",
        "diagnosis",
        "findings",
        "force",
        "law",
        "ownership",
        "permission",
        "refusal",
        "runbook",
        "source",
        "target",
    ]
    assert (body["permission"], body["alternate"], body["force"]) == ("go", B, True)
    assert body["findings"][0]["check"] == "surroundings.nfs-known"
    assert body["armed"]["standing"] == "every record agrees"
