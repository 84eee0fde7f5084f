"""Take and give back the pair lock on both masters."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from nim_operators.evidence.records import CommandRecord
from nim_operators.nim.diagnosis import is_transfer
from nim_operators.nim.runbooks import TAKEOVERS
from nim_operators.operators.approved import demand_approved_lately, planned
from nim_operators.operators.base import NimOperator, Run, again_if_lost, in_loop
from nim_operators.operators.jobs import put_away_vanished
from nim_operators.remote import lock
from nim_operators.remote.errors import UNABLE, HostAbsent, LockHeld, RemoteError
from nim_operators.remote.leftovers import leftovers
from nim_operators.remote.lock import Holder
from nim_operators.remote.transport import Host, connect


class NimLockPairOperator(NimOperator):
    """
    Take the pair lock on both masters for this DAG run.

    Reads: who holds the lock, and which jobs are open. Changes: creates ``lock`` in this product's directory on both
    masters. Where a person typed why this run may go on, jobs of other runs that left no status are put away, their
    logs in the evidence: whatever this run does next would find them in its way.
    Safe to repeat: yes, a run that holds the lock keeps it. If interrupted: the lock may be held on one master; the
    next try takes the other. Undo: ``NimUnlockPairOperator``; a lock that a dead run left is broken by the
    ``break_lock_of`` and ``reason`` params of the trigger form, never while a job keeps it.
    """

    def act(self, run: Run, context: Context) -> dict[str, str]:
        """Lock the masters by name, always in the same order, so that two runs cannot each hold one."""
        if run.runbook in TAKEOVERS:
            plan = planned(run)
            if plan["idle"] or plan["rehearsal"]:
                raise AirflowSkipException("The plan of this run sends nothing.")
        demand_approved_lately(run)
        _take(run)
        return dict.fromkeys(sorted(run.masters), run.holder.run)


def give_back_left_lock(run: Run) -> None:
    """
    Break the lock that a person named, and give it back at once: for a run that finds nothing to do.

    :raises LockHeld: if somebody else holds it by now, or a job keeps it.
    """
    _take(run)
    _on_both(run, lock.release)


def _take(run: Run) -> None:
    for master in _lock_both(run):
        with suppress(*(UNABLE if master in run.may_be_away else ())):
            again_if_lost(run, master, lambda: in_loop(put_away_vanished(run, master)))  # noqa: B023 - called at once


def _lock_both(run: Run) -> list[str]:
    """Take both, or none: whatever goes wrong with the second, the first is given back. Return what was taken."""
    taken: list[str] = []
    try:
        for master in sorted(run.masters):
            try:
                _on(run, master, lambda host: _acquire(run, host))
            except UNABLE as unable:
                if master not in run.may_be_away:
                    raise
                run.note(f"{master} is not locked: {unable}")
            else:
                taken.append(master)
    except RemoteError:
        for master in taken:
            with suppress(RemoteError):
                _on(run, master, lambda host: lock.release(host, run.holder))
        raise
    return taken


def _on(run: Run, master: str, action: Callable[[Host], Awaitable[None]]) -> None:
    """Act on a master, and once more where one that may be away only lost its link."""

    async def act() -> None:
        async with connect(master, run.endpoint(master)) as host:
            await action(host)

    again_if_lost(run, master, lambda: in_loop(act()))


async def _acquire(run: Run, host: Host) -> None:
    try:
        await lock.acquire(host, run.holder)
    except LockHeld:
        if not run.breaks:
            raise
        await lock.break_lock(host, run.holder, run.breaks)
        run.note(f"{host.name}: lock of {run.breaks} broken. Reason typed: {run.reason}")


class NimUnlockPairOperator(NimOperator):
    """
    Give the pair lock back on both masters.

    Reads: who holds the lock, and which jobs keep it. Changes: removes ``lock`` where this run holds it.
    Safe to repeat: yes. If interrupted: the lock may still be held on one master; the next try gives it back.
    Undo: nothing to undo.

    Refuses on both while a job that was started under the lock runs on either, or nobody knows how it ended (P29), and
    where this run sent anything, while a sync, takeover or restore lives on outside of a job, its shell having been
    killed.
    """

    ends_a_run = True

    def act(self, run: Run, context: Context) -> None:
        """Look at both masters first: a lock that is held on one of them only protects nothing."""
        with suppress(HostAbsent):
            _on_both(run, lock.demand_releasable)
        if any(record["changes"] for record in run.recorded(CommandRecord)):
            with suppress(HostAbsent):
                _on_both(run, _demand_quiet)
        _on_both(run, lock.release)


async def _demand_quiet(host: Host, _: Holder) -> None:
    alive = [f"process {one.pid}: {one.command}" for one in (await leftovers(host)).processes if is_transfer(one)]
    if alive:
        raise LockHeld(host.name, f"still held: {'; '.join(alive)} is alive; when it has ended, clear the failed tasks")


def _on_both(run: Run, action: Callable[[Host, Holder], Awaitable[None]]) -> None:
    """Act on each master; one that does not answer or refuses does not keep the other one from its turn."""
    errors: list[RemoteError] = []
    for master in sorted(run.masters):
        try:
            _on(run, master, lambda host: action(host, run.holder))
        except RemoteError as error:
            if not (isinstance(error, UNABLE) and master in run.may_be_away):
                errors.append(error)
    if errors:
        raise min(errors, key=lambda error: isinstance(error, HostAbsent))  # a host that refuses weighs more
