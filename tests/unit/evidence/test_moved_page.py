"""The page of a run that moves clients: who asked, who approved, what it came to, what to do next."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from nim_operators.evidence.page import render_html, render_text
from nim_operators.evidence.records import KINDS, Stored
from nim_operators.evidence.verdict import open_verdict
from nim_operators.evidence.view import Page, page_of
from tests.unit.evidence.conftest import FILES

READ_BY_HAND = Path(__file__).with_name("moved_page.txt")
RUN = {
    "uid": "77aa",
    "pair": "berlin",
    "runbook": "nim_planned_takeover",
    "dag_id": "nim_planned_takeover__berlin",
    "run_id": "manual__1",
    "started_at": "2026-11-22T01:00:00+00:00",
    "estate_digest": "605bbb0c",
    "requested_by": "olga",
}
PLAN: dict[str, Any] = {
    "digest": "ab12",
    "plan": {
        "runbook": "nim_planned_takeover",
        "source": "nima",
        "target": "nimb",
        "final_sync": "not wanted by the person who triggered the run",
        "why_no_sync": "The takeover rests on the last recovery point.",
        "commands": [["nimb", "/usr/sbin/nim -o takeover -a async=no nima"]],
        "clients": ["web1", "web2", "web3", "web4"],
        "to_move": ["web1", "web2", "web3"],
        "stays": ["web3"],
        "there": ["web4"],
        "obstacles": [
            {
                "client": "web3",
                "obstacles": [{"cause": "cannot be reached", "saw": "0042-006", "remedy": "Switch it on."}],
            }
        ],
        "bytes_to_copy": 0,
        "lost": [],
    },
    "asked": {
        "reason": "Firmware of nima.\nAgreed with the web team.",
        "change_ticket": "CHG0042",
        "threshold": 60,
        "window_minutes": 120,
        "copy_rate": 50,
        "recovery_target_minutes": 30,
    },
    "idle": False,
    "rehearsal": False,
    "recovery_point": {"at": "2026-11-21T02:10:00Z", "source": "nima", "target": "nimb"},
}
APPROVAL = {
    "digest": "ab12",
    "answer": "Approve",
    "requested_by": "olga",
    "answered_by": "bernd",
    "answered_at": "2026-11-22T01:00:10+00:00",
    "comment": "as agreed",
}
CAME_TO = {
    "source": "nima",
    "target": "nimb",
    "moved": ["web1", "web4"],
    "unresolved": [
        {"client": "web3", "cause": "cannot be reached", "saw": "0042-006", "remedy": "Switch it on."},
        {"client": "web2", "cause": "was not switched", "saw": "It names nima.", "remedy": "Run it again."},
    ],
    "one_way": ["web4"],
    "disagreeing": ["The database of nima does not give web1 to nimb."],
    "percent": 66.7,
    "threshold": 60,
    "seconds": 41.5,
    "target_seconds": 1800.0,
    "sample": "web1: 12 lines of filesets listed by nimb",
}
TURNED = {"source": "nimb", "target": "nima", "recorded_by": "r", "recorded_at": "2026-11-22T01:01:00Z"}
DISASTER = {"runbook": "nim_disaster_failover"}


def client(name: str, verdict: str, nima: str | None, nimb: str | None, *own: str, said: str = "") -> dict[str, Any]:
    return {
        "client": name,
        "verdict": verdict,
        "databases": {"nima": nima, "nimb": nimb},
        "own_word": list(own),
        "asked": ["c_rsh from nimb"],
        "remarks": [said] if said else [],
    }


def assessment(*rows: dict[str, Any], found: str = "") -> dict[str, Any]:
    verdicts = ("owned by source", "owned by target", "split", "silent", "elsewhere")
    finding = {"check": "c", "severity": "warns", "subject": "s", "saw": found, "remedy": "Do it.", "evidence": []}
    return {
        "source": "nima",
        "target": "nimb",
        "diagnosis": {"state": "healthy", "meaning": "Both masters serve.", "reasons": []},
        "permission": "go",
        "findings": [finding] if found else [],
        "ownership": {
            "source": "nima",
            "target": "nimb",
            "summary": {one: sum(row["verdict"] == one for row in rows) for one in verdicts},
            "rows": list(rows),
        },
    }


BEFORE = assessment(
    client("web1", "owned by source", "nima", None, "nima"),
    client("web2", "owned by source", "nima", None, "nima"),
    client("web3", "silent", "nima", None, said="0042-006"),
    client("web4", "owned by target", "nimb", "nimb", "nimb"),
    found="web3 is silent.",
)
AFTER = assessment(
    client("web1", "split", "nima", "nimb", "nimb"),
    client("web2", "owned by source", "nima", None, "nima"),
    client("web3", "silent", "nima", None, said="0042-006"),
    client("web4", "owned by target", "nimb", "nimb", "nimb"),
    found="Clients have left nima.",
)
NEXT = {**assessment(found="web2 names nima."), "source": "nimb", "target": "nima"}


def plan(changed: dict[str, Any] | None = None, **other: Any) -> dict[str, Any]:
    made = deepcopy(PLAN)
    made["plan"].update(changed or {})
    return {**made, **other}


def told(*rows: tuple[str, str, dict[str, Any]]) -> list[Stored]:
    count: dict[str, int] = {}
    found = []
    for second, (task_id, kind, body) in enumerate(rows):
        count[task_id] = count.get(task_id, 0) + 1
        assert kind in KINDS
        found.append(Stored(task_id, count[task_id], kind, f"2026-11-22T01:00:{second:02}+00:00", deepcopy(body)))
    return found


def taken(made: dict[str, Any] = PLAN, came_to: dict[str, Any] = CAME_TO, *others: Any) -> list[Stored]:
    """Return the records of a run that got as far as reading the clients back."""
    return told(
        ("plan", "assessment", BEFORE),
        ("plan", "plan", made),
        ("approve", "approval", APPROVAL),
        *others,
        ("takeover", "assessment", BEFORE),
        ("takeover", "assessment", AFTER),
        ("takeover", "takeover", came_to),
        ("takeover", "direction", TURNED),
        ("takeover", "assessment", NEXT),
    )


def page(records: list[Stored], verdict: str = "incomplete", *, changed: bool = True) -> Page:
    given = {"verdict": verdict, "reason": "takeover is incomplete.", "changed": changed, "steps": []}
    return page_of(RUN, given, records, FILES, "file:///e/x")


def facts(shown: Page) -> dict[str, str]:
    return dict(shown.facts)


def section(shown: Page, heading: str) -> Any:
    return next(found for found in shown.sections if found.heading == heading)


def next_steps(shown: Page) -> str:
    return "\n".join(section(shown, "What to do next").sentences)


def test_the_text_is_the_one_that_was_read_by_hand():
    assert render_text(page(taken())) == READ_BY_HAND.read_text(encoding="utf-8")


def test_what_a_person_needs_stands_before_the_steps():
    headings = [found.heading for found in page(taken()).sections]
    assert headings[: headings.index("Steps")] == [
        "What to do next",
        "What the takeover came to",
        "Who controls the clients, before and after",
        "Clients one by one",
        "What was planned",
        "Clients that would not or might not follow",
    ]


def test_a_reason_of_several_lines_keeps_them_in_both_forms():
    shown = page(taken())
    assert "<dd>Firmware of nima.\nAgreed with the web team.</dd>" in render_html(shown)
    assert "Reason            Firmware of nima.\n                  Agreed with the web team.\n" in render_text(shown)


@pytest.mark.parametrize(
    ("records", "verdict", "approval"),
    [
        ([("plan", "plan", plan(rehearsal=True))], "done", "not asked for: a rehearsal"),
        ([("plan", "plan", plan(idle=True))], "done", "not asked for: nothing was left to do"),
        (
            [("plan", "plan", plan({"runbook": "nim_reattach"}))],
            "done",
            "not asked for: the estate file allows this runbook without one",
        ),
        ([("plan", "plan", PLAN)], "refused", "nobody approved it"),
        (
            [("plan", "plan", PLAN), ("approve", "approval", {**APPROVAL, "answer": "Reject", "comment": ""})],
            "refused",
            "rejected by bernd at 2026-11-22 01:00:10 UTC",
        ),
        (
            [("plan", "plan", PLAN), ("approve", "approval", {**APPROVAL, "answered_by": "", "comment": ""})],
            "refused",
            "approved by nobody known at 2026-11-22 01:00:10 UTC",
        ),
        (
            [("plan", "plan", PLAN), ("approve", "approval", APPROVAL), ("plan", "plan", plan(digest="cd34"))],
            "refused",
            "approved by bernd at 2026-11-22 01:00:10 UTC, saying: as agreed; that was another plan than the one below",
        ),
    ],
    ids=["rehearsal", "idle", "reattach", "no answer", "rejected", "nobody known", "another plan"],
)
def test_the_head_says_who_approved(records, verdict, approval):
    assert facts(page(told(*records), verdict, changed=False))["Approval"] == approval


def test_a_plan_that_waits_says_where():
    records = told(("plan", "assessment", BEFORE), ("plan", "plan", PLAN))
    shown = page_of(RUN, open_verdict(records) or {}, records, FILES, "file:///e/x")
    assert facts(shown)["Approval"] == "nobody has answered yet; the plan waits under Required Actions"
    assert "What to do next" not in [found.heading for found in shown.sections]


@pytest.mark.parametrize(
    ("changed", "shown"),
    [
        ({"seconds": 1800.5, "unresolved": []}, "1800.5 s; the target of 30 min 00 s is MISSED"),
        ({"seconds": 1800.0, "unresolved": []}, "1800 s; the target of 30 min 00 s is met"),
        ({}, "41.5 s; the target of 30 min 00 s is met, without 2 clients"),
        ({"seconds": None}, "none: no takeover was sent; the target is 30 min 00 s"),
    ],
    ids=["missed", "met", "not all", "nothing sent"],
)
def test_the_recovery_time_is_measured_against_its_target(changed, shown):
    assert facts(page(taken(PLAN, {**CAME_TO, **changed})))["Recovery time"] == shown


def test_a_direction_that_was_not_turned_says_so():
    below = [record for record in taken(PLAN, {**CAME_TO, "percent": 33.3}) if record.kind != "direction"]
    shown = page(below)
    assert facts(shown)["Armed direction"] == "not turned by this run"
    assert "the armed direction still is nima to nimb" in next_steps(shown)
    assert "give those that moved back with nim_give_back" in next_steps(shown)
    assert "is the active master now" not in next_steps(shown)


def test_after_a_takeover_the_checks_speak_of_the_direction_that_is_armed_then():
    shown = page(taken())
    after = section(shown, "Findings after the takeover, for the direction nimb to nima")
    assert [row.cells[3] for row in section(shown, "Findings before the takeover").rows] == ["web3 is silent."]
    assert [row.cells[3] for row in after.rows] == ["web2 names nima."]
    shown = page(taken()[:-2])
    after = section(shown, "Findings after the takeover, for the direction nima to nimb")
    assert [row.cells[3] for row in after.rows] == ["Clients have left nima."]


def test_of_thousands_of_clients_only_those_that_are_not_agreed_are_shown():
    many = [client(f"web{number:04}", "owned by target", None, "nimb", "nimb") for number in range(5000)]
    records = taken()
    records[4].body.update(assessment(*many, client("zeta", "silent", None, None)))
    shown = page(records)
    assert section(shown, "Who controls the clients, before and after").rows[1].cells == (
        ("after", "0", "5000", "0", "1", "0")
    )
    clients = section(shown, "Clients one by one")
    assert [row.cells[0] for row in clients.rows] == ["zeta"]
    assert clients.sentences == (
        "5000 clients that are agreed to be nimb's are left out; records/takeover/002-assessment.json has them.",
    )


FENCE = ("fence", "fence", {"master": "nima", "stands": True, "said": "nimesis is stopped."})
OPEN_FENCE = ("fence", "fence", {"master": "nima", "stands": False, "said": "Nobody can say."})
ALL = {**CAME_TO, "unresolved": [], "disagreeing": [], "percent": 100.0}


def test_an_old_master_that_is_not_fenced_is_the_first_thing_to_do():
    shown = page(taken(plan({**DISASTER, "lost": ["Since then."]}), ALL, OPEN_FENCE), "done")
    assert [(row.cells, row.tone) for row in section(shown, "Fence").rows] == [
        (("nima", "NOT FENCED", "Nobody can say."), "bad")
    ]
    assert next_steps(shown).startswith("1. nima is NOT fenced")
    assert [row.cells for row in section(shown, "What is lost").rows] == [("Since then.",)]


def test_after_a_disaster_comes_reprotect_and_then_give_back():
    steps = next_steps(page(taken(plan(DISASTER), ALL, FENCE), "done"))
    assert "NOT fenced" not in steps
    assert steps.index("HMC") < steps.index("nim_reprotect") < steps.index("nim_give_back")


REPROTECT = plan(
    {
        "runbook": "nim_reprotect",
        "source": "nimb",
        "target": "nima",
        "clients": [],
        "to_move": [],
        "there": [],
        "stays": [],
        "obstacles": [],
        "lost": ["script_a is only on nima."],
    }
)
LIFTED = (
    ("lift_fence", "job", {"job": "j", "kind": "lift_fence", "host": "nima", "begun_by": "r", "outcome": {"exited": 0},
                           "log_file": "l", "log_sha256": "d", "lines": 0}),
    ("lift_fence", "step", {"try_number": 1, "result": "done", "began_at": "2026-11-22T01:00:01Z"}),
)  # fmt: skip


def test_what_only_the_returned_master_had_is_listed_with_its_backup():
    kept = {"master": "nima", "path": "file:///e/nima.backup", "stamp": "20261122T010010Z", "size_bytes": 1,
            "algorithm": "SHA-256", "digest_here": "a", "digest_on_host": "a", "members": []}  # fmt: skip
    shown = page(told(("plan", "plan", REPROTECT), ("backup", "backup", kept), FENCE, *LIFTED), "done")
    assert facts(shown)["Planned"] == "nima becomes the standby of nimb, its database replaced by a copy"
    lost = section(shown, "What only nima had, or had otherwise")
    assert "file:///e/nima.backup" in lost.sentences[0]
    assert [row.cells for row in lost.rows] == [("script_a is only on nima.",)]
    assert section(shown, "Fence").rows[0].cells[:2] == ("nima", "lifted")
    assert next_steps(shown).startswith("1. Merge by hand")


def test_a_fence_counts_as_lifted_only_when_that_was_read_back():
    shown = page(told(("plan", "plan", REPROTECT), FENCE, LIFTED[0]))
    assert section(shown, "Fence").rows[0].cells[:2] == ("nima", "fenced")


def test_a_fence_that_was_not_read_since_a_restore_is_none():
    restored = ("put_back", "put_back", {"master": "nima", "state": "put back", "reason": "R.", "commands": []})
    shown = page(told(("plan", "plan", REPROTECT), FENCE, restored), "failed")
    row = section(shown, "Fence").rows[0]
    assert (row.cells[:2], row.tone) == (("nima", "NOT FENCED"), "bad")


@pytest.mark.parametrize(
    ("changed", "advised"),
    [
        (True, "1. Do what the verdict names, then clear the failed task; the steps before it are not sent twice."),
        (False, "1. Nothing was changed. Remove what the verdict names, then trigger nim_reprotect again"),
    ],
    ids=["changed", "unchanged"],
)
def test_a_run_that_stopped_before_its_goal_says_how_to_go_on(changed, advised):
    assert next_steps(page(told(("plan", "plan", REPROTECT)), "failed", changed=changed)).startswith(advised)


def test_a_run_without_a_plan_is_given_no_advice():
    shown = page(told(("plan", "assessment", BEFORE)), "refused", changed=False)
    assert "Reason" not in facts(shown)
    assert "What to do next" not in [found.heading for found in shown.sections]
