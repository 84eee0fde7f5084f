"""The pair lock: one directory on each master, owned by a run, kept by a job.

It holds between all that can reach the host on which a changing command runs, which Airflow's own limits do not.
"""

from __future__ import annotations

from dataclasses import dataclass

from nim_operators.remote.script import ask, build
from nim_operators.remote.transport import Host

_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Holder:
    """Who acts: the run that owns the lock, and the token of one try of one task.

    A later try claims the lock with a new token; from then on the host refuses whatever the old try still sends.
    """

    run: str
    token: str


async def acquire(host: Host, holder: Holder) -> None:
    """Take the lock for *holder*'s run; a run that has it already keeps it, with the new token.

    :raises LockHeld: if another run owns it, naming that run and any job that keeps it.
    """
    await _act(host, "acquire", holder)


async def claim(host: Host, holder: Holder) -> None:
    """Become the latest try of the run that owns the lock.

    :raises LockHeld: if another run owns the lock.
    :raises NotLocked: if nobody does.
    """
    await _act(host, "claim", holder)


async def demand_releasable(host: Host, holder: Holder) -> None:
    """Look whether the lock could be given back; change nothing.

    :raises LockHeld: while a job that was started under it runs, or nobody knows how it ended.
    """
    await _act(host, "releasable", holder)


async def release(host: Host, holder: Holder) -> None:
    """Give the lock back. A lock that the run does not hold is left alone.

    :raises LockHeld: while a job that was started under it runs, or nobody knows how it ended.
    """
    await _act(host, "release", holder)


async def break_lock(host: Host, holder: Holder, held_by: str) -> None:
    """Take the lock over from *held_by*, for a person who gave a reason.

    :raises LockHeld: if somebody else holds it by now, or a job keeps it.
    """
    await _act(host, "break", holder, held_by)


async def _act(host: Host, action: str, holder: Holder, held_by: str = "") -> None:
    values = {"ACTION": action, "RUN": holder.run, "TOKEN": holder.token, "HELD_BY": held_by}
    await ask(host, build("lock", values), deadline=_SECONDS)
