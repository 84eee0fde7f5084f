"""Look at a pair every few minutes, and tell people when it changes."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterator
from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import Asset, BaseOperatorLink, Context

from nim_operators.estate.schema import Pair
from nim_operators.evidence.records import AssessmentRecord, RecoveryPointRecord, WatchRecord
from nim_operators.nim.assess import Assessment, assess
from nim_operators.nim.diagnosis import State
from nim_operators.nim.drift import compare_definitions
from nim_operators.nim.facts import facts_of
from nim_operators.nim.pair import PairView
from nim_operators.operators.base import NimOperator, Run
from nim_operators.operators.before import unsettled
from nim_operators.operators.verdict import NothingNew, RunNotDone

_WELL = frozenset({State.HEALTHY, State.STANDBY_SYNCING})
_PASSING = "activity."
"""Checks of what is going on right now: a busy client or a running night is nobody's business until it stays."""


def state_asset(pair: str) -> Asset:
    """Return the asset whose events are the changes of the diagnosis of *pair*."""
    return Asset(name=f"nim_state_{pair}", uri=f"nim://{pair}/state")


class NimWatchOperator(NimOperator):
    """
    Diagnose the pair, and compare with what was seen last time.

    Reads: both masters and every client. Changes: nothing. Safe to repeat: yes. If interrupted: nothing is left behind.
    Undo: nothing to undo.

    Green means: the pair was seen, and nobody needs to do anything. Red names the state, each alarm, and what to do
    next; whatever would make the next nightly sync refuse is an alarm already now, and so is a lock that a dead run
    left. People are told once, when that changes; every change is an event of the pair's state asset. What was seen
    last is kept in ``watch.json`` of the evidence, with the time: a heartbeat that an outside monitor can poll. Raw
    text is kept only of a change, one folder a month.
    """

    operator_extra_links: Collection[BaseOperatorLink] = ()  # no page: its folder is of a month, not of a run

    def execute(self, context: Context) -> Any:
        """Look once."""
        return self.act(self.open_run(context, token=secrets.token_hex(8)), context)

    def evidence_of(self, context: Context, pair: Pair, armed: str) -> str:
        """
        Return one folder a month, configuration and direction: a folder for each look would bury everything else.

        A folder keeps the direction in which it was begun; a takeover turns it in the middle of a month.
        """
        return f"watch__{pendulum.now('UTC').format('YYYY-MM')}__{pair.digest[:8]}__{armed}"

    def act(self, run: Run, context: Context) -> dict[str, Any]:
        """Return the state, and since when it has been so."""
        view, seen = run.look()
        assessment = assess(view, run.runbook)
        last = run.store.last_watch(run.pair.name)
        left = tuple(_left_behind(run, view, lambda holder: _goes_on(context, holder)))
        now = self._judge(run, assessment, left, _drift(view), last)
        run.store.write_watch(run.pair.name, now)
        is_news = last is None or _told(last) != _told(now)
        if is_news:
            run.keep("change", seen)
            run.record(AssessmentRecord(assessment.to_json()))
            run.record(now)
            self._publish(context, now)
        if now.alarms:
            kind = RunNotDone if is_news else NothingNew
            raise kind(now.state, " ".join(now.alarms), run.evidence.location)
        self.log.info("%s: %s", run.pair.name, now.state)
        return {"state": now.state, "since": now.since}

    def _judge(
        self,
        run: Run,
        assessment: Assessment,
        left: tuple[str, ...],
        drift: tuple[str, ...],
        last: WatchRecord | None,
    ) -> WatchRecord:
        at = pendulum.now("UTC").to_iso8601_string()
        point = run.store.recovery_point(run.pair.name)
        seen = WatchRecord(
            at=at,
            since=at,
            source=run.source,
            target=run.target,
            state=assessment.diagnosis.state.value,
            alarms=(*_alarms(run, assessment, point), *left),
            clients=assessment.matrix.summary(),
            recovery_point=point.at if point else None,
            drift=drift,
        )
        if last is None or _told(last) != _told(seen):
            return seen
        return WatchRecord(**{**{name: getattr(seen, name) for name in WatchRecord.__slots__}, "since": last.since})

    def _publish(self, context: Context, now: WatchRecord) -> None:
        for asset in self.outlets:
            if isinstance(asset, Asset):
                context["outlet_events"][asset].extra = now.to_json()


