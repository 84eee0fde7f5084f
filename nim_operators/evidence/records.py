"""The kinds of facts a run leaves behind: plain JSON bodies, one class for each that says its fields."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from nim_operators.nim.outcome import Exited, Killed, Outcome, Unknown, outcome_to_json

Json = dict[str, Any]

_LONGEST_NAME = 80
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]", re.ASCII)


def safe_name(name: str) -> str:
    """Return a file or folder name for *name*: the same for the same name, another one for any other.

    Names of at most 80 letters, digits, ``_``, ``.`` and ``-`` that begin with no dot stay as they are.
    """
    safe = _UNSAFE.sub("-", name)[:_LONGEST_NAME].lstrip(".")
    return name if safe == name != "" else f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _plain(value: Any) -> Any:
    match value:
        case Exited() | Killed() | Unknown():
            return outcome_to_json(value)
        case Mapping():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
    return value


@dataclass(frozen=True, slots=True)
class Body:
    """Base of the bodies: fields that are None are left out of the JSON."""

    KIND: ClassVar[str]

    def to_json(self) -> Json:
        """Return the body as plain JSON."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: _plain(value) for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class ObservationRecord(Body):
    """What one look at a master brought: its clock and counts, or why it could not be observed."""

    KIND: ClassVar[str] = "observation"
    master: str
    reachable: bool
    snapshot_file: str | None = None
    clock: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    absence: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class AssessmentRecord(Body):
    """What :mod:`nim_operators.nim.assess` made of an observation, as it is."""

    KIND: ClassVar[str] = "assessment"
    assessment: Mapping[str, Any]

    def to_json(self) -> Json:
        """Return the assessment as plain JSON."""
        return dict(self.assessment)


@dataclass(frozen=True, slots=True)
class CommandRecord(Body):
    """A command that was sent to a master.

    ``changes`` tells whether it may change the master's NIM database, files or subsystems; this product's own
    lock and backups are no such change. ``outcome`` is None while nobody has seen the end: a durable job ends in a
    :class:`JobRecord` of the same task and host.
    """

    KIND: ClassVar[str] = "command"
    host: str
    line: str
    changes: bool
    outcome: Outcome | None = None
    seconds: float | None = None
    stderr: str | None = None


@dataclass(frozen=True, slots=True)
class JobRecord(Body):
    """A durable job that was collected. ``log_sha256`` is the digest of the log file as it was written.

    ``put_away`` is what a person typed where nobody knows how it ended and the run goes on all the same.
    """

    KIND: ClassVar[str] = "job"
    job: str
    kind: str
    host: str
    begun_by: str
    outcome: Outcome
    log_file: str
    log_sha256: str
    lines: int
    put_away: str | None = None


@dataclass(frozen=True, slots=True)
class BackupRecord(Body):
    """A backup of one NIM database, fetched off the host and read there again.

    ``path`` is where it is now; ``members`` are the names in the archive; ``stamp`` is when it was taken.
    """

    KIND: ClassVar[str] = "backup"
    master: str
    path: str
    size_bytes: int
    algorithm: str
    digest_on_host: str
    digest_here: str
    members: tuple[str, ...]
    nim_level: str | None
    stamp: str
    raw: str | None = None
    """Why it is no backup of NIM's own but its files as they were; each came off the host with its digest proven."""


@dataclass(frozen=True, slots=True)
class WholeBackupRecord(Body):
    """The newest backup of a master whose database was whole and its own, as the run that took it saw.

    ``file`` is where it was left on the master; ``snapshot_file`` shows the master, in the evidence of that run.
    """

    KIND: ClassVar[str] = "whole_backup"
    master: str
    stamp: str
    file: str
    path: str
    algorithm: str
    digest: str
    nim_level: str
    dag_id: str
    run_id: str
    snapshot_file: str


