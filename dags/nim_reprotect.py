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

from nim_operators.nim.runbooks import Runbook
from nim_operators.operators.fence import NimFenceOperator, NimLiftFenceOperator
from nim_operators.operators.plan import NimPlanReprotectOperator
from nim_operators.runbooks.approved import approve_and_carry_out
from nim_operators.runbooks.forms import reason_param, safety_params
from nim_operators.runbooks.per_pair import masters_of, pairs, runbook_dag
from nim_operators.runbooks.proven_copy import PROOFS, proven_copy, put_back_unproven

for pair in pairs(Runbook.REPROTECT):
    dag = runbook_dag(
        Runbook.REPROTECT,
        pair,
        title="NIM reprotect",
        description=f"Makes the one of {masters_of(pair)} that came back after a failover the standby again.",
        doc_md=__doc__,
        schedule=None,
        params={"reason": reason_param("What has happened"), **safety_params()},
    )
    with dag:
        approve_and_carry_out(
            Runbook.REPROTECT,
            pair,
            plan=NimPlanReprotectOperator(task_id="plan"),
            work=[
                NimFenceOperator(task_id="fence", role="target"),
                *proven_copy(pair),
                [put_back_unproven(), NimLiftFenceOperator(task_id="lift_fence")],
            ],
            proofs={"fence": ["fence"], **PROOFS, "lift_fence": ["observation"]},
        )
    globals()[dag.dag_id] = dag
