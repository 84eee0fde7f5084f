"""What a sync may have left on a host: processes, NFS mounts, jobs. Readable even where the NIM database is not."""

from __future__ import annotations

from dataclasses import dataclass

from nim_operators.nim.collector import BASE
from nim_operators.nim.filesystems import parse_df
from nim_operators.nim.records import parse_own_records
from nim_operators.nim.running import parse_ps
from nim_operators.nim.snapshot import Aside, NimProcess, OpenJob, OwnRecords, Section
from nim_operators.remote.script import build, read_sections
from nim_operators.remote.transport import Host

RESTORE_MOUNTS = "/tmp/_nim_dir_"  # noqa: S108 - where a restore mounts the source's copy (nim.md 2.2)


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What was found: NIM at work outside our jobs, mounts of a restore, jobs nobody has collected, content aside."""

    processes: tuple[NimProcess, ...]
    mounts: tuple[str, ...]
    jobs: tuple[OpenJob, ...]
    asides: tuple[Aside, ...]


async def leftovers(host: Host) -> Leftovers:
    """Look for what a sync may have left on *host*.

    :raises OutcomeUnknown: if nobody saw the end of the look.
    :raises nim_operators.nim.errors.Unreadable: if the host printed something that makes no sense.
    """
    sections = await read_sections(host, build("leftovers", {}, uses=("own",)))
    own = _own(host, sections)
    return Leftovers(
        processes=parse_ps(host.name, sections["ps"].stdout, BASE),
        mounts=tuple(
            found.mount_point
            for found in parse_df(host.name, sections["df"].stdout)
            if found.mount_point.startswith(RESTORE_MOUNTS)
        ),
        jobs=own.jobs,
        asides=tuple(found for found in own.asides if found.state == "aside"),
    )


async def open_jobs(host: Host) -> tuple[OpenJob, ...]:
    """Return the jobs on *host* that nobody has collected.

    :raises OutcomeUnknown: if nobody saw the end of the look.
    """
    sections = await read_sections(host, build("open_jobs", {}, uses=("own",)))
    return _own(host, sections).jobs


def _own(host: Host, sections: dict[str, Section]) -> OwnRecords:
    return parse_own_records(host.name, sections["own_records"].stdout, sections["identity"].stdout.strip())
