"""Back up the databases of both masters and bring the copies off the hosts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pendulum
from airflow.sdk import Context

from nim_operators.evidence.records import BackupRecord, ObservationRecord, WholeBackupRecord
from nim_operators.nim import commands
from nim_operators.nim.backup import raw_archive, read_backup
from nim_operators.nim.collector import build_snapshot
from nim_operators.nim.errors import CommandFailed, NotReadBack, Refused
from nim_operators.nim.preparation import Repair, has_own_database
from nim_operators.nim.runbooks import Runbook
from nim_operators.nim.snapshot import Absence, Snapshot
from nim_operators.operators.approved import planned
from nim_operators.operators.base import Run, again_if_lost, in_loop
from nim_operators.operators.before import may_be_half, stamp_of
from nim_operators.operators.jobs import AlreadyDone, EndedJob, JobRequest, NimJobOperator, run_to_end
from nim_operators.remote.errors import HostAbsent, NoRoom, NotLocked, OutcomeUnknown, RemoteError
from nim_operators.remote.files import digest, fetch, fetch_database_files, prune_backups
from nim_operators.remote.job import Slot
from nim_operators.remote.lock import claim
from nim_operators.remote.script import embedded
from nim_operators.remote.subsystem import subsystem_rows
from nim_operators.remote.transport import connect
from nim_operators.triggers.nimesis import NIMESIS

KIND = "backup"
_FETCH_SECONDS = 900.0
_GIVEN_UP_SECONDS = 60
"""So long a master that is given up has for a backup, which takes seconds: a database that hangs holds no rescue up."""
_STAMP = "YYYYMMDD[T]HHmmss[Z]"


class NimBackupDatabaseOperator(NimJobOperator):
    """
    Back up the NIM database of each reachable master with ``m_backup_db`` and fetch the copy off the host.

    Reads: the database (nim.md 4.7). Changes: writes one file into this product's directory on each master, removes the
    oldest backups beyond the estate's ``keep`` there, NIM's own automatic ones included. Safe to repeat: yes; masters
    whose backup this run already holds, verified, are left alone. If interrupted: the job ends by itself on the host
    and the next try collects it. Undo: nothing to undo.

    Green means: a readable tar with its six members and the master's own NIM level is off the host, and its digest is
    the same on both ends. In a disaster the master that is given up may have a database that ``m_backup_db`` cannot
    read, or not in time, or no room for a file: the files of its database are then copied off the host as they are,
    each with its digest proven, and the evidence says that nobody knows whether NIM could restore them.
    """

    def requests(self, run: Run, context: Context) -> Iterable[JobRequest]:
        """Return a backup job for each reachable master that has no verified backup in this run's evidence."""
        _hold_kept(run)
        held = _held(run)
        needed = [master for master in run.masters if master not in held and self._can_be_asked(run, master)]
        if not needed:
            self._tell_again(run)
            raise AlreadyDone(_held(run))
        for master in needed:
            if master in run.may_be_away:
                self._back_up_given_up(run, master)
            else:
                yield _request(run, master, int(self.wait_limit.total_seconds()))

    def _back_up_given_up(self, run: Run, master: str) -> None:
        """Back up a master that the run can go on without, right here: whatever it does holds nobody up for long."""

        def back_up() -> None:
            ended = in_loop(run_to_end(run, _request(run, master, _GIVEN_UP_SECONDS)))
            self.demand_good_end([ended])
            in_loop(self._bring_home(run, ended))

        try:
            again_if_lost(run, master, back_up)
        except (HostAbsent, OutcomeUnknown) as lost:
            self._leave_out(run, master, Absence.LINK_LOST, lost.sentence)
        except (CommandFailed, NotReadBack, RemoteError) as bad:
            self._copy_raw(run, master, bad)

    def _tell_again(self, run: Run) -> None:
        """Record once more what an earlier try proved and then lost the link: a verdict reads the last try alone."""
        last = {record["master"]: record for record in run.recorded(BackupRecord)}
        for record in last.values():
            run.record(BackupRecord(**record))

    def _can_be_asked(self, run: Run, master: str) -> bool:
        """Tell whether a backup can be started; a master that is given up and has no room is copied from instead."""
        try:
            again_if_lost(run, master, lambda: in_loop(_reach(run, master)))
        except (NoRoom, NotLocked) as unable:
            self._copy_raw(run, master, unable)
            return False
        except HostAbsent as absent:
            self._leave_out(run, master, absent.absence, absent.reason)
            return False
        except OutcomeUnknown as hung:
            if master not in run.may_be_away:
                raise
            self._leave_out(run, master, Absence.HANGS, hung.sentence)
            return False
        return True

    def _leave_out(self, run: Run, master: str, absence: Absence, reason: str) -> None:
        run.record(ObservationRecord(master, reachable=False, absence=absence.value, reason=reason))
        self.log.warning("No backup of %s: %s: %s", master, absence, reason)

    def finish(self, run: Run, context: Context, ended: list[EndedJob]) -> dict[str, Any]:
        """Fetch and verify each new backup, keep it, prune the old ones."""
        for one in ended:
            in_loop(self._bring_home(run, one))
        return _held(run)

    def _copy_raw(self, run: Run, master: str, why: Exception) -> None:
        """Keep the files of a database that NIM cannot save, as they are; what is not there is named."""
        try:
            files, lacking = in_loop(_fetch_raw(run, master))
        except (HostAbsent, OutcomeUnknown) as lost:
            self._leave_out(run, master, Absence.LINK_LOST, lost.sentence)
            return
        data = raw_archive(files)
        stamp = f"{pendulum.now('UTC').format(_STAMP)}.raw"
        said = f"a raw copy, which nobody knows whether NIM can restore, because: {why}"
        run.record(
            BackupRecord(
                master=master,
                path=run.store.write_backup(run.pair.name, master, f"{stamp}.backup", data),
                size_bytes=len(data),
                algorithm="SHA256",
                digest_on_host="",
                digest_here=digest("SHA256", data),
                members=tuple(files),
                nim_level=files.get("etc/NIM.level", b"").decode(errors="replace").strip() or None,
                stamp=stamp,
                raw=said + "".join(f" {name} is not in it: {reason}" for name, reason in lacking.items()),
            )
        )
        self.log.warning("%s: %s", master, said)

    async def _bring_home(self, run: Run, one: EndedJob) -> None:
        master = one.job.host
        file, level = _told(one)
        async with connect(master, run.endpoint(master)) as host:
            fetched = await fetch(host, file, deadline=_FETCH_SECONDS)
            content = read_backup(master, fetched.data, expected_level=level)
            stamp = stamp_of(file)
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
            _remember_whole(run, master, file)
            made = [record["stamp"] for record in run.recorded(BackupRecord) if record["master"] == master]
            now, keep = pendulum.now("UTC").format(_STAMP), run.pair.backups.keep
            removed = await prune_backups(host, run.holder, keep, now=now, made=[*made, *_unsettled(run, master)])
        run.store.prune_backups(run.pair.name, master, keep, now=now, made=[f"{one}.backup" for one in made])
        for path in removed:
            self.log.info("%s: removed old backup %s", master, path)


