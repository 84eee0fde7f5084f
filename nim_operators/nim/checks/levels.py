"""Checks of levels: the two masters must be alike, and above their clients (nim.md 1.2, 4.10)."""

from __future__ import annotations

from collections.abc import Iterable

from nim_operators.nim.checks.base import Saw, check_both_masters, check_each_master
from nim_operators.nim.facts import Facts
from nim_operators.nim.findings import Severity
from nim_operators.nim.levels import fileset_order
from nim_operators.nim.snapshot import Snapshot

FILESETS = ("bos.sysmgt.nim.master", "bos.sysmgt.nim.spot")
"""What every master needs (nim.md 1.2)."""

_EQUAL = "Bring both masters to the same level before the next run."


@check_each_master(
    "levels.filesets-installed",
    "a master without the filesets that NIM needs to act or take over",
    nightly=Severity.BLOCKS,
    setup=Severity.WARNS,
    takeover=Severity.BLOCKS,
    failover=Severity.WARNS,
)
def filesets_installed(_facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Want both filesets installed."""
    for fileset in FILESETS:
        if fileset not in own.filesets:
            yield Saw(own.master, f"{fileset} is not installed.", f"Install {fileset}.")


@check_both_masters(
    "levels.filesets-equal",
    "a restore that fails its level check after the old database is gone (nim.md hazard 5)",
    nightly=Severity.BLOCKS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.NOTES,
)
def filesets_equal(_facts: Facts, source: Snapshot, target: Snapshot) -> Iterable[Saw]:
    """Want each NIM fileset at one level on both masters, where both have it."""
    for fileset in FILESETS:
        left, right = source.filesets.get(fileset), target.filesets.get(fileset)
        if left is not None and right is not None and fileset_order(left) != fileset_order(right):
            evidence = (f"{source.master}: {left}", f"{target.master}: {right}")
            yield Saw(fileset, "Its level differs between the masters.", _EQUAL, evidence)


@check_both_masters(
    "levels.system",
    "masters of different AIX versions or technology levels, which IBM does not support (nim.md 1.2)",
    nightly=Severity.BLOCKS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.NOTES,
)
def system(_facts: Facts, source: Snapshot, target: Snapshot) -> Iterable[Saw]:
    """Want one version and technology level; an unknown level is no equal one."""
    subject = f"{source.master} and {target.master}"
    if source.level is None or target.level is None:
        remedy = "Run oslevel -s on both masters and see why one gives no level."
        yield Saw(subject, "The level of a master is not known.", remedy, _levels(source, target))
    elif not source.level.same_technology_level(target.level):
        saw = "The masters differ in version or technology level."
        yield Saw(subject, saw, _EQUAL, _levels(source, target))


@check_both_masters(
    "levels.service-pack",
    "masters that drift apart by service packs (nim.md 4.10)",
    nightly=Severity.WARNS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.NOTES,
)
def service_pack(_facts: Facts, source: Snapshot, target: Snapshot) -> Iterable[Saw]:
    """Warn of different service packs below one technology level.

    A warning only: NIM's own check compares the fileset level, which another check wants equal, and a pair is
    updated one master at a time.
    """
    left, right = source.level, target.level
    if left is None or right is None or not left.same_technology_level(right):
        return
    if left != right:
        subject = f"{source.master} and {target.master}"
        yield Saw(subject, "The masters differ in service pack.", _EQUAL, _levels(source, target))


@check_each_master(
    "levels.database",
    "a database written by another level than the one installed (nim.md 2.2)",
    nightly=Severity.BLOCKS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.NOTES,
)
def database(_facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Want /etc/NIM.level to be the level of the installed master fileset: the restore compares them."""
    installed = own.filesets.get(FILESETS[0])
    if installed is None:
        return
    if own.nim_level is None:
        remedy = "Find out why the file is missing; m_backup_db and a restore need it."
        yield Saw(own.master, "/etc/NIM.level could not be read.", remedy)
    elif fileset_order(own.nim_level) != fileset_order(installed):
        evidence = (f"/etc/NIM.level: {own.nim_level}", f"{FILESETS[0]}: {installed}")
        remedy = "Finish the update of the NIM filesets on this master; do not edit the file."
        yield Saw(own.master, "/etc/NIM.level is not the installed level.", remedy, evidence)


def _levels(source: Snapshot, target: Snapshot) -> tuple[str, ...]:
    return tuple(f"{own.master}: {own.level or 'unknown'}" for own in (source, target))


@check_both_masters(
    "levels.target-lower",
    "serving clients from a master that is below what it takes over (nim.md 1.2)",
    nightly=Severity.NOTES,
    setup=Severity.NOTES,
    takeover=Severity.BLOCKS,
    failover=Severity.WARNS,
)
def target_lower(facts: Facts, source: Snapshot, target: Snapshot) -> Iterable[Saw]:
    """Want a target that is not lower than the source or any client that answered."""
    lowest = target.level
    if lowest is None:
        return
    if source.level is not None and source.level > lowest:
        saw = f"It is at {lowest}, below {source.master} at {source.level}."
        yield Saw(target.master, saw, f"Update {target.master} first.")
    above = {row.client: word.level for row in facts.matrix.rows for word in row.answers if word.level}
    lower = tuple(f"{client}: {level}" for client, level in above.items() if level > lowest)
    if lower:
        yield Saw(target.master, f"It is at {lowest}, below clients.", f"Update {target.master} first.", lower)


CHECKS = (filesets_installed, filesets_equal, system, service_pack, database, target_lower)
