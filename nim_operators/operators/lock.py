"""Take and give back the pair lock on both masters."""

from __future__ import annotations

from airflow.sdk import Context

from nim_operators.operators.base import NimOperator, Run, in_loop
from nim_operators.remote import lock
from nim_operators.remote.errors import LockHeld
from nim_operators.remote.transport import connect


class NimLockPairOperator(NimOperator):
    """
    Take the pair lock on both masters for this DAG run.

    Reads: who holds the lock. Changes: creates ``lock`` in this product's directory on both masters.
    Safe to repeat: yes, a run that holds the lock keeps it. If interrupted: the lock may be held on one master; the
    next try takes the other. Undo: ``NimUnlockPairOperator``; a lock that a dead run left is broken by the
    ``break_lock_of`` and ``reason`` params of the trigger form, never while a job keeps it.
    """

    def act(self, run: Run, context: Context) -> dict[str, str]:
        """Lock the masters by name, always in the same order, so that two runs cannot each hold one."""
        in_loop(_lock_both(run))
        return dict.fromkeys(sorted(run.masters), run.holder.run)


async def _lock_both(run: Run) -> None:
    taken: list[str] = []
    try:
        for master in sorted(run.masters):
            async with connect(master, run.endpoint(master)) as host:
                try:
                    await lock.acquire(host, run.holder)
                except LockHeld:
                    if not run.breaks:
                        raise
                    await lock.break_lock(host, run.holder, run.breaks)
                    run.note(f"{master}: lock of {run.breaks} broken. Reason typed: {run.reason}")
            taken.append(master)
    except LockHeld:
        for master in taken:
            async with connect(master, run.endpoint(master)) as host:
                await lock.release(host, run.holder)
        raise


class NimUnlockPairOperator(NimOperator):
    """
    Give the pair lock back on both masters.

    Reads: who holds the lock, and which jobs keep it. Changes: removes ``lock`` where this run holds it.
    Safe to repeat: yes. If interrupted: the lock may still be held on one master; the next try gives it back.
    Undo: nothing to undo.

    Refuses while a job that was started under the lock runs, or nobody knows how it ended (P29).
    """

    def act(self, run: Run, context: Context) -> None:
        """Release both; a master that refuses does not keep the other one locked."""
        held: list[LockHeld] = []
        for master in sorted(run.masters):
            try:
                in_loop(_unlock(run, master))
            except LockHeld as error:
                held.append(error)
        if held:
            raise held[0]


async def _unlock(run: Run, master: str) -> None:
    async with connect(master, run.endpoint(master)) as host:
        await lock.release(host, run.holder)