@dataclass(frozen=True, slots=True)
class PrepareRecord(Body):
    """What the alternate was given before it could take over, and that it was read back."""

    KIND: ClassVar[str] = "prepare"
    master: str
    repair: str
    saw: tuple[str, ...]
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BeforeSyncRecord(Body):
    """The target right before a sync onto it was sent: the snapshot that later steps compare with.

    ``begun_by`` is the other run that sent it, where this one attached; ``snapshot_file`` and ``backup`` are from that
    run's evidence then, and the file is empty where that run left none.
    """

    KIND: ClassVar[str] = "before_sync"
    snapshot_file: str
    backup: Mapping[str, Any] | None = None
    begun_by: str | None = None


@dataclass(frozen=True, slots=True)
class UnprovenSyncRecord(Body):
    """A sync onto a master that was begun, and that nobody has proven or put back since: it may be half a copy.

    ``begun_by`` is the run whose evidence shows the master as it was before; ``backup`` and ``file`` are where the
    backup from then is kept off the host and on it, empty where that is not known.
    """

    KIND: ClassVar[str] = "unproven_sync"
    target: str
    begun_by: str
    backup: str
    file: str


@dataclass(frozen=True, slots=True)
class BeforeMoveRecord(Body):
    """The locations on the target right before the command was sent that moves their content aside."""

    KIND: ClassVar[str] = "before_move"
    locations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SyncRecord(Body):
    """What a sync said of itself: phases (nim.md 4.3), resources it copied and those it never finished.

    ``complaint`` is how it ended and what it said, where it got to its end and yet ended with an error.
    """

    KIND: ClassVar[str] = "sync"
    completed: bool
    phases: tuple[int, ...]
    replicated: tuple[str, ...]
    unfinished: tuple[str, ...]
    automatic_backup: str | None
    complaint: str | None = None


@dataclass(frozen=True, slots=True)
class PutBackRecord(Body):
    """What became of the target after a sync that was not proven.

    ``state`` is ``untouched`` (the sync never reached it), ``put back`` (its own database of before, read back) or
    ``unusable`` (fenced; ``commands`` are what a person should type).
    """

    KIND: ClassVar[str] = "put_back"
    master: str
    state: str
    reason: str
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FenceRecord(Body):
    """Whether a master was seen to be kept from answering clients; ``stands`` is never claimed for one not read."""

    KIND: ClassVar[str] = "fence"
    master: str
    stands: bool
    said: str


@dataclass(frozen=True, slots=True)
class DriftRecord(Body):
    """Where two databases, or one master before and after, differ. No row means that nothing differs."""

    KIND: ClassVar[str] = "drift"
    rows: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class ContentsRecord(Body):
    """How the target's copy of each resource stands, one row per resource, equal ones included."""

    KIND: ClassVar[str] = "contents"
    rows: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class DirectionRecord(Body):
    """The armed direction as it was recorded or found."""

    KIND: ClassVar[str] = "direction"
    source: str
    target: str
    recorded_by: str
    recorded_at: str


@dataclass(frozen=True, slots=True)
class PlanRecord(Body):
    """What a runbook wants to do, for a person to approve.

    ``plan`` is the JSON of a :class:`nim_operators.nim.plan.TakeoverPlan` or
    :class:`nim_operators.nim.repairplan.RepairPlan`, ``digest`` its digest; ``asked`` what the person
    who triggered the run typed into the form; ``recovery_point`` the last one, None where there is none. Nothing
    is to be done where ``idle``; a ``rehearsal`` ends with the plan. Where there is a ``warning``, an approval counts
    only with a comment. ``set_aside`` are the clients that the estate file sets aside, with the reasons.
    """

    KIND: ClassVar[str] = "plan"
    digest: str
    plan: Mapping[str, Any]
    asked: Mapping[str, Any]
    idle: bool
    rehearsal: bool
    recovery_point: Mapping[str, Any] | None = None
    warning: str = ""
    set_aside: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FailoverRecord(Body):
    """A disaster failover that turned the armed direction: at which time, by which run, and which way."""

    KIND: ClassVar[str] = "failover"
    at: str
    run: str
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class QuestionRecord(Body):
    """The plan that was shown to whoever is asked to approve it, by its digest."""

    KIND: ClassVar[str] = "question"
    digest: str


