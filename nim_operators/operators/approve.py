"""Let a person approve or reject the plan of a run."""

from __future__ import annotations

from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Context, Param
from airflow.sdk.exceptions import AirflowSkipException

from nim_operators.evidence.plantext import aim_of, plan_text
from nim_operators.evidence.records import ApprovalRecord, QuestionRecord
from nim_operators.nim.errors import AskAgain, Refused
from nim_operators.operators.approved import APPROVE, REJECT, lacks_comment, objection_to, planned
from nim_operators.operators.base import NimOperator, Run


class NimApprovalOperator(NimOperator, HITLOperator):
    """
    Show the plan under Required Actions and wait for a named person to approve or reject it.

    Reads: the plan in the run's evidence. Changes: nothing on any host; the answer becomes a record of the evidence,
    which every changing step verifies by itself (S11). Safe to repeat: yes, it asks again. If interrupted: the
    question stays open. Undo: reject the plan of a new run, or let it time out.

    Where the plan warns, an approval without a comment is asked for again: the form itself cannot want one (style.md
    P10). A rejection and a time-out fail the task, so that nothing after it runs. Skips where there is nothing to
    approve: in a rehearsal, and where nothing is left to do.

    :param approvers: Airflow users who are asked; everybody who may answer for this DAG where it is empty.
    """

    def __init__(self, *, approvers: list[str] | None = None, **kwargs: Any) -> None:
        asked = Param(
            None,
            type=["null", "string"],
            title="Comment",
            description="What an auditor should know of this decision.",
            source="task",
        )
        super().__init__(
            subject="Approve the plan of this run",
            options=[APPROVE, REJECT],
            assigned_users=[{"id": name, "name": name} for name in approvers] if approvers else None,
            **{
                **kwargs,
                "params": {"comment": asked},
            },  # Airflow hands in the form of the DAG, which is not asked again
        )
        self.approvers = approvers

    def act(self, run: Run, context: Context) -> Any:
        """Ask; Airflow resumes the task with :meth:`execute_complete` once somebody has answered."""
        plan = planned(run)
        if plan["rehearsal"]:
            raise AirflowSkipException("A rehearsal ends here; nothing was sent.")
        if plan["idle"]:
            raise AirflowSkipException("Nothing is left to do.")
        self.subject = f"{run.runbook} of pair {run.pair.name}: {aim_of(plan['plan'])}"
        self.body = plan_text(plan, run.pair.name)
        run.record(QuestionRecord(plan["digest"]))
        return HITLOperator.execute(self, context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Keep the answer in the evidence; go on only where it is an approval that counts."""
        with self.opened(context, token="") as run:
            return self._judge(run, event)

    def _judge(self, run: Run, event: dict[str, Any]) -> dict[str, Any]:
        if "error" in event:
            raise Refused(
                f"Nobody answered within {run.pair.approval.time_limit}; nothing was changed. Trigger a new run."
                if event.get("error_type") == "timeout"
                else f"The answer could not be used: {event['error']}. Clear this task to be asked again."
            )
        answered_by = str((event.get("responded_by_user") or {}).get("name") or "")
        answer = ", ".join(event["chosen_options"])
        comment = str((event.get("params_input") or {}).get("comment") or "").strip()
        objection = objection_to(answered_by, run.requested_by, run.pair.approval)
        record = ApprovalRecord(
            digest=run.recorded(QuestionRecord)[-1]["digest"],  # of the plan that was read, whatever was planned since
            answer=answer,
            requested_by=run.requested_by,
            answered_by=answered_by,
            answered_at=str(event["responded_at"]),
            comment=comment,
            objection=objection,
        )
        run.record(record)
        if answer != APPROVE:
            because = f" Comment: {comment}" if comment else ""
            raise Refused(f"{answered_by or 'Somebody'} rejected the plan; nothing was changed.{because}")
        if objection:
            raise Refused(f"{objection} Nothing was changed; clear this task to be asked again.")
        if lacks_comment(planned(run), comment):
            raise AskAgain("The plan warns, so an approval of it needs a comment; it is asked for again.")
        return {"answered_by": answered_by, "digest": record.digest}
