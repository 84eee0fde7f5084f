"""Hand every client of a pair from one master to the other: the same steps in either direction."""

from __future__ import annotations

from airflow.sdk import DAG, TriggerRule

from nim_operators.estate.schema import Pair
from nim_operators.nim.runbooks import Runbook
from nim_operators.operators.backup import NimBackupDatabaseOperator
from nim_operators.operators.lock import NimLockPairOperator, NimUnlockPairOperator
from nim_operators.operators.plan import NimPlanTakeoverOperator
from nim_operators.operators.takeover import NimTakeoverOperator
from nim_operators.operators.verdict import NimVerdictOperator
from nim_operators.runbooks.approved import approval_of
from nim_operators.runbooks.forms import takeover_params
from nim_operators.runbooks.per_pair import notifiers, runbook_dag
from nim_operators.runbooks.proven_copy import PROOFS, proven_copy, put_back_unproven
from nim_operators.sensors.client_state import NimClientStateSensor


def takeover_dag(runbook: Runbook, pair: Pair, *, title: str, description: str, doc_md: str) -> DAG:
    """Return the DAG that hands the clients of *pair* over, as *runbook* says in which direction."""
    with runbook_dag(
        runbook,
        pair,
        title=title,
        description=description,
        doc_md=doc_md,
        schedule=None,
        params=takeover_params(pair),
    ) as dag:
        wait_clients = NimClientStateSensor(task_id="wait_clients", wait_limit=pair.takeover.ready_wait)
        plan = NimPlanTakeoverOperator(task_id="plan")
        approve = approval_of(pair)
        lock = NimLockPairOperator(task_id="lock")
        backup = NimBackupDatabaseOperator(task_id="backup")
        sync, wait_nimesis, reconcile, verify = proven_copy(pair)
        put_back = put_back_unproven()
        takeover = NimTakeoverOperator(
            task_id="takeover",
            trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
            wait_limit=pair.takeover.wait_limit,
        )
        unlock = NimUnlockPairOperator(task_id="unlock").as_teardown(setups=lock, on_failure_fail_dagrun=True)
        verdict = NimVerdictOperator(
            task_id="verdict",
            on_failure_callback=notifiers(runbook, pair),
            required={
                "wait_clients": [],
                "plan": ["assessment", "plan"],
                "approve": ["approval"],
                "lock": [],
                "backup": ["backup"],
                **PROOFS,
                "takeover": ["takeover"],
                "unlock": [],
            },
            planning=["wait_clients", "plan"],
            syncing=list(PROOFS),
        )

        wait_clients >> plan >> approve >> lock >> backup
        backup >> sync >> wait_nimesis >> reconcile >> verify >> put_back
        [backup, verify] >> takeover
        [put_back, takeover] >> unlock >> verdict
    return dag