def _told(seen: WatchRecord) -> tuple[Any, ...]:
    """Return what makes a look news: not when it was, nor how many clients happened to answer."""
    return seen.source, seen.state, tuple(alarm.partition(":")[0] for alarm in seen.alarms)


def _drift(view: PairView) -> tuple[str, ...]:
    """Say what was defined or changed since the databases were last equal: what a takeover right now would lose."""
    source, target = (view.snapshot(master) for master in (view.source, view.target))
    if source is None or target is None:
        return ()
    found = compare_definitions(source, target, facts_of(view).side_of)
    return tuple(str(difference) for difference in found if not difference.is_about_owners)


def _alarms(run: Run, assessment: Assessment, point: RecoveryPointRecord | None) -> Iterator[str]:
    diagnosis = assessment.diagnosis
    if diagnosis.state not in _WELL:
        reasons = " ".join(diagnosis.reasons)
        yield f"{diagnosis.meaning} {assessment.ruling.next_action.rstrip('.')}: {reasons}"
    else:
        for finding in assessment.obstacles:
            if not finding.check.startswith(_PASSING):
                what = f"{finding.check} {finding.subject}: {finding.saw} {finding.remedy}"
                yield f"The next nightly sync would refuse, {what}"
    left = assessment.matrix.clients_naming(run.target)
    if left and diagnosis.state is not State.TAKEN_OVER:
        yield f"Clients name {run.target}, which does not control them; run nim_reattach: {', '.join(left[:10])}"
    limit = run.pair.watch.recovery_point_age
    if point is None:
        yield "There is no recovery point: the nightly sync has never been proven."
    elif _age(point) < -limit:
        yield f"The recovery point is from {point.at}, still to come: a clock is wrong, so nobody knows its age."
    elif _age(point) > limit:
        yield f"The recovery point is older than {limit}: it is from {point.at}. See why the nightly sync does not run."


def _goes_on(context: Context, holder: str) -> bool:
    """Tell whether this Airflow knows the DAG run *holder* as one that has not ended."""
    dag_id, _, run_id = holder.partition("/")
    return context["ti"].get_dr_count(dag_id=dag_id, run_ids=[run_id], states=["queued", "running"]) > 0


def _left_behind(run: Run, view: PairView, goes_on: Callable[[str], bool]) -> Iterator[str]:
    """Say what runs have left that are over or gone: a lock under which nothing runs, a sync that is not settled."""
    own = {master: seen.own for master in run.masters if (seen := view.snapshot(master)) is not None}
    running = any(job.state == "running" for records in own.values() for job in records.jobs)
    held = {records.lock.run: records.lock.taken_at for records in own.values() if records.lock is not None}
    for holder, since in held.items():
        if not running and not goes_on(holder):
            where = ", ".join(master for master, records in own.items() if records.lock and records.lock.run == holder)
            yield (
                f"A lock on {where} was left by a run that is not going on in this Airflow: {holder}, since {since}. "
                "See that it is over, then trigger the runbook again with 'Break the lock of this run' and a reason."
            )
    begun_by = unsettled(run, run.target)
    if begun_by is not None and begun_by not in held and not goes_on(begun_by):
        yield (
            f"A sync onto {run.target} was neither proven nor put back: {begun_by} began it. The nightly sync settles "
            "it; until then its copy may be half of one."
        )


def _age(point: RecoveryPointRecord) -> timedelta:
    age: timedelta = pendulum.now("UTC") - pendulum.parse(point.at)  # type: ignore[operator,assignment]
    return age
