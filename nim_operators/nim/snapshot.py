"""What one master looked like at one moment, as far as one SSH round trip could tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from nim_operators.nim.levels import Level
from nim_operators.nim.niminfo import Niminfo
from nim_operators.nim.objects import BUILT_IN, NimObject


@dataclass(frozen=True, slots=True)
class Section:
    """One command of the collector: what it printed on each stream and its exit status.

    ``exit`` is 137 or 143 where the collector's own limit ended the command (it was killed on the host).
    """

    name: str
    exit: int
    stdout: str
    stderr: str = ""


class Absence(StrEnum):
    """Why a master could not be observed. Each kind has its own remedy, none of them means dead."""

    REFUSED = "connection refused"
    NO_ROUTE = "no route"
    TIMED_OUT = "no answer in time"
    HOST_KEY = "host key does not match"
    ALGORITHMS = "no common SSH algorithm"
    LOGIN = "login refused"
    LINK_LOST = "link lost while reading"
    NO_SHELL = "the login runs no Korn shell"
    PRIVILEGE = "no root rights"
    HANGS = "it hangs"
    UNREADABLE = "what it says makes no sense"

    @property
    def may_pass(self) -> bool:
        """Whether the host may be there a moment later; else a person must mend something first."""
        return self in {Absence.REFUSED, Absence.NO_ROUTE, Absence.TIMED_OUT, Absence.LINK_LOST, Absence.HANGS}


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A master that did not answer us, and how it did not. This says nothing about whether it is alive."""

    master: str
    absence: Absence
    reason: str
    nim_answers: bool | None = None
    """Whether a NIM port of it accepted a connection from here; None where that was not tried."""


@dataclass(frozen=True, slots=True)
class SubsystemRow:
    """One row of ``lssrc``. A subsystem may have two rows after an interrupted restore (nim.md 3.1)."""

    name: str
    group: str
    pid: int | None
    status: str


@dataclass(frozen=True, slots=True)
class FileSystem:
    """One row of ``df``, sizes in KiB; ``size_kb`` and ``free_kb`` are None for pseudo file systems."""

    device: str
    size_kb: int | None
    free_kb: int | None
    mount_point: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a resource location is (or would be) on this master.

    ``kind`` is ``file``, ``directory`` or ``absent``; ``size_kb`` is what ``du -sk`` counted, None where absent or
    uncounted; ``file_system`` is the one that holds the path or, if absent, its nearest existing parent; None where
    ``df`` did not tell.
    """

    path: str
    kind: str
    size_kb: int | None
    file_system: FileSystem | None


@dataclass(frozen=True, slots=True)
class NameAnswer:
    """What this master's resolver said about one name or address; empty tuples where it knew nothing."""

    asked: str
    names: tuple[str, ...]
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NimProcess:
    """A process that works on NIM: another sync, a takeover, a SMIT session, a restore."""

    pid: int
    user: str
    command: str


BY_SSH = "SSH"
"""Who asked, where a client was asked over a connection of its own instead of through a master."""


@dataclass(frozen=True, slots=True)
class ClientAnswer:
    """What one client said of itself, or why it said nothing.

    ``asked_by`` is the master that asked it with ``c_rsh``, or :data:`BY_SSH`; ``asked_as`` the host that ``c_rsh``
    knows it by, None where that is the name of its object.

    Exactly one of ``niminfo`` and ``silence`` is set. A 0042-378 or 0042-006 is the asking master or the network
    speaking, so it is a silence, never the client's word (design section 3). ``level`` and ``machine_id`` (what
    ``uname -m`` printed, to compare with the object's ``cpuid``; nim.md 12.19) are None where only that was not told.
    """

    client: str
    asked_by: str
    niminfo: Niminfo | None = None
    level: Level | None = None
    silence: str | None = None
    machine_id: str | None = None
    asked_as: str | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """What one client said when it was asked whether it reaches its master, because we do not.

    ``asked_by`` is as in :class:`ClientAnswer`; ``master_hostname`` the host that it tried, which its niminfo names.
    ``reaches`` is None where it could not try; ``said`` is the reason for each of the three.
    """

    client: str
    asked_by: str
    master_hostname: str
    reaches: bool | None
    said: str


@dataclass(frozen=True, slots=True)
class ArmedDirection:
    """The direction in which the nightly sync may run, as recorded on a master.

    ``source`` and ``target`` are the estate's names of the two masters; ``recorded_by`` is the run that recorded it.
    """

    source: str
    target: str
    recorded_by: str
    recorded_at: str


