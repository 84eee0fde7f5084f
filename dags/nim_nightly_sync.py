"""
### Nightly sync

Keeps the alternate master in step with the active one: database, definitions and missing resources.

1. **observe** looks at both masters and asks every client who its master is; refuses unless a sync is safe.
2. **lock** takes the pair lock on both masters, so that nothing else changes them meanwhile.
3. **backup** brings a verified backup of both databases off the hosts.
   Where the estate says `stale: refresh`, **refresh** then moves aside on the alternate what the last recovery point
   listed as stale and is stale still, so that the sync copies it anew.
4. **sync** runs `nim -o sync -a replicate=yes` (with `-F` where the alternate has a database, which is so on all nights
   but a first one), in the armed direction only, as a job that outlives Airflow.
5. **wait_nimesis** waits until the alternate serves again.
6. **reconcile** gives the alternate back what a sync takes from it.
7. **verify** compares every definition and the content of every resource, and emits the recovery point.
   If one of these steps fails, **put_back** restores the alternate's own database of before, or fences it; content that
   was moved aside comes back to its place. Else **remove_aside** removes the former content of what was found equal.
8. **unlock** gives the lock back; **verdict** says how the run ended. Red means: read the verdict.

It may be triggered at any time; where the alternate is already in step nothing is changed.
"""

from __future__ import annotations

from nim_operators.estate.schema import Stale
from nim_operators.nim.runbooks import Runbook
from nim_operators.operators.backup import NimBackupDatabaseOperator
from nim_operators.operators.lock import NimLockPairOperator, NimUnlockPairOperator
from nim_operators.operators.precheck import NimPrecheckOperator
from nim_operators.operators.refresh import NimRefreshStaleContentOperator, NimRemoveAsideOperator
from nim_operators.operators.verdict import NimVerdictOperator
from nim_operators.runbooks.forms import common_params
from nim_operators.runbooks.per_pair import masters_of, notifiers, pairs, runbook_dag
from nim_operators.runbooks.proven_copy import PROOFS, proven_copy, put_back_unproven

for pair in pairs(Runbook.NIGHTLY_SYNC):
    dag = runbook_dag(
        Runbook.NIGHTLY_SYNC,
        pair,
        title="NIM nightly sync",
        description=f"Copies the active one of {masters_of(pair)} onto the other one, and proves the copy.",
        doc_md=__doc__,
        schedule=pair.nightly_sync.schedule,
        params=common_params(),
    )
    refreshes = pair.nightly_sync.stale is Stale.REFRESH
    with dag:
        observe = NimPrecheckOperator(task_id="observe")
        lock = NimLockPairOperator(task_id="lock")
        backup = NimBackupDatabaseOperator(task_id="backup")
        sync, wait_nimesis, reconcile, verify = proven_copy(pair)
        put_back = put_back_unproven()
        unlock = NimUnlockPairOperator(task_id="unlock").as_teardown(setups=lock, on_failure_fail_dagrun=True)
        verdict = NimVerdictOperator(
            task_id="verdict",
            on_failure_callback=notifiers(Runbook.NIGHTLY_SYNC, pair),
            required={
                "observe": ["assessment"],
                "lock": [],
                "backup": ["backup"],
                **({"refresh": [], "remove_aside": []} if refreshes else {}),
                **PROOFS,
                "unlock": [],
            },
        )

        observe >> lock >> backup >> sync >> wait_nimesis >> reconcile >> verify >> put_back >> unlock >> verdict
        verify >> unlock
        if refreshes:
            limit = pair.nightly_sync.wait_limit
            backup >> NimRefreshStaleContentOperator(task_id="refresh", wait_limit=limit) >> sync
            verify >> NimRemoveAsideOperator(task_id="remove_aside", wait_limit=limit) >> unlock
    globals()[dag.dag_id] = dag
