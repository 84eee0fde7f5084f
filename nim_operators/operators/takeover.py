"""Let the alternate master take every client over, and prove it by the clients' own words."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Context

from nim_operators.evidence.records import (
    CommandRecord,
    FailoverRecord,
    JobRecord,
    Json,
    RecoveryPointRecord,
    TakeoverRecord,
)
from nim_operators.nim.diagnosis import TAKEOVER_JOB, State
from nim_operators.nim.direction import names_only
from nim_operators.nim.errors import Incomplete, Refused
from nim_operators.nim.facts import Facts, facts_of
from nim_operators.nim.outcome import succeeded
from nim_operators.nim.pair import PairView
from nim_operators.nim.plan import FinalSync, takeover_commands
from nim_operators.nim.runbooks import Runbook
from nim_operators.nim.takeoverlog import parse_takeover_log
from nim_operators.nim.takeoverresult import TakeoverResult, judge_takeover
from nim_operators.operators.approved import planned
from nim_operators.operators.arm import turn
from nim_operators.operators.base import Run, in_loop, observed
from nim_operators.operators.jobs import AlreadyDone, EndedJob, JobRequest, NimJobOperator, complaint
from nim_operators.operators.plan import demand_decided
from nim_operators.operators.ports import after_our_asking
from nim_operators.operators.sync import demand_backups
from nim_operators.remote.errors import RemoteError
from nim_operators.remote.filesets import list_filesets
from nim_operators.remote.job import Slot
from nim_operators.remote.transport import connect

_UNDER_WAY = frozenset({State.SPLIT, State.TAKEN_OVER, State.RETURNED_STALE})
"""States that a takeover of this very run may have brought about."""
SETTLING_SECONDS = (3, 12)
"""Pauses before clients that answer and were not switched are asked again: whether ``async=no`` waits for each of them
is IBM's word alone (nim.md 4.4, hazard 8)."""
_WITHOUT_SOURCE = frozenset(
    {State.ACTIVE_DEAD, State.ACTIVE_UNREACHABLE_UNCONFIRMED, State.ACTIVE_NOT_SERVING, State.STANDBY_DOWN}
)
"""And those that a disaster failover began in."""


