"""
### Watch

Looks at both masters and asks every client, every few minutes, and changes nothing. This Airflow DAG is red while the
pair needs a person, and its error says what to do next: a master that does not answer, clients that name the wrong one,
an old master that is back with an old database, whatever would make the next night refuse, a recovery point that is too
old. What the standby does not know yet is listed in `watch.json`.

People are told once, when that changes. Each change is an event of the asset `nim_state_<pair>`. An outside monitor can
poll the time in `watch.json` of the pair's evidence: when it stands still, nobody is looking.
"""

from __future__ import annotations

from nim_operators.nim.runbooks import Runbook
from nim_operators.operators.watch import NimWatchOperator, state_asset
from nim_operators.runbooks.per_pair import masters_of, notifiers, pairs, runbook_dag

for pair in pairs(Runbook.WATCH):
    dag = runbook_dag(
        Runbook.WATCH,
        pair,
        title="NIM watch",
        description=f"Looks at {masters_of(pair)} and their clients, changes nothing, says what a person should do.",
        doc_md=__doc__,
        schedule=pair.watch.every,
        params={},
    )
    with dag:
        watch = NimWatchOperator(
            task_id="watch",
            outlets=[state_asset(pair.name)],
            on_failure_callback=notifiers(Runbook.WATCH, pair),
        )
    globals()[dag.dag_id] = dag
