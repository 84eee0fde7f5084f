"""
### Reprotect

Makes the master that came back the standby again: fences it, keeps its own database off the hosts, and copies the
active master's database and resources onto it. Only then is the pair protected again, and
**nim_give_back** possible.

1. **plan** looks at both masters and asks every client; refuses unless they name the source. It lists what only the
   returned master knows, to be merged by hand from its backup. A *rehearsal* ends here.
2. **approve** shows the plan in Airflow under Required Actions.
3. **lock** takes the pair lock on both masters; **backup** brings verified backups of both databases off the hosts.
4. **fence** stops nimesis on the returned master, and keeps it from starting at a boot.
5. **sync** runs `nim -Fo sync -a replicate=yes` on the active master; **wait_nimesis** waits until the standby serves,
   **reconcile** gives it back what a sync takes, **verify** compares everything and emits the recovery point.
   If one of these steps fails, **put_back** restores the returned master's own database, or leaves it fenced.
6. **lift_fence** lets it start nimesis at a boot again.
7. **unlock** gives the lock back; **verdict** says how the run of this DAG ended.
"""

from __future__ import annotations

from airflow.sdk import TriggerRule

from nim_operators.nim.runbooks import Runbook
from nim_operators.operators.backup import NimBackupDatabaseOperator
from nim_operators.operators.fence import NimFenceOperator, NimLiftFenceOperator
from nim_operators.operators.lock import NimLockPairOperator, NimUnlockPairOperator
from nim_operators.operators.plan import NimPlanReprotectOperator
from nim_operators.operators.put_back import NimPutBackOperator
from nim_operators.operators.reconcile import NimReconcileTargetOperator
from nim_operators.operators.sync import NimSyncOperator
from nim_operators.operators.verdict import NimVerdictOperator
from nim_operators.operators.verify import NimVerifyResourcesOperator, recovery_point_asset
from nim_operators.runbooks.approved import approval_of
from nim_operators.runbooks.per_pair import notifiers, pairs, runbook_dag
from nim_operators.runbooks.takeover import reason_param, safety_params
from nim_operators.sensors.nimesis import NimesisSensor

for pair in pairs(Runbook.REPROTECT):
    dag = runbook_dag(
        Runbook.REPROTECT,
        pair,
        title="NIM reprotect",
        doc_md=__doc__,
        schedule=None,
        params={"reason": reason_param("What has happened: what an auditor reads. Required."), **safety_params()},
    )
    with dag:
        plan = NimPlanReprotectOperator(task_id="plan")
        approve = approval_of(pair)
        lock = NimLockPairOperator(task_id="lock")
        backup = NimBackupDatabaseOperator(task_id="backup")
        fence = NimFenceOperator(task_id="fence", role="target")
        sync = NimSyncOperator(task_id="sync", wait_limit=pair.nightly_sync.wait_limit)
        wait_nimesis = NimesisSensor(task_id="wait_nimesis", role="target")
        reconcile = NimReconcileTargetOperator(task_id="reconcile")
        verify = NimVerifyResourcesOperator(
            task_id="verify",
            wait_limit=pair.nightly_sync.wait_limit,
            outlets=[recovery_point_asset(pair.name)],
        )
        put_back = NimPutBackOperator(
            task_id="put_back",
            trigger_rule=TriggerRule.ONE_FAILED,
            proves=["sync", "wait_nimesis", "reconcile", "verify"],
        )
        lift_fence = NimLiftFenceOperator(task_id="lift_fence")
        unlock = NimUnlockPairOperator(task_id="unlock").as_teardown(setups=lock, on_failure_fail_dagrun=True)
        verdict = NimVerdictOperator(
            task_id="verdict",
            on_failure_callback=notifiers(Runbook.REPROTECT, pair),
            required={
                "plan": ["assessment", "plan"],
                "approve": ["approval"],
                "lock": [],
                "backup": ["backup"],
                "fence": ["fence"],
                "sync": ["drift"],
                "wait_nimesis": [],
                "reconcile": ["observation"],
                "verify": ["contents", "recovery_point"],
                "lift_fence": ["observation"],
                "unlock": [],
            },
            planning=["plan"],
        )

        plan >> approve >> lock >> backup >> fence >> sync >> wait_nimesis >> reconcile >> verify
        verify >> [put_back, lift_fence] >> unlock >> verdict
    globals()[dag.dag_id] = dag
