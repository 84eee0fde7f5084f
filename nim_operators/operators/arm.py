"""Record the direction in which the nightly sync may run."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from airflow.sdk import Context

from nim_operators.evidence.records import DirectionRecord
from nim_operators.nim.errors import NotReadBack
from nim_operators.nim.snapshot import ArmedDirection
from nim_operators.operators.base import NimOperator, Run, in_loop, observed, once_more_if_lost
from nim_operators.remote.direction import record_direction
from nim_operators.remote.errors import UNABLE, LinkLost, LockHeld
from nim_operators.remote.transport import connect


class NimArmDirectionOperator(NimOperator):
    """
    Record the armed direction on both masters and in the evidence.

    Reads: both masters and every client. Changes: one file in this product's directory on each master.
    Safe to repeat: yes. If interrupted: one master may not have the record yet; the next try writes it.
    Undo: run it again with the other master as the source.
    """

    def act(self, run: Run, context: Context) -> dict[str, Any]:
        """Assess again, record, read back."""
        run.demand_go(run.assess(run.observe("before", ask_clients=True)))
        recorded = arm(run)
        view = run.observe("after", ask_clients=False)
        for master in run.masters:
            direction = observed(view, master).own.direction
            if direction is None or direction.source != run.source:
                raise NotReadBack(f"The armed direction was not read back on {master}; clear this task.")
        return asdict(recorded)


def turn(run: Run) -> tuple[ArmedDirection, tuple[str, ...]]:
    """
    Arm the direction from the target to the source, after the target has taken the clients over.

    Return the record, and the masters on which it was made.

    A source that does not answer, or came back only after this run had taken the lock, gets its record when it is made
    the standby again. A lost link makes it no such: an old record there would bar every night from then on.

    :raises LinkLost: if the link went down twice, and this run does not go on without that master.
    """
    both = (run.target, run.source)
    try:
        return once_more_if_lost(lambda: in_loop(_keep(run, run.target, both))), both
    except (*UNABLE, LockHeld) as unable:
        if unable.host == run.target or (isinstance(unable, LinkLost) and run.source not in run.may_be_away):
            raise
        run.note(f"The armed direction could not be recorded on {run.source}: {unable.sentence}")
    return in_loop(_keep(run, run.target, (run.target,))), (run.target,)


def arm(run: Run) -> ArmedDirection:
    """Record the run's direction on both masters, which it has locked, and in the evidence."""
    return in_loop(_keep(run, run.source, run.masters))


async def _keep(run: Run, source: str, masters: tuple[str, ...]) -> ArmedDirection:
    recorded: list[ArmedDirection] = []
    for master in masters:
        async with connect(master, run.endpoint(master)) as host:
            recorded.append(await record_direction(host, run.holder, source, run.pair.peer(source)))
    run.store.remember_direction(run.pair.name, recorded[-1])
    run.store.settle_sync(run.pair.name, source)  # what an old sync left there is what the clients live by now
    run.record(DirectionRecord(**asdict(recorded[-1])))
    return recorded[-1]
