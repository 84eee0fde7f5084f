"""Carry out a plan that a person has approved: the steps before and after the work that every such runbook shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from airflow.sdk.bases.operator import BaseOperator, chain

from nim_operators.estate.schema import Pair
from nim_operators.nim.runbooks import Runbook
from nim_operators.operators.approve import NimApprovalOperator
from nim_operators.operators.backup import NimBackupDatabaseOperator
from nim_operators.operators.lock import NimLockPairOperator, NimUnlockPairOperator
from nim_operators.operators.verdict import NimVerdictOperator
from nim_operators.runbooks.per_pair import notifiers


def approve_and_carry_out(
    runbook: Runbook,
    pair: Pair,
    plan: BaseOperator,
    work: Sequence[BaseOperator | Sequence[BaseOperator]],
    proofs: Mapping[str, list[str]],
) -> None:
    """
    Order the tasks of a runbook: plan, approve, lock, backup, its own *work*, unlock, verdict.

    :param work: one after the other; those of an inner list side by side.
    :param proofs: the kinds of record that prove what each task of *work* did.
    """
    approve = approval_of(pair)
    lock = NimLockPairOperator(task_id="lock")
    backup = NimBackupDatabaseOperator(task_id="backup")
    unlock = NimUnlockPairOperator(task_id="unlock").as_teardown(setups=lock, on_failure_fail_dagrun=True)
    verdict = NimVerdictOperator(
        task_id="verdict",
        on_failure_callback=notifiers(runbook, pair),
        required={
            "plan": ["assessment", "plan"],
            "approve": ["approval"],
            "lock": [],
            "backup": ["backup"],
            **proofs,
            "unlock": [],
        },
        planning=["plan"],
    )
    chain(plan, approve, lock, backup, *work, unlock, verdict)


def approval_of(pair: Pair) -> NimApprovalOperator:
    """Return the task that asks those who may approve a plan of *pair*, for as long as the estate file says."""
    return NimApprovalOperator(
        task_id="approve",
        approvers=list(pair.approval.approvers),
        response_timeout=pair.approval.time_limit,
    )
