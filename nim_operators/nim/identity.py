"""Who a master is: every name, address and machine id that means it (design section 3).

A master has an object name in its peer's database, a host name, interfaces with names of their own, aliases
and a machine id. Databases and niminfo files use any of them, short or fully qualified, so whom a text names
is decided against the whole set.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nim_operators.nim.names import is_address, same_host
from nim_operators.nim.objects import NimObject
from nim_operators.nim.snapshot import NameAnswer, Snapshot

_NO_HOST = frozenset({"", "master", "localhost", "loopback", "localhost.localdomain"})
"""Names that every master calls itself by, so they name none of them."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Everything that names one master. ``master`` is the estate's name; the sets hold lower-case texts."""

    master: str
    names: frozenset[str]
    addresses: frozenset[str]
    machine_ids: frozenset[str]

    def is_named_by(self, text: str) -> bool:
        """Tell whether *text* is one of this master's names, addresses or machine ids.

        A short name fits a fully qualified one, and the other way round where this master is not known by a
        fully qualified name of that first label. That a text fits this master does not mean that it fits no
        other: ask both masters of a pair.
        """
        wanted = _plain(text)
        if wanted in self.names or wanted in self.addresses or wanted in self.machine_ids:
            return True
        label = f"{wanted.partition('.')[0]}."
        if wanted in _NO_HOST or ("." in wanted and any(name.startswith(label) for name in self.names)):
            return False
        return any(same_host(wanted, name) for name in self.names)


def identity_of(snapshot: Snapshot, peer: Snapshot | None = None) -> Identity:
    """Gather who the observed master is, from itself, its resolver and its peer.

    The peer knows it as an alternate_master object. Where the peer has several of those, only one that fits
    is taken, and none where several fit and no cpuid tells which. Files that are still the peer's own, as a sync
    that died leaves them, say nothing of this master.
    """
    own_files = not has_files_of_peer(snapshot)
    names = {_plain(name) for name in (_own_names(snapshot) if own_files else [snapshot.hostname])} - _NO_HOST
    cpuids = _cpuids(_masters(snapshot)) if own_files else []
    machine_ids = {_plain(found) for found in (snapshot.machine_id, *cpuids)} - {""}
    known_as = _object_of(names, machine_ids, peer)
    names |= {_plain(name) for name in _object_names(known_as)} - _NO_HOST
    machine_ids |= {_plain(cpuid) for cpuid in _cpuids(known_as)}
    answers = [*snapshot.names, *(peer.names if peer else ())]
    aliases, addresses = _resolved(names, answers)
    return Identity(snapshot.master, frozenset(names | aliases), frozenset(addresses), frozenset(machine_ids))


def has_files_of_peer(snapshot: Snapshot) -> bool:
    """Tell whether the niminfo of this master is its peer's, in the middle of a sync or after one that died.

    Such a file calls this very host the alternate master, and not the master (nim.md 12.17). One in which both names
    fit this host says nothing: the masters of a pair may share a short name.
    """
    said = snapshot.niminfo
    aliases, addresses = _resolved({_plain(snapshot.hostname)} - _NO_HOST, snapshot.names)
    here = aliases | addresses

    def means_us(words: str | None) -> bool:
        return any(same_host(_plain(word), name) for word in (words or "").split() for name in here)

    return said is not None and means_us(said.alternate_master) and not means_us(said.master_hostname)


def hosts_of_peer(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the host names by which this master knows the other one: by its niminfo, whosever file that is.

    Where that has no line for it, as a sync may leave it (nim.md 12.17), by its database.
    """
    said = snapshot.niminfo
    if said is not None and has_files_of_peer(snapshot):
        return (said.master_hostname,) if said.master_hostname else ()
    if said is not None and said.alternate_master:
        return tuple(said.alternate_master.split())
    records = [found.interfaces[0].hostname for found in snapshot.of_type("alternate_master") if found.interfaces]
    return tuple(records) if len(records) == 1 and not same_host(records[0], snapshot.hostname) else ()


def identity_by_hearsay(master: str, peer: Snapshot | None) -> Identity:
    """Name a master that was not observed: by its own files where its peer has them, else by what its peer knows.

    That is the peer's niminfo, and its alternate_master object if there is just one.
    """
    names: list[str] = []
    cpuids: list[str] = []
    if peer is not None and has_files_of_peer(peer):
        names = [name for name in _own_names(peer) if not same_host(_plain(name), _plain(peer.hostname))]
        cpuids = _cpuids(_masters(peer))
    elif peer is not None:
        records = peer.of_type("alternate_master")
        names = _object_names(records) if len(records) == 1 else []
        if peer.niminfo is not None and peer.niminfo.alternate_master is not None:
            names += peer.niminfo.alternate_master.split()
    known = frozenset(map(_plain, names)) - _NO_HOST
    return Identity(master, known, frozenset(), frozenset(map(_plain, cpuids)))


def _plain(text: str) -> str:
    return text.strip().rstrip(".").lower()


def _masters(snapshot: Snapshot) -> list[NimObject]:
    return [found for found in snapshot.of_type("master") if found.cls == "machines"]


def _own_names(snapshot: Snapshot) -> list[str]:
    niminfo = snapshot.niminfo
    said = [niminfo.master_hostname or "", niminfo.hostname or ""] if niminfo else []
    interfaces = [interface.hostname for found in _masters(snapshot) for interface in found.interfaces]
    return [snapshot.hostname, *said, *interfaces]


def _object_names(objects: Iterable[NimObject]) -> list[str]:
    return [name for found in objects for name in (found.name, *(each.hostname for each in found.interfaces))]


def _cpuids(objects: Iterable[NimObject]) -> list[str]:
    return [cpuid for found in objects if (cpuid := found.get("cpuid"))]


def _object_of(names: set[str], machine_ids: set[str], peer: Snapshot | None) -> list[NimObject]:
    """Return the peer's object for this master, or nothing where it has none or cannot tell which."""
    alternates = peer.of_type("alternate_master") if peer else ()
    by_id = [found for found in alternates if {_plain(cpuid) for cpuid in _cpuids([found])} & machine_ids]
    by_name = [
        found
        for found in alternates
        if any(same_host(theirs, ours) for theirs in _object_names([found]) for ours in names)
    ]
    return by_id or (by_name if len(by_name) == 1 else [])


def _resolved(names: set[str], answers: Iterable[NameAnswer]) -> tuple[set[str], set[str]]:
    """Return aliases and addresses of *names* by what both resolvers said, followed until nothing is added.

    An answer belongs to this master if it shares a whole name or an address with what is known: a short name
    may mean another host to the other resolver.
    """
    aliases: set[str] = set(names)
    addresses: set[str] = {name for name in names if is_address(name)}
    groups = [_group(answer) for answer in answers]
    grown = True
    while grown:
        before = len(aliases) + len(addresses)
        for group_names, group_addresses in groups:
            if group_names & aliases or group_addresses & addresses:
                aliases |= group_names
                addresses |= group_addresses
        grown = len(aliases) + len(addresses) > before
    return aliases, addresses


def _group(answer: NameAnswer) -> tuple[set[str], set[str]]:
    if not answer.names:
        return set(), set()
    asked = set() if is_address(answer.asked) else {_plain(answer.asked)}
    addresses = {_plain(address) for address in answer.addresses}
    usable = {text for text in addresses if not text.startswith("127.") and text != "::1"}
    return ({_plain(name) for name in answer.names} | asked) - _NO_HOST, usable
