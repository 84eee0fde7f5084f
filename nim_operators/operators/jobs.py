"""Steps that run durable jobs on the masters: start or attach, wait for free, keep the result, collect."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, ClassVar

from airflow.sdk import Context

from nim_operators.evidence.records import CommandRecord, JobRecord, Json, StepRecord
from nim_operators.nim.errors import CommandFailed, StillRunning
from nim_operators.nim.messages import explain
from nim_operators.nim.outcome import Outcome, Unknown, outcome_from_json, succeeded
from nim_operators.operators.approved import demand_approved
from nim_operators.operators.base import NimOperator, Run, in_loop
from nim_operators.operators.before import mark_as_begun
from nim_operators.remote import job as remote_job
from nim_operators.remote.errors import UNABLE, HostAbsent, OutcomeUnknown
from nim_operators.remote.job import Job, Progress, Slot
from nim_operators.remote.leftovers import open_jobs
from nim_operators.remote.lock import claim
from nim_operators.remote.transport import connect
from nim_operators.triggers.job import JobTrigger

SHORT_JOB_SECONDS = 120
_SYNC = "sync"
INLINE_SECONDS = 8
"""What ends this soon is not deferred: a deferral costs about 2.5 s (design section 4)."""


@dataclass(frozen=True, slots=True)
class JobRequest:
    """
    One job to run on one master.

    ``line`` is what the evidence shows, ``command`` the ksh text that runs. ``changes`` tells whether it changes NIM
    itself, which a backup does not.
    """

    master: str
    kind: str
    line: str
    command: str
    slot: Slot
    changes: bool
    stream: bool = True
    attach_to: str = ""


@dataclass(frozen=True, slots=True)
class EndedJob:
    """A job that is over and collected: its outcome and its whole log."""

    job: Job
    outcome: Outcome
    log: str


class AlreadyDone(Exception):
    """The post-condition already holds, as just observed; ``result`` is what the step returns."""

    def __init__(self, result: Any) -> None:
        self.result = result
        super().__init__()


class NimJobOperator(NimOperator):
    """
    Run durable jobs as one step.

    Subclasses say which jobs (:meth:`requests`) and what their end means (:meth:`finish`).

    :param wait_limit: how long to wait for the jobs; they are never ended by it.
    """

    def __init__(self, *, wait_limit: timedelta = timedelta(hours=6), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wait_limit = wait_limit

    keeps: ClassVar[str] = ""
    """The kind of job that this step attaches to though it has ended, where its own run began it; every other ended one
    is put away first."""

    def requests(self, run: Run, context: Context) -> Iterable[JobRequest]:
        """
        Observe, assess, and return the jobs that are needed.

        :raises AlreadyDone: where the post-condition already holds.
        """
        raise AssertionError(type(self).__name__)  # pragma: no cover - the contract tests demand an override

    def finish(self, run: Run, context: Context, ended: list[EndedJob]) -> Any:
        """Read back what the jobs should have brought about, and return small plain JSON."""
        raise AssertionError(type(self).__name__)  # pragma: no cover - see above

    def act(self, run: Run, context: Context) -> Any:
        """Start or attach, follow for a moment, then defer: nothing without the approval that the runbook wants."""
        demand_approved(run)
        in_loop(_put_away_ended(run, self.keeps))
        try:
            needed = list(self.requests(run, context))
        except AlreadyDone as done:
            return done.result
        started = in_loop(_start_all(run, needed))
        progress = in_loop(self._follow_briefly(run, started))
        if not all(seen.is_over for seen in progress):
            deadline = time.time() + self.wait_limit.total_seconds()
            waiting = [
                (job, run.conn_id(job.host), seen.lines, request.stream)
                for (job, request), seen in zip(started, progress, strict=True)
            ]
            self.defer(
                trigger=JobTrigger.of(waiting, deadline),
                method_name="resume",
                kwargs={"token": run.holder.token, "jobs": [_to_json(job) for job, _ in started]},
                timeout=self.wait_limit + timedelta(minutes=5),
            )
        return self._collect_and_finish(run, context, [job for job, _ in started])

    async def _follow_briefly(self, run: Run, started: list[tuple[Job, JobRequest]]) -> list[Progress]:
        return list(await asyncio.gather(*(self._brief(run, job, request) for job, request in started)))

    async def _brief(self, run: Run, job: Job, request: JobRequest) -> Progress:
        tell = self._teller(job) if request.stream else None
        async with connect(job.host, run.endpoint(job.host)) as host:
            return await remote_job.follow(host, job, seconds=INLINE_SECONDS, on_line=tell)

    def _teller(self, job: Job) -> Callable[[int, str], None]:
        return lambda number, line: self.log.info("%s %s %d: %s", job.host, job.kind, number, line)

    def resume(self, context: Context, event: dict[str, Any], token: str, jobs: list[dict[str, Any]]) -> Any:
        """Carry on after the wait; a new process, so everything is read again (P17)."""
        with self.opened(context, token=token) as run:
            if event["state"] != "over":
                names = ", ".join(fields["job"] for fields in jobs)
                hosts = " and ".join(sorted({fields["host"] for fields in jobs}))
                why = event.get("reason", f"it still runs after {self.wait_limit}")
                raise StillRunning(
                    f"Job {names} on {hosts} was not seen to end: {why}. It goes on; clear this task to wait again."
                )
            return self._collect_and_finish(run, context, [_from_json(fields) for fields in jobs])

    def _collect_and_finish(self, run: Run, context: Context, open_jobs: list[Job]) -> Any:
        ended = [in_loop(keep_and_collect(run, job)) for job in open_jobs]
        self.demand_good_end(ended)
        return self.finish(run, context, ended)

    def demand_good_end(self, ended: list[EndedJob]) -> None:
        """
        Refuse to go on after a job that ended badly.

        :raises CommandFailed: with what each such job said and what that means.
        """
        failed = [one for one in ended if not succeeded(one.outcome)]
        if failed:
            raise CommandFailed(" ".join(map(complaint, failed)))


def complaint(one: EndedJob) -> str:
    """Say how a job ended, its innermost message with meaning and remedy, or else the last thing that it said."""
    said = explain(one.log, last=True)
    return f"Job {one.job.job} ({one.job.kind}) on {one.job.host} ended with {one.outcome}: {said}"


async def _start_all(run: Run, needed: list[JobRequest]) -> list[tuple[Job, JobRequest]]:
    started = []
    for request in needed:
        if request.changes:
            demand_approved(run)
        async with connect(request.master, run.endpoint(request.master)) as host:
            if request.slot.needs_lock:
                await claim(host, run.holder)
            name = f"{request.kind}.{_short(run.holder.run)}.{secrets.token_hex(3)}"
            sent = CommandRecord(request.master, request.line, request.changes)
            try:
                job = await remote_job.start(
                    host,
                    run.holder,
                    slot=request.slot,
                    job=name,
                    kind=request.kind,
                    command=request.command,
                    attach_to=request.attach_to,
                )
            except OutcomeUnknown as error:
                run.record(replace(sent, outcome=Unknown(str(error))))
                raise
            run.record(sent)
            if job.attached:
                run.note(f"Attached to job {job.job} ({job.kind}) of {job.run} on {job.host}, which was open already.")
        started.append((job, request))
    return started


def _short(text: str) -> str:
    """Return a few letters that stand for a run in the names of its jobs."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


