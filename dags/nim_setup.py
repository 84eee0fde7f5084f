"""
### Setup

Arms the direction in which the nightly sync may run: records it on both masters and in the evidence.

The very first nightly sync does this by itself. Run this Airflow DAG to record it beforehand, or to turn the direction
after clients have been moved by hand: choose the master that now controls the clients, and say why.

1. **observe** looks at both masters and asks every client who its master is; refuses unless they name the source.
2. **lock** takes the pair lock on both masters.
3. **arm** records the direction on both masters and reads it back.
4. **unlock** gives the lock back; **verdict** says how the run ended.
"""

from __future__ import annotations

from nim_operators.nim.runbooks import Runbook
from nim_operators.operators.arm import NimArmDirectionOperator
from nim_operators.operators.lock import NimLockPairOperator, NimUnlockPairOperator
from nim_operators.operators.precheck import NimPrecheckOperator
from nim_operators.operators.verdict import NimVerdictOperator
from nim_operators.runbooks.forms import common_params, source_param
from nim_operators.runbooks.per_pair import masters_of, notifiers, pairs, runbook_dag

for pair in pairs(Runbook.SETUP):
    dag = runbook_dag(
        Runbook.SETUP,
        pair,
        title="NIM setup",
        description=f"Records by hand in which direction may be copied between {masters_of(pair)}.",
        doc_md=__doc__,
        schedule=None,
        params={**source_param(pair), **common_params()},
    )
    with dag:
        observe = NimPrecheckOperator(task_id="observe")
        lock = NimLockPairOperator(task_id="lock")
        arm = NimArmDirectionOperator(task_id="arm")
        unlock = NimUnlockPairOperator(task_id="unlock").as_teardown(setups=lock, on_failure_fail_dagrun=True)
        verdict = NimVerdictOperator(
            task_id="verdict",
            on_failure_callback=notifiers(Runbook.SETUP, pair),
            required={"observe": ["assessment"], "lock": [], "arm": ["direction"], "unlock": []},
        )

        observe >> lock >> arm >> unlock >> verdict
    globals()[dag.dag_id] = dag
