"""Say how the run ended, and leave the page that a person reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import Context

from nim_operators.evidence.records import PlanRecord
from nim_operators.evidence.verdict import Verdict
from nim_operators.nim.errors import NimError
from nim_operators.nim.plan import FinalSync
from nim_operators.operators.base import NimOperator, Run


class RunNotDone(NimError):
    """
    The run did not reach its goal.

    :param verdict: refused, incomplete or failed.
    :param reason: why, in whole sentences.
    :param evidence: address of the run's evidence.
    """

    def __init__(self, verdict: str, reason: str, evidence: str) -> None:
        self.verdict = verdict
        self.reason = reason
        self.evidence = evidence
        super().__init__(f"{verdict}: {reason} Evidence: {evidence}")


class NothingNew(RunNotDone):
    """What people were told of before is still so."""


class NimVerdictOperator(NimOperator):
    """
    Judge the run by its evidence and write the page of it; red unless the verdict is *done*.

    It is a teardown: where a person marks the whole run as failed or success, Airflow skips everything else that has
    not begun, and calls a run whose last task was skipped a success (style.md P7, P33). A teardown still runs, and this
    one decides what the run is called.

    :param required: each task that the runbook needs, in order, with the kinds of record that prove what it did.
    :param planning: those of them that make the plan; a rehearsal, and a run that finds nothing left to do, end there.
    :param syncing: those of them that a plan without a final sync does not need.

    Reads: the run's evidence and the states of its tasks. Changes: nothing on any host.
    Safe to repeat: yes. If interrupted: nothing is left behind. Undo: nothing to undo.
    """

    ends_a_run = True

    def __init__(
        self,
        *,
        required: dict[str, list[str]],
        planning: Sequence[str] = (),
        syncing: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.required = required
        self.planning = list(planning)
        self.syncing = list(syncing)
        self.as_teardown(on_failure_fail_dagrun=True)

    def act(self, run: Run, context: Context) -> dict[str, Any]:
        """Write verdict and page, and put the page's text into the log with its SHA-256."""
        ti = context["ti"]
        states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id]).get(ti.run_id, {})
        required = self._needed(run)
        conclusion = run.evidence.conclude(self.task_id, {task: states.get(task) or "" for task in required}, required)
        self.log.info("%s\nSHA-256 of this text: %s", conclusion.text, conclusion.text_sha256)
        judged = conclusion.verdict
        told = {
            "verdict": judged.verdict.value,
            "reason": judged.reason,
            "evidence": run.evidence.location,
            "page": conclusion.page,
            "page_txt_sha256": conclusion.text_sha256,
        }
        if judged.verdict is not Verdict.DONE:
            ti.xcom_push(key="return_value", value=told)  # a failed task returns nothing, and this is what REST reads
            raise RunNotDone(judged.verdict.value, judged.reason, run.evidence.location)
        return told

    def _needed(self, run: Run) -> dict[str, list[str]]:
        """Return what this very run had to do, by its plan where it has one."""
        plans = run.recorded(PlanRecord)
        if not plans:
            return self.required
        ends_early = plans[-1]["rehearsal"] or plans[-1]["idle"]
        syncs = plans[-1]["plan"].get("final_sync") == FinalSync.SENT
        return {
            task: kinds
            for task, kinds in self.required.items()
            if (not ends_early or task in self.planning) and (syncs or task not in self.syncing)
        }
