"""
### Planned takeover

Hands every client to the alternate master, for maintenance of the active one. **nim_give_back** brings them back.

1. **wait_clients** checks the form and waits until no client is in the middle of an operation.
2. **plan** looks at both masters, asks every client from both of them, and writes down the exact command lines, the
   clients that will move, and those that will not, each with its remedy. A *rehearsal* ends here.
3. **approve** shows the plan in Airflow under Required Actions. A rejection, or no answer in time, ends the
   run of this DAG with nothing changed.
4. **lock** takes the pair lock on both masters; **backup** brings verified backups of both databases off the hosts.
5. **sync**, **wait_nimesis**, **reconcile**, **verify** copy the database once more, where the plan says so.
   If one of them fails, **put_back** restores the alternate's own database. Whether to go on with the last recovery
   point is then a person's decision: trigger again without the final sync.
6. **takeover** runs `nim -o takeover -a async=no` on the alternate, asks every client again, compares both databases,
   turns the armed direction.
7. **unlock** gives the lock back; **verdict** says how the run ended. *Incomplete* names each client that did not move.
"""

from __future__ import annotations

from nim_operators.nim.runbooks import Runbook
from nim_operators.runbooks.per_pair import masters_of, pairs
from nim_operators.runbooks.takeover import takeover_dag

for pair in pairs(Runbook.PLANNED_TAKEOVER):
    dag = takeover_dag(
        Runbook.PLANNED_TAKEOVER,
        pair,
        title="NIM planned takeover",
        description=f"Hands the clients of the active one of {masters_of(pair)} to the other, as a person approved it.",
        doc_md=__doc__,
    )
    globals()[dag.dag_id] = dag