async def _put_away_ended(run: Run, kept: str) -> None:
    """Keep and collect what earlier steps or runs left uncollected, so that it neither bars the way nor passes for new.

    A sync is left for the step that judges it. A host that does not answer is met by the step itself.
    """
    for master in run.masters:
        with suppress(*(UNABLE if master in run.may_be_away else (HostAbsent,))):
            async with connect(master, run.endpoint(master)) as host:
                ended = [found for found in await open_jobs(host) if found.state == "ended"]
            for found in ended:
                if found.kind != _SYNC and (found.kind, found.run) != (kept, run.holder.run):
                    job = Job(master, Slot(found.slot), found.job, found.kind, found.run, found.state, attached=True)
                    await keep_and_collect(run, job)


async def put_away_vanished(run: Run, master: str) -> None:
    """
    Keep and collect jobs of other runs on *master* that left no status, where a person typed why this run may go on.

    A master that died in the middle of a job comes back with one, and the run that began it can collect it no more.
    """
    if not run.reason:
        return
    async with connect(master, run.endpoint(master)) as host:
        vanished = [found for found in await open_jobs(host) if found.state == "vanished"]
    for found in (one for one in vanished if one.run != run.holder.run):
        if (master, found.kind) == (run.source, _SYNC):
            mark_as_begun(run, found.run)
        job = Job(master, Slot(found.slot), found.job, found.kind, found.run, found.state, attached=True)
        ended = await keep_and_collect(run, job, put_away=run.reason)
        run.note(f"Put away job {found.job} of {found.run} on {master}: {ended.outcome}. Reason typed: {run.reason}")


