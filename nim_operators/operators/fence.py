"""Keep a master that no longer controls the clients from answering them, and let it serve again as the standby."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from airflow.sdk import Context

from nim_operators.evidence.records import FenceRecord
from nim_operators.nim.collector import BASE
from nim_operators.nim.errors import NotReadBack
from nim_operators.nim.fence import Fence, read_fence
from nim_operators.operators.base import NimOperator, Run, again_if_lost, in_loop, observed
from nim_operators.operators.jobs import (
    AlreadyDone,
    EndedJob,
    JobRequest,
    NimJobOperator,
    run_to_end,
)
from nim_operators.remote.errors import UNABLE
from nim_operators.remote.job import Slot
from nim_operators.remote.script import build, embedded, read_sections
from nim_operators.remote.transport import connect

UNUSABLE, FENCED = "unusable", "fenced"
"""The marks that a fence leaves on a host: its database is broken, or only its clients have gone."""

_LIFT = "lift_fence"


class NimFenceOperator(NimOperator):
    """
    Stop nimesis on a master whose clients the other one controls, and keep it from starting at the next boot.

    Reads: both masters and every client again, right before acting; the master's subsystems, inittab and prepared
    boots. Changes: stops nimesis, takes its entries out of inittab and saves them in this product's directory there.
    Safe to repeat: yes. If interrupted: the job ends by itself; the next try does what is left.
    Undo: ``NimLiftFenceOperator``, or ``startsrc -s nimesis`` and the saved entries.

    Green means: it was read back as fenced. In a disaster a master that cannot be read does not hold the rescue up;
    it is recorded as not fenced.

    :param role: ``source`` or ``target``, in the direction of the run.
    """

    def __init__(self, *, role: str = "target", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.role = role

    def act(self, run: Run, context: Context) -> str:
        """Fence the master where it answers; say what is known of it."""
        master = run.source if self.role == "source" else run.target
        run.demand_go(run.assess(run.observe("before", ask_clients=True)))
        try:
            seen = again_if_lost(run, master, lambda: fence_without_clients(run, master))
        except UNABLE as unable:
            if master not in run.may_be_away:
                raise
            run.record(FenceRecord(master, stands=False, said=f"Nobody can say whether it serves: {unable}"))
            self.log.warning("%s is not fenced: %s. Fence it before it is let onto the network again.", master, unable)
            return "not reached"
        run.record(FenceRecord(master, stands=not seen.gaps, said=str(seen)))
        if seen.gaps and master not in run.may_be_away:
            raise NotReadBack(f"{master}: {seen} Look at it by hand, then clear this task.")
        self.log.info("%s: %s", master, seen)
        return "open" if seen.gaps else "fenced"


class NimLiftFenceOperator(NimJobOperator):
    """
    Let the target start nimesis at a boot again, now that it is the proven standby.

    Reads: the target. Changes: puts the saved entries of its inittab back and removes the mark of the fence.
    Safe to repeat: yes. If interrupted: the job ends by itself; the next try does what is left.
    Undo: ``NimFenceOperator``.
    """

    def requests(self, run: Run, context: Context) -> Iterable[JobRequest]:
        """Return one job, where the target bears the mark of a fence."""
        target = observed(run.observe("before", ask_clients=False), run.target)
        if target.own.fenced is None:
            raise AlreadyDone({"lifted": False})
        text = embedded(_LIFT, {"BASE": BASE})
        yield JobRequest(run.target, _LIFT, "lift the fence", text, Slot.CHANGE, changes=True)

    def finish(self, run: Run, context: Context, ended: list[EndedJob]) -> dict[str, Any]:
        """Read the target again: no mark, and nimesis is active."""
        target = observed(run.observe("after", ask_clients=False), run.target)
        if target.own.fenced is not None or not target.is_active("nimesis"):
            raise NotReadBack(f"{run.target} still bears the mark of a fence, or its nimesis is not active.")
        return {"lifted": True}


def fence_without_clients(run: Run, master: str) -> Fence:
    """Fence a master whose clients the other one controls; it keeps its database."""
    return fence(run, master, FENCED, f"its clients are controlled by {run.pair.peer(master)}", "-")


def fence(run: Run, master: str, mark: str, why: str, backup: str) -> Fence:
    """
    Fence *master* as a job under the lock, and return the fence as read back.

    :param mark: :data:`UNUSABLE` or :data:`FENCED`.
    :param backup: the file on the master that holds its own database of before; ``-`` where nothing is to be restored.
    :raises HostAbsent: if it does not answer; then nothing is known of it.
    """
    endpoint = run.endpoint(master)
    values = {
        "BASE": BASE,
        "STOPSRC": endpoint.commands.stopsrc,
        "LSSRC": endpoint.commands.lssrc,
        "RUN": run.holder.run,
        "REASON": why.replace("\n", " ")[:400],
        "BACKUP": backup,
        "MARK": mark,
    }
    text = embedded("fence", values, uses=("common",))
    job = JobRequest(master, "fence", "fence nimesis", text, Slot.CHANGE, changes=True, stream=False)
    in_loop(run_to_end(run, job))
    return in_loop(_look(run, master, mark))


async def _look(run: Run, master: str, mark: str) -> Fence:
    endpoint = run.endpoint(master)
    async with connect(master, endpoint) as host:
        script = build("fenced", {"LSSRC": endpoint.commands.lssrc, "MARK": mark})
        return read_fence(master, await read_sections(host, script))
