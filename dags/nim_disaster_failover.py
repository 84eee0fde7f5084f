"""
### Disaster failover

The active master is gone; the alternate takes its clients over from what it last copied. A healthy active master
refuses this runbook: use **nim_planned_takeover**. Afterwards run **nim_reprotect** when the old master is back.

1. **plan** looks at both masters as far as they answer, and asks every client from the alternate. It goes on by itself
   only where two witnesses find the active master dead: we, and the alternate. Otherwise it wants an override that says
   what a person has seen. It writes down the command lines, the clients, and what will be lost. A *rehearsal* ends
   here.
2. **approve** shows the plan in Airflow under Required Actions.
3. **lock** takes the pair lock on every master that answers; **backup** brings verified backups of their databases off
   the hosts, of a database that NIM cannot read any more a copy of its files.
4. **fence** keeps the old master from answering clients, where it can be reached at all.
5. **prepare** gives the alternate what it lacks, as the plan says: its own database from its newest verified backup, a
   running nimesis, its record of the old master.
6. **takeover** runs `nim -o takeover -a async=no` on the alternate, asks every client again, turns the armed direction.
7. **unlock** gives the lock back; **verdict** says how the run of this DAG ended.

Then check by hand: that clients boot from the new master's address, and that it reaches the HMC.
"""

from __future__ import annotations

from nim_operators.nim.runbooks import Runbook
from nim_operators.operators.fence import NimFenceOperator
from nim_operators.operators.plan import NimPlanTakeoverOperator
from nim_operators.operators.prepare import NimPrepareAlternateOperator
from nim_operators.operators.takeover import NimTakeoverOperator
from nim_operators.runbooks.approved import approve_and_carry_out
from nim_operators.runbooks.forms import reason_param, safety_params, threshold_param
from nim_operators.runbooks.per_pair import masters_of, pairs, runbook_dag

for pair in pairs(Runbook.DISASTER_FAILOVER):
    dag = runbook_dag(
        Runbook.DISASTER_FAILOVER,
        pair,
        title="NIM disaster failover",
        description=f"Takes every client over when the active one of {masters_of(pair)} is dead or must not come back.",
        doc_md=__doc__,
        schedule=None,
        params={
            "reason": reason_param("What has happened"),
            "success_threshold": threshold_param(pair),
            **safety_params(),
        },
    )
    with dag:
        approve_and_carry_out(
            Runbook.DISASTER_FAILOVER,
            pair,
            plan=NimPlanTakeoverOperator(task_id="plan"),
            work=[
                NimFenceOperator(task_id="fence", role="source"),
                NimPrepareAlternateOperator(task_id="prepare"),
                NimTakeoverOperator(task_id="takeover", wait_limit=pair.takeover.wait_limit),
            ],
            proofs={"fence": ["fence"], "prepare": [], "takeover": ["takeover"]},
        )
    globals()[dag.dag_id] = dag
