"""The plan of a run and the approval that belongs to it, read from the evidence: never from XCom (P31, S11)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from nim_operators.estate.takeover import Approval
from nim_operators.evidence.records import ApprovalRecord, Json, PlanRecord, QuestionRecord, Stored
from nim_operators.nim.errors import Refused
from nim_operators.nim.plan import digest_of
from nim_operators.nim.runbooks import APPROVED
from nim_operators.operators.base import Run

APPROVE, REJECT = "Approve", "Reject"
NOBODY = frozenset({"", "anonymous"})
"""Names under which Airflow answers for a person whom it does not know (P14)."""
LASTS = timedelta(hours=24)
"""After this an approval takes no lock any more: a run of last month that is cleared asks again."""


def planned(run: Run) -> Json:
    """
    Return the body of the run's last plan record.

    :raises Refused: if this run has made no plan, or it is not what was written.
    """
    made = run.recorded(PlanRecord)
    if not made:
        raise Refused(f"This run has no plan; run its task 'plan' first. Nothing was sent by {run.task_id}.")
    if digest_of(made[-1]["plan"]) != made[-1]["digest"]:
        raise Refused("The plan in the evidence is not the one that was made; trigger a new run.")
    return made[-1]


def demand_approved(run: Run) -> None:
    """
    Refuse unless the very plan of this run was approved by somebody who may (S11).

    :raises Refused: naming what is missing and what to do.
    """
    if run.runbook not in APPROVED:
        return
    plan = planned(run)
    if plan["rehearsal"]:
        raise Refused("This run is a rehearsal; it sends nothing that changes a master.")
    last = _last_answer(run).body
    if last["answer"] != APPROVE:
        raise Refused(f"The plan of this run was rejected by {last['answered_by'] or 'nobody known'}.")
    if last["digest"] != plan["digest"]:
        raise Refused("The plan has changed since it was approved; clear the task 'approve' and read it again.")
    if lacks_comment(plan, last["comment"]):
        raise Refused("The plan was approved without the comment that its warning wants; clear the task 'approve'.")
    objection = objection_to(last["answered_by"], last["requested_by"], run.approval)
    if objection:
        raise Refused(objection)


def demand_approved_lately(run: Run) -> None:
    """
    Refuse to begin what was approved too long ago; what goes on under the lock may take as long as it takes.

    :raises Refused: as :func:`demand_approved`, and where the approval has aged.
    """
    demand_approved(run)
    if run.runbook not in APPROVED:
        return
    given = _last_answer(run)
    if datetime.now(UTC) - datetime.fromisoformat(given.at) > LASTS:
        raise Refused(
            f"The plan of this run was approved at {given.body['answered_at']}, which is longer ago than {LASTS}: what "
            "was right then may not be now. Trigger a new run, or clear the tasks 'plan' and 'approve'."
        )


def _last_answer(run: Run) -> Stored:
    """Return the answer to the last question; the answer to an earlier one counts no more once it is asked again."""
    kinds = {QuestionRecord.KIND, ApprovalRecord.KIND}
    said = [stored for stored in run.evidence.read_records() if stored.kind in kinds]
    if not any(stored.kind == ApprovalRecord.KIND for stored in said):
        raise Refused(
            "Nobody has approved the plan of this run. Marking the task 'approve' a success approves nothing: clear "
            "it and answer under Required Actions."
        )
    if said[-1].kind == QuestionRecord.KIND:
        raise Refused(
            "The plan of this run was asked again and nobody has answered since, so no earlier approval counts: clear "
            "the task 'approve' and answer under Required Actions."
        )
    return said[-1]


def lacks_comment(plan: Json, comment: str) -> bool:
    """Tell whether a plan that warns was approved by somebody who did not say that the warning was read."""
    return bool(plan.get("warning")) and not comment


def objection_to(answered_by: str, requested_by: str, policy: Approval) -> str:
    """Say why this person's approval does not count; empty where it does."""
    if answered_by.lower() in NOBODY:
        return "Nobody knows who approved the plan; an approval counts only from a named Airflow user."
    if policy.approvers and answered_by not in policy.approvers:
        return f"{answered_by} may not approve; the estate file names {', '.join(policy.approvers)}."
    if not policy.four_eyes:
        return ""
    if requested_by.lower() in NOBODY:
        return "Nobody knows who triggered this run, so four eyes cannot be told from two; trigger it as a named user."
    if answered_by == requested_by:
        return f"{answered_by} triggered this run and may not approve it; the estate file wants four eyes."
    return ""
