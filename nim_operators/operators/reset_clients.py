"""Let every client list both masters: the plan of such a sync, and what the clients say afterwards."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Context

from nim_operators.evidence.plantext import plan_text
from nim_operators.evidence.records import MasterListsRecord
from nim_operators.nim.errors import Incomplete
from nim_operators.nim.facts import facts_of
from nim_operators.nim.masterlists import plan_reset, unlisted
from nim_operators.operators.asked import asked
from nim_operators.operators.base import NimOperator, Run
from nim_operators.operators.plan import demand_known, keep_plan

_SHOWN = 20


class NimPlanResetClientsOperator(NimOperator):
    """
    Write down the sync that lets every client list both masters, and each client that does not or will not be reached.

    Reads: both masters (one round trip each) and the clients' own niminfo. Changes: nothing. Safe to repeat: yes; an
    approval of an earlier plan holds only if the new one is the same. If interrupted: nothing is left behind. Undo:
    nothing to undo.

    Refuses wherever the night would: the sync that is planned is one, with one attribute more.
    """

    def act(self, run: Run, context: Context) -> dict[str, Any]:
        """Return the plan's digest, how many clients it is for, and where the evidence is."""
        wanted = asked(context["params"], run.pair, list(self.dag.params))
        demand_known(run)
        view = run.observe("before", ask_clients=True)
        assessment = run.assess(view, before_lock=True)
        run.demand_go(assessment)
        plan = plan_reset(facts_of(view, run.holder.run), run.endpoint(run.source).commands, assessment)
        record = keep_plan(run, plan, wanted, idle=not plan.commands)
        self.log.info("%s", plan_text(record.to_json(), run.pair.name))
        return {"digest": plan.digest, **plan.subject, "idle": record.idle, "evidence": run.evidence.location}


class NimVerifyMasterListsOperator(NimOperator):
    """
    Ask every client which masters it lists, after a sync with ``reset_clients=yes``.

    Reads: both masters (one round trip each) and the clients' own niminfo. Changes: nothing. Safe to repeat: yes.
    If interrupted: nothing is left behind. Undo: nothing to undo.

    Green means: every client lists both masters by its own file, its current one first. Each other one is named with
    cause and remedy, and the run is *incomplete*. What the sync printed of them does not count (nim.md 12.7).
    """

    def act(self, run: Run, context: Context) -> dict[str, Any]:
        """Read them back."""
        facts = facts_of(run.observe("after", ask_clients=True), run.holder.run)
        others = unlisted(facts)
        number = len(facts.matrix.rows)
        run.record(MasterListsRecord(number, tuple(one.to_json() for one in others)))
        if others:
            more = f"\nAnd {len(others) - _SHOWN} more; see the evidence." if len(others) > _SHOWN else ""
            raise Incomplete(
                f"{number - len(others)} of {number} clients list {run.source} and {run.target}. These do not:\n"
                + "\n".join(map(str, others[:_SHOWN]))
                + more
            )
        return {"clients": number}
