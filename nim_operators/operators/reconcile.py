"""Give the target back what a sync takes from it: its record of the other master, and its own attributes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from airflow.sdk import Context

from nim_operators.nim import commands
from nim_operators.nim.commands import Command, CommandPaths, PeerRecord
from nim_operators.nim.drift import AttributeDifference, compare_master, is_record_of_a_master
from nim_operators.nim.errors import NotReadBack, Refused
from nim_operators.nim.objects import NimObject
from nim_operators.nim.ownership import identities_of, sides
from nim_operators.nim.pair import PairView
from nim_operators.nim.snapshot import Snapshot
from nim_operators.operators.base import Run
from nim_operators.operators.jobs import EndedJob, JobRequest, NimJobOperator

KIND = "reconcile"


class NimReconcileTargetOperator(NimJobOperator):
    """
    Define the source as alternate_master on the target where the sync left no such object; restore what the sync reset.

    Reads: both masters, and the target as it was before this run's sync. Changes: defines one object on the target, sets
    attributes of its ``master`` object back to what they were. Safe to repeat: yes, what is there is left alone.
    If interrupted: the job ends by itself on the target; the next try sends only what is still missing.
    Undo: ``nim -o remove`` of the object; the attributes are the target's own former ones.

    Whether a sync keeps the record is uncertain (nim.md 12.1). Until it is read back the pair is not takeover-ready
    and no recovery point is emitted.
    """

    def requests(self, run: Run, context: Context) -> Iterable[JobRequest]:
        """Return one job with every command that is needed on the target."""
        view = run.observe("before", ask_clients=False)
        target = _observed(view, run.target)
        needed = list(_commands(run, view, target, run.endpoint(run.target).commands))
        if needed:
            line = "; ".join(command.line for command in needed)
            text = " &&\n".join(command.line for command in needed)
            yield JobRequest(run.target, KIND, line, text, changes=True)

    def finish(self, run: Run, context: Context, ended: list[EndedJob]) -> dict[str, Any]:
        """Read the target again: the record is there, the attributes are what they were."""
        view = run.observe("after", ask_clients=False)
        target = _observed(view, run.target)
        if _peer_record(view, target) is None:
            raise NotReadBack(
                f"{run.target} has no alternate_master object for {run.source}, so it could not take over. "
                f"Run 'smitty niminit_altmstr' on {run.source} with {run.target} as the master to initialise with."
            )
        lost = _lost(run, target)
        if lost:
            raise NotReadBack(
                f"The sync reset attributes of the master object on {run.target} that could not be restored "
                f"(before / now): {'; '.join(map(str, lost))}. Set them with 'nim -o change'."
            )
        return {"sent": bool(ended)}


def _commands(run: Run, view: PairView, target: Snapshot, paths: CommandPaths) -> Iterable[Command]:
    if _peer_record(view, target) is None:
        yield commands.define_peer(paths, _wanted_record(run, view))
    for difference in _lost(run, target):
        if len(difference.left) == 1:
            yield commands.change_attribute(paths, "master", difference.attribute, difference.left[0])


def _peer_record(view: PairView, target: Snapshot) -> NimObject | None:
    """Return the target's alternate_master object for the source, however it is named."""
    side_of = sides(view, identities_of(view))
    return next((found for found in target.of_type("alternate_master") if is_record_of_a_master(found, side_of)), None)


def _wanted_record(run: Run, view: PairView) -> PeerRecord:
    """Return the record as the target held it before the sync, else one made from the source's own master object."""
    before = run.before_sync()
    known = _peer_record(view, before) if before is not None else None
    if known is not None:
        return PeerRecord.remembered(known)
    source = _observed(view, run.source)
    host = source.niminfo.master_hostname if source.niminfo else None
    connect = next((found.get("connect") for found in source.of_type("alternate_master")), None)
    if "master" not in source.objects or not host:
        raise Refused(f"{run.source} shows no master object or no NIM_MASTER_HOSTNAME, so it cannot be defined on {run.target}.")
    return PeerRecord.of_master(host.partition(".")[0], source.objects["master"], connect or "nimsh")


def _lost(run: Run, target: Snapshot) -> list[AttributeDifference]:
    """Return attributes of the target's master object that it had before the sync and now lacks or has otherwise."""
    before = run.before_sync()
    if before is None or "master" not in before.objects or "master" not in target.objects:
        return []
    return [found for found in compare_master(before.objects["master"], target.objects["master"]) if found.left]


def _observed(view: PairView, master: str) -> Snapshot:
    snapshot = view.snapshot(master)
    if snapshot is None:
        raise NotReadBack(f"{master} cannot be observed now; clear this task once it can.")
    return snapshot
