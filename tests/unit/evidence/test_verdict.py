"""The verdict comes from what was recorded, by the table of ``verdict.py``; nothing else makes it *done*."""

from __future__ import annotations

import pytest

from nim_operators.evidence.records import Stored
from nim_operators.evidence.verdict import Verdict, judge, open_verdict

REQUIRED = {"observe": ["assessment"], "sync": ["drift"], "verify": ["contents"]}
SYNC = {"host": "nima", "line": "nim -o sync alt", "changes": True}
BACKUP = {"master": "nima", "digest_on_host": "a", "digest_here": "a"}


def told(*rows):
    """Return records from ``(task_id, kind, body)``, numbered per task in the given order."""
    count = {}
    found = []
    for place, (task_id, kind, body) in enumerate(rows):
        count[task_id] = count.get(task_id, 0) + 1
        found.append(Stored(task_id, count[task_id], kind, f"2026-11-22T01:00:{place:02}+00:00", body))
    return found


def step(task_id, result, text=""):
    return (
        task_id,
        "step",
        {"result": result, "text": text, "try_number": 1, "began_at": "2026-11-22T01:00:00+00:00"},
    )


def contents(condition):
    return "verify", "contents", {"rows": [{"resource": "spot_72", "condition": condition}]}


def job(outcome):
    return "sync", "job", {"host": "nima", "job": "sync.1", "outcome": outcome}


OBSERVED = [("observe", "assessment", {}), step("observe", "done")]
SENT = ("sync", "command", SYNC)
SYNCED = [SENT, job({"exited": 0}), ("sync", "drift", {"rows": []}), step("sync", "done")]
VERIFIED = [contents("equal"), step("verify", "done")]
GOOD = [*OBSERVED, *SYNCED, *VERIFIED]