async def run_to_end(run: Run, request: JobRequest) -> EndedJob:
    """Run one short job as part of a step that has the lock already, and return how it ended."""
    ((job, _),) = await _start_all(run, [request])
    async with connect(job.host, run.endpoint(job.host)) as host:
        await remote_job.follow(host, job, seconds=SHORT_JOB_SECONDS)
    return await keep_and_collect(run, job)


async def keep_and_collect(run: Run, job: Job, *, put_away: str | None = None) -> EndedJob:
    """
    Put the result into the evidence first; only then is the job marked collected on its host.

    :param put_away: why a person lets the run go on without knowing how it ended.
    """
    async with connect(job.host, run.endpoint(job.host)) as host:
        lines: list[str] = []
        progress = await remote_job.follow(host, job, seconds=0, on_line=lambda _, line: lines.append(line))
        outcome = progress.outcome or Unknown(f"the job is {progress.state}")
        if not progress.is_over:
            raise OutcomeUnknown(
                job.host,
                f"job {job.job} is {progress.state} although the wait has ended; clear to wait again.",
            )
        log = "".join(f"{line}\n" for line in lines)
        written = run.evidence.write_log(job.job, log)
        of_log = (written.file, written.sha256, written.lines)
        run.record(JobRecord(job.job, job.kind, job.host, job.run, outcome, *of_log, put_away=put_away))
        await remote_job.collect(host, job)
    return EndedJob(job, outcome, log)


def unjudged(run: Run, kind: str) -> list[EndedJob]:
    """
    Return the jobs of a kind that this task has collected and never judged, since the link was lost right after.

    The next try must judge by them: nothing is open any more that would keep it from sending the command again. What a
    person let be put away is judged.
    """
    found: list[Json] = []
    for stored in run.evidence.read_records():
        if stored.task_id == run.task_id and stored.kind == StepRecord.KIND and stored.body["result"] != "unknown":
            found.clear()
        elif stored.task_id == run.task_id and stored.kind == JobRecord.KIND and stored.body["kind"] == kind:
            found += [] if stored.body.get("put_away") else [stored.body]
    return [
        EndedJob(
            Job(body["host"], Slot.CHANGE, body["job"], kind, body["begun_by"], "ended", attached=True),
            outcome_from_json(body["outcome"]),
            run.evidence.read_text(body["log_file"]),
        )
        for body in found
    ]


def _to_json(job: Job) -> dict[str, Any]:
    return {**asdict(job), "slot": job.slot.value}


def _from_json(fields: dict[str, Any]) -> Job:
    return replace(Job(**fields), slot=Slot(fields["slot"]))
