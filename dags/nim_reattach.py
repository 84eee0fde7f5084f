"""
### Reattach

Takes over the clients that were off, or could not be switched, when their master changed, and now answer: they still
name the other master. The estate file has to allow it (`takeover: {reattach: true}`); then it asks nobody. Where no
such client answers, nothing is sent.

1. **plan** looks at both masters, asks every client, and writes down who will be taken over. A *rehearsal* ends here.
2. **lock** takes the pair lock on every master that answers; **backup** brings verified backups off the hosts.
3. **takeover** runs `nim -o takeover -a async=no` on the active master and asks every client again.
4. **unlock** gives the lock back; **verdict** says how the run of this Airflow DAG ended.
"""

from __future__ import annotations

from nim_operators.nim.runbooks import Runbook
from nim_operators.operators.backup import NimBackupDatabaseOperator
from nim_operators.operators.lock import NimLockPairOperator, NimUnlockPairOperator
from nim_operators.operators.plan import NimPlanTakeoverOperator
from nim_operators.operators.takeover import NimTakeoverOperator
from nim_operators.operators.verdict import NimVerdictOperator
from nim_operators.runbooks.forms import reason_param, safety_params
from nim_operators.runbooks.per_pair import masters_of, notifiers, pairs, runbook_dag

for pair in pairs(Runbook.REATTACH):
    dag = runbook_dag(
        Runbook.REATTACH,
        pair,
        title="NIM reattach",
        description=f"Takes over the clients of {masters_of(pair)} that were off when their master changed, "
        + ("unasked." if pair.takeover.reattach else "which the estate file does not allow."),
        doc_md=__doc__,
        schedule=None,
        params={"reason": reason_param("What has happened"), **safety_params()},
    )
    with dag:
        plan = NimPlanTakeoverOperator(task_id="plan")
        lock = NimLockPairOperator(task_id="lock")
        backup = NimBackupDatabaseOperator(task_id="backup")
        takeover = NimTakeoverOperator(task_id="takeover", wait_limit=pair.takeover.wait_limit)
        unlock = NimUnlockPairOperator(task_id="unlock").as_teardown(setups=lock, on_failure_fail_dagrun=True)
        verdict = NimVerdictOperator(
            task_id="verdict",
            on_failure_callback=notifiers(Runbook.REATTACH, pair),
            required={
                "plan": ["assessment", "plan"],
                "lock": [],
                "backup": ["backup"],
                "takeover": ["takeover"],
                "unlock": [],
            },
            planning=["plan"],
        )

        plan >> lock >> backup >> takeover >> unlock >> verdict
    globals()[dag.dag_id] = dag
