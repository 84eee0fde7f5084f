"""The plan of a run and the approval that belongs to it, read from the evidence: never from XCom (P31, S11)."""

from __future__ import annotations

from nim_operators.estate.takeover import Approval
from nim_operators.evidence.records import ApprovalRecord, Json, PlanRecord
from nim_operators.nim.errors import Refused
from nim_operators.nim.plan import digest_of
from nim_operators.nim.runbooks import APPROVED
from nim_operators.operators.base import Run

APPROVE, REJECT = "Approve", "Reject"
NOBODY = frozenset({"", "anonymous"})
"""Names under which Airflow answers for a person whom it does not know (P14)."""


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
    answers = run.recorded(ApprovalRecord)
    if not answers:
        raise Refused(
            "Nobody has approved the plan of this run. Marking the task 'approve' a success approves nothing: clear "
            "it and answer under Required Actions."
        )
    last = answers[-1]
    if last["answer"] != APPROVE:
        raise Refused(f"The plan of this run was rejected by {last['answered_by'] or 'nobody known'}.")
    if last["digest"] != plan["digest"]:
        raise Refused("The plan has changed since it was approved; clear the task 'approve' and read it again.")
    objection = objection_to(last["answered_by"], last["requested_by"], run.pair.approval)
    if objection:
        raise Refused(objection)


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
