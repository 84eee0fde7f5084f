"""Copy the source onto the target and prove the copy, or put back what was there: steps that several runbooks share."""

from __future__ import annotations

from collections.abc import Mapping

from airflow.sdk import TriggerRule

from nim_operators.estate.schema import Pair
from nim_operators.operators.base import NimOperator
from nim_operators.operators.put_back import NimPutBackOperator
from nim_operators.operators.reconcile import NimReconcileTargetOperator
from nim_operators.operators.sync import NimSyncOperator
from nim_operators.operators.verify import NimVerifyResourcesOperator, recovery_point_asset
from nim_operators.sensors.nimesis import NimesisSensor

PROOFS: Mapping[str, list[str]] = {
    "sync": ["drift"],
    "wait_nimesis": [],
    "reconcile": ["observation"],
    "verify": ["contents", "recovery_point"],
}
"""The steps of a copy in order, each with the kinds of record that prove what it did."""


def proven_copy(pair: Pair) -> list[NimOperator]:
    """Return the tasks of :data:`PROOFS`, to be ordered one after the other; the last one emits the recovery point."""
    limit = pair.nightly_sync.wait_limit
    return [
        NimSyncOperator(task_id="sync", wait_limit=limit),
        NimesisSensor(task_id="wait_nimesis", role="target"),
        NimReconcileTargetOperator(task_id="reconcile"),
        NimVerifyResourcesOperator(task_id="verify", wait_limit=limit, outlets=[recovery_point_asset(pair.name)]),
    ]


def put_back_unproven() -> NimPutBackOperator:
    """Return the task that follows a copy: it runs where one of its steps has failed."""
    return NimPutBackOperator(task_id="put_back", trigger_rule=TriggerRule.ONE_FAILED, proves=list(PROOFS))
