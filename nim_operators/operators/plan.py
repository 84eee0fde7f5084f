"""Plan a takeover: observe, assess, and write down what would be done, for a person to approve."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pendulum
from airflow.sdk import Context

from nim_operators.evidence.plantext import plan_text
from nim_operators.evidence.records import PlanRecord
from nim_operators.nim.assess import assess
from nim_operators.nim.cooldown import cool_down_warning
from nim_operators.nim.diagnosis import State
from nim_operators.nim.direction import names_only
from nim_operators.nim.errors import Incomplete, Refused
from nim_operators.nim.facts import Facts, facts_of
from nim_operators.nim.loss import what_is_lost
from nim_operators.nim.pair import PairView
from nim_operators.nim.plan import TakeoverPlan, plan_reprotect, plan_takeover
from nim_operators.nim.preparation import READY, Preparation, Repair, preparation, prepared, repair_lines
from nim_operators.nim.repairplan import RepairPlan
from nim_operators.nim.runbooks import Runbook
from nim_operators.operators.approved import NOBODY
from nim_operators.operators.asked import Asked, asked
from nim_operators.operators.base import NimOperator, Run, in_loop, observed
from nim_operators.operators.before import unsettled
from nim_operators.operators.lock import give_back_left_lock
from nim_operators.operators.restore import demand_same_on_host
from nim_operators.operators.sync import in_step, lacks_nothing

_NAMED = 20


class NimPlanTakeoverOperator(NimOperator):
    """
    Observe both masters and every client, assess them, and write the plan of a takeover into the evidence.

    Reads: both masters (one round trip each) and the clients' own niminfo, asked from both masters. Changes: nothing;
    where nothing is left to do the lock of a dead run is given back, if a person asked for it.
    Safe to repeat: yes; an approval of an earlier plan holds only if the new one is the same.
    If interrupted: nothing is left behind. Undo: nothing to undo.

    Refuses bad input of the trigger form before anything is observed.
    """

    def act(self, run: Run, context: Context) -> dict[str, Any]:
        """Return the plan's digest, the counts of clients, and where the evidence is."""
        wanted = asked(context["params"], run.pair, list(self.dag.params))
        if run.runbook is Runbook.REATTACH and not run.pair.takeover.reattach:
            raise Refused(
                f"The estate file does not allow nim_reattach for pair '{run.pair.name}': set 'reattach: true' in its "
                "section takeover, or run the takeover towards the active master, with an approval."
            )
        demand_known(run)
        run, view = _observe_towards_the_active(run)
        assessment = run.assess(view, before_lock=True)
        for finding in assessment.findings:
            self.log.info("%s", finding)
        run.demand_go(assessment)
        seen = facts_of(view, run.holder.run)
        facts, needed = _prepared(run, seen)
        demand_decided(run, facts)
        paths = {master: run.endpoint(master).commands for master in run.masters}
        plan = plan_takeover(
            facts,
            run.runbook,
            paths,
            sync_assessment=assess(view, Runbook.NIGHTLY_SYNC, run.holder.run),
            lacks_nothing=view.snapshot(run.source) is not None
            and lacks_nothing(view)
            and unsettled(run, run.target) is None,
            sync_wanted=wanted.final_sync,
            lost=_lost(run, facts.view),
            prepare=needed,
            first=repair_lines(seen, paths[run.target], _backup_named(run, seen, needed)),
        )
        record = keep_plan(run, plan, wanted, idle=_is_idle(facts, plan))
        self.log.info("%s", plan_text(record.to_json(), run.pair.name))
        _demand_resolved(plan, record)
        return {
            "digest": plan.digest,
            "source": plan.source,
            "target": plan.target,
            "clients": len(plan.clients),
            "to_move": len(plan.to_move),
            "stays": len(plan.stays),
            "final_sync": plan.final_sync.value,
            "idle": record.idle,
            "evidence": run.evidence.location,
        }


