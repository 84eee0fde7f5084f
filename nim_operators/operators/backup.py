"""Back up the databases of both masters and bring the copies off the hosts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pendulum
from airflow.sdk import Context

from nim_operators.evidence.records import BackupRecord
from nim_operators.nim import commands
from nim_operators.nim.backup import read_backup
from nim_operators.nim.errors import NotReadBack
from nim_operators.nim.outcome import succeeded
from nim_operators.operators.base import Run, in_loop
from nim_operators.operators.jobs import EndedJob, JobRequest, NimJobOperator
from nim_operators.remote.errors import RemoteError
from nim_operators.remote.files import fetch, prune_backups
from nim_operators.remote.job import Slot
from nim_operators.remote.transport import connect

KIND = "backup"
_FETCH_SECONDS = 900.0


class NimBackupDatabaseOperator(NimJobOperator):
    """
    Back up the NIM database of each reachable master with ``m_backup_db`` and fetch the copy off the host.

    Reads: the database (nim.md 4.7). Changes: writes one file into this product's directory on each master, removes the
    oldest backups beyond the estate's ``keep`` there, NIM's own automatic ones included. Safe to repeat: yes; masters
    whose backup this run already holds, verified, are left alone. If interrupted: the job ends by itself on the host
    and the next try collects it. Undo: nothing to undo.

    Green means: a readable tar with its six members and the master's own NIM level is off the host, and its digest is
    the same on both ends.
    """

    def requests(self, run: Run, context: Context) -> Iterable[JobRequest]:
        """Return a backup job for each master that has no verified backup in this run's evidence."""
        view = run.observe("before", ask_clients=False)
        held = {record["master"] for record in run.recorded(BackupRecord)}
        for master in run.masters:
            if view.snapshot(master) is None or master in held:
                continue
            stamp = pendulum.now("UTC").format("YYYYMMDD[T]HHmmss[Z]")
            file = f"{run.pair.backups.directory}/nimdb.{stamp}.backup"
            command = commands.backup_database(run.endpoint(master).commands, file)
            yield JobRequest(
                master=master,
                kind=KIND,
                line=command.line,
                command=f"mkdir -p '{run.pair.backups.directory}' && echo 'file {file}' && {command.line}",
                slot=Slot.CHANGE,
                changes=False,
            )

    def finish(self, run: Run, context: Context, ended: list[EndedJob]) -> dict[str, Any]:
        """Fetch and verify each new backup, keep it, prune the old ones."""
        view = run.observe("after", ask_clients=False)
        for one in ended:
            snapshot = view.snapshot(one.job.host)
            level = snapshot.nim_level.strip() if snapshot and snapshot.nim_level else None
            in_loop(self._bring_home(run, one, level))
        kept = {record["master"]: record["path"] for record in run.recorded(BackupRecord)}
        reachable = [master for master in run.masters if view.snapshot(master) is not None]
        missing = [master for master in reachable if master not in kept]
        if missing:
            raise NotReadBack(
                f"No verified backup of {', '.join(missing)} is off the host; nothing may be changed there."
            )
        return kept

    async def _bring_home(self, run: Run, one: EndedJob, level: str | None) -> None:
        master = one.job.host
        async with connect(master, run.endpoint(master)) as host:
            file = _file_of(one)
            fetched = await fetch(host, file, deadline=_FETCH_SECONDS)
            content = read_backup(master, fetched.data, expected_level=level)
            stamp = file.rsplit("/", 1)[1].removeprefix("nimdb.").removesuffix(".backup")
            path = run.store.write_backup(run.pair.name, master, f"{stamp}.backup", fetched.data)
            run.record(
                BackupRecord(
                    master=master,
                    path=path,
                    size_bytes=len(fetched.data),
                    algorithm=fetched.algorithm,
                    digest_on_host=fetched.digest_on_host,
                    digest_here=fetched.digest_here,
                    members=tuple(content.members),
                    nim_level=content.nim_level,
                    stamp=stamp,
                )
            )
            removed = await prune_backups(host, run.holder, run.pair.backups.keep)
        run.store.prune_backups(run.pair.name, master, run.pair.backups.keep)
        for path in removed:
            self.log.info("%s: removed old backup %s", master, path)


def _file_of(one: EndedJob) -> str:
    """Return the file that the job says it wrote: an attached job of an earlier try chose its own name."""
    first = one.log.partition("\n")[0]
    if not succeeded(one.outcome) or not first.startswith("file /"):
        raise RemoteError(one.job.host, f"job {one.job.job} did not say which file it wrote: {first!r}.")
    return first.removeprefix("file ")