class NimTakeoverOperator(NimJobOperator):
    """
    Run ``nim -o takeover -a async=no`` on the target, as the approved plan says, and read every client back.

    Reads: both masters and every client, right before and right after. Changes: each client's /etc/niminfo and the
    ``current_master`` of both databases, by NIM (nim.md 4.4); where the target lacks the record of the other master,
    it is defined first; the armed direction is turned. Safe to repeat: yes; an open takeover is attached to, and it is
    sent again only while a client that answers still names the source; one of another run that has ended is collected
    first, and one that left no status was put away by the step ``lock``. If interrupted: the takeover goes on as a job
    on the target and is never ended by us; the next try attaches. Undo: the runbook of the other direction.

    Green means: every client names the target by its own /etc/niminfo, both databases agree, one client's filesets were
    listed from the target. Less than that is *incomplete*, each client named with cause and remedy; below the threshold
    the armed direction is not turned.

    :param wait_limit: how long to wait for the takeover; it is never ended by it.
    """

    keeps = TAKEOVER_JOB

    def __init__(self, *, wait_limit: timedelta = timedelta(hours=2), **kwargs: Any) -> None:
        super().__init__(wait_limit=wait_limit, **kwargs)

    def requests(self, run: Run, context: Context) -> Iterable[JobRequest]:
        """Attach to an open takeover; else demand that the pair is still what was approved, and that one is needed."""
        plan = planned(run)
        view = run.observe("before", ask_clients=True)
        facts = facts_of(view, run.holder.run)
        target = view.snapshot(run.target)
        attach_to = target.own.open_job(TAKEOVER_JOB) if target is not None else None
        if attach_to is None:
            state = self._demand_go(run, view, facts, plan)
            if state is State.UNUSABLE_ALTERNATE or not _may_still_move(facts):
                raise AlreadyDone(self._report(run, plan, {}, []))
            now = after_our_asking(run, run.target, view, len(facts.matrix.rows))
            if now is not view:
                facts = facts_of(now, run.holder.run)
                self._demand_go(run, now, facts, plan)
        needed = takeover_commands(facts, run.endpoint(run.target).commands)
        lines = [command.line for command in needed]
        yield JobRequest(
            run.target,
            TAKEOVER_JOB,
            "; ".join(lines),
            " && ".join(lines),
            Slot.CHANGE,
            changes=True,
            attach_to=attach_to.job if attach_to else "",
        )

    def _demand_go(self, run: Run, view: PairView, facts: Facts, plan: Json) -> State:
        """Return the state in which this run may go on; what a takeover of its own has brought about is one."""
        assessment = run.assess(view)
        state = assessment.diagnosis.state
        known = _UNDER_WAY | (_WITHOUT_SOURCE if run.may_be_away else frozenset())
        if not (_has_begun(run) and (state in known or _has_left_ill(facts, state))):
            run.demand_go(assessment)
        demand_decided(run, facts)
        demand_backups(run, view)
        if plan["plan"]["final_sync"] == FinalSync.SENT and not run.recorded(RecoveryPointRecord):
            raise Refused(
                "The approved plan copies the database first, and this run has not proven that it did; clear the task "
                "'sync', or trigger a new run without the final sync."
            )
        _demand_as_planned(run, facts, plan["plan"])
        return state

    def demand_good_end(self, ended: list[EndedJob]) -> None:
        """Let the clients decide: the exit status of a takeover that moved some of them is not known (nim.md 12.4)."""
        for one in ended:
            if not succeeded(one.outcome):
                self.log.warning("%s", complaint(one))

    def finish(self, run: Run, context: Context, ended: list[EndedJob]) -> dict[str, Any]:
        """Ask every client again, from the master that should control it now."""
        rows = {client: word for one in ended for client, word in parse_takeover_log(one.log).rows.items()}
        return self._report(run, planned(run), rows, ended)

    def _report(self, run: Run, plan: Json, rows: dict[str, str], ended: list[EndedJob]) -> dict[str, Any]:
        view = run.observe("after", ask_clients=True)
        for pause in SETTLING_SECONDS if ended else ():
            if not _may_still_move(facts_of(view)):
                break
            time.sleep(pause)
            view = run.observe("after", ask_clients=True)
        result = judge_takeover(facts_of(view), rows)
        run.assess(view)
        serves = observed(view, run.target).is_active("nimesis")
        turned_before = names_only(view, run.target)
        record = self._record(run, plan, result, threshold=0 if turned_before else plan["asked"]["threshold"])
        run.record(record)
        for one in result.unresolved:
            self.log.warning("%s %s: %s %s", one.client, one.cause, one.saw, one.remedy)
        below = not result.moved or record.percent < record.threshold
        if not below:
            turned, recorded_on = turn(run)
            run.assess(view.turned(turned, recorded_on), rules=Runbook.NIGHTLY_SYNC)
            if run.runbook is Runbook.DISASTER_FAILOVER and record.seconds is not None:
                failover = FailoverRecord(turned.recorded_at, run.holder.run, run.source, run.target)
                run.store.write_failover(run.pair.name, failover)
        _demand_complete(run, record, result, ended, below=below, serves=serves)
        return {"moved": len(result.moved), "seconds": record.seconds}

    def _record(self, run: Run, plan: Json, result: TakeoverResult, *, threshold: float) -> TakeoverRecord:
        return TakeoverRecord(
            source=run.source,
            target=run.target,
            moved=result.moved,
            unresolved=tuple(one.to_json() for one in result.unresolved),
            one_way=result.one_way,
            disagreeing=result.disagreeing,
            percent=round(result.percent_moved(_expected(plan["plan"])), 1),
            threshold=threshold,
            seconds=_seconds_since_first(run),
            target_seconds=run.pair.takeover.recovery_target.total_seconds(),
            sample=in_loop(_sample(run, result.moved)),
        )


def _may_still_move(facts: Facts) -> bool:
    """Tell whether a takeover could bring anything: some client that answers does not name the target."""
    matrix, target = facts.matrix, facts.view.target
    return not matrix.clients_vouching_for(target) or bool(matrix.clients_answering_otherwise(target))


