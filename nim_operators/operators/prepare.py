"""Make an alternate ready that could not take over as it is, as the approved plan says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from airflow.sdk import Context

from nim_operators.evidence.records import Json, PrepareRecord
from nim_operators.nim import commands
from nim_operators.nim.collector import BASE
from nim_operators.nim.errors import NotReadBack, Refused, UnusableMaster
from nim_operators.nim.facts import Facts, facts_of
from nim_operators.nim.outcome import succeeded
from nim_operators.nim.pair import KeptBackup
from nim_operators.nim.plan import peer_commands
from nim_operators.nim.preparation import DATABASE, Preparation, Repair, preparation, prepared, repair_lines
from nim_operators.operators.approved import planned
from nim_operators.operators.base import Run, in_loop, observed
from nim_operators.operators.fence import UNUSABLE, fence
from nim_operators.operators.jobs import AlreadyDone, EndedJob, JobRequest, NimJobOperator, complaint
from nim_operators.operators.restore import demand_quiet, demand_same_on_host, restore_lines
from nim_operators.remote.job import Slot
from nim_operators.remote.leftovers import Leftovers, leftovers
from nim_operators.remote.transport import connect

KIND = "restore_ready"
"""Its name says that it may move a whole database, as every other reader of open jobs understands it."""
_COVERS = {
    Repair.NONE: frozenset({Repair.NONE}),
    Repair.START: frozenset({Repair.NONE, Repair.START}),
    Repair.REDEFINE: frozenset({Repair.NONE, Repair.START, Repair.REDEFINE, Repair.RESTORE}),
    Repair.RESTORE: frozenset({Repair.NONE, Repair.START, Repair.REDEFINE, Repair.RESTORE}),
}
"""What an approved repair may come upon: itself, or what an interruption of itself leaves."""


class NimPrepareAlternateOperator(NimJobOperator):
    """
    Give the alternate what it lacks to take over: its own database, nimesis, its record of the other master.

    Reads: both masters, right before and right after; the backup on the alternate that is put back. Changes: as the
    plan says, stops nimesis there, puts its own verified backup back with ``m_restore_db`` and lifts a fence, starts
    nimesis, defines the other master as alternate_master. Safe to repeat: yes, what is there is left alone.
    If interrupted: the job ends by itself on the alternate, the next try attaches or does what is left.
    Undo: put another backup back with ``m_restore_db``; ``nim -o remove`` of the record.

    Green means: the alternate was read back as itself, its own niminfo and master object, nimesis active, one record of
    the other master. Where the restore is refused the alternate is fenced as unusable, with the commands.
    """

    def requests(self, run: Run, context: Context) -> Iterable[JobRequest]:
        """Return one job with every command that is needed, unless nothing is, or it is not what was approved."""
        plan = planned(run)["plan"]
        facts = facts_of(run.observe("before", ask_clients=False), run.holder.run)
        target = observed(facts.view, run.target)
        open_job = target.own.open_job(KIND)
        if open_job is not None and open_job.state == "running":
            yield JobRequest(run.target, KIND, "", "", Slot.CHANGE, changes=True, attach_to=open_job.job)
            return
        needed = preparation(facts)
        paths = run.endpoint(run.target).commands
        peer = [command.line for command in peer_commands(prepared(facts), paths)]
        if needed.repair is Repair.NONE and not peer:
            raise AlreadyDone({"repair": Repair.NONE.value, "state": "ready"})
        _demand_planned(run, plan, needed, peer)
        left = in_loop(_look(run))
        demand_quiet(run.target, left)
        text = ["rc=0"]
        file = ""
        if needed.repair in DATABASE:
            kept = _backup_to_put_back(facts, needed)
            file = kept.file
            in_loop(demand_same_on_host(run, run.target, file, kept.digest, kept.path))
            text += restore_lines(paths, file, left.mounts)
        elif needed.repair is Repair.START:
            *stop, start = repair_lines(facts, paths, "")
            text += [*(f"{line} || :" for line in stop), f"{start} || rc=$?"]  # what is stopped refuses to be
        text += [f"[ $rc -ne 0 ] || {line} || rc=$?" for line in peer]
        lines = (*repair_lines(facts, paths, file), *peer)
        run.record(PrepareRecord(run.target, needed.repair.value, needed.saw, lines))
        yield JobRequest(run.target, KIND, "; ".join(lines), "\n".join([*text, "exit $rc"]), Slot.CHANGE, changes=True)

    def demand_good_end(self, ended: list[EndedJob]) -> None:
        """Let the read-back decide."""
        for one in ended:
            if not succeeded(one.outcome):
                self.log.error("%s", complaint(one))

    def finish(self, run: Run, context: Context, ended: list[EndedJob]) -> dict[str, Any]:
        """Read the alternate again: it serves as itself and knows the other master; else it is fenced, or not ready."""
        facts = facts_of(run.observe("after", ask_clients=False), run.holder.run)
        left = preparation(facts)
        said = " ".join(complaint(one) for one in ended if not succeeded(one.outcome))
        if left.repair in {Repair.RESTORE, Repair.BY_HAND}:
            raise UnusableMaster(_fenced(run, facts, " ".join([*left.saw, said])))
        missing = [*left.saw, *(f"{run.target} has no record of {run.source}." for _ in _missing_record(run, facts))]
        if missing:
            raise NotReadBack(" ".join([*missing, said, "Mend it there, then clear this task."]))
        return {"repair": planned(run)["plan"]["repair"], "state": "ready"}


def _missing_record(run: Run, facts: Facts) -> list[str]:
    return [command.line for command in peer_commands(facts, run.endpoint(run.target).commands)]


def _demand_planned(run: Run, plan: Json, needed: Preparation, peer: list[str]) -> None:
    """
    Refuse what nobody has approved (S11).

    :raises Refused: if the alternate needs something else than when the plan was made.
    """
    lines = {line for host, line in plan["commands"] if host == run.target}
    if needed.repair in _COVERS[Repair(plan["repair"])] and set(peer) <= lines:
        return
    raise Refused(
        f"{run.target} is not what it was when the plan was approved: {' '.join(needed.saw) or 'its record is gone.'} "
        f"{needed.remedy} Nothing was sent. Clear the tasks 'plan' and 'approve' and read the new plan."
    )


def _backup_to_put_back(facts: Facts, needed: Preparation) -> KeptBackup:
    kept = facts.view.kept
    if kept is None:
        raise Refused(
            f"The evidence holds no verified backup of {facts.view.target}'s own database, so {needed.repair} is not "
            "safe. Clear the task 'backup'."
        )
    return kept


def _fenced(run: Run, facts: Facts, why: str) -> str:
    """Fence the alternate, which answers clients as nobody, and return what a person should know and type."""
    kept = facts.view.kept
    file = kept.file if kept is not None else "-"
    seen = fence(run, run.target, UNUSABLE, why, file)
    by_hand = commands.lift_fence(run.endpoint(run.target).commands, BASE, file) if kept is not None else ()
    return (
        f"{run.target} is unusable: {why} {seen} Where m_restore_db refuses a configured master, run "
        f"'nim -o unconfig master' on it first. Then type there: {'; '.join(by_hand)}"
    )


async def _look(run: Run) -> Leftovers:
    async with connect(run.target, run.endpoint(run.target)) as host:
        return await leftovers(host)
