"""
### Give back

Brings every client back to the master that the estate file calls the source, after a planned takeover or a disaster.
The steps are those of **nim_planned_takeover** in the other direction.

1. **wait_clients** checks the form and waits until no client is in the middle of an operation.
2. **plan** looks at both masters and writes down what will be done. Where the active master holds nothing that the
   other one lacks, no sync is part of it: taking over alone gives the clients back. Nor is one where the other master
   is at a higher level, which is how both are updated in turn. A *rehearsal* ends here.
3. **approve** shows the plan in Airflow under Required Actions. A rejection, or no answer in time, ends the
   run of this DAG with nothing changed.
4. **lock** takes the pair lock on both masters; **backup** brings verified backups of both databases off the hosts.
5. **sync**, **wait_nimesis**, **reconcile**, **verify** copy what the other master lacks, where the plan says so.
   If one of them fails, **put_back** restores that master's own database.
6. **takeover** runs `nim -o takeover -a async=no` there, asks every client again, compares both databases, turns the
   armed direction.
7. **unlock** gives the lock back; **verdict** says how the run ended. *Incomplete* names each client that did not move.
"""

from __future__ import annotations

from nim_operators.nim.runbooks import Runbook
from nim_operators.runbooks.per_pair import pairs
from nim_operators.runbooks.takeover import takeover_dag

for pair in pairs(Runbook.GIVE_BACK):
    dag = takeover_dag(
        Runbook.GIVE_BACK,
        pair,
        title="NIM give back",
        description=f"Brings every client back to {pair.source} after a takeover, as a person approved it.",
        doc_md=__doc__,
    )
    globals()[dag.dag_id] = dag
