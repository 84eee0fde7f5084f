"""The target right before a sync: as this run saw it, or as the run saw it that began a sync nobody has settled."""

from __future__ import annotations

from collections.abc import Iterator

from nim_operators.evidence.records import BackupRecord, BeforeSyncRecord, Json, ObservationRecord, UnprovenSyncRecord
from nim_operators.files import EvidenceUnavailable
from nim_operators.nim.collector import build_snapshot
from nim_operators.nim.errors import Refused
from nim_operators.nim.restored import unlike_before
from nim_operators.nim.snapshot import Snapshot
from nim_operators.operators.base import Run


def mark_as_begun(run: Run, begun_by: str) -> None:
    """
    Mark the target as it was before a sync that another run began, from that run's evidence, with its backup.

    What lies there now may be half of that sync, so neither what this run saw nor its own backup is from before. Where
    the other run has left no such evidence the mark says that nobody knows.
    """
    if not _is_marked(run, begun_by):
        run.record(_as_left_by(run, run.target, begun_by) or BeforeSyncRecord("", begun_by=begun_by))
    _remember(run)


def mark_unproven(run: Run) -> None:
    """
    Mark the target as it was before a sync of another run that is over, and was neither proven nor put back.

    Its run may have died at any moment, and so may the next one. A target that is what it was then has nothing of that
    sync: what this run saw and saved of it is from before.
    """
    begun_by = unsettled(run, run.target)
    if begun_by is None or _is_marked(run, begun_by):
        return
    left = _as_left_by(run, run.target, begun_by)
    if left is not None and not unlike_before(_shown(run, run.target, left), run.as_kept(run.target)):
        run.store.settle_sync(run.pair.name, run.target)
        return
    run.note(f"{begun_by} began a sync onto {run.target} that nobody has proven or put back: it may be half a copy.")
    run.record(left or BeforeSyncRecord("", begun_by=begun_by))


def mark_own(run: Run) -> None:
    """Mark the target as this run has just seen it, right before it sends a sync."""
    seen = [record for record in run.recorded(ObservationRecord) if record["master"] == run.target]
    run.record(BeforeSyncRecord(seen[-1]["snapshot_file"]))
    _remember(run)


def unsettled(run: Run, master: str) -> str | None:
    """Return the other run that began a sync onto *master* which nobody has proven or put back; None where all are."""
    unproven = run.store.unproven_sync(run.pair.name, master)
    return unproven.begun_by if unproven is not None and unproven.begun_by != run.holder.run else None


def unsettled_hint(run: Run) -> Iterator[str]:
    """Say where half a sync onto the target comes from that another run left, and which backup is from before it."""
    unproven = run.store.unproven_sync(run.pair.name, run.target)
    if unproven is not None and unproven.begun_by != run.holder.run:
        yield f"Evidence: {unproven.begun_by} began a sync onto {run.target} that nobody has proven or put back."
        backup = f" Its backup from before is {unproven.file} there, and {unproven.backup}." if unproven.file else ""
        yield f"Next: Clear the task put_back of that run.{backup}"


def may_be_half(run: Run, master: str, now: Snapshot) -> bool:
    """
    Tell whether *master* holds what a sync of another run left there that nobody has settled.

    :param now: it, read back from the evidence.
    """
    begun_by = unsettled(run, master)
    if begun_by is None:
        return False
    left = _as_left_by(run, master, begun_by)
    return left is None or bool(unlike_before(_shown(run, master, left), now))


def _remember(run: Run) -> None:
    """Remember the sync for whoever comes after this run, unless an earlier one is not settled yet."""
    if run.store.unproven_sync(run.pair.name, run.target) is not None:
        return
    first = run.recorded(BeforeSyncRecord)[0]
    backup = first.get("backup") if "begun_by" in first else backup_before(run)
    run.store.write_unproven_sync(
        run.pair.name,
        UnprovenSyncRecord(
            target=run.target,
            begun_by=first.get("begun_by", run.holder.run),
            backup=backup["path"] if backup else "",
            file=file_on_host(run, backup) if backup else "",
        ),
    )


def _is_marked(run: Run, begun_by: str) -> bool:
    return any(marked.get("begun_by", run.holder.run) == begun_by for marked in run.recorded(BeforeSyncRecord))


def _shown(run: Run, master: str, mark: BeforeSyncRecord) -> Snapshot:
    return build_snapshot(master, run.evidence.read_snapshot(mark.snapshot_file))


def _as_left_by(run: Run, master: str, begun_by: str) -> BeforeSyncRecord | None:
    dag_id, _, run_id = begun_by.partition("/")
    try:
        evidence = run.store.begun_run(run.pair.name, dag_id, run_id)
        marked = evidence.read_records(BeforeSyncRecord.KIND)[:1] if evidence else []
        if evidence is None or not marked or not marked[0].body["snapshot_file"]:
            return None
        seen = evidence.read_snapshot(marked[0].body["snapshot_file"])
        taken = [one.body for one in evidence.read_records(BackupRecord.KIND) if one.body["master"] == master]
    except EvidenceUnavailable as error:
        run.note(f"The evidence of {begun_by}, which began a sync that is not settled, cannot be read: {error}")
        return None
    backup = marked[0].body.get("backup") or (taken[-1] if taken and "begun_by" not in marked[0].body else None)
    return BeforeSyncRecord(run.evidence.write_snapshot(f"{run.task_id}-begun-{master}", seen), backup, begun_by)


def backup_before(run: Run) -> Json:
    """
    Return the verified backup of the target from before this run's first sync, whoever began that one.

    :raises Refused: if no evidence names one.
    """
    marked = run.recorded(BeforeSyncRecord)[:1]
    if not marked or "begun_by" not in marked[0]:
        return [record for record in run.recorded(BackupRecord) if record["master"] == run.target][-1]
    if not marked[0].get("backup"):
        raise Refused(f"{marked[0]['begun_by']} left no backup of {run.target}. {by_hand(run)}")
    return dict(marked[0]["backup"])


def file_on_host(run: Run, backup: Json) -> str:
    """Return where a backup was left on its master."""
    return f"{run.pair.backups.directory}/nimdb.{backup['stamp']}.backup"


def stamp_of(file: str) -> str:
    """Return when a backup was taken, by the name of its file on the host."""
    return file.rsplit("/", 1)[1].removeprefix("nimdb.").removesuffix(".backup")


def by_hand(run: Run) -> str:
    """Say how a person finds and restores the target's own database where no run can."""
    directory = run.pair.backups.directory
    return (
        f"Look at {run.target} by hand: 'ls -l {directory} /export/nim/backups' shows its backups; with one from "
        "before the sync run 'stopsrc -s nimesis', 'm_restore_db FILE' and 'startsrc -s nimesis' there."
    )