TABLE = {
    "everything read back": (GOOD, Verdict.DONE, 8, "Every required step recorded its read-back."),
    "nothing had to be sent": (
        [*OBSERVED, ("sync", "drift", {"rows": []}), step("sync", "done"), *VERIFIED],
        Verdict.DONE,
        8,
        "Every required step recorded its read-back.",
    ),
    "stale content is only listed": (
        [*OBSERVED, *SYNCED, contents("stale"), step("verify", "done")],
        Verdict.DONE,
        8,
        "Every required step recorded its read-back.",
    ),
    "sent, and the link was lost before the start was acknowledged": (
        [
            *OBSERVED,
            ("sync", "command", {**SYNC, "outcome": {"unknown": "link lost"}}),
            step("sync", "unknown", "Lost."),
        ],
        Verdict.INCOMPLETE,
        1,
        "Nobody knows how 'nim -o sync alt' ended on nima; observe before anything else.",
    ),
    "sent, and the worker died": (
        [*OBSERVED, SENT],
        Verdict.INCOMPLETE,
        1,
        "Nobody knows how 'nim -o sync alt' ended on nima; observe before anything else.",
    ),
    "sent, and the job vanished": (
        [*OBSERVED, SENT, job({"unknown": "the job is vanished"}), step("sync", "failed", "Gone.")],
        Verdict.INCOMPLETE,
        1,
        "Nobody knows how 'nim -o sync alt' ended on nima; observe before anything else.",
    ),
    "a job on the other host settles nothing": (
        [
            *OBSERVED,
            SENT,
            ("sync", "job", {"host": "nimb", "outcome": {"exited": 0}}),
            step("sync", "failed"),
        ],
        Verdict.INCOMPLETE,
        1,
        "Nobody knows how 'nim -o sync alt' ended on nima; observe before anything else.",
    ),
    "lost, then the retry attached": (
        [
            *OBSERVED,
            ("sync", "command", {**SYNC, "outcome": {"unknown": "link lost"}}),
            step("sync", "unknown", "Lost."),
            *SYNCED,
            *VERIFIED,
        ],
        Verdict.DONE,
        8,
        "Every required step recorded its read-back.",
    ),
    "lost, then the retry looked and was content": (
        [
            *OBSERVED,
            ("sync", "command", {**SYNC, "outcome": {"unknown": "link lost"}}),
            step("sync", "unknown", "Lost."),
            ("sync", "drift", {"rows": []}),
            step("sync", "done"),
            *VERIFIED,
        ],
        Verdict.DONE,
        8,
        "Every required step recorded its read-back.",
    ),
    "refused before anything was sent": (
        [step("observe", "refused", "Roles are reversed.")],
        Verdict.REFUSED,
        2,
        "observe refused, and nothing was changed. Roles are reversed.",
    ),
    "refused, and what was sent only read": (
        [
            (
                "observe",
                "command",
                {"host": "nima", "line": "lsnim -l", "changes": False, "outcome": {"unknown": "x"}},
            ),
            step("observe", "refused", "No."),
        ],
        Verdict.REFUSED,
        2,
        "observe refused, and nothing was changed. No.",
    ),
    "refused, then cleared and allowed": (
        [step("observe", "refused", "No."), *GOOD],
        Verdict.DONE,
        8,
        "Every required step recorded its read-back.",
    ),
    "failed with a status": (
        [*OBSERVED, SENT, job({"exited": 1}), step("sync", "failed", "0042-001.")],
        Verdict.FAILED,
        3,
        "sync failed. 0042-001.",
    ),
    "broke before anything was sent": (
        [step("observe", "broke", "KeyError: 'x'")],
        Verdict.FAILED,
        3,
        "observe broke. KeyError: 'x'",
    ),
    "a step that is not required failed": (
        [*GOOD, step("unlock", "failed", "Still held by job sync.1.")],
        Verdict.FAILED,
        3,
        "unlock failed. Still held by job sync.1.",
    ),
    "killed by a signal": (
        [*OBSERVED, SENT, job({"killed": "TERM"}), step("sync", "failed", "Killed.")],
        Verdict.FAILED,
        3,
        "sync failed. Killed.",
    ),
    "a step calls partial content done": (
        [*OBSERVED, *SYNCED, contents("partial"), step("verify", "done")],
        Verdict.FAILED,
        4,
        "The content of spot_72 on the target is partial.",
    ),
    "a step calls a damaged backup done": (
        [*GOOD, ("backup", "backup", {**BACKUP, "digest_here": "b"}), step("backup", "done")],
        Verdict.FAILED,
        4,
        "The backup of nima is not the same here as on its host.",
    ),
    "a damaged backup was taken again": (
        [*GOOD, ("backup", "backup", {**BACKUP, "digest_here": "b"}), ("backup", "backup", BACKUP)],
        Verdict.DONE,
        8,
        "Every required step recorded its read-back.",
    ),
    "refused after something was sent": (
        [*OBSERVED, *SYNCED, step("verify", "refused", "The configuration has changed.")],
        Verdict.INCOMPLETE,
        6,
        "verify refused after something had been changed. The configuration has changed.",
    ),
    "nothing was recorded": (
        [],
        Verdict.INCOMPLETE,
        7,
        "\n".join(f"{task} recorded no end; Airflow calls it nothing yet." for task in REQUIRED),
    ),
    "a host fell silent": (
        [*OBSERVED, *SYNCED, step("verify", "unknown", "nimb: no answer in time.")],
        Verdict.INCOMPLETE,
        7,
        "verify did not end. nimb: no answer in time.",
    ),
    "done without a read-back": (
        [*OBSERVED, SENT, job({"exited": 0}), step("sync", "done"), *VERIFIED],
        Verdict.INCOMPLETE,
        7,
        "sync recorded no drift to prove what it did.",
    ),
    "the read-back of an earlier try proves nothing": (
        [*OBSERVED, *SYNCED, step("sync", "done"), *VERIFIED],
        Verdict.INCOMPLETE,
        7,
        "sync recorded no drift to prove what it did.",
    ),
    "a try was killed after the last one that ended": (
        [*GOOD, ("verify", "observation", {})],
        Verdict.INCOMPLETE,
        7,
        "verify recorded no end; Airflow calls it nothing yet.",
    ),
}


@pytest.mark.parametrize(("records", "verdict", "rule", "reason"), TABLE.values(), ids=TABLE)
def test_the_table(records, verdict, rule, reason):
    judged = judge(told(*records), {}, REQUIRED)
    assert (judged.verdict, judged.rule, judged.reason) == (verdict, rule, reason)


