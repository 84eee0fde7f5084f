"""Refresh stale content: moved aside before the sync, removed once the new copy was found equal (ADR 10)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from airflow.sdk import Context

from nim_operators.evidence.records import BeforeMoveRecord, ContentsRecord
from nim_operators.nim.content import Condition, Inventory, compare_content
from nim_operators.nim.errors import NotReadBack
from nim_operators.nim.inventory import fingerprint, parse_inventory
from nim_operators.nim.refresh import Kept, Renewal, choose
from nim_operators.nim.snapshot import Aside, Snapshot, Unreachable
from nim_operators.operators.aside import move_aside, remove_aside, waiting
from nim_operators.operators.base import Run, in_loop, observed
from nim_operators.operators.jobs import AlreadyDone, EndedJob, JobRequest, NimJobOperator, run_to_end
from nim_operators.operators.sync import open_sync
from nim_operators.operators.verify import read_inventory, whole_before
from nim_operators.remote.errors import HostAbsent


class NimRefreshStaleContentOperator(NimJobOperator):
    """
    Move aside on the target what an earlier night listed as stale and is stale still, so that the sync copies it anew.

    Reads: the files of those resources on both masters, then both masters and every client again. Changes: renames
    their locations on the target, each inside its own directory, with a record of it beside this product's own.
    Safe to repeat: yes, what lies aside already is left there. If interrupted: the content is in its place or where
    the record says; a later step of this night, or of the next one, settles it.
    Undo: ``NimPutBackOperator`` renames it back when a later step fails.

    Nothing is moved that is allocated, exported, a mount point, nested with another resource, or that a sync could not
    copy for want of room or of its file system; each such resource stays listed as stale, with the reason in a note.
    """

    def act(self, run: Run, context: Context) -> Any:
        """Look at no host where no earlier night listed anything."""
        return super().act(run, context) if _listed(run) else {"moved": []}

    def requests(self, run: Run, context: Context) -> Iterable[JobRequest]:
        """Return one reading job per master, over what the last recovery point lists as stale."""
        for master in run.masters:
            yield read_inventory(run, master, only=_listed(run))

    def finish(self, run: Run, context: Context, ended: list[EndedJob]) -> dict[str, Any]:
        """Move aside what is stale still and may be moved, then read back where it lies."""
        stale = _still_stale(run, ended)
        view = run.observe("before", ask_clients=True)
        assessment = run.assess(view)
        if open_sync(view.snapshot(run.source)) is not None:
            run.note(f"A sync is open on {run.source}; nothing is moved aside under it.")
            return {"moved": []}
        run.demand_go(assessment)
        renewals, kept = choose(view, run.runbook, run.holder.run, stale)
        if not renewals:
            _tell(run, kept)
            return self._read_back(run, observed(view, run.target), (), ())
        run.record(BeforeMoveRecord(tuple(one.location for one in renewals)))  # a worker may die right after the start
        ended_move = in_loop(run_to_end(run, move_aside(run, renewals)))
        by_host = tuple(Kept(name, why) for name, why in _kept_by_host(ended_move.log))
        _tell(run, (*kept, *by_host))
        return self._read_back(run, _target(run, "after"), renewals, {one.resource for one in by_host})

    def _read_back(
        self, run: Run, target: Snapshot, renewals: tuple[Renewal, ...], kept: Collection[str]
    ) -> dict[str, Any]:
        """Read where the content lies now; what the host kept in its place is no fault."""
        lying = {one.resource: one for one in waiting(target.own.asides)}
        lost = [one.resource for one in renewals if one.resource not in lying and one.resource not in kept]
        if lost:
            raise NotReadBack(
                f"{', '.join(lost)} was to be moved aside on {run.target}, and no record says that it was. "
                "Clear this task to look again."
            )
        for one in lying.values():
            run.note(f"{one.resource} lies aside on {run.target}, to be copied anew: {one.aside}.")
        return {"moved": sorted(lying)}


class NimRemoveAsideOperator(NimJobOperator):
    """
    Remove from the target what was moved aside, where this run has found the new copy equal by checksum.

    Reads: the target's records of what lies aside, and this run's comparison. Changes: removes those former copies.
    Safe to repeat: yes, what is gone is gone. If interrupted: the job goes on on the target; the next try attaches.
    Undo: none is needed, the content in place was compared with the source's, byte by byte.
    """

    def requests(self, run: Run, context: Context) -> Iterable[JobRequest]:
        """Return one job over what is proven; what is not stays aside for a later night."""
        proven = self._proven(run)
        if not proven:
            raise AlreadyDone({"removed": []})
        yield remove_aside(run, proven)

    def finish(self, run: Run, context: Context, ended: list[EndedJob]) -> dict[str, Any]:
        """Read the target's records again: none is left of what was removed."""
        left = self._proven(run)
        if left:
            raise NotReadBack(
                f"{', '.join(one.aside for one in left)} is still there on {run.target}; clear this task."
            )
        return {"removed": [line for one in ended for line in one.log.splitlines()]}

    def _proven(self, run: Run) -> tuple[Aside, ...]:
        equal = {
            row["resource"]
            for record in run.recorded(ContentsRecord)[-1:]
            for row in record["rows"]
            if row["condition"] == Condition.EQUAL.value and row["by_checksum"]
        }
        return tuple(one for one in waiting(_target(run, "now").own.asides) if one.resource in equal)


def _target(run: Run, name: str) -> Snapshot:
    seen = run.observe_one(run.target, name)
    if isinstance(seen, Unreachable):
        raise HostAbsent.of(run.target, seen.absence, seen.reason)
    return seen


def _listed(run: Run) -> tuple[str, ...]:
    """Return what the last recovery point of this direction names as stale."""
    point = run.store.recovery_point(run.pair.name)
    return point.stale if point is not None and (point.source, point.target) == run.masters else ()


def _still_stale(run: Run, ended: Iterable[EndedJob]) -> dict[str, str]:
    """Return what is stale now as well, with the fingerprint of its content on the source."""
    files: dict[str, dict[str, Inventory | None]] = {
        one.job.host: parse_inventory(one.job.host, one.log) for one in ended
    }
    source, target = ({name: files[host].get(name) for name in _listed(run)} for host in run.masters)
    stale = {
        one.resource
        for one in compare_content(source, target, verified_before=whole_before(run, target))
        if one.condition is Condition.STALE
    }
    return {name: fingerprint(found) for name, found in source.items() if name in stale and found is not None}


def _tell(run: Run, kept: Iterable[Kept]) -> None:
    for one in kept:
        run.note(str(one))


def _kept_by_host(log: str) -> Iterable[tuple[str, str]]:
    for line in log.splitlines():
        match line.split(maxsplit=3):
            case ["@", "kept", name, why]:
                yield name, why