class NimPlanReprotectOperator(NimOperator):
    """
    Observe both masters and every client, and write down what making the returned master the standby again will do.

    Reads: both masters (one round trip each) and the clients' own niminfo. Changes: nothing. Safe to repeat: yes; an
    approval of an earlier plan holds only if the new one is the same. If interrupted: nothing is left behind. Undo:
    nothing to undo.
    """

    def act(self, run: Run, context: Context) -> dict[str, Any]:
        """Return the plan's digest, how much only the returned master holds, and where the evidence is."""
        wanted = asked(context["params"], run.pair, list(self.dag.params))
        view = run.observe("before", ask_clients=True)
        assessment = run.assess(view, before_lock=True)
        run.demand_go(assessment)
        paths = {master: run.endpoint(master).commands for master in run.masters}
        plan = plan_reprotect(facts_of(view, run.holder.run), paths, assessment)
        is_fenced = observed(view, run.target).own.fenced is not None
        is_well = assessment.diagnosis.state is State.HEALTHY and unsettled(run, run.target) is None
        is_there = is_well and in_step(view) and not is_fenced
        record = keep_plan(run, plan, wanted, idle=is_there)
        self.log.info("%s", plan_text(record.to_json(), run.pair.name))
        return {
            "digest": plan.digest,
            "source": plan.source,
            "target": plan.target,
            "only_there": len(plan.lost),
            "idle": record.idle,
            "evidence": run.evidence.location,
        }


def _observe_towards_the_active(run: Run) -> tuple[Run, PairView]:
    """
    Observe both masters, and return the run in the direction that it has.

    A failover turns the armed direction, so the next one goes the other way: from the master that has the clients to
    the one that lost them. While that one is away or fenced there is nothing to flee to: the earlier one is taken up.
    """
    view = run.observe("before", ask_clients=True, by_target_too=True)
    last = run.store.last_failover(run.pair.name)
    is_another = last is not None and last.run != run.holder.run and {last.source, last.target} == {*run.masters}
    if run.runbook is not Runbook.DISASTER_FAILOVER or last is None or not is_another:
        return run, view
    new, old = view.snapshot(last.target), view.snapshot(last.source)
    is_away = old is None or (old.own.fenced is not None and not old.is_active("nimesis"))
    goes_on = new is not None and is_away and facts_of(view).matrix.clients_vouching_for(last.target)
    armed = run.store.remembered_direction(run.pair.name)
    source = last.source if goes_on else armed.source if armed else run.source
    if source == run.source:
        return run, view
    turned = replace(run, source=run.target, target=run.source)
    return turned, turned.observe("before", ask_clients=True, by_target_too=True)


def _demand_resolved(plan: TakeoverPlan, record: PlanRecord) -> None:
    """
    End a failover that finds nothing to send, and clients that do not answer.

    :raises Incomplete: naming each of them.
    """
    if not _is_failover(plan) or not record.idle or not plan.to_move:
        return
    causes = {one.client: one.obstacles[0] for one in plan.obstacles}
    left = [
        f"{client} {causes[client].cause}: {causes[client].saw} {causes[client].remedy}" if client in causes else client
        for client in plan.to_move
    ]
    more = [f"And {len(left) - _NAMED} more."] if len(left) > _NAMED else []
    raise Incomplete(
        "\n".join([f"The clients that answer are with {plan.target} already; nothing was sent.", *left[:_NAMED], *more])
    )


def _prepared(run: Run, facts: Facts) -> tuple[Facts, Preparation]:
    """
    Return the facts as they will be once the target has what it lacks, and what that is; only a disaster mends first.

    :raises Refused: if only a person can mend it, or the backup to put back is not on the target any more.
    """
    if run.runbook is not Runbook.DISASTER_FAILOVER:
        return facts, READY
    needed = preparation(facts)
    if needed.repair is Repair.BY_HAND:
        raise Refused(f"{run.target} could not take over. {' '.join(needed.saw)} {needed.remedy}")
    kept = facts.view.kept
    if needed.repair is Repair.RESTORE and kept is not None:
        try:
            in_loop(demand_same_on_host(run, run.target, kept.file, kept.digest, kept.path))
        except Refused as missing:
            raise Refused(f"{' '.join(needed.saw)} {missing}") from missing
    return prepared(facts), needed


def _backup_named(run: Run, facts: Facts, needed: Preparation) -> str:
    """Name the backup that is put back; this run's own has no time yet."""
    if needed.repair is Repair.RESTORE and facts.view.kept is not None:
        return facts.view.kept.file
    return f"{run.pair.backups.directory}/nimdb.<time of this run's backup>.backup"


