"""After a recovery point, leave the takeover as a script on both masters, for the day Airflow is down."""

from __future__ import annotations

from nim_operators.evidence.records import BreakGlassRecord
from nim_operators.nim.breakglass import FILE, break_glass
from nim_operators.nim.collector import BASE
from nim_operators.nim.errors import NimError
from nim_operators.nim.facts import facts_of
from nim_operators.nim.pair import PairView
from nim_operators.operators.base import Run, in_loop, once_more_if_lost
from nim_operators.remote.breakglass import leave, script_text
from nim_operators.remote.transport import connect


def leave_break_glass(run: Run, view: PairView, point: str) -> None:
    """
    Write the script on both masters and into the evidence.

    A recovery point is no worse without it: where it cannot be written the evidence says so, and the run goes on.

    :param view: the pair as the recovery point was read back from it.
    :param point: when that was.
    """
    endpoints = {master: run.endpoint(master) for master in run.masters}
    paths = {master: endpoint.commands for master, endpoint in endpoints.items()}
    try:
        plan = break_glass(facts_of(view, run.holder.run), paths, point=point, backups=run.pair.backups.directory)
    except NimError as error:
        run.note(f"No {FILE} was written for the day Airflow is down: {error}")
        return
    text = script_text(plan, endpoints[run.target], run.pair.clients.width, run.pair.clients.limit_seconds)
    file = run.evidence.write_script(FILE, text)
    written = tuple(master for master in run.masters if _left(run, master, text))
    run.record(BreakGlassRecord(file=file, masters=written))


def _left(run: Run, master: str, text: str) -> bool:
    async def write() -> None:
        async with connect(master, run.endpoint(master)) as host:
            await leave(host, text)

    try:
        once_more_if_lost(lambda: in_loop(write()))
    except NimError as error:
        run.note(
            f"{BASE}/{FILE} could not be written on {master}: {error} What stands there, if anything, is of an older "
            "recovery point; copy it from this evidence."
        )
        return False
    return True
