"""Durable jobs: commands that must not die with an SSH session, a worker or Airflow.

A job is *open* until its result is in the evidence and it has been marked collected on the host. One job can be open
in a slot; starting while one is open attaches to it, whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from nim_operators.nim.outcome import Exited, Killed, Outcome, Unknown
from nim_operators.remote.errors import JobInTheWay, OutcomeUnknown, RemoteError
from nim_operators.remote.lock import Holder
from nim_operators.remote.script import ask, build, complaint, read_reply, unseen
from nim_operators.remote.transport import Host

_SECONDS = 90.0
_KEPT = 30
_SIGNAL_BASE = 256
"""ksh93 reports a command that a signal ended as 256 plus its number; a NIM command cannot exit with more than 255."""


class Slot(StrEnum):
    """What can be open at the same time on one host: one changing job, one backup, one reading job.

    A backup has a slot of its own, so that a sync which a dead run left uncollected does not stand in its way.
    """

    CHANGE = "change"
    BACKUP = "backup"
    READ = "read"

    @property
    def needs_lock(self) -> bool:
        """Whether a job in this slot may start only under the pair lock."""
        return self is not Slot.READ


@dataclass(frozen=True, slots=True)
class Job:
    """One job on one host. ``attached`` tells that it was open before this start asked for it."""

    host: str
    slot: Slot
    job: str
    kind: str
    run: str
    state: str
    attached: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a job is: ``state``, how many log lines were seen, and the outcome once it is over."""

    state: str
    lines: int
    outcome: Outcome | None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come: the job ended, or vanished without a status."""
        return self.outcome is not None


async def start(
    host: Host, holder: Holder, *, slot: Slot, job: str, kind: str, command: str, attach_to: str = ""
) -> Job:
    """Start *command* (ksh text) as job *job*, or attach to the job that is open in the slot.

    Changing jobs need the pair lock on this host, held by *holder*.

    :param job: id of the job if it is started now: letters, digits, dot and hyphen.
    :param kind: what the job does; a start only attaches to a job of its own kind.
    :param attach_to: id of the job that must be open; nothing is ever started then.
    :raises LockHeld: if the pair lock is not the holder's run's.
    :raises Superseded: if a later try has taken over.
    :raises JobInTheWay: if the open job is of another kind, or not the one to attach to.
    :raises OutcomeUnknown: if the link was lost: the job may or may not have begun, and asking again is safe.
    """
    values = {
        "SLOT": slot.value,
        "JOB": job,
        "KIND": kind,
        "RUN": holder.run,
        "TOKEN": holder.token,
        "KSH": host.endpoint.ksh,
        "ATTACH_TO": attach_to,
        "NEEDS_LOCK": "yes" if slot.needs_lock else "no",
    }
    reply = await ask(host, build("job_start", values, {"print_command": command.splitlines()}), deadline=_SECONDS)
    fields = reply.fields
    attached = reply.last("attached") is not None
    open_job = Job(
        host.name,
        slot,
        fields["job"],
        fields["kind"],
        fields["run"],
        reply.last("attached") or reply.last("started") or "",
        attached,
    )
    if open_job.state == "reserved":
        raise OutcomeUnknown(host.name, f"job {open_job.job} has not begun; a new try makes sure of it.")
    if open_job.kind != kind:
        raise JobInTheWay(
            host.name,
            f"job {open_job.job} ({open_job.kind}, {open_job.state}) of run {open_job.run} is still open; "
            "clear the task that started it so that its result is collected, then try again.",
        )
    return open_job


async def follow(
    host: Host,
    job: Job,
    *,
    lines_seen: int = 0,
    seconds: int,
    on_line: Callable[[int, str], None] | None = None,
) -> Progress:
    """Stream the log of *job* from line ``lines_seen + 1`` on, until it is over or *seconds* have passed.

    :param on_line: called with the 1-based number and the text of each line, in order.
    :raises OutcomeUnknown: if the link was lost while following; the job goes on, follow it again.
    """
    script = build(
        "job_follow",
        {
            "SLOT": job.slot.value,
            "JOB": job.job,
            "LINES_SEEN": str(lines_seen),
            "SECONDS_AT_MOST": str(seconds),
        },
    )
    counted = lines_seen
    following = False

    def take(lines: str) -> None:
        nonlocal counted, following
        for line in lines.split("\n"):
            following = following or line == f"{script.nonce} following"
            if following and line.startswith("> "):
                counted += 1
                if on_line:
                    on_line(counted, line[2:])

    ended = await host.run(script.text, deadline=seconds + _SECONDS, on_lines=take)
    reply = read_reply(script, ended)
    if not isinstance(ended.outcome, Exited):
        raise unseen(host, ended, f"following job {job.job}: {ended.outcome}; the job goes on without us.")
    if reply.last("refused") is not None:
        raise JobInTheWay(host.name, reply.last("refused") or "")
    state = reply.last("state")
    if state is None or reply.last("done") is None:
        raise RemoteError(host.name, f"job_follow ended without its last word: {complaint(host, ended)}")
    return Progress(state, counted, _outcome(state, reply.fields))


def _outcome(state: str, fields: dict[str, str]) -> Outcome | None:
    if state == "vanished":
        return Unknown("the job's process is gone and left no exit status")
    if state != "ended":
        return None
    status = fields.get("exit", "")
    if not status.isdigit():
        return Unknown(f"the job's status file cannot be read: {status!r}")
    code = int(status)
    return Killed(str(code - _SIGNAL_BASE)) if code > _SIGNAL_BASE else Exited(code)


async def collect(host: Host, job: Job) -> None:
    """Mark *job* collected: its result is in the evidence, a new job may begin. Safe to repeat.

    :raises LockHeld: while the job runs.
    """
    values = {"SLOT": job.slot.value, "JOB": job.job, "KEEP": str(_KEPT)}
    await ask(host, build("job_collect", values), deadline=_SECONDS)