def _request(run: Run, master: str, limit_seconds: int) -> JobRequest:
    directory = run.pair.backups.directory
    file = f"{directory}/nimdb.{pendulum.now('UTC').format(_STAMP)}.backup"
    paths = run.endpoint(master).commands
    values = {"DIRECTORY": directory, "FILE": file, "M_BACKUP_DB": paths.m_backup_db, "LIMIT": str(limit_seconds)}
    return JobRequest(
        master=master,
        kind=KIND,
        line=commands.backup_database(paths, file).line,
        command=embedded("backup", values, uses=("common",)),
        slot=Slot.BACKUP,
        changes=False,
    )


def _hold_kept(run: Run) -> None:
    """
    Take the backup that the plan puts back for the target's own: what is there now is no database worth a copy.

    :raises Refused: if it is not where the evidence keeps it, as it was.
    """
    if run.runbook is not Runbook.DISASTER_FAILOVER or planned(run)["plan"]["repair"] != Repair.RESTORE:
        return
    kept = run.store.whole_backup(run.pair.name, run.target)
    if kept is None or run.target in _held(run):
        return
    seen = run.observe_one(run.target, "whole")
    if isinstance(seen, Snapshot) and has_own_database(seen):
        return  # an earlier try has put it back
    data = run.store.read_backup(run.pair.name, run.target, f"{kept.stamp}.backup")
    if digest(kept.algorithm, data) != kept.digest:
        raise Refused(
            f"{kept.path} is not the backup that was verified when it was taken; nothing is restored from it."
        )
    content = read_backup(run.target, data, expected_level=kept.nim_level)
    run.note(f"{run.target} has no whole database to back up; its own of {kept.stamp} is kept in {kept.path}.")
    run.record(
        BackupRecord(
            master=run.target,
            path=kept.path,
            size_bytes=len(data),
            algorithm=kept.algorithm,
            digest_on_host=kept.digest,
            digest_here=kept.digest,
            members=tuple(content.members),
            nim_level=content.nim_level,
            stamp=kept.stamp,
        )
    )


