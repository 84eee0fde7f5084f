"""Checks of the pair: do the two hosts know each other as alternate masters, and speak one protocol."""

from __future__ import annotations

from collections.abc import Iterable

from nim_operators.nim.checks.base import Saw, check_both_masters, check_each_master
from nim_operators.nim.diagnosis import is_one_host
from nim_operators.nim.facts import Facts
from nim_operators.nim.findings import Severity
from nim_operators.nim.ownership import Side
from nim_operators.nim.snapshot import Snapshot


@check_both_masters(
    "pairing.two-hosts",
    "two connections that lead to one host",
    nightly=Severity.BLOCKS,
    setup=Severity.BLOCKS,
    takeover=Severity.BLOCKS,
    failover=Severity.BLOCKS,
)
def two_hosts(_facts: Facts, source: Snapshot, target: Snapshot) -> Iterable[Saw]:
    """Want two hosts."""
    if is_one_host(source, target):
        subject = f"{source.master} and {target.master}"
        evidence = (f"hostname {source.hostname}", f"machine id {source.machine_id}")
        remedy = "Give each master of the estate file a connection to its own host."
        yield Saw(subject, "Both are the same host.", remedy, evidence)


@check_each_master(
    "pairing.source-record",
    "a sync without a target: it is sent to the source's alternate_master object (nim.md 4.3)",
    nightly=Severity.BLOCKS,
    setup=Severity.BLOCKS,
    takeover=Severity.WARNS,
    failover=Severity.NOTES,
)
def source_record(facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Want exactly one object for the target in the source's database."""
    if own.master == facts.view.source:
        remedy = f"Run niminit with is_alternate=yes and this master on {facts.view.target}."
        yield from _record(facts, own, remedy)


@check_each_master(
    "pairing.target-record",
    "a standby that cannot take over, because it does not know whom from (nim.md 12.1)",
    nightly=Severity.WARNS,
    setup=Severity.BLOCKS,
    takeover=Severity.WARNS,
    failover=Severity.WARNS,
)
def target_record(facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Want exactly one object for the source in the target's database.

    A warning at night: a sync may drop it, and the run defines it again and reads it back (design section 6).
    """
    if own.master == facts.view.target:
        remedy = f"The nightly sync defines it afterwards; else run niminit on {facts.view.source}."
        yield from _record(facts, own, remedy)


def _record(facts: Facts, own: Snapshot, remedy: str) -> Iterable[Saw]:
    records = facts.peer_records(own)
    if len(records) == 1:
        return
    evidence = tuple(f"{found.name}: {found.get('if1') or 'no interface'}" for found in own.of_type("alternate_master"))
    peer = facts.peer_name(own)
    if records:
        several = f"Its database has {len(records)} alternate_master objects that mean {peer}."
        yield Saw(own.master, several, "Remove those that are not the peer's, with nim -o remove.", evidence)
    else:
        yield Saw(own.master, f"Its database has no alternate_master object for {peer}.", remedy, evidence)


@check_each_master(
    "pairing.niminfo",
    "a host that was initialised as the alternate of somebody else (nim.md 2.1)",
    nightly=Severity.WARNS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.WARNS,
)
def niminfo(facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Want NIM_ALTERNATE_MASTER to name the other master.

    A warning only: whether a sync keeps the line is uncertain (nim.md 12.14, 12.17), and no command needs it.
    """
    if own.niminfo is None:
        return
    named = (own.niminfo.alternate_master or "").split()
    wanted = Side.TARGET if own.master == facts.view.source else Side.SOURCE
    if any(facts.side_of(host) is wanted for host in named):
        return
    line = f"NIM_ALTERNATE_MASTER={' '.join(named)}" if named else "no line NIM_ALTERNATE_MASTER"
    remedy = f"Run niminit with is_alternate=yes and master={facts.peer_name(own)} on this host."
    yield Saw(own.master, f"/etc/niminfo does not name {facts.peer_name(own)}.", remedy, (line,))


@check_both_masters(
    "pairing.protocol",
    "masters that do not understand each other: both must use one protocol (nim.md hazard 6)",
    nightly=Severity.BLOCKS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.NOTES,
)
def protocol(facts: Facts, source: Snapshot, target: Snapshot) -> Iterable[Saw]:
    """Want the first word of connect equal in both records; a missing record is another check's finding."""
    spoken = {own.master: _protocols(facts, own) for own in (source, target)}
    subject = f"{source.master} and {target.master}"
    evidence = tuple(f"{master}: {', '.join(sorted(words))}" for master, words in spoken.items() if words)
    for own in (source, target):
        if facts.peer_records(own) and not spoken[own.master]:
            saw = f"The record of {facts.peer_name(own)} says no protocol."
            yield Saw(own.master, saw, "Set connect on it with nim -o change.")
    if spoken[source.master] and spoken[target.master] and spoken[source.master] != spoken[target.master]:
        remedy = "Set connect of one of the two objects with nim -o change."
        yield Saw(subject, "The masters use different protocols for each other.", remedy, evidence)


@check_each_master(
    "pairing.nimsh",
    "a push between the masters that nobody accepts (nim.md 3.4, hazard 6)",
    nightly=Severity.BLOCKS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.WARNS,
)
def nimsh(facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Want nimsh active on each master of a pair that speaks it."""
    spoken = {word for master in facts.observed for word in _protocols(facts, master)}
    if "nimsh" in spoken and not own.is_active("nimsh"):
        rows = tuple(f"{row.name} {row.status}" for row in own.subsystems if row.name == "nimsh")
        saw = "nimsh is not active, and the masters reach each other by nimsh."
        yield Saw(own.master, saw, "Run startsrc -s nimsh.", rows or ("nimsh is not defined",))


def _protocols(facts: Facts, own: Snapshot) -> set[str]:
    """Return the first words: ``nimsh (secure)`` is nimsh (nim.md 1.3)."""
    values = [(found.get("connect") or "").split() for found in facts.peer_records(own)]
    return {words[0] for words in values if words}


CHECKS = (two_hosts, source_record, target_record, niminfo, protocol, nimsh)
