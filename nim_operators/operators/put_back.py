"""Put the alternate's own database back after a sync that could not be proven."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from nim_operators.evidence.records import (
    BeforeSyncRecord,
    ContentsRecord,
    FenceRecord,
    JobRecord,
    PutBackRecord,
    StepRecord,
)
from nim_operators.nim import commands
from nim_operators.nim.collector import BASE
from nim_operators.nim.errors import NotReadBack, Refused, Unreadable, UnusableMaster
from nim_operators.nim.outcome import succeeded
from nim_operators.nim.restored import unlike_before
from nim_operators.nim.snapshot import Unreachable
from nim_operators.operators.aside import back_from_aside, has_moved
from nim_operators.operators.base import Run, in_loop
from nim_operators.operators.before import backup_before, by_hand, file_on_host
from nim_operators.operators.fence import UNUSABLE, fence, fence_without_clients
from nim_operators.operators.jobs import AlreadyDone, EndedJob, JobRequest, NimJobOperator, complaint, unjudged
from nim_operators.operators.restore import KIND, demand_quiet, demand_same_on_host, restore_lines
from nim_operators.remote.errors import HostAbsent, HostAway
from nim_operators.remote.job import Slot
from nim_operators.remote.leftovers import Leftovers, leftovers
from nim_operators.remote.pair import SECOND_LOOK_SECONDS
from nim_operators.remote.transport import connect

HALF = "half: "
_OF_THE_DATABASE = re.compile("lsnim|niminfo|NIM.level|lssrc")
_NOTHING = "This run has neither sent a sync nor attached to one, so there is nothing to put back."


class NimPutBackOperator(NimJobOperator):
    """
    Leave the target either as the proven copy or as it was before: restore its backup from then, or fence it.

    Content that lies aside there comes back to its place with it.

    Reads: both masters, and the target as it was before the sync, by the evidence of the run that began it. Changes:
    where the sync touched the target, stops its nimesis, removes mounts a restore left, restores the backup with
    ``m_restore_db`` that the run took which began the sync, starts nimesis, lifts a fence of an earlier try; renames
    content that lies aside back; where the restore is refused, its backup is gone from the target, or half a sync meets
    a source that is away, fences the target. Safe to repeat: yes, a target that is as before is left
    alone. If interrupted: the restore goes on as a job on the target; the next try attaches.
    Undo: run the nightly sync again; a fence is undone with the commands that it names.

    Runs only after a step of the sync has failed. What an earlier night left aside comes back as well, once this night
    has compared it. Refuses while anything of the sync is still alive on either host, and where nobody could look: a
    copy that nobody could judge is not thrown away.

    :param proves: the tasks whose failure means that the new copy is not good.
    """

    ends_a_run = True

    def __init__(self, *, proves: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.proves = proves

    def act(self, run: Run, context: Context) -> Any:
        """Skip at once where this run has not begun to change anything; whoever approved what does not matter then."""
        if not any(run.recorded(kind) for kind in (BeforeSyncRecord, ContentsRecord)) and not has_moved(run):
            raise AirflowSkipException(_NOTHING)
        return super().act(run, context)

    def requests(self, run: Run, context: Context) -> Iterable[JobRequest]:
        """Return the restore, unless nothing was sent, the target is as before, or the sync may still live."""
        sent = bool(run.recorded(BeforeSyncRecord))
        moved = has_moved(run)
        if not sent and not moved and not run.recorded(ContentsRecord):
            raise AirflowSkipException(_NOTHING)
        left = in_loop(_look(run, run.target))
        if not sent and not moved and not left.asides:
            raise AirflowSkipException(_NOTHING)
        demand_quiet(run.target, left)
        away = _demand_quiet_source(run)
        differs = self._unlike_before(run) if sent else ()
        if not differs and left.asides and away is None:
            yield JobRequest(run.target, KIND, *back_from_aside(run, left.asides), Slot.CHANGE, changes=True)
            return
        if not differs:
            if away is not None:
                raise away  # the sync may live on there, and reach the target yet
            restored = any(record["kind"] == KIND for record in run.recorded(JobRecord))
            state = "put back" if restored else "untouched"
            _settle(run, state, "It is what it was before the sync.")
            _keep_fenced(run)
            raise AlreadyDone({"state": state})
        self.log.warning("%s is not what it was before: %s", run.target, "; ".join(differs))
        if not self._a_step_saw_it(run) and not _is_half_a_sync(differs):
            raise Refused(
                f"Nobody has seen that the copy on {run.target} is bad, and it answers as itself. It is left as it is; "
                "clear the failed task once the hosts answer."
            )
        if away is not None:
            raise UnusableMaster(self._fence(run, f"half a sync, and {away}")) from away
        self._demand_not_refused(run, differs)
        self._demand_backup_there(run, differs)
        yield self._restore(run, left)

    def _demand_not_refused(self, run: Run, differs: tuple[str, ...]) -> None:
        """Fence the target where an earlier try has seen the restore refused, and then lost the link."""
        refused = [complaint(one) for one in unjudged(run, KIND) if not succeeded(one.outcome)]
        if refused:
            raise UnusableMaster(self._fence(run, "; ".join([*differs, *refused])))

    def _demand_backup_there(self, run: Run, differs: tuple[str, ...]) -> None:
        """Fence the target where the backup is gone from it: half a copy must not answer clients until it is back."""
        backup = backup_before(run)
        file = file_on_host(run, backup)
        try:
            in_loop(demand_same_on_host(run, run.target, file, backup["digest_here"], backup["path"]))
        except Refused as missing:
            raise UnusableMaster(self._fence(run, "; ".join([*differs, str(missing)]))) from missing

    def _a_step_saw_it(self, run: Run) -> bool:
        """Whether a step saw that the copy is not good. One that could not look proves nothing."""
        last: dict[str, str] = {}
        for stored in run.evidence.read_records(StepRecord.KIND):
            if stored.task_id in self.proves:
                last[stored.task_id] = stored.body["result"]
        return "failed" in last.values()

    def _unlike_before(self, run: Run) -> tuple[str, ...]:
        """Say what keeps the target from being what it was; what cannot be read of its database counts as well."""
        before = run.before_sync()
        if before is None:
            raise Refused(
                f"No evidence shows {run.target} as it was before the sync that was open, so it may be half a copy. "
                f"{by_hand(run)}"
            )
        try:
            now = run.observe_one(run.target, "now")
        except Unreadable as error:
            if not _OF_THE_DATABASE.search(error.command):
                raise
            return (f"{HALF}{error}",)
        if isinstance(now, Unreachable):
            raise HostAbsent.of(run.target, now.absence, now.reason)
        found = unlike_before(before, run.as_kept(run.target))
        if now.own.unusable is not None:
            found += (f"it is fenced since {now.own.unusable.since}",)
        return tuple(f"{HALF}{one}" if "niminfo" in one or "nimesis" in one else one for one in found)

    def _restore(self, run: Run, left: Leftovers) -> JobRequest:
        file = file_on_host(run, backup_before(run))
        paths = run.endpoint(run.target).commands
        text = restore_lines(paths, file, left.mounts)
        line = commands.restore_database(paths, file).line
        if left.asides:
            back, script = back_from_aside(run, left.asides)
            line = f"{line}; {back}"
            text += ["(", script, ")"]
        return JobRequest(run.target, KIND, line, "\n".join([*text, "exit $rc"]), Slot.CHANGE, changes=True)

    def demand_good_end(self, ended: list[EndedJob]) -> None:
        """Let the read-back decide."""
        for one in ended:
            if not succeeded(one.outcome):
                self.log.error("%s", complaint(one))

    def finish(self, run: Run, context: Context, ended: list[EndedJob]) -> dict[str, Any]:
        """Read the target again: as before, or fenced; no content aside."""
        differs = self._unlike_before(run) if run.recorded(BeforeSyncRecord) else ()
        asides = in_loop(_look(run, run.target)).asides
        if not differs and not asides:
            _settle(run, "put back", "Its own database and content of before were read back.")
            _keep_fenced(run)
            return {"state": "put back"}
        if not differs:
            raise NotReadBack(
                f"{run.target} has its own database of before, but {', '.join(one.aside for one in asides)} could not "
                "be renamed back. Nothing of it is lost; look at the log of this job, then clear this task."
            )
        why = "; ".join([*differs, *(complaint(one) for one in ended if not succeeded(one.outcome))])
        raise UnusableMaster(self._fence(run, why))

    def _fence(self, run: Run, why: str) -> str:
        """Fence the target, read the fence back, and return what a person should know and type."""
        file = file_on_host(run, backup_before(run))
        seen = fence(run, run.target, UNUSABLE, why, file)
        by_hand = commands.lift_fence(run.endpoint(run.target).commands, BASE, file)
        run.record(PutBackRecord(run.target, "unusable", f"{why}. {seen}", by_hand))
        return (
            f"{run.target} is unusable: {why}. {seen} Where m_restore_db refuses a configured master, run "
            f"'nim -o unconfig master' on it first. Then type there: {'; '.join(by_hand)}"
        )


def _settle(run: Run, state: str, reason: str) -> None:
    """Record that the target is its own again; whatever comes after this run may build on that."""
    run.record(PutBackRecord(run.target, state, reason))
    run.store.settle_sync(run.pair.name, run.target)


def _keep_fenced(run: Run) -> None:
    """
    Fence a target again whose clients have gone: it has its stale database back, and a restore may start nimesis.

    :raises NotReadBack: if it was not seen to be fenced.
    """
    if not run.recorded(BeforeSyncRecord) or run.as_kept(run.target).own.fenced is None:
        return
    seen = fence_without_clients(run, run.target)
    run.record(FenceRecord(run.target, stands=not seen.gaps, said=str(seen)))
    if seen.gaps:
        raise NotReadBack(f"{run.target}: {seen} Look at it by hand, then clear this task.")


def _demand_quiet_source(run: Run) -> HostAbsent | None:
    """
    Refuse while the sync may still be at work on the source; return why that master could not be looked at, if so.

    A link that just hiccupped is no reason to fence anything, so a source that is away is looked at twice.

    :raises StillRunning: naming what is alive.
    """
    try:
        demand_quiet(run.source, in_loop(_look_twice(run, run.source)))
    except HostAbsent as away:
        return away
    return None


def _is_half_a_sync(differs: tuple[str, ...]) -> bool:
    """Whether the target cannot serve as itself: its niminfo or nimesis is not its own, its database unreadable."""
    return any(one.startswith(HALF) for one in differs)


async def _look(run: Run, master: str) -> Leftovers:
    async with connect(master, run.endpoint(master)) as host:
        return await leftovers(host)


async def _look_twice(run: Run, master: str) -> Leftovers:
    try:
        return await _look(run, master)
    except HostAway:
        await asyncio.sleep(SECOND_LOOK_SECONDS)
        return await _look(run, master)