@dataclass(frozen=True, slots=True)
class LockOwner:
    """Who holds the pair lock on a host, as its files say."""

    run: str
    token: str
    taken_at: str


@dataclass(frozen=True, slots=True)
class OpenJob:
    """A durable job on this host that nobody has collected yet."""

    job: str
    kind: str
    run: str
    slot: str
    state: str
    """``reserved`` (not begun), ``running``, ``ended`` (status recorded) or ``vanished`` (none of these)."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """A master that was fenced because its database could not be put back: by which run, why, and since when.

    ``backup`` is the file on the master that holds its own database of before.
    """

    run: str
    reason: str
    since: str
    backup: str


@dataclass(frozen=True, slots=True)
class Fenced:
    """A master that was kept from answering clients because the other one controls them: by which run, since when."""

    run: str
    since: str


@dataclass(frozen=True, slots=True)
class Aside:
    """A resource of this master whose content was moved aside, so that a sync copies it anew.

    ``location`` is where it belongs, ``aside`` where it lies now, ``content`` the fingerprint of what was to be copied.
    ``state`` is ``aside``, or ``refused``: the copy was not equal, and the former content is back in its place.
    """

    resource: str
    location: str
    aside: str
    content: str
    run: str
    since: str
    state: str


@dataclass(frozen=True, slots=True)
class OwnRecords:
    """What this product's own directory on the host holds."""

    direction: ArmedDirection | None = None
    lock: LockOwner | None = None
    jobs: tuple[OpenJob, ...] = ()
    unusable: Unusable | None = None
    asides: tuple[Aside, ...] = ()
    fault: str | None = None
    """A sentence where the directory is not trustworthy (wrong owner, mode, a symlink), else None."""

    fenced: Fenced | None = None

    def open_job(self, kind: str) -> OpenJob | None:
        """Return the job of that kind that is open here; one that has not begun is none, its start makes sure."""
        return next((job for job in self.jobs if job.kind == kind and job.state != "reserved"), None)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything one round trip to a master told, immutable, with the text it came from.

    ``master`` is the estate's name of the master. ``clients`` holds an answer or a silence for each client this
    master asked. ``niminfo`` is None where the file does not exist. ``raw`` keeps every section as printed.
    What grows with the number of clients is left out of its ``repr``, which asyncio makes of every result.
    """

    master: str
    clock: str
    hostname: str
    machine_id: str
    niminfo: Niminfo | None
    nim_level: str | None
    level: Level | None
    filesets: Mapping[str, str]
    subsystems: tuple[SubsystemRow, ...]
    objects: Mapping[str, NimObject] = field(repr=False)
    file_systems: tuple[FileSystem, ...]
    places: Mapping[str, Place]
    names: tuple[NameAnswer, ...]
    nfs_of_peer: bool | None
    """Whether the peer's NFS answered this master; None where it could not be asked."""
    processes: tuple[NimProcess, ...]
    cron: tuple[str, ...]
    """Lines of crontabs that mention nim sync or takeover."""
    clients: tuple[ClientAnswer, ...] = field(repr=False)
    own: OwnRecords
    raw: Mapping[str, Section] = field(repr=False, default_factory=dict)
    database_fault: str | None = None
    """Why the database could not be listed, None where it was; ``objects`` is empty then."""
    peer_answers: bool | None = None
    """Whether the other master answered this one in any way; None where this one could not try."""
    witnesses: tuple[Witness, ...] = ()
    """What clients said of the other master, where it did not answer us; see :mod:`nim_operators.nim.witnesses`."""

    def of_type(self, *types: str) -> tuple[NimObject, ...]:
        """Return this master's objects of the given types, in the order of its listing."""
        return tuple(found for found in self.objects.values() if found.type in types)

    @property
    def resources(self) -> tuple[NimObject, ...]:
        """Every resource object, the built-in ``boot`` and ``nim_script`` included."""
        return tuple(found for found in self.objects.values() if found.cls == "resources")

    @property
    def replicated(self) -> tuple[NimObject, ...]:
        """What a sync from this master copies: resources it serves itself, with a location, built-in ones aside."""
        return tuple(
            found
            for found in self.resources
            if found.name not in BUILT_IN and found.location is not None and found.get("server") in {None, "master"}
        )

    @property
    def client_objects(self) -> tuple[NimObject, ...]:
        """Every object that has a current master."""
        return tuple(found for found in self.objects.values() if found.is_client)

    def is_active(self, subsystem: str) -> bool:
        """Whether any row of *subsystem* is active; a second, inoperative row does not matter here."""
        return any(row.name == subsystem and row.status == "active" for row in self.subsystems)


Observation = Snapshot | Unreachable
