"""
### Repair a client

Rebuilds the `/etc/niminfo` of one client, so that it knows its current master and lists both: for a client that would
refuse a takeover (0042-372), or whose file is damaged.

1. **plan** looks at both masters and asks every client; refuses what is no client of the active master, or cannot be
   reached: by `c_rsh` from its master, or by a connection that the estate file gives. Then it says what to type at the
   client's console. A *rehearsal* ends here.
2. **approve** shows the plan in Airflow under Required Actions.
3. **lock** takes the pair lock on every master that answers; **backup** brings verified backups off the hosts.
4. **repair** saves the old file on the client, runs `niminit -a name= -a master= -a master_port=` there, and asks the
   client itself: it must name its master and list both.
5. **unlock** gives the lock back; **verdict** says how the run of this Airflow DAG ended.

No other client is touched.
"""

from __future__ import annotations

from nim_operators.nim.runbooks import Runbook
from nim_operators.operators.repair_client import NimPlanClientRepairOperator, NimRepairClientOperator
from nim_operators.runbooks.approved import approve_and_carry_out
from nim_operators.runbooks.forms import reason_param, safety_params, text_param
from nim_operators.runbooks.per_pair import masters_of, pairs, runbook_dag

for pair in pairs(Runbook.REPAIR_CLIENT):
    dag = runbook_dag(
        Runbook.REPAIR_CLIENT,
        pair,
        title="NIM repair client",
        description=f"Rebuilds the /etc/niminfo of one client, so that it lists both {masters_of(pair)}.",
        doc_md=__doc__,
        schedule=None,
        params={
            "client": text_param(
                "Client", "Whose /etc/niminfo is rebuilt: its name in the active master's database. Required."
            ),
            "reason": reason_param("Why it is rebuilt"),
            **safety_params(),
        },
    )
    with dag:
        approve_and_carry_out(
            Runbook.REPAIR_CLIENT,
            pair,
            plan=NimPlanClientRepairOperator(task_id="plan"),
            work=[NimRepairClientOperator(task_id="repair")],
            proofs={"repair": ["client_repair"]},
        )
    globals()[dag.dag_id] = dag
