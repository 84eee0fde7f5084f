"""Follow durable jobs until they are over."""

from __future__ import annotations

import asyncio
from typing import Any, Self

from nim_operators.remote.job import Job, Progress, Slot, follow
from nim_operators.remote.transport import Host
from nim_operators.triggers.waiting import WaitingTrigger

FOLLOW_SECONDS = 600
"""How long one remote script follows a job before it is asked again; the host's own end of a forgotten link."""


class JobTrigger(WaitingTrigger):
    """
    Wait until every job is over; stream their logs into the task log, each line at least once and numbered.

    :param jobs: what :func:`job_to_json` made of each job.
    :param deadline: see :class:`WaitingTrigger`.
    """

    def __init__(self, *, jobs: list[dict[str, Any]], deadline: float) -> None:
        super().__init__(deadline=deadline)
        self.jobs = jobs

    def arguments(self) -> dict[str, Any]:
        """Return the jobs."""
        return {"jobs": self.jobs}

    async def wait(self) -> dict[str, Any]:
        """Return once all are over; how each ended is read by the task, from the host."""
        await asyncio.gather(*(self._until_over(**fields) for fields in self.jobs))
        return {"state": "over"}

    async def _until_over(self, *, conn_id: str, stream: bool, lines: int, **fields: Any) -> None:
        job = Job(**{**fields, "slot": Slot(fields["slot"])})
        seen = lines

        def tell(number: int, line: str) -> None:
            nonlocal seen
            seen = number
            if stream:
                self.log.info("%s %s %d: %s", job.host, job.kind, number, line)

        async def ask(host: Host) -> Progress:
            while not (
                progress := await follow(host, job, lines_seen=seen, seconds=FOLLOW_SECONDS, on_line=tell)
            ).is_over:
                pass
            return progress

        await self.on_host(job.host, conn_id, ask)

    async def on_kill(self) -> None:
        """Leave the jobs alone: marking or clearing a task never ends a sync or takeover."""
        self.log.warning("No longer waiting for %s; the jobs go on.", ", ".join(fields["job"] for fields in self.jobs))

    @classmethod
    def of(cls, jobs: list[tuple[Job, str, int, bool]], deadline: float) -> Self:
        """Make the trigger for jobs given with connection id, log lines already seen, and whether to stream."""
        return cls(jobs=[job_to_json(*fields) for fields in jobs], deadline=deadline)


def job_to_json(job: Job, conn_id: str, lines: int, stream: bool) -> dict[str, Any]:  # noqa: FBT001 - one row of data
    """Return a job with all that is needed to follow it, as plain JSON."""
    return {
        "host": job.host,
        "slot": job.slot.value,
        "job": job.job,
        "kind": job.kind,
        "run": job.run,
        "state": job.state,
        "attached": job.attached,
        "conn_id": conn_id,
        "lines": lines,
        "stream": stream,
    }
