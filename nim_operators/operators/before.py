"""The target right before a sync: as this run saw it, or as the run saw it that began the sync."""

from __future__ import annotations

from nim_operators.evidence.records import BackupRecord, BeforeSyncRecord, Json
from nim_operators.files import EvidenceUnavailable
from nim_operators.nim.errors import Refused
from nim_operators.operators.base import Run


def mark_as_begun(run: Run, begun_by: str) -> None:
    """
    Mark the target as it was before a sync that another run began, from that run's evidence, with its backup.

    What lies there now may be half of that sync, so neither what this run saw nor its own backup is from before. Where
    the other run has left no such evidence the mark says that nobody knows.
    """
    if any(marked.get("begun_by", run.holder.run) == begun_by for marked in run.recorded(BeforeSyncRecord)):
        return
    run.record(_as_left_by(run, begun_by) or BeforeSyncRecord("", begun_by=begun_by))


def _as_left_by(run: Run, begun_by: str) -> BeforeSyncRecord | None:
    dag_id, _, run_id = begun_by.partition("/")
    try:
        evidence = run.store.begun_run(run.pair.name, dag_id, run_id)
        marked = evidence.read_records(BeforeSyncRecord.KIND)[:1] if evidence else []
        if evidence is None or not marked or not marked[0].body["snapshot_file"]:
            return None
        seen = evidence.read_snapshot(marked[0].body["snapshot_file"])
        taken = [one.body for one in evidence.read_records(BackupRecord.KIND) if one.body["master"] == run.target]
    except EvidenceUnavailable as error:
        run.note(f"The evidence of {begun_by}, which began the open sync, cannot be read: {error}")
        return None
    backup = marked[0].body.get("backup") or (taken[-1] if taken and "begun_by" not in marked[0].body else None)
    return BeforeSyncRecord(run.evidence.write_snapshot(f"{run.task_id}-begun-{run.target}", seen), backup, begun_by)


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


def by_hand(run: Run) -> str:
    """Say how a person finds and restores the target's own database where no run can."""
    directory = run.pair.backups.directory
    return (
        f"Look at {run.target} by hand: 'ls -l {directory} /export/nim/backups' shows its backups; with one from "
        "before the sync run 'stopsrc -s nimesis', 'm_restore_db FILE' and 'startsrc -s nimesis' there."
    )