def _has_left_ill(facts: Facts, state: State) -> bool:
    """Tell whether every client that answers has left a source whose NIM is dead: that is an ill standby from then on.

    Only the read-back is left; a client that names neither master is not worth a takeover that the law forbids.
    """
    return state is State.UNUSABLE_ALTERNATE and facts.active == facts.view.target


def _has_begun(run: Run) -> bool:
    return any(
        (record["kind"], record["begun_by"]) == (TAKEOVER_JOB, run.holder.run) for record in run.recorded(JobRecord)
    )


def _expected(plan: Json) -> set[str]:
    """Return the clients that the plan expects to be with the target in the end."""
    return set(plan["clients"]) - set(plan["stays"])


def _demand_as_planned(run: Run, facts: Facts, plan: Json) -> None:
    """Refuse where the pair is not what was approved any more (S11)."""
    now = {row.client for row in facts.matrix.rows} | facts.set_aside
    approved = {*plan["clients"], *plan["set_aside"]}
    changes = [f"{name} was defined since" for name in sorted(now - approved)]
    changes += [f"{name} is not defined any more" for name in sorted(approved - now)]
    sent = [command.line for command in takeover_commands(facts, run.endpoint(run.target).commands)][-1]
    if _may_still_move(facts) and [run.target, sent] not in plan["commands"]:
        changes.append(f"'{sent}' would be sent, which is not in the plan")
    if changes:
        raise Refused(
            f"The pair is not what was approved: {'; '.join(changes[:10])}. Nothing was sent. Clear the tasks 'plan' "
            "and 'approve' and read the new plan."
        )


def _seconds_since_first(run: Run) -> float | None:
    """Return the time since this run first sent a takeover, in seconds; None where it sent none."""
    began = [stored.at for stored in run.evidence.read_records(CommandRecord.KIND) if stored.task_id == run.task_id]
    return round((datetime.now(UTC) - datetime.fromisoformat(began[0])).total_seconds(), 1) if began else None


async def _sample(run: Run, moved: tuple[str, ...]) -> str:
    """Let the target list one moved client's filesets; the first by name that answers is enough."""
    complaints = []
    async with connect(run.target, run.endpoint(run.target)) as host:
        for client in moved[:3]:
            try:
                lines, complaint_ = await list_filesets(host, client)
            except RemoteError as error:
                lines, complaint_ = 0, str(error)
            if lines:
                return f"{client}: {lines} lines of filesets listed by {run.target}"
            complaints.append(f"{client}: {complaint_}")
    return "failed: " + "; ".join(complaints) if complaints else "failed: no client has moved"


def _demand_complete(
    run: Run, record: TakeoverRecord, result: TakeoverResult, ended: list[EndedJob], *, below: bool, serves: bool
) -> None:
    """Refuse to be green while a client is unresolved, a database disagrees, or no moved client answered."""
    lacking = [f"{one.client} {one.cause}: {one.saw} {one.remedy}" for one in result.unresolved[:20]]
    if len(result.unresolved) > len(lacking):
        lacking.append(f"And {len(result.unresolved) - len(lacking)} more.")
    lacking += [f"{text} Run reprotect." for text in result.disagreeing]
    if not serves:
        lacking.append(
            f"nimesis on {run.target} is not active, so it answers no client: run 'startsrc -s nimesis' there."
        )
    if record.sample.startswith("failed"):
        lacking.append(f"'nim -o lslpp' from {run.target} {record.sample}.")
    if not lacking:
        return
    if not record.moved:
        back = f"No client names {run.target}, and this run turned no direction. Run it again once clients answer."
    elif below:
        back = (
            f"{record.percent:g} % of the clients moved, below the threshold of {record.threshold:g} %: the "
            "armed direction was not turned. Give those that moved back by the runbook of the other direction, or run "
            "it again."
        )
    else:
        back = f"{len(result.moved)} clients name {run.target}, {len(result.unresolved)} do not."
    said = [complaint(one) for one in ended if not succeeded(one.outcome)]
    raise Incomplete("\n".join([back, *lacking, *said]))
