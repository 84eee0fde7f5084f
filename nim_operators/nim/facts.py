"""What checks and diagnosis look at: the two snapshots and what follows from them, worked out once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nim_operators.nim.direction import Armed, armed_direction
from nim_operators.nim.identity import Identity
from nim_operators.nim.names import same_host
from nim_operators.nim.objects import NimObject
from nim_operators.nim.ownership import Matrix, Side, identities_of, ownership, sides
from nim_operators.nim.pair import PairView
from nim_operators.nim.snapshot import FileSystem, Snapshot, Unreachable

DATABASE_PLACE = "/etc/objrepos"
"""Where the database itself lies (nim.md 2.2)."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A pair as it stands towards one run.

    ``source`` and ``target`` are None where the master was not observed. ``run`` is the run that asks: what
    it holds itself, a lock or a job, is no obstacle to it.
    """

    view: PairView
    run: str
    source: Snapshot | None
    target: Snapshot | None
    identities: Mapping[str, Identity]
    side_of: Callable[[str], Side]
    matrix: Matrix
    armed: Armed

    @property
    def observed(self) -> tuple[Snapshot, ...]:
        """The masters that were observed, source first."""
        return tuple(found for found in (self.source, self.target) if found is not None)

    @property
    def unobserved(self) -> tuple[Unreachable, ...]:
        """The masters that were not observed and why, source first."""
        seen = (self.view.observations[master] for master in (self.view.source, self.view.target))
        return tuple(found for found in seen if isinstance(found, Unreachable))

    @property
    def active(self) -> str:
        """The master the clients name; where they do not decide, the source that the runbook wants."""
        return self.matrix.active or self.view.source

    @property
    def standby(self) -> str:
        """The other one."""
        return self.view.target if self.active == self.view.source else self.view.source

    @property
    def set_aside(self) -> frozenset[str]:
        """The clients that the estate file sets aside and that did not answer."""
        return frozenset(row.client for row in self.matrix.set_aside)

    def side(self, master: str) -> Side:
        """Return the side of the pair that *master* is on."""
        return Side.SOURCE if master == self.view.source else Side.TARGET

    def fenced_by_us(self, own: Snapshot) -> bool:
        """Tell whether the run that asks has fenced its target itself: that nimesis is stopped there is wanted then.

        A source that it has fenced, as a disaster failover does, is no healthy master for it.
        """
        is_target = own.master == self.view.target
        return is_target and own.own.fenced is not None and own.own.fenced.run == self.run

    def peer_of(self, own: Snapshot) -> Snapshot | None:
        """Return the other master's snapshot."""
        return self.target if own.master == self.view.source else self.source

    def peer_name(self, own: Snapshot) -> str:
        """Return the estate's name of the other master."""
        return self.view.target if own.master == self.view.source else self.view.source

    def peer_records(self, own: Snapshot) -> tuple[NimObject, ...]:
        """Return the ``alternate_master`` objects by which *own* knows the other master, normally one.

        *own* may be an earlier snapshot of the same master.
        """
        wanted = Side.TARGET if own.master == self.view.source else Side.SOURCE
        return tuple(found for found in own.of_type("alternate_master") if self._may_mean(found, wanted))

    def _may_mean(self, record: NimObject, wanted: Side) -> bool:
        """Judge a record by the host of its interfaces; by its name only where it has none."""
        hosts = [interface.hostname for interface in record.interfaces] or [record.name]
        return any(self.side_of(host) in {wanted, Side.UNCLEAR} for host in hosts)


def facts_of(view: PairView, run: str = "") -> Facts:
    """Work out what follows from a view. The same view gives the same facts."""
    identities = identities_of(view)
    side_of = sides(view, identities)
    matrix = ownership(view, side_of)
    return Facts(
        view=view,
        run=run,
        source=view.snapshot(view.source),
        target=view.snapshot(view.target),
        identities=identities,
        side_of=side_of,
        matrix=matrix,
        armed=armed_direction(view, matrix),
    )


def has_database(own: Snapshot) -> bool:
    """Tell whether a master has a NIM database, even the bare one that niminit made (nim.md 4.2, 4.3).

    A sync onto it then needs force. One that nobody can read is one.
    """
    return own.database_fault is not None or any(found.type == "master" for found in own.objects.values())


def has_copy(own: Snapshot) -> bool:
    """Tell whether a master's database holds anything beyond itself: clients or resources (nim.md 4.3)."""
    return bool(own.client_objects) or any(found.type not in {"boot", "nim_script"} for found in own.resources)


def takes_for(own: Snapshot, peer: Snapshot | None) -> str | None:
    """Return whom the niminfo or master record of *own* names if that is the *peer*, else None.

    Between the restore and the end of a sync a target may carry the source's niminfo and master record
    (nim.md 12.17). It is judged by host names alone: the identities of such a pair overlap. Where the peer was not
    observed, a host whose own files call it an alternate master of itself tells the same.
    """
    if peer is None:
        return _master_of_itself(own)
    named = [found.hostname for record in own.of_type("master") for found in record.interfaces[:1]]
    if own.niminfo is not None and own.niminfo.master_hostname is not None:
        named.insert(0, own.niminfo.master_hostname)
    theirs = [peer.hostname]
    if peer.niminfo is not None and peer.niminfo.master_hostname is not None:
        theirs.append(peer.niminfo.master_hostname)
    return next(
        (
            name
            for name in named
            if any(same_host(name, other) for other in theirs) and not same_host(name, own.hostname)
        ),
        None,
    )


def file_system_of(own: Snapshot, path: str) -> FileSystem | None:
    """Return the file system that holds *path*, or would: the one with the longest fitting mount point."""
    fitting = [
        found
        for found in own.file_systems
        if f"{path}/".startswith(f"{found.mount_point.rstrip('/')}/") and found.free_kb is not None
    ]
    return max(fitting, key=lambda found: len(found.mount_point), default=None)


def _master_of_itself(own: Snapshot) -> str | None:
    """Return the other master's name where *own* holds files of which it is the alternate itself, else None.

    A master's own files name the other one as the alternate; what a sync brings is taken for its own only after
    "Updating master definition" and "Removing NIM client" (nim.md 4.3, phases 7 and 9).
    """
    file = own.niminfo
    claimed = file.master_hostname if file is not None else None
    here = claimed if claimed and same_host(claimed, own.hostname) else own.hostname
    named = (file.alternate_master or "").split() if file is not None else []
    records = own.of_type("alternate_master")
    known = [interface.hostname for record in records for interface in record.interfaces[:1]]
    if not any(same_host(name, here) for name in (*named, *known)):
        return None
    return claimed if claimed and here != claimed else "its peer"


def few(clients: tuple[str, ...], shown: int = 5) -> str:
    """Name the first of some clients and count the others."""
    more = len(clients) - shown
    return ", ".join(clients[:shown]) + (f" and {more} more" if more > 0 else "")
