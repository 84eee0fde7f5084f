"""Say how the run ended, and leave the page that a person reads."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Context

from nim_operators.nim.errors import NimError
from nim_operators.operators.base import NimOperator, Run


class RunNotDone(NimError):
    """The run did not reach its goal; the text is its verdict and the reason."""


class NimVerdictOperator(NimOperator):
    """
    Judge the run by its evidence and write the page of it; red unless the verdict is *done*.

    Reads: the run's evidence and the states of its tasks. Changes: nothing on any host.
    Safe to repeat: yes. If interrupted: nothing is left behind. Undo: nothing to undo.
    """

    def act(self, run: Run, context: Context) -> dict[str, Any]:
        """Write verdict and page, and put the page's text into the log with its SHA-256."""
        ti = context["ti"]
        states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id]).get(ti.run_id, {})
        verdict = run.evidence.conclude({task: state for task, state in states.items() if task != self.task_id})
        self.log.info("%s\nSHA-256 of this text: %s", verdict.text, verdict.sha256)
        if verdict.verdict != "done":
            raise RunNotDone(f"{verdict.verdict}: {verdict.reason} Evidence: {run.evidence.location}")
        return {"verdict": verdict.verdict, "reason": verdict.reason, "evidence": run.evidence.location, "sha256": verdict.sha256}
