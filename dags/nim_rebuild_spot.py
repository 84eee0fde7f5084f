"""
### Rebuild a SPOT

Builds one SPOT of the active master anew from its lpp_source, for use after a takeover: what a sync copied may be
damaged or incomplete, and before the takeover the alternate may run no operation on its objects.

1. **plan** looks at both masters and asks every client; refuses unless they name the active master, the SPOT is not
   allocated, the lpp_source has `simages = yes`, and there is room for one more SPOT. It writes down the exact
   commands. A *rehearsal* ends here.
2. **approve** shows the plan in Airflow under Required Actions.
3. **lock** takes the pair lock on every master that answers; **backup** brings verified backups off the hosts.
4. **build** builds a SPOT `<name>_rebuild` beside the old one and checks it. If it cannot be built, or comes out at
   another level, the old one is left alone.
5. **rebuild** removes the old SPOT, builds it under its own name, checks it, and removes the one beside it. At each
   moment one checked SPOT can be used.
6. **unlock** gives the lock back; **verdict** says how the run of this Airflow DAG ended.

No client is touched.
"""

from __future__ import annotations

from nim_operators.nim.runbooks import Runbook
from nim_operators.operators.plan_spot import NimPlanSpotOperator
from nim_operators.operators.rebuild_spot import NimBuildSpotOperator, NimRebuildSpotOperator
from nim_operators.runbooks.approved import approve_and_carry_out
from nim_operators.runbooks.forms import reason_param, safety_params, text_param
from nim_operators.runbooks.per_pair import masters_of, pairs, runbook_dag

for pair in pairs(Runbook.REBUILD_SPOT):
    dag = runbook_dag(
        Runbook.REBUILD_SPOT,
        pair,
        title="NIM rebuild SPOT",
        description=f"Builds one SPOT of the active one of {masters_of(pair)} anew; one can be used at every moment.",
        doc_md=__doc__,
        schedule=None,
        params={
            "spot": text_param("SPOT", "The SPOT to build anew: its name in the active master's database. Required."),
            "lpp_source": text_param(
                "lpp_source", "What to build it from. Empty: the only one of the active master that can be used."
            ),
            "reason": reason_param("Why it is rebuilt"),
            **safety_params(),
        },
    )
    with dag:
        approve_and_carry_out(
            Runbook.REBUILD_SPOT,
            pair,
            plan=NimPlanSpotOperator(task_id="plan"),
            work=[NimBuildSpotOperator(task_id="build"), NimRebuildSpotOperator(task_id="rebuild")],
            proofs={"build": ["observation"], "rebuild": ["rebuilt_spot"]},
        )
    globals()[dag.dag_id] = dag
