"""Observe a pair and say, all at once, what stands in the way of a runbook."""

from __future__ import annotations

from typing import Any

import pendulum
from airflow.sdk import Context

from nim_operators.nim.diagnosis import State
from nim_operators.nim.errors import Refused
from nim_operators.nim.findings import Finding, Severity
from nim_operators.operators.base import NimOperator, Run
from nim_operators.operators.before import unsettled_hint
from nim_operators.operators.form import objections


class NimPrecheckOperator(NimOperator):
    """
    Observe both masters and every client, assess them, and refuse unless the runbook may go.

    Reads: both masters (one round trip each) and the clients' own niminfo. Changes: nothing.
    Safe to repeat: yes. If interrupted: nothing is left behind. Undo: nothing to undo.

    A scheduled run that starts outside the pair's sync window refuses (P38); a run that a person triggers does not.
    """

    def act(self, run: Run, context: Context) -> dict[str, Any]:
        """Return diagnosis, direction, counts of findings, and where the evidence is."""
        self._demand_params(run, context)
        self._demand_window(run, context)
        assessment = run.assess(run.observe("before", ask_clients=True), before_lock=True)
        for finding in assessment.findings:
            self._tell(finding)
        self.log.info("%s: %s", assessment.diagnosis.state, assessment.diagnosis.meaning)
        try:
            run.demand_go(assessment)
        except Refused as refusal:
            hint = unsettled_hint(run) if assessment.diagnosis.state is State.UNUSABLE_ALTERNATE else ()
            raise Refused("\n".join([str(refusal), *hint])) from refusal
        return {
            "diagnosis": assessment.diagnosis.state.value,
            "source": run.source,
            "target": run.target,
            "findings": {
                severity.value: sum(found.severity is severity for found in assessment.findings)
                for severity in Severity
            },
            "clients": assessment.matrix.summary(),
            "evidence": run.evidence.location,
        }

    def _demand_params(self, run: Run, context: Context) -> None:
        if wrong := list(objections(context["params"], list(self.dag.params), run.pair)):
            raise Refused(f"{' '.join(wrong)} Nothing was done; trigger a new run.")

    def _demand_window(self, run: Run, context: Context) -> None:
        if context["dag_run"].run_type == "manual" or run.pair.may_start_at(pendulum.now("UTC")):
            return
        window = run.pair.nightly_sync.window
        hours = f"{window.start:%H:%M} to {window.end:%H:%M} {run.pair.timezone}" if window else "none"
        raise Refused(
            f"This scheduled run starts outside the sync window of pair '{run.pair.name}' ({hours}). "
            "Trigger the DAG by hand if a sync is wanted now."
        )

    def _tell(self, finding: Finding) -> None:
        tell = self.log.error if finding.severity is Severity.BLOCKS else self.log.warning
        (self.log.info if finding.severity is Severity.NOTES else tell)("%s", finding)