@dataclass(frozen=True, slots=True)
class ApprovalRecord(Body):
    """What a person answered to a plan: ``digest`` is that plan's, ``answer`` is Approve or Reject.

    ``objection`` says why the answer does not count; every changing step looks by itself whether it does.
    """

    KIND: ClassVar[str] = "approval"
    digest: str
    answer: str
    requested_by: str
    answered_by: str
    answered_at: str
    comment: str
    objection: str = ""


@dataclass(frozen=True, slots=True)
class TakeoverRecord(Body):
    """What a takeover came to, by the clients' own words: see :class:`nim_operators.nim.takeoverresult.TakeoverResult`.

    ``percent`` of the clients that were planned to move did; ``threshold`` is what was asked for, 0 where the armed
    direction had been turned before, so that nothing depends on it. ``seconds`` is from the first takeover command of
    the run to this read-back, ``target_seconds`` the estate's recovery target.
    ``sample`` is the client whose filesets the new master listed, with how that went.
    """

    KIND: ClassVar[str] = "takeover"
    source: str
    target: str
    moved: tuple[str, ...]
    unresolved: tuple[Mapping[str, str], ...]
    one_way: tuple[str, ...]
    disagreeing: tuple[str, ...]
    percent: float
    threshold: float
    seconds: float | None
    target_seconds: float
    sample: str


@dataclass(frozen=True, slots=True)
class RecoveryPointRecord(Body):
    """A moment whose state the alternate is proven to hold.

    ``at`` is the worker's clock, by which its age is judged; ``source_clock`` what the source's own said then, which
    may be wrong. ``backup`` is where the source's backup is. ``definitions`` and ``resources``
    count what was found equal or listed as stale; ``files`` and ``bytes`` lie at the resource locations.
    """

    KIND: ClassVar[str] = "recovery_point"
    at: str
    source: str
    target: str
    backup: str
    definitions: int
    resources: int
    files: int
    bytes: int
    compared_by: str
    verified: tuple[str, ...]
    stale: tuple[str, ...]
    fingerprints: Mapping[str, str]
    clients: Mapping[str, int]
    evidence: str
    source_clock: str | None = None


