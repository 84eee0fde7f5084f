"""Checks of each master by itself: does it answer, is it a NIM master, does its NIM run."""

from __future__ import annotations

from collections.abc import Iterable

from nim_operators.nim.checks.base import Saw, check_each_master, check_pair
from nim_operators.nim.facts import Facts, has_database, takes_for
from nim_operators.nim.findings import Severity
from nim_operators.nim.snapshot import Absence, Snapshot

REMEDIES: dict[Absence, str] = {
    Absence.REFUSED: "If the host lives, start sshd on it, and check the port of its connection.",
    Absence.NO_ROUTE: "Check the network and the host name of its connection.",
    Absence.TIMED_OUT: "Check firewall and load, and whether the host hangs.",
    Absence.HOST_KEY: "Find out why the host key changed before anything else; then record the right key.",
    Absence.ALGORITHMS: "Name an algorithm that both sides know in the extras of its connection.",
    Absence.LOGIN: "Check user, key and password of its connection.",
    Absence.LINK_LOST: "Run again; if it recurs, check the network for connections that are cut.",
    Absence.NO_SHELL: "Give the login user a Korn shell that prints no menu.",
    Absence.HANGS: "Look at its console: memory, the number of processes, disks and NFS mounts that do not answer.",
    Absence.UNREADABLE: "Run there the command whose output could not be read, and mend what keeps it from telling.",
    Absence.PRIVILEGE: "Let the login user run commands as root: sudo -n or a role.",
}
"""What to do about each kind of absence."""


@check_pair(
    "masters.reachable",
    "acting on a pair of which one half is not known",
    nightly=Severity.BLOCKS,
    setup=Severity.BLOCKS,
    takeover=Severity.BLOCKS,
    failover=Severity.NOTES,
)
def reachable(facts: Facts) -> Iterable[Saw]:
    """Name each master that was not observed, with the remedy for this kind of absence."""
    for lost in facts.unobserved:
        saw = f"{lost.master} could not be observed: {lost.absence}. This does not mean that it is dead."
        yield Saw(lost.master, saw, REMEDIES[lost.absence], (lost.reason,))


@check_each_master(
    "masters.role",
    "taking a host for a NIM master that is none (nim.md 2.1)",
    nightly=Severity.BLOCKS,
    setup=Severity.BLOCKS,
    takeover=Severity.BLOCKS,
    failover=Severity.WARNS,
    reprotect=Severity.APPROVAL,
)
def role(_facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Want a niminfo of a master, and a database with a master object."""
    if own.niminfo is None:
        yield Saw(own.master, "The host has no /etc/niminfo.", "Configure the master, or nimconfig -r.")
    elif own.niminfo.configuration != "master":
        evidence = (f"NIM_CONFIGURATION={own.niminfo.configuration}",)
        yield Saw(own.master, "/etc/niminfo is not that of a master.", "Check the estate file.", evidence)
    if not has_database(own):
        remedy = "Restore the database from a backup with m_restore_db, or configure the master."
        yield Saw(own.master, "The NIM database holds no master object.", remedy)


@check_each_master(
    "masters.database",
    "judging and copying a database of which nobody could read a line",
    nightly=Severity.BLOCKS,
    setup=Severity.BLOCKS,
    takeover=Severity.BLOCKS,
    failover=Severity.WARNS,
)
def database(_facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Want a database that can be listed."""
    if own.database_fault is not None and (own.niminfo is None or own.niminfo.configuration == "master"):
        remedy = "Restore it there from a backup with m_restore_db; where none fits, configure the master anew."
        yield Saw(own.master, "Its NIM database cannot be read.", remedy, (own.database_fault,))


@check_each_master(
    "masters.own-record",
    "a half restored database: a host that takes itself for the other master (nim.md 12.17)",
    nightly=Severity.BLOCKS,
    setup=Severity.BLOCKS,
    takeover=Severity.BLOCKS,
    failover=Severity.WARNS,
    reprotect=Severity.APPROVAL,
)
def own_record(facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Want niminfo and the master record of a host to name the host itself."""
    taken_for = takes_for(own, facts.peer_of(own))
    if taken_for is not None:
        yield Saw(
            own.master,
            f"Its niminfo or master record names {taken_for}, which is the other master.",
            "Stop nimesis here and restore this host's own database; clients could take it for the other.",
        )


@check_each_master(
    "masters.nimesis",
    "a master that answers no client, as an interrupted restore leaves it (nim.md hazard 13)",
    nightly=Severity.BLOCKS,
    setup=Severity.BLOCKS,
    takeover=Severity.BLOCKS,
    failover=Severity.WARNS,
    reprotect=Severity.APPROVAL,
)
def nimesis(_: Facts, own: Snapshot) -> Iterable[Saw]:
    """Want an active row of nimesis, unless a run has fenced the master; then it must not be started by hand."""
    if own.is_active("nimesis") or own.own.fenced is not None:
        return
    rows = _rows(own, "nimesis")
    if rows:
        yield Saw(own.master, "nimesis is not active.", "Run startsrc -s nimesis.", rows)
    else:
        remedy = "Restore the database with m_restore_db, which defines the subsystem again."
        yield Saw(own.master, "The subsystem nimesis is not defined.", remedy)


@check_each_master(
    "masters.nimesis-listed-once",
    "the trace of a definition that was changed under a running nimesis (nim.md 3.1)",
    nightly=Severity.WARNS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.WARNS,
)
def nimesis_listed_once(_facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Warn of several rows of nimesis."""
    rows = _rows(own, "nimesis")
    if len(rows) > 1:
        remedy = "Stop nimesis, check that one row is left in lssrc -s nimesis, start it again."
        yield Saw(own.master, f"nimesis is listed {len(rows)} times.", remedy, rows)


def _rows(own: Snapshot, subsystem: str) -> tuple[str, ...]:
    return tuple(
        f"{row.name} {row.group} {row.pid or ''} {row.status}" for row in own.subsystems if row.name == subsystem
    )


@check_each_master(
    "masters.fence-left",
    "a standby whose nimesis stays down at the next boot, found out in the disaster",
    nightly=Severity.WARNS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.WARNS,
)
def fence_left(facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Want no mark of a fence on a master that serves, unless this run has fenced it."""
    mark = own.own.fenced
    if mark is not None and own.is_active("nimesis") and not facts.fenced_by_us(own):
        saw = f"It serves until its next boot: {mark.run} fenced it at {mark.since}, and nobody lifted the fence."
        yield Saw(own.master, saw, "Run reprotect, which lifts the fence once the copy is proven.")


CHECKS = (reachable, role, database, own_record, nimesis, nimesis_listed_once, fence_left)