@pytest.mark.parametrize("state", ["failed", "skipped", "upstream_failed", "removed", "running", "deferred"])
def test_airflow_can_spoil_a_verdict(state):
    judged = judge(told(*GOOD), {"observe": "success", "sync": state, "verify": "success"}, REQUIRED)
    assert (judged.verdict, judged.rule) == (Verdict.INCOMPLETE, 7)
    assert judged.reason == f"sync was done, but Airflow calls it {state}: something ended it since."


def test_airflow_can_never_make_a_verdict():
    judged = judge(told(*OBSERVED), dict.fromkeys(REQUIRED, "success"), REQUIRED)
    assert judged.verdict is Verdict.INCOMPLETE
    assert judged.reason == (
        "sync recorded no end; Airflow calls it success.\nverify recorded no end; Airflow calls it success."
    )


def test_a_long_list_of_reasons_is_cut():
    rows = [{"resource": f"spot_{number}", "condition": "missing"} for number in range(8)]
    reason = judge(told(*GOOD, ("verify", "contents", {"rows": rows})), {}, REQUIRED).reason
    assert reason.splitlines()[4:] == ["The content of spot_4 on the target is missing.", "And 3 more."]


def test_a_runbook_that_requires_nothing_cannot_be_judged():
    with pytest.raises(ValueError, match="a runbook without a required step cannot be judged"):
        judge(told(*GOOD), {}, {})


def test_steps_stand_in_the_order_of_the_runbook_with_what_they_lack():
    judged = judge(told(*OBSERVED, ("unlock", "note", {}), SENT), {"sync": "running"}, REQUIRED)
    assert [(seen.task_id, seen.state, seen.result, seen.tries, seen.lacks) for seen in judged.steps] == [
        ("observe", "", "done", 1, ()),
        ("sync", "running", "", 0, ("drift",)),
        ("verify", "", "", 0, ("contents",)),
        ("unlock", "", "", 0, ()),
    ]
    assert judged.changed


def test_a_verdict_is_plain_json():
    assert judge(told(step("observe", "refused", "No.")), {}, {"observe": ["assessment"]}).to_json() == {
        "verdict": "refused",
        "reason": "observe refused, and nothing was changed. No.",
        "rule": 2,
        "changed": False,
        "steps": [
            {
                "task_id": "observe",
                "state": "",
                "result": "refused",
                "text": "No.",
                "began_at": "2026-11-22T01:00:00+00:00",
                "ended_at": "2026-11-22T01:00:00+00:00",
                "tries": 1,
                "lacks": ["assessment"],
            }
        ],
    }


GIVEN = ("verdict", "verdict", {"verdict": "refused", "reason": "No.", "page_sha256": "ab12"})


def test_a_verdict_holds_until_another_task_records_something():
    assert open_verdict(told(*GOOD, GIVEN)) is None
    assert open_verdict(told(*GOOD, GIVEN, step("verdict", "broke"))) is None
    assert open_verdict(told(*GOOD, GIVEN, SENT, GIVEN)) is None
    assert open_verdict(told(*GOOD, GIVEN, ("sync", "note", {}))) is not None


def test_a_run_without_a_verdict_shows_its_steps_and_no_judgement():
    goes_on = open_verdict(told(*OBSERVED, SENT))
    assert goes_on["verdict"] == "no verdict yet"
    assert goes_on["reason"] == ("The run goes on, or ended without a verdict. This is what is recorded so far.")
    assert goes_on["changed"]
    assert [(step["task_id"], step["result"]) for step in goes_on["steps"]] == [("observe", "done"), ("sync", "")]


def test_a_run_that_was_cleared_says_what_it_was_called():
    assert open_verdict(told(*GOOD, GIVEN, ("sync", "note", {})))["reason"].endswith(
        "It has gone on since it was called refused."
    )


def test_a_run_that_recorded_nothing_has_no_steps():
    assert open_verdict([]) == {
        "verdict": "no verdict yet",
        "reason": "The run goes on, or ended without a verdict. This is what is recorded so far.",
        "changed": False,
        "steps": [],
    }