def demand_known(run: Run) -> None:
    """
    Refuse before anything is looked at where nobody could approve the run's plan.

    :raises Refused: where the estate wants four eyes and nobody knows whose the first two are.
    """
    if run.pair.approval.four_eyes and run.requested_by.lower() in NOBODY:
        raise Refused(
            "The estate file wants four eyes, and Airflow does not know who triggered this run; "
            "trigger it as a named user, from the UI or through the REST API."
        )


def demand_decided(run: Run, facts: Facts) -> None:
    """
    Refuse to reattach unless somebody has decided before that the target controls the clients.

    :raises Refused: unless every record that can be read says so, and a client does by its own word.
    """
    if run.runbook is not Runbook.REATTACH:
        return
    if not names_only(facts.view, run.target) or not facts.matrix.clients_vouching_for(run.target):
        lines = [
            f"{run.runbook} from {run.source} to {run.target} refuses.",
            "Cause: Clients are reattached only to a master that every record and a client already name as active.",
            *(f"Evidence: {saying}." for saying in facts.armed.sayings),
            f"Evidence: {len(facts.matrix.clients_vouching_for(run.target))} clients name {run.target}.",
            f"Next: Run the takeover towards the right master, {Runbook.PLANNED_TAKEOVER} or {Runbook.GIVE_BACK}.",
        ]
        raise Refused("\n".join(lines))


def keep_plan(run: Run, plan: TakeoverPlan | RepairPlan, wanted: Asked, *, idle: bool) -> PlanRecord:
    """
    Put a plan into the evidence, where its approval and every changing step look for it.

    A run that finds nothing to do takes no lock; it gives back the one that a person asked it to break.
    """
    point = run.store.recovery_point(run.pair.name)
    record = PlanRecord(
        digest=plan.digest,
        plan=plan.to_json(),
        asked=wanted.to_json(run.pair),
        idle=idle,
        rehearsal=wanted.rehearsal,
        recovery_point={"at": point.at, "source": point.source, "target": point.target} if point else None,
        warning=_too_soon(run),
        set_aside=dict(run.pair.clients.set_aside),
    )
    run.record(record)
    if record.idle and not record.rehearsal and run.breaks:
        give_back_left_lock(run)
    return record


def _too_soon(run: Run) -> str:
    """Warn of a failover so soon after another one; the same run planned anew is no second one, nor one taken up."""
    last = run.store.last_failover(run.pair.name)
    if run.runbook is not Runbook.DISASTER_FAILOVER or last is None or last.run == run.holder.run:
        return ""
    if (last.source, last.target) == run.masters:
        return ""
    return cool_down_warning(
        last=last.at,
        by=last.run,
        target=last.target,
        now=pendulum.now("UTC").to_iso8601_string(),
        cool_down=run.pair.takeover.cool_down,
    )


def _lost(run: Run, view: PairView) -> tuple[str, ...]:
    """Say what is lost where the source is given up; a planned takeover loses nothing."""
    target = view.snapshot(run.target)
    if run.runbook is not Runbook.DISASTER_FAILOVER or target is None:
        return ()
    point = run.store.recovery_point(run.pair.name)
    fits = point is not None and (point.source, point.target) == (run.source, run.target)
    begun_by = unsettled(run, run.target)
    half = f"{begun_by} began a sync onto {run.target} that nobody has proven or put back: its copy may be half of one."
    return (
        *([half] if begun_by is not None else []),
        *what_is_lost(
            target,
            run.source,
            proven_at=point.at if point is not None and fits else None,
            stale=point.stale if point is not None and fits else (),
        ),
    )


def _is_idle(facts: Facts, plan: TakeoverPlan) -> bool:
    """
    Tell whether nothing is left to do.

    Reattach only ever acts for clients that answer, and so does a failover once everything else is done.
    """
    answering = facts.matrix.clients_answering_otherwise(plan.target)
    if plan.runbook is Runbook.REATTACH:
        return not answering
    left = answering if plan.diagnosis.state is State.TAKEN_OVER and _is_failover(plan) else plan.to_move
    return not left and _is_turned(facts) and plan.repair is Repair.NONE


def _is_failover(plan: TakeoverPlan) -> bool:
    return plan.runbook is Runbook.DISASTER_FAILOVER


def _is_turned(facts: Facts) -> bool:
    """Tell whether every record already names the target as the active master."""
    return names_only(facts.view, facts.view.target) and not facts.armed.missing
