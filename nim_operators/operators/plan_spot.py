"""Write down how a SPOT of the active master will be built anew, for a person to approve."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from airflow.sdk import Context

from nim_operators.evidence.plantext import plan_text
from nim_operators.nim.objects import NimObject
from nim_operators.nim.plan import PlannedCommand
from nim_operators.nim.repairplan import RepairPlan
from nim_operators.nim.snapshot import Snapshot
from nim_operators.nim.spot import SpotRebuild, groups_of, plan_rebuild
from nim_operators.operators.active import demand_active
from nim_operators.operators.asked import asked
from nim_operators.operators.base import NimOperator, Run, observed
from nim_operators.operators.plan import demand_known, keep_plan


class NimPlanSpotOperator(NimOperator):
    """
    Write down how one SPOT of the active master will be built anew, in exact commands.

    Reads: both masters (one round trip each) and the clients' own niminfo. Changes: nothing. Safe to repeat: yes; an
    approval of an earlier plan holds only if the new one is the same. If interrupted: nothing is left behind. Undo:
    nothing to undo.

    Refuses unless the clients name the master, the SPOT is not allocated, and the lpp_source can be built from.
    """

    def act(self, run: Run, context: Context) -> dict[str, Any]:
        """Return the plan's digest, what is rebuilt, and where the evidence is."""
        wanted = asked(context["params"], run.pair, list(self.dag.params))
        demand_known(run)
        view = run.observe("before", ask_clients=True)
        demand_active(run, view, before_lock=True)
        own = observed(view, run.source)
        spot, lpp_source = (str(context["params"].get(key) or "").strip() for key in ("spot", "lpp_source"))
        rebuild = plan_rebuild(own, spot, lpp_source, run.pair.policy().space_margin_percent)
        is_done = is_rebuilt(run, own, rebuild) and not run.reason
        lines = () if is_done else rebuild.all_commands(own, run.endpoint(run.source).commands)
        plan = RepairPlan(
            runbook=run.runbook,
            source=run.source,
            target=run.target,
            aim=f"the SPOT {rebuild.spot} of {run.source} is built anew from {rebuild.lpp_source}",
            commands=tuple(PlannedCommand(run.source, command.line) for command in lines),
            subject=rebuild.to_json(),
            told=tuple(_told(run, own, rebuild, is_done=is_done)),
        )
        record = keep_plan(run, plan, wanted, idle=is_done)
        self.log.info("%s", plan_text(record.to_json(), run.pair.name))
        return {"digest": plan.digest, **rebuild.to_json(), "idle": is_done, "evidence": run.evidence.location}


def is_rebuilt(run: Run, own: Snapshot, rebuild: SpotRebuild) -> bool:
    """Tell whether the last rebuild of this SPOT still stands: the same source, and both contents as large as then."""
    kept = run.store.rebuilt_spot(run.pair.name, run.source, rebuild.spot)
    if kept is None or kept.lpp_source != rebuild.lpp_source or rebuild.proof in own.objects:
        return False
    if rebuild.lacking(own, rebuild.spot):
        return False
    sizes = (content_kb(own, own.objects[rebuild.spot]), content_kb(own, own.objects[rebuild.lpp_source]))
    return None not in sizes and sizes == (kept.spot_kb, kept.source_kb)


def content_kb(own: Snapshot, found: NimObject) -> int | None:
    """Return the size in KiB of what lies at the location of a resource."""
    place = own.places.get(found.location or "")
    return place.size_kb if place is not None else None


def _told(run: Run, own: Snapshot, rebuild: SpotRebuild, *, is_done: bool) -> Iterable[str]:
    if is_done:
        kept = run.store.rebuilt_spot(run.pair.name, run.source, rebuild.spot)
        yield (
            f"It was rebuilt from {rebuild.lpp_source} at {kept.at if kept else '?'}, and neither has changed since; "
            "an override rebuilds it all the same"
        )
        return
    is_cut_off = rebuild.is_cut_off(own)
    if is_cut_off:
        yield f"A rebuild was cut off: {rebuild.spot} is gone or half built. {rebuild.proof} is what it had built"
    elif rebuild.proof in own.objects:
        yield f"{rebuild.proof} is there already: what an earlier rebuild left. It is removed first"
    first = "checked" if is_cut_off else "built"
    yield f"{rebuild.proof} is {first} first; the old one is removed only if that is ready for use, at {rebuild.level}"
    groups = groups_of(own, rebuild.spot)
    if groups:
        yield f"It is a member of {', '.join(groups)}; if NIM takes it out, the run says so"
    yield f"{run.target} keeps its own content of it, which the nights then call stale"
