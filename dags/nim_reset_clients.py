"""
### Reset clients

Lets every client list both masters in its own `/etc/niminfo`, by one sync with `reset_clients=yes`: for clients that
were defined before there was an alternate, or list a partner that is gone, and would refuse a takeover (0042-372).

1. **plan** looks at both masters and asks every client; refuses wherever the night would. It names each client that
   does not list both masters and each that will not be reached, and the exact command. A *rehearsal* ends here, and so
   does a run that finds that every client that answers lists both.
2. **approve** shows the plan in Airflow under Required Actions: this is pushed to *every* client.
3. **lock** takes the pair lock on both masters; **backup** brings verified backups of both databases off the hosts.
4. **sync** runs `nim -o sync -a replicate=yes -a reset_clients=yes`; **wait_nimesis**, **reconcile** and **verify**
   follow as in a night, and it is a recovery point. If one of these steps fails, **put_back** restores the alternate's
   own database, or fences it. A level of NIM that has no `reset_clients` refuses; then **nim_repair_client** does it,
   client by client.
5. **verify_lists** asks each client again. *Incomplete* names each one that does not list both, with cause and remedy.
6. **unlock** gives the lock back; **verdict** says how the run of this DAG ended.

No other runbook does this: a night and a takeover touch no client's list.
"""

from __future__ import annotations

from nim_operators.nim.runbooks import Runbook
from nim_operators.operators.reset_clients import NimPlanResetClientsOperator, NimVerifyMasterListsOperator
from nim_operators.runbooks.approved import approve_and_carry_out
from nim_operators.runbooks.forms import reason_param, safety_params
from nim_operators.runbooks.per_pair import masters_of, pairs, runbook_dag
from nim_operators.runbooks.proven_copy import PROOFS, proven_copy, put_back_unproven

for pair in pairs(Runbook.RESET_CLIENTS):
    dag = runbook_dag(
        Runbook.RESET_CLIENTS,
        pair,
        title="NIM reset clients",
        description=f"Lets every client list both {masters_of(pair)}, by one sync with reset_clients=yes.",
        doc_md=__doc__,
        schedule=None,
        params={
            "reason": reason_param("Why every client is told of both masters"),
            **safety_params(),
        },
    )
    with dag:
        approve_and_carry_out(
            Runbook.RESET_CLIENTS,
            pair,
            plan=NimPlanResetClientsOperator(task_id="plan"),
            work=[*proven_copy(pair), [put_back_unproven(), NimVerifyMasterListsOperator(task_id="verify_lists")]],
            proofs={**PROOFS, "verify_lists": ["master_lists"]},
        )
    globals()[dag.dag_id] = dag
