"""Give the target back what a sync takes from it: its record of the other master, and its own attributes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from airflow.sdk import Context

from nim_operators.evidence.records import DriftRecord
from nim_operators.evidence.redact import MASK
from nim_operators.nim import commands
from nim_operators.nim.commands import Command, CommandPaths, PeerRecord
from nim_operators.nim.diagnosis import is_transfer
from nim_operators.nim.drift import AttributeDifference, compare_master, lost_routes
from nim_operators.nim.errors import NotReadBack, Refused, StillRunning
from nim_operators.nim.facts import facts_of
from nim_operators.nim.objects import NimObject
from nim_operators.nim.outcome import succeeded
from nim_operators.nim.pair import PairView
from nim_operators.nim.plan import describes_itself
from nim_operators.nim.snapshot import Snapshot
from nim_operators.operators.base import Run, observed
from nim_operators.operators.jobs import AlreadyDone, EndedJob, JobRequest, NimJobOperator, complaint
from nim_operators.operators.sync import differing_definitions
from nim_operators.remote.job import Slot

KIND = "reconcile"


class NimReconcileTargetOperator(NimJobOperator):
    """
    Define the source as alternate_master on the target where the sync left no such object; restore what the sync reset.

    Reads: both masters, and the target as it was before this run's sync. Changes: defines one object on the target,
    sets attributes of its ``master`` object back to what they were, adds static routes that the source has and it
    lost. Safe to repeat: yes, what is there is left alone. If interrupted: the job ends by itself on the target; the
    next try sends only what is still missing.
    Undo: ``nim -o remove`` of the object; the attributes are the target's own former ones.

    Refuses where no sync of this run was read back, as where somebody marked its task a success before it ran.

    Whether a sync keeps the record is uncertain (nim.md 12.1). Until it is read back the pair is not takeover-ready
    and no recovery point is emitted.
    """

    def requests(self, run: Run, context: Context) -> Iterable[JobRequest]:
        """Return one job with every command that is needed on the target."""
        view = run.observe("before", ask_clients=False)
        _demand_quiet(run, view)
        if not run.recorded(DriftRecord):
            raise Refused(
                f"This run has not compared the databases after a sync, so nobody knows what {run.target} should be "
                "given back; nothing is changed. Clear the sync task: it sends nothing that is not needed."
            )
        missing = _missing(run, view)
        needed = list(_commands(run, view, run.endpoint(run.target).commands))
        if not missing:
            raise AlreadyDone({"sent": False})
        if not needed:
            raise NotReadBack(" ".join(missing))
        line = "; ".join(command.line for command in needed)
        text = "\n".join(["rc=0", *(f"{command.line} || rc=$?" for command in needed), "exit $rc"])
        yield JobRequest(run.target, KIND, line, text, Slot.CHANGE, changes=True)

    def demand_good_end(self, ended: list[EndedJob]) -> None:
        """Let the read-back decide: NIM adds some routes by itself and then refuses the command that would."""
        for one in ended:
            if not succeeded(one.outcome):
                self.log.warning("%s", complaint(one))

    def finish(self, run: Run, context: Context, ended: list[EndedJob]) -> dict[str, Any]:
        """Read the target again: the record is there, attributes and routes are what they should be."""
        missing = _missing(run, run.observe("after", ask_clients=False))
        if missing:
            raise NotReadBack(" ".join([*missing, *(complaint(one) for one in ended if not succeeded(one.outcome))]))
        return {"sent": True}


def _demand_quiet(run: Run, view: PairView) -> None:
    """
    Refuse while a sync or restore may still be at work, as it is where somebody marked its task a success.

    :raises StillRunning: naming what is alive.
    """
    alive = [
        f"{master}: {what}"
        for master in run.masters
        for what in (
            *(f"process {one.pid}: {one.command}" for one in observed(view, master).processes if is_transfer(one)),
            *(
                f"job {job.job} is {job.state}"
                for job in observed(view, master).own.jobs
                if job.kind != KIND and job.state in {"running", "vanished"}
            ),
        )
    ]
    if alive:
        raise StillRunning(f"Something still works on NIM: {'; '.join(alive)}. Clear the task that began it.")


def _missing(run: Run, view: PairView) -> list[str]:
    """Say what a sync has taken from the target and is not back yet, each with its remedy."""
    target = observed(view, run.target)
    missing = []
    if _peer_record(view, target) is None:
        missing.append(
            f"{run.target} has no alternate_master object for {run.source}, so it could not take over; "
            f"run 'smitty niminit_altmstr' on {run.source} with {run.target} as the master to initialise with."
        )
    missing += [
        f"The sync reset the target's own {lost} (before / now); set it with 'nim -o change' on its master object."
        for lost in _lost(run)
    ]
    missing += [
        f"{found.name} on {run.target} lacks the route {route!r}; set it with 'nim -o change -a routing<n>='."
        for found in differing_definitions(view)
        for route in lost_routes(found)
    ]
    return missing


def _commands(run: Run, view: PairView, paths: CommandPaths) -> Iterable[Command]:
    target = observed(view, run.target)
    if _peer_record(view, target) is None:
        yield commands.define_peer(paths, _wanted_record(run, view))
    for difference in _lost(run):
        if len(difference.left) == 1 and MASK not in difference.left[0]:
            yield commands.change_attribute(paths, "master", difference.attribute, difference.left[0])
    for found in filter(lost_routes, differing_definitions(view)):
        free = 1 + max((number for number, _ in target.objects[found.name].numbered("routing")), default=0)
        for number, route in enumerate(lost_routes(found), start=free):
            yield commands.change_attribute(paths, found.name, f"routing{number}", route)


def _peer_record(view: PairView, target: Snapshot) -> NimObject | None:
    """Return the target's alternate_master object for the source, however it is named; *target* may be from before."""
    return next(iter(facts_of(view).peer_records(target)), None)


def _wanted_record(run: Run, view: PairView) -> PeerRecord:
    """Return the record as the target held it before the sync, else one made from the source's own master object."""
    before = run.before_sync()
    known = _peer_record(view, before) if before is not None else None
    if known is not None:
        return PeerRecord.remembered(known)
    described = describes_itself(observed(view, run.source))
    if described is None:
        raise Refused(
            f"{run.source} shows no master object or no NIM_MASTER_HOSTNAME, so it cannot be defined on {run.target}."
        )
    return described


def _lost(run: Run) -> list[AttributeDifference]:
    """Return attributes of the target's master object that it had before the sync and now lacks or has otherwise."""
    before, target = run.before_sync(), run.as_kept(run.target)
    if before is None or "master" not in before.objects or "master" not in target.objects:
        return []
    return [found for found in compare_master(before.objects["master"], target.objects["master"]) if found.left]