@dataclass(frozen=True, slots=True)
class ClientRepairRecord(Body):
    """What a client whose /etc/niminfo was rebuilt says by it: whom it ``named``, which masters it ``lists``."""

    KIND: ClassVar[str] = "client_repair"
    client: str
    named: str
    lists: tuple[str, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class MasterListsRecord(Body):
    """What the clients' own files list after a sync with reset_clients; ``others`` do not list both, or are silent."""

    KIND: ClassVar[str] = "master_lists"
    clients: int
    others: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class RebuiltSpotRecord(Body):
    """A SPOT that was built anew from an lpp_source and read back.

    ``level`` is what its object shows; the sizes in KiB are those of its content and of what it was built from, by
    which a later run sees that nothing has changed. ``lost_groups`` are the groups that do not name it any more.
    """

    KIND: ClassVar[str] = "rebuilt_spot"
    at: str
    master: str
    spot: str
    lpp_source: str
    location: str
    level: str
    spot_kb: int | None
    source_kb: int | None
    lost_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WatchRecord(Body):
    """What the watch saw of a pair: its diagnosis, what a person should know, and how old the recovery point is.

    ``alarms`` are whole sentences, none where nobody needs to do anything; ``since`` is when this was first seen,
    ``at`` when it was last seen: an outside monitor reads it as a heartbeat. ``drift`` says one by one which objects
    the two databases define differently: what the standby does not know yet.
    """

    KIND: ClassVar[str] = "watch"
    at: str
    since: str
    source: str
    target: str
    state: str
    alarms: tuple[str, ...]
    clients: Mapping[str, int]
    recovery_point: str | None
    drift: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LastLoginRecord(Body):
    """The last login by a connection that its host refused, or the one that ended that.

    ``where`` is the connection without its secrets, ``run`` who tried, ``said`` why it was refused, empty where not.
    """

    KIND: ClassVar[str] = "last_login"
    conn_id: str
    where: str
    run: str
    at: str
    said: str


@dataclass(frozen=True, slots=True)
class BreakGlassRecord(Body):
    """The script for the day Airflow is down: ``file`` of this evidence, and the masters on which it was left."""

    KIND: ClassVar[str] = "break_glass"
    file: str
    masters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepRecord(Body):
    """How one try of a task ended.

    ``result`` is ``done``, ``refused``, ``failed``, ``unknown`` (a host was silent, or nobody saw the end) or
    ``broke`` (an error that nobody foresaw); ``error`` and ``text`` are set unless it is ``done``.
    """

    KIND: ClassVar[str] = "step"
    try_number: int
    began_at: str
    ended_at: str
    result: str
    error: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class VerdictGiven(Body):
    """A verdict that was given, with the SHA-256 of its ``page.txt``; a later verdict does not erase it."""

    KIND: ClassVar[str] = "verdict"
    verdict: str
    reason: str
    page_sha256: str


@dataclass(frozen=True, slots=True)
class NoteRecord(Body):
    """Something a reader should know that fits no other kind."""

    KIND: ClassVar[str] = "note"
    text: str


KINDS: Mapping[str, type[Body]] = {
    body.KIND: body
    for body in (
        ObservationRecord,
        AssessmentRecord,
        CommandRecord,
        JobRecord,
        BackupRecord,
        WholeBackupRecord,
        PrepareRecord,
        BeforeSyncRecord,
        UnprovenSyncRecord,
        BeforeMoveRecord,
        SyncRecord,
        PutBackRecord,
        FenceRecord,
        DriftRecord,
        ContentsRecord,
        DirectionRecord,
        PlanRecord,
        FailoverRecord,
        QuestionRecord,
        ApprovalRecord,
        TakeoverRecord,
        RecoveryPointRecord,
        ClientRepairRecord,
        MasterListsRecord,
        RebuiltSpotRecord,
        BreakGlassRecord,
        LastLoginRecord,
        WatchRecord,
        StepRecord,
        VerdictGiven,
        NoteRecord,
    )
}
"""Every kind of record and the class that describes its body."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A record in the evidence: the *number*-th that *task_id* wrote, at the UTC time *at*."""

    task_id: str
    number: int
    kind: str
    at: str
    body: Json = field(default_factory=dict)

    @property
    def file(self) -> str:
        """Where the record is in the folder of its run."""
        return f"records/{safe_name(self.task_id)}/{self.number:03d}-{self.kind}.json"

    def to_json(self) -> Json:
        """Return the record as plain JSON."""
        return {
            "task_id": self.task_id,
            "number": self.number,
            "kind": self.kind,
            "at": self.at,
            "body": self.body,
        }

    @classmethod
    def from_json(cls, value: Any) -> Stored:
        """Rebuild what :meth:`to_json` wrote.

        :raises ValueError: if *value* has another shape; an unreadable record never counts as none.
        """
        match value:
            case {
                "task_id": str(task_id),
                "number": int(number),
                "kind": str(kind),
                "at": str(at),
                "body": dict(body),
            }:
                return cls(task_id, number, kind, at, body)
        raise ValueError(f"not a record: {str(value)[:80]}")


def end_of(command: Stored, records: Iterable[Stored]) -> Stored | None:
    """Return where a command without an outcome of its own ended: the next job on its host that did.

    A retry attaches to the job that is open, so a job of the same task on the same host settles what was sent
    before it.
    """
    return next(
        (
            record
            for record in records
            if record.kind == JobRecord.KIND
            and (record.task_id, record.body["host"]) == (command.task_id, command.body["host"])
            and record.number > command.number
            and is_known(record.body.get("outcome"))
        ),
        None,
    )


def is_known(outcome: Any) -> bool:
    """Tell whether a recorded outcome says how a command ended."""
    return isinstance(outcome, Mapping) and "unknown" not in outcome
