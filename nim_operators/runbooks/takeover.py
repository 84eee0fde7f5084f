"""Hand every client of a pair from one master to the other: the same steps in either direction."""

from __future__ import annotations

from airflow.sdk import DAG, Param, TriggerRule

from nim_operators.estate.schema import Pair
from nim_operators.nim.runbooks import Runbook
from nim_operators.operators.backup import NimBackupDatabaseOperator
from nim_operators.operators.lock import NimLockPairOperator, NimUnlockPairOperator
from nim_operators.operators.plan import NimPlanTakeoverOperator
from nim_operators.operators.takeover import NimTakeoverOperator
from nim_operators.operators.verdict import NimVerdictOperator
from nim_operators.runbooks.approved import approval_of
from nim_operators.runbooks.per_pair import lock_param, notifiers, runbook_dag
from nim_operators.runbooks.proven_copy import PROOFS, proven_copy, put_back_unproven
from nim_operators.sensors.client_state import NimClientStateSensor


def takeover_dag(runbook: Runbook, pair: Pair, *, title: str, doc_md: str) -> DAG:
    """Return the DAG that hands the clients of *pair* over, as *runbook* says in which direction."""
    with runbook_dag(runbook, pair, title=title, doc_md=doc_md, schedule=None, params=takeover_params(pair)) as dag:
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


def takeover_params(pair: Pair) -> dict[str, Param]:
    """Return the trigger form. It is checked in the first task, with a sentence for each field that cannot be used."""
    return {
        "reason": reason_param("Why the clients are moved: what an auditor reads. Required."),
        "change_ticket": Param(
            None,
            type=["null", "string"],
            title="Change ticket",
            description="The number of the approved change, or 'none'. Required.",
        ),
        "success_threshold": threshold_param(pair),
        "window_minutes": Param(
            120,
            type=["null", "integer"],
            title="Outage window (minutes)",
            description="The plan says whether the final sync fits into it.",
        ),
        "final_sync": Param(
            default=True,
            type=["null", "boolean"],
            title="Final sync",
            description="Copy the database once more right before. Without it the takeover rests on the last recovery "
            "point: what was defined since is not known to the new master.",
        ),
        **safety_params(),
    }


def reason_param(description: str) -> Param:
    """Return the param that asks why a run is wanted."""
    return Param(None, type=["null", "string"], title="Reason", description=description)


def threshold_param(pair: Pair) -> Param:
    """Return the param that says how many clients must have moved."""
    return Param(
        pair.takeover.success_threshold,
        type=["null", "integer"],
        title="Success threshold (percent)",
        description="How many of the clients planned to move must have moved. Below it the run stops, does not "
        "turn the armed direction, and offers to give them back.",
    )


def safety_params() -> dict[str, Param]:
    """Return the params that every approved runbook has."""
    return {
        "rehearsal": Param(
            default=False,
            type=["null", "boolean"],
            title="Rehearsal",
            description="Stop after the plan. Nothing that changes a master is sent.",
        ),
        "override": Param(
            None,
            type=["null", "string"],
            title="Override",
            description="Why this run may go on where the law wants a typed reason, clients are busy, or a lock is "
            "broken. Else leave it empty.",
        ),
        **lock_param("an override"),
    }
