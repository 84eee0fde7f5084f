"""Checks of what surrounds NIM: name resolution, NFS, cron, clocks, this product's own directory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from nim_operators.nim.checks.base import Saw, check_both_masters, check_each_master
from nim_operators.nim.facts import Facts
from nim_operators.nim.findings import Severity
from nim_operators.nim.names import is_address, same_host
from nim_operators.nim.snapshot import NameAnswer, Snapshot

CLOCK_SECONDS = 300
"""How far the clocks of two masters may be apart before times in logs and backups stop being comparable."""


@check_each_master(
    "surroundings.names",
    "an NFS export denied because the peer's address means another name (nim.md hazard 16)",
    nightly=Severity.BLOCKS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.WARNS,
)
def names(facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Want the peer's interface name to resolve, and each of its addresses to resolve back to it."""
    host = _interface_host(facts.peer_of(own))
    forward = _answer(own, host) if host is not None else None
    if host is None or forward is None:
        return
    peer = facts.peer_name(own)
    if not forward.addresses:
        saw = f"It knows no address for {host}, the interface of {peer}."
        yield Saw(own.master, saw, "Correct /etc/hosts or DNS on it.")
    for address, back in _reverse(own, forward):
        if back is not None and not any(same_host(name, host) for name in back.names):
            told = ", ".join(back.names) or "no name"
            saw = f"It resolves {host} to {address}, but {address} to {told}."
            yield Saw(own.master, saw, "Correct /etc/hosts or DNS on it.", (f"{peer} is {host}",))


@check_each_master(
    "surroundings.names-known",
    "taking name resolution for good because nobody could ask",
    nightly=Severity.WARNS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.NOTES,
)
def names_known(facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Warn where the resolver could not be asked, or was not asked in both directions."""
    peer = facts.peer_name(own)
    host = _interface_host(facts.peer_of(own))
    remedy = f"Run host for the interface of {peer} and for its address on this master."
    if host is None:
        yield Saw(own.master, f"The interface of {peer} is not known, nor how it resolves here.", remedy)
        return
    forward = _answer(own, host)
    if forward is None:
        yield Saw(own.master, f"Nobody could tell how {host} resolves here.", remedy)
        return
    unknown = tuple(address for address, back in _reverse(own, forward) if back is None)
    if unknown:
        yield Saw(own.master, f"Nobody could tell what the address of {host} means here.", remedy, unknown)


@check_each_master(
    "surroundings.nfs",
    "a replication that cannot copy: it goes over NFS between the masters (nim.md 3.4)",
    nightly=Severity.BLOCKS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.NOTES,
)
def nfs(facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Want the peer's NFS to answer this master, where it could be asked."""
    if own.nfs_of_peer is False:
        peer = facts.peer_name(own)
        saw = f"NFS of {peer} does not answer {own.master}."
        yield Saw(own.master, saw, f"Start NFS on {peer}; open ports 111, 2049 and that of mountd.")


@check_each_master(
    "surroundings.nfs-known",
    "taking NFS for good because nobody could ask",
    nightly=Severity.WARNS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.NOTES,
)
def nfs_known(facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Warn where nobody could ask for the peer's NFS."""
    if own.nfs_of_peer is None:
        peer = facts.peer_name(own)
        remedy = f"Run rpcinfo -p against {peer} on this master."
        yield Saw(own.master, f"Nobody could tell whether NFS of {peer} answers {own.master}.", remedy)


@check_each_master(
    "surroundings.cron",
    "a crontab that synchronises or takes over behind the back of this product",
    nightly=Severity.BLOCKS,
    setup=Severity.WARNS,
    takeover=Severity.BLOCKS,
    failover=Severity.WARNS,
)
def cron(facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Want no crontab line about a sync or takeover, but for those a person has accepted."""
    accepted = facts.view.policy.ignored_cron
    found = tuple(line for line in own.cron if line not in accepted and line.partition(": ")[2] not in accepted)
    if found:
        remedy = "Remove the entry, or name it in ignored_cron if it is harmless."
        yield Saw(own.master, "A crontab mentions a sync or takeover of NIM.", remedy, found)


@check_both_masters(
    "surroundings.clock",
    "times in logs and backups that cannot be compared",
    nightly=Severity.WARNS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.WARNS,
)
def clock(_facts: Facts, source: Snapshot, target: Snapshot) -> Iterable[Saw]:
    """Warn of clocks more than five minutes apart; the masters are read at nearly the same moment."""
    subject = f"{source.master} and {target.master}"
    evidence = tuple(f"{own.master}: {own.clock}" for own in (source, target))
    times = [_time(own.clock) for own in (source, target)]
    left, right = times
    if left is None or right is None:
        yield Saw(subject, "A clock could not be read.", "Run date -u on both masters.", evidence)
    elif abs((left - right).total_seconds()) > CLOCK_SECONDS:
        apart = int(abs((left - right).total_seconds()))
        saw = f"The clocks are {apart} seconds apart."
        yield Saw(subject, saw, "Synchronise both with NTP.", evidence)


@check_each_master(
    "surroundings.own-directory",
    "trusting records that somebody else could have written (design section 4)",
    nightly=Severity.BLOCKS,
    setup=Severity.BLOCKS,
    takeover=Severity.BLOCKS,
    failover=Severity.BLOCKS,
)
def own_directory(_facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Want this product's directory on the host to be trustworthy, where there is one."""
    if own.own.fault is not None:
        remedy = "Find out who changed it; give it back to the login user with mode 0700."
        yield Saw(own.master, "The directory of this product is not trustworthy.", remedy, (own.own.fault,))


def _interface_host(peer: Snapshot | None) -> str | None:
    """Return the host name of the peer's first interface, as its own master object has it."""
    masters = peer.of_type("master") if peer is not None else ()
    return next((found.hostname for master in masters for found in master.interfaces), None)


def _answer(own: Snapshot, asked: str) -> NameAnswer | None:
    exact = [found for found in own.names if found.asked.lower() == asked.lower()]
    near = [found for found in own.names if same_host(found.asked, asked)]
    return next(iter(exact + near), None)


def _reverse(own: Snapshot, forward: NameAnswer) -> Iterator[tuple[str, NameAnswer | None]]:
    """Return each address with what it resolves back to, None where nobody asked."""
    for address in forward.addresses:
        answers = (found for found in own.names if is_address(found.asked) and found.asked == address)
        yield address, next(answers, None)


def _time(text: str) -> datetime | None:
    """Read an ISO time; one without zone is no time that could be compared."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo is not None else None


CHECKS = (names, names_known, nfs, nfs_known, cron, clock, own_directory)
