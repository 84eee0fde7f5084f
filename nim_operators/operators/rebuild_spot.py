"""Build a SPOT of the active master anew from an lpp_source, and prove it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from airflow.sdk import Context

from nim_operators.evidence.records import JobRecord, RebuiltSpotRecord
from nim_operators.nim import commands
from nim_operators.nim.commands import Command
from nim_operators.nim.errors import Incomplete, NotReadBack, Refused
from nim_operators.nim.outcome import Exited, outcome_to_json
from nim_operators.nim.pair import PairView
from nim_operators.nim.snapshot import Snapshot
from nim_operators.nim.spot import SpotRebuild, groups_of, level_of, plan_rebuild
from nim_operators.operators.active import demand_active
from nim_operators.operators.approved import planned
from nim_operators.operators.base import Run, in_loop, observed
from nim_operators.operators.jobs import (
    AlreadyDone,
    EndedJob,
    JobRequest,
    NimJobOperator,
    complaint,
    run_to_end,
)
from nim_operators.operators.plan_spot import content_kb, is_rebuilt
from nim_operators.operators.sync import demand_backups
from nim_operators.remote.job import Slot

BUILD, EXCHANGE, REMOVE = "build_spot", "exchange_spot", "remove_spot"
_ENDED_WELL = outcome_to_json(Exited(0))


class NimBuildSpotOperator(NimJobOperator):
    """
    Build a SPOT from the lpp_source beside the one that is to be replaced, and check it.

    Reads: both masters and every client again, right before acting. Changes: defines one more SPOT on the source with
    ``nim -o define`` and checks it with ``nim -o check`` (nim.md 4.6); what an earlier rebuild left under its name is
    removed first.
    Safe to repeat: yes; an open build is attached to, a finished one is only looked at. If interrupted: the build goes
    on as a job on the source; the next try attaches. Undo: ``nim -o remove`` of the SPOT that the plan names.

    Green means: NIM calls it ready for use, and it is at the level of the one to be replaced, which stands untouched.
    """

    keeps = BUILD

    def requests(self, run: Run, context: Context) -> Iterable[JobRequest]:
        """Attach to an open build; else demand that it is still allowed, and needed."""
        view, rebuild, attach_to = _look(run, BUILD)
        own = observed(view, run.source)
        if not attach_to:
            demand_active(run, view)
            stands = _has_ended_well(run, BUILD) and not rebuild.lacking(own, rebuild.proof)
            if stands or _is_done_here(run, own, rebuild):
                raise AlreadyDone({"built": rebuild.proof})
            demand_backups(run, view)
            _demand_unused(own, rebuild, run)
        yield _job(run, BUILD, rebuild.to_build(own, run.endpoint(run.source).commands), attach_to)

    def finish(self, run: Run, context: Context, ended: list[EndedJob]) -> dict[str, Any]:
        """Read the new SPOT back."""
        rebuild = _planned(run)
        lacking = rebuild.lacking(observed(run.observe("after", ask_clients=False), run.source), rebuild.proof)
        if lacking:
            raise NotReadBack(
                f"{rebuild.lpp_source} does not make what {rebuild.spot} is: of {rebuild.proof} {'; '.join(lacking)}. "
                f"{rebuild.spot} was left alone. Look at {rebuild.proof}; use it under that name, or remove it with "
                f"'nim -o remove {rebuild.proof}' on {run.source}."
            )
        return {"built": rebuild.proof}


class NimRebuildSpotOperator(NimJobOperator):
    """
    Remove the old SPOT, build it again under its own name, check it, and then remove the one that was built beside it.

    Reads: both masters and every client again, right before acting. Changes: ``nim -o remove`` (the files of the SPOT
    go with it [K]), ``nim -o define -t spot`` and ``nim -o check`` on the source, nim.md 4.6; ``nim -o remove`` of the
    SPOT that ``NimBuildSpotOperator`` built, once the new one was read back. Safe to repeat: yes; an open job is
    attached to, and what stands already is not built again. If interrupted: the job goes on; where it was killed
    between removing and building, the checked SPOT beside it can be used, and the next try builds the other one.
    Undo: the old content is gone; it is what the other master still holds.

    No operation renames a SPOT, so the exchange costs a second build; in return one checked SPOT always stands.
    Whether removing a member takes it out of its groups is not documented; groups that lost it are named.

    Green means: NIM calls the new one ready for use, at the level of the old one, and nothing is left beside it.
    """

    keeps = EXCHANGE

    def requests(self, run: Run, context: Context) -> Iterable[JobRequest]:
        """Attach to an open exchange; else demand that the SPOT beside it stands and that the old one is unused."""
        view, rebuild, attach_to = _look(run, EXCHANGE)
        own = observed(view, run.source)
        if not attach_to:
            demand_active(run, view)
            is_there = not rebuild.lacking(own, rebuild.spot)
            if is_there and (_has_ended_well(run, EXCHANGE) or _is_done_here(run, own, rebuild)):
                raise AlreadyDone(self._conclude(run, rebuild))
            demand_backups(run, view)
            lacking = rebuild.lacking(own, rebuild.proof)
            if lacking:
                raise Refused(f"Nothing is removed: of {rebuild.proof} {'; '.join(lacking)}. Clear the task 'build'.")
            _demand_unused(own, rebuild, run)
        yield _job(run, EXCHANGE, rebuild.to_exchange(own, run.endpoint(run.source).commands), attach_to)

    def demand_good_end(self, ended: list[EndedJob]) -> None:
        """Say with a failure that the SPOT beside it can be used meanwhile."""
        failed = [one for one in ended if one.outcome != Exited(0)]
        if failed:
            raise Incomplete(
                " ".join(map(complaint, failed))
                + " The SPOT that was built beside it was checked and can be used meanwhile. Mend the cause, then "
                "clear this task: it builds what is missing."
            )

    def finish(self, run: Run, context: Context, ended: list[EndedJob]) -> dict[str, Any]:
        """Read the SPOT back, and remove what proved it."""
        return self._conclude(run, _planned(run))

    def _conclude(self, run: Run, rebuild: SpotRebuild) -> dict[str, Any]:
        view = run.observe("after", ask_clients=False)
        own = observed(view, run.source)
        lacking = rebuild.lacking(own, rebuild.spot)
        if lacking:
            raise NotReadBack(
                f"Of {rebuild.spot} {'; '.join(lacking)}. {rebuild.proof} was checked and can be used meanwhile; look "
                "at the log, then clear this task."
            )
        if rebuild.proof in own.objects:
            demand_backups(run, view)
            command = commands.remove_spot(run.endpoint(run.source).commands, rebuild.proof)
            ended = in_loop(run_to_end(run, _job(run, REMOVE, (command,), "")))
            own = observed(run.observe("last", ask_clients=False), run.source)
            if rebuild.proof in own.objects:
                raise Incomplete(
                    f"{rebuild.spot} is rebuilt, but {rebuild.proof} is still there: {complaint(ended)} Clear the task."
                )
        record = _rebuilt(run, own, rebuild)
        run.record(record)
        run.store.write_rebuilt_spot(run.pair.name, record)
        if record.lost_groups:
            raise Incomplete(
                f"{rebuild.spot} is rebuilt, but {', '.join(record.lost_groups)} does not name it as a member any "
                f"more; add it again there with SMIT (smit nim_grp)."
            )
        return {"rebuilt": rebuild.spot, "level": rebuild.level}


def _planned(run: Run) -> SpotRebuild:
    return SpotRebuild.from_json(planned(run)["plan"]["subject"])


def _look(run: Run, kind: str) -> tuple[PairView, SpotRebuild, str]:
    """Return both masters as they are, the plan, and the open job to attach to."""
    rebuild = _planned(run)
    view = run.observe("before", ask_clients=True)
    open_job = observed(view, run.source).own.open_job(kind)
    return view, rebuild, open_job.job if open_job is not None else ""


def _demand_unused(own: Snapshot, rebuild: SpotRebuild, run: Run) -> None:
    """Refuse where the SPOT, or what it is built from, is not fit for it any more."""
    plan_rebuild(own, rebuild.spot, rebuild.lpp_source, 0 if rebuild.proof in own.objects else _margin(run))


def _margin(run: Run) -> int:
    return run.pair.policy().space_margin_percent


def _job(run: Run, kind: str, needed: tuple[Command, ...], attach_to: str) -> JobRequest:
    """Return one job of commands that stand, word by word, in the approved plan (S11)."""
    lines = [command.line for command in needed]
    allowed = [line for host, line in planned(run)["plan"]["commands"] if host == run.source]
    strange = [line for line in lines if line not in allowed] if not attach_to else []
    if strange:
        raise Refused(
            f"'{strange[0]}' is needed now and is not in the approved plan; clear the tasks 'plan' and 'approve' and "
            "read the new plan."
        )
    return JobRequest(
        run.source, kind, "; ".join(lines), " && ".join(lines), Slot.CHANGE, changes=True, attach_to=attach_to
    )


def _has_ended_well(run: Run, kind: str) -> bool:
    """Tell whether this run's own job of that kind is over and ended with status 0."""
    ours = [
        record for record in run.recorded(JobRecord) if record["kind"] == kind and record["begun_by"] == run.holder.run
    ]
    return bool(ours) and ours[-1]["outcome"] == _ENDED_WELL


def _is_done_here(run: Run, own: Snapshot, rebuild: SpotRebuild) -> bool:
    """Tell whether this very run has rebuilt the SPOT, and it still stands."""
    return bool(run.recorded(RebuiltSpotRecord)) and is_rebuilt(run, own, rebuild)


def _rebuilt(run: Run, own: Snapshot, rebuild: SpotRebuild) -> RebuiltSpotRecord:
    found, source = own.objects[rebuild.spot], own.objects[rebuild.lpp_source]
    first = run.first_seen(run.source)
    return RebuiltSpotRecord(
        at=own.clock,
        master=run.source,
        spot=rebuild.spot,
        lpp_source=rebuild.lpp_source,
        location=found.location or "",
        level=level_of(found),
        spot_kb=content_kb(own, found),
        source_kb=content_kb(own, source),
        lost_groups=tuple(sorted(set(groups_of(first, rebuild.spot)) - set(groups_of(own, rebuild.spot)))),
    )