def _remember_whole(run: Run, master: str, file: str) -> None:
    """Remember the backup just kept as one to put back, where this run has seen that the database is whole."""
    seen = [record for record in run.recorded(ObservationRecord) if record["master"] == master and record["reachable"]]
    if not seen or seen[-1].get("snapshot_file") is None:
        return
    sections = run.evidence.read_snapshot(seen[-1]["snapshot_file"])
    shown = build_snapshot(master, sections)
    if not has_own_database(shown):
        return
    if may_be_half(run, master, shown):
        run.note(f"The database of {master} may be half a copy; this backup is none to put back.")
        return
    kept = [record for record in run.recorded(BackupRecord) if record["master"] == master][-1]
    dag_id, run_id = run.evidence.of
    run.store.write_whole_backup(
        run.pair.name,
        WholeBackupRecord(
            master=master,
            stamp=kept["stamp"],
            file=file,
            path=kept["path"],
            algorithm=kept["algorithm"],
            digest=kept["digest_here"],
            nim_level=kept["nim_level"],
            dag_id=dag_id,
            run_id=run_id,
            snapshot_file=seen[-1]["snapshot_file"],
        ),
    )


def _unsettled(run: Run, master: str) -> list[str]:
    """Return the stamp of the backup from before a sync that is not settled: it may be put back yet."""
    unproven = run.store.unproven_sync(run.pair.name, master)
    return [stamp_of(unproven.file)] if unproven is not None and unproven.file else []


def _held(run: Run) -> dict[str, str]:
    """Return where the verified backup of each master is that this run holds."""
    return {master: record["path"] for master, record in run.backups().items()}


async def _reach(run: Run, master: str) -> None:
    async with connect(master, run.endpoint(master)) as host:
        if master in run.may_be_away:  # one that lets us in, and then hangs or is full, must not hold a rescue up
            await subsystem_rows(host, NIMESIS)
            await claim(host, run.holder)


async def _fetch_raw(run: Run, master: str) -> tuple[dict[str, bytes], dict[str, str]]:
    async with connect(master, run.endpoint(master)) as host:
        return await fetch_database_files(host, deadline=_GIVEN_UP_SECONDS)


def _told(one: EndedJob) -> tuple[str, str]:
    """Return the file that the job says it wrote and the master's NIM level: an attached job chose its own file."""
    words = [line.partition(" ") for line in one.log.splitlines()[:2]]
    match words:
        case [("file", _, file), ("level", _, level)]:
            return file, level.strip()
    raise RemoteError(one.job.host, f"job {one.job.job} did not say which file it wrote: {one.log[:80]!r}.")
