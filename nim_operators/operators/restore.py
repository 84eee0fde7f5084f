"""Put a verified backup of a master's own database back: the job that does it, for whoever has decided that it may."""

from __future__ import annotations

from collections.abc import Sequence

from nim_operators.nim import commands
from nim_operators.nim.collector import BASE
from nim_operators.nim.commands import CommandPaths
from nim_operators.nim.diagnosis import is_transfer
from nim_operators.nim.errors import Refused, StillRunning
from nim_operators.operators.base import Run
from nim_operators.remote.errors import HostAbsent, OutcomeUnknown, RemoteError
from nim_operators.remote.files import fetch
from nim_operators.remote.leftovers import Leftovers
from nim_operators.remote.transport import connect

KIND = "restore"
_FETCH_SECONDS = 900.0


async def demand_same_on_host(run: Run, master: str, file: str, digest: str, kept_at: str) -> None:
    """
    Read *file* on the master itself: what is restored must be what was verified.

    :param kept_at: where the evidence keeps the same backup.
    :raises Refused: if it is gone or another content, naming both places.
    """
    try:
        async with connect(master, run.endpoint(master)) as host:
            on_host = await fetch(host, file, deadline=_FETCH_SECONDS)
    except (HostAbsent, OutcomeUnknown):
        raise
    except RemoteError as error:
        found = error.sentence
    else:
        if on_host.digest_here == digest:
            return
        found = f"{file} is not the backup that was verified."
    raise Refused(
        f"Its verified backup is not on {master}: {found} Bring {kept_at} back to {file} there, byte for byte, then "
        "clear this task."
    )


def demand_quiet(master: str, left: Leftovers) -> None:
    """
    Refuse while a sync or restore may still be at work, our own restore aside: that one is attached to.

    :raises StillRunning: naming what is alive.
    """
    alive = [f"process {one.pid}: {one.command}" for one in left.processes if is_transfer(one)]
    alive += [f"job {job.job} is {job.state}" for job in left.jobs if job.state == "running" and job.kind != KIND]
    if alive:
        raise StillRunning(
            f"On {master} something of the sync is still alive: {'; '.join(alive)}. "
            "Wait until it has ended, then clear this task."
        )


def restore_lines(paths: CommandPaths, file: str, mounts: Sequence[str]) -> list[str]:
    """Return ksh lines that put *file* back and let the master serve; they leave the status of the restore in ``rc``.

    A master that is fenced because its clients have gone stays silent; a fence of an unusable one is lifted.

    :param mounts: what an interrupted restore left mounted.
    """
    quiet = [commands.stop_nimesis(paths), *map(commands.unmount, mounts)]
    text = [f"{command.line} || :" for command in quiet]
    lift = commands.lift_fence(paths, BASE, file)[2:]
    start = commands.start_nimesis(paths).line
    served = [f"[ -f {BASE}/fenced ] || {start}", f"if [ -f {BASE}/unusable ]; then", *lift, "fi"]
    restore = commands.restore_database(paths, file).line
    return [*text, restore, "rc=$?", "if [ $rc -eq 0 ]; then", *served, "fi"]
