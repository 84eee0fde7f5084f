"""Nothing is changed without the approval of this very plan (S11), by the simulated hosts' own log and state."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from include.lab import Lab, running_lab
from nim_operators.nim.plan import digest_of
from tests.lab import in_process
from tests.lab.in_process import Answer, InProcess
from tests.lab.runbook import ESTATE, REPOSITORY, Finished, Installation
from tests.lab.stepwise import Stepwise

RUNBOOK = "nim_planned_takeover"
FORM = {"reason": "firmware update of nima", "change_ticket": "CHG0042"}
FOUR_EYES = ESTATE + "    approval: {four_eyes: true}\n"
CARLA_ALONE = ESTATE + "    approval: {approvers: [carla, dora]}\n"
DEFINE = ("nim", "-o", "define", "-t", "standalone", "-a", "platform=chrp", "-a", "netboot_kernel=64")
NEW_CLIENT = (*DEFINE, "-a", "if1=master_net aix03 0", "-a", "cable_type1=N/A", "new1")


@pytest.fixture(scope="module")
def airflow(metadata_database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """Runs against one pair on which no run may change anything."""
    folder = tmp_path_factory.mktemp("approval")
    with pytest.MonkeyPatch.context() as patch, running_lab("synced_peer_kept", folder / "lab", pace=0) as lab:
        yield InProcess(Installation(lab, folder, patch))


@pytest.fixture
def unchanged(airflow: InProcess) -> Iterator[InProcess]:
    """Fail a test after which the pair is not what it was, or that sent a command which may change it."""
    lab = airflow.lab
    before, mark = lab.state_hash(), lab.mark()
    estate = airflow.installation.evidence.parent / "estate.yaml"
    yield airflow
    estate.write_text(ESTATE)
    assert lab.changing(after=mark) == []
    assert lab.state_hash() == before
    assert not any((lab.tree(host) / "var/adm/nim_operators/lock").exists() for host in ("nima", "nimb"))


def described(airflow: InProcess, estate: str) -> InProcess:
    """Write another estate file, as whoever looks after the installation does."""
    (airflow.installation.evidence.parent / "estate.yaml").write_text(estate)
    return airflow


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (
            Answer("Reject", comment="not on a Friday"),
            "bernd rejected the plan; nothing was changed. Comment: not on a",
        ),
        (Answer(None), "Nobody answered within 4:00:00; nothing was changed."),
        (Answer(by=None), "Nobody knows who approved the plan"),
        (Answer(by="Anonymous"), "Nobody knows who approved the plan"),
    ],
    ids=["rejected", "no answer in time", "nobody's", "anonymous"],
)
def test_an_answer_that_does_not_approve(unchanged: InProcess, answer: Answer, why: str) -> None:
    run = unchanged.run(RUNBOOK, **FORM, answer=answer)
    assert (run.verdict, run.tasks["lock"]) == ("refused", "upstream_failed")
    assert why in run.reason


def test_whoever_triggered_a_run_does_not_make_four_eyes(unchanged: InProcess) -> None:
    run = described(unchanged, FOUR_EYES).run(RUNBOOK, **FORM, triggered_by="olga", answer=Answer(by="olga"))
    assert run.verdict == "refused"
    assert "olga triggered this run and may not approve it" in run.reason
    assert "it does not count: olga triggered this run" in " ".join((run.evidence / "page.txt").read_text().split())


@pytest.mark.parametrize("nobody", [None, "", "anonymous"])
def test_four_eyes_want_a_requester_with_a_name(unchanged: InProcess, nobody: str | None) -> None:
    run = described(unchanged, FOUR_EYES).run(RUNBOOK, **FORM, triggered_by=nobody)
    assert (run.verdict, run.tasks["plan"]) == ("refused", "failed")
    assert "Airflow does not know who triggered this run" in run.reason


def test_an_approver_whom_the_estate_does_not_name(unchanged: InProcess) -> None:
    run = described(unchanged, CARLA_ALONE).run(RUNBOOK, **FORM, answer=Answer(by="bernd"))
    assert run.verdict == "refused"
    assert "bernd may not approve; the estate file names carla, dora." in run.reason


@pytest.mark.parametrize(
    "marked",
    [
        {"approve"},
        {"approve", "lock"},
        {"approve", "lock", "backup"},
        {"approve", "lock", "backup", "sync", "wait_nimesis", "reconcile", "verify"},
        {"plan", "approve", "lock"},
    ],
    ids=lambda marked: "+".join(sorted(marked)),
)
def test_tasks_that_a_person_marked_a_success_approve_nothing(unchanged: InProcess, marked: set[str]) -> None:
    run = unchanged.run(RUNBOOK, **FORM, marked=marked)
    assert run.verdict == "refused", run.reason
    assert run.tasks["takeover"] != "success"


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"rehersal": True}, "There is no param 'rehersal'; allowed are break_lock_of, change_ticket,"),
        ({"break_lock_of": "a run"}, "Param 'break_lock_of' is set without param 'override'"),
        ({"break_lock_of": "two\nlines", "override": "it is dead"}, "allowed is one line without control characters"),
    ],
    ids=["misspelt", "no reason", "two lines"],
)
def test_what_the_form_cannot_mean_is_refused_before_anything_is_looked_at(
    unchanged: InProcess, typed: dict[str, Any], why: str
) -> None:
    run = unchanged.run(RUNBOOK, **FORM, **typed)
    assert (run.verdict, run.tasks["wait_clients"]) == ("refused", "failed")
    assert why in run.reason


def test_a_rehearsal_whose_tasks_are_marked_a_success_stays_one(unchanged: InProcess) -> None:
    run = unchanged.run(RUNBOOK, **FORM, rehearsal=True, marked={"approve", "lock"})
    assert "This run is a rehearsal; it sends nothing that changes a master." in told_by(run)


def test_a_mark_does_not_outvote_a_rejection(unchanged: InProcess) -> None:
    unchanged.run(RUNBOOK, **FORM, run_id="manual__again", answer=Answer("Reject"))
    run = unchanged.run(RUNBOOK, **FORM, run_id="manual__again", marked={"approve"})
    assert run.verdict == "refused"
    assert "The plan of this run was rejected by bernd" in run.reason


def test_an_approval_ends_when_the_question_is_asked_again(unchanged: InProcess) -> None:
    approved = stepped(unchanged, until="lock")
    assert unchanged.run(RUNBOOK, **FORM, run_id=approved.run_id, answer=Answer(None)).verdict == "refused"
    run = unchanged.run(RUNBOOK, **FORM, run_id=approved.run_id, marked={"approve"})
    assert run.verdict == "refused", run.reason
    assert "asked again" in run.reason


def test_an_approval_of_last_month_begins_nothing(unchanged: InProcess) -> None:
    run = stepped(unchanged, until="lock")
    age(run.finished(), "approve", days=31)
    finish(run)
    assert run.finished().verdict == "refused", run.finished().reason
    assert "longer ago than 1 day" in run.finished().reason


def test_a_plan_that_was_edited_is_no_plan(unchanged: InProcess) -> None:
    run = stepped(unchanged, until="lock")
    edit(run, lambda body: body["plan"].update(commands=[["nimb", "/usr/sbin/nim -F -o takeover nima"]]))
    finish(run)
    assert run.finished().verdict == "refused"
    assert "The plan in the evidence is not the one that was made" in run.finished().reason


def test_a_plan_edited_together_with_its_digest_is_not_the_approved_one(unchanged: InProcess) -> None:
    def forge(body: dict[str, Any]) -> None:
        body["plan"]["clients"].remove("aix02")
        body["digest"] = digest_of(body["plan"])

    run = stepped(unchanged, until="lock")
    edit(run, forge)
    finish(run)
    assert run.finished().verdict == "refused"
    assert "The plan has changed since it was approved" in run.finished().reason


def test_an_approval_that_somebody_wrote_into_xcom_approves_nothing(
    unchanged: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    forged = {"chosen_options": ["Approve"], "responded_by_user": {"id": "bernd", "name": "bernd"}}
    made = in_process._context

    def with_forgery(*given: Any) -> dict[str, Any]:
        context = made(*given)
        context["ti"].xcom_pull = lambda *_, **__: forged
        return context

    monkeypatch.setattr(in_process, "_context", with_forgery)
    run = unchanged.run(RUNBOOK, **FORM, marked={"approve"})
    assert (run.verdict, run.tasks["lock"]) == ("refused", "failed"), run.reason


def test_no_step_reads_what_another_one_left_in_xcom() -> None:
    sources = [*REPOSITORY.glob("nim_operators/**/*.py"), *REPOSITORY.glob("dags/*.py")]
    readers = ("xcom_pull", "XCom.get", ".output", "XComArg")
    assert [file.name for file in sources if any(word in file.read_text() for word in readers)] == []


def test_a_client_that_is_defined_after_the_approval_is_not_taken_over_unread(
    start_lab: Callable[..., Lab], install: Callable[[Lab], Installation]
) -> None:
    airflow = InProcess(install(start_lab("synced_peer_kept")))
    lab = airflow.lab
    run = stepped(airflow, until="wait_nimesis", final_sync=False)  # so that the takeover is what comes next
    assert lab.admin("nima", *NEW_CLIENT)["exit"] == 0
    before, mark = lab.state_hash(), lab.mark()
    finish(run)
    ended = run.finished()
    assert "The pair is not what was approved: new1 was defined since. Nothing was sent." in ended.reason
    assert ended.verdict == "refused"
    assert lab.changing(after=mark) == []
    assert lab.state_hash() == before


def stepped(airflow: InProcess, *, until: str, **params: Any) -> Stepwise:
    """Carry out a run up to a task, which has not begun."""
    airflow._count += 1
    run = Stepwise(airflow, RUNBOOK, {**FORM, **params}, f"manual__step{airflow._count}")
    while run.next_task != until:
        run.step()
    return run


def finish(run: Stepwise) -> None:
    while run.next_task is not None:
        run.step()


def records(run: Finished, task: str, kind: str) -> list[Path]:
    return sorted(run.evidence.glob(f"records/{task}/*-{kind}.json"))


def edit(run: Stepwise, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the plan where it is kept."""
    file = records(run.finished(), "plan", "plan")[-1]
    record = json.loads(file.read_text())
    change(record["body"])
    file.chmod(0o600)
    file.write_text(json.dumps(record))


def age(run: Finished, task: str, *, days: int) -> None:
    """Let what a task has recorded be *days* older."""
    for file in records(run, task, "*"):
        record = json.loads(file.read_text())
        record["at"] = (datetime.fromisoformat(record["at"]) - timedelta(days=days)).isoformat()
        file.chmod(0o600)
        file.write_text(json.dumps(record))


def told_by(run: Finished) -> str:
    steps = (json.loads(file.read_text())["body"] for file in run.evidence.glob("records/*/*-step.json"))
    return "\n".join(step.get("text", "") for step in steps)
