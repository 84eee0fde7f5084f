"""Compare what is true in the lab after a nightly sync with what a nightly sync must leave.

This is the second opinion: it knows NIM and the lab's ground truth, and nothing of the product. It allows
the differences between source and target that a sync makes by design:

- the target's own record becomes its ``master``, so the source's record of the target has no twin there;
- the source appears on the target as an ``alternate_master``;
- allocations, locks and operation states are reset on the target;
- a resource's ``server`` is the word ``master`` on either side, and means the side it stands on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from include.demo.ground_truth import Call, Definition, Estate, Master
from include.demo.judgement import Finding

MASTER_TYPES = frozenset({"master", "alternate_master"})

PER_MASTER = frozenset({"boot", "nim_script"})
"""Resources each master makes for itself; a sync does not copy their content."""

STATES = frozenset({
    "Cstate", "Cstate_result", "Mstate", "Nstate", "Rstate", "Rstate_result", "prev_state",
    "alloc_count", "control", "err_info", "info", "lock", "reserved", "serves", "sync_required",
})  # fmt: skip
"""Attributes that say what happens to an object, not what it is."""


@dataclass(frozen=True, slots=True)
class Night:
    """What a rule looks at: both masters after the run, everything before it, and the commands in between."""

    source: Master
    target: Master
    before: Estate
    after: Estate
    calls: Sequence[Call]

    @property
    def masters(self) -> tuple[Master, Master]:
        """Return both, source first."""
        return self.source, self.target


Rule = Callable[[Night], Iterator[str]]


def check_nightly_sync(before: Estate, after: Estate, calls: Sequence[Call], outcome: str = "done") -> list[Finding]:
    """Return a finding per claim; each says what it saw where the claim does not hold.

    :param before: ground truth before the run; its first master is the source.
    :param after: ground truth after it.
    :param calls: every NIM command the lab received in between.
    :param outcome: what the run came to, in the words of ``docs/fault_table.md``.
    """
    source, target = after.masters
    night = Night(source, target, before, after, calls)
    return [_finding(claim, rule(night)) for claim, rule in RULES_OF.get(outcome, _ALWAYS).items()]


def _finding(claim: str, faults: Iterator[str]) -> Finding:
    seen = list(faults)
    more = f" and {len(seen) - 5} more" if len(seen) > 5 else ""  # noqa: PLR2004 - what fits a table cell
    return Finding(claim, not seen, "; ".join(seen[:5]) + more)


def lasting(definition: Definition, types: frozenset[str]) -> Counter[tuple[str, str]]:
    """Return the attributes that say what an object is.

    An attribute of a machine that bears the name of a resource type is an allocation, which a sync resets.
    """
    dropped = STATES | (types if definition.object_class != "resources" else frozenset())
    return Counter(pair for pair in definition.attributes if pair[0] not in dropped)


def _common(master: Master) -> dict[str, Definition]:
    """Return what a sync makes equal: all but the masters' records of themselves and of each other."""
    return {name: one for name, one in master.definitions.items() if one.type not in MASTER_TYPES}


def _lasting_all(master: Master) -> dict[str, Counter[tuple[str, str]]]:
    return {name: lasting(one, frozenset()) for name, one in _common(master).items()}


def _definitions(night: Night) -> Iterator[str]:
    ours, theirs = _common(night.source), _common(night.target)
    types = frozenset(one.type for one in ours.values() if one.object_class == "resources")
    for name, one in ours.items():
        twin = theirs.get(name)
        if twin is None:
            yield f"{name} is missing on {night.target.name}"
        elif (one.object_class, one.type) != (twin.object_class, twin.type):
            yield f"{name} is {one.object_class}/{one.type} and {twin.object_class}/{twin.type}"
        elif lasting(one, types) != lasting(twin, types):
            differing = (lasting(one, types) - lasting(twin, types)) + (lasting(twin, types) - lasting(one, types))
            yield f"{name} differs in {', '.join(sorted({key for key, _ in differing}))}"


def _nothing_else(night: Night) -> Iterator[str]:
    for name in sorted(_common(night.target).keys() - _common(night.source).keys()):
        yield f"{name} is on {night.target.name} only"


def _bytes(night: Night) -> Iterator[str]:
    for name, one in _common(night.source).items():
        if one.object_class != "resources" or name in PER_MASTER:
            continue
        original, copy = night.source.digests.get(name), night.target.digests.get(name)
        if original is None:
            yield f"{name} has no content on {night.source.name}"
        elif copy is None:
            yield f"{name} has no content on {night.target.name}"
        elif original != copy:
            yield f"{name} has other content on {night.target.name}"


def _ready(night: Night) -> Iterator[str]:
    for name, one in _common(night.target).items():
        if one.object_class == "resources" and one.value("Rstate") != "ready for use":
            yield f"{name} is {one.value('Rstate') or 'in no state'!r}"


def _peer_record(night: Night) -> Iterator[str]:
    for master, other in ((night.target, night.source), (night.source, night.target)):
        peers = [one for one in master.definitions.values() if one.type == "alternate_master"]
        if [one.interface_host == other.host for one in peers] != [True]:
            named = ", ".join(f"{one.name} ({one.interface_host})" for one in peers) or "nobody"
            yield f"{master.name} has as alternate_master {named}, not {other.name}"


def _own_records(night: Night) -> Iterator[str]:
    for master in night.masters:
        now, then = master.own_record, night.before.master(master.name).own_record
        if now is None or then is None:
            yield f"{master.name} has no master object of its own"
        elif now.interface_host != master.host:
            yield f"the master object of {master.name} names {now.interface_host}"
        elif lasting(now, frozenset()) != lasting(then, frozenset()):
            yield f"the master object of {master.name} is not what it was before"


def _niminfo(night: Night) -> Iterator[str]:
    for master in night.masters:
        then = night.before.master(master.name).niminfo
        keys = sorted(key for key in master.niminfo.keys() | then.keys() if master.niminfo.get(key) != then.get(key))
        if keys:
            yield f"{', '.join(keys)} on {master.name}"


def _clients_untouched(night: Night) -> Iterator[str]:
    for name, niminfo in night.before.clients.items():
        if night.after.clients.get(name) != niminfo:
            yield f"{name} has another niminfo"


def _source_untouched(night: Night) -> Iterator[str]:
    then = night.before.master(night.source.name)
    if _lasting_all(night.source) != _lasting_all(then):
        yield f"definitions on {night.source.name} changed"
    if night.source.digests != then.digests:
        yield f"resources on {night.source.name} changed"


def _one_sync(night: Night) -> Iterator[str]:
    syncs = [call for call in night.calls if call.operation == "sync"]
    if [(call.host, call.exit) for call in syncs] != [(night.source.name, 0)]:
        yield "; ".join(f"{call.text!r} on {call.host} ended {call.exit}" for call in syncs) or "none"


def _nothing_sent(night: Night) -> Iterator[str]:
    for call in night.calls:
        if call.is_changing and not call.argv[0].endswith("m_backup_db"):
            yield f"{call.text!r} on {call.host}"


def _target_untouched(night: Night) -> Iterator[str]:
    then = night.before.master(night.target.name)
    for name in sorted(then.definitions.keys() | night.target.definitions.keys()):
        now, was = night.target.definitions.get(name), then.definitions.get(name)
        if now is None or was is None:
            yield f"{name} {'appeared' if was is None else 'is gone'} on {then.name}"
        elif lasting(now, frozenset()) != lasting(was, frozenset()):
            yield f"{name} is not what it was on {then.name}"


def _failed_sync(night: Night) -> Iterator[str]:
    syncs = [call for call in night.calls if call.operation == "sync"]
    if [call.host for call in syncs] != [night.source.name]:
        yield "; ".join(f"{call.text!r} on {call.host}" for call in syncs) or "none"


def _restored(night: Night) -> Iterator[str]:
    done = [call for call in night.calls if call.argv[0].endswith("m_restore_db") and call.host == night.target.name]
    if [call.exit for call in done] != [0]:
        yield "; ".join(f"{call.text!r} ended {call.exit}" for call in done) or "no m_restore_db"


def _daemons(night: Night) -> Iterator[str]:
    for master in night.masters:
        if master.active_nimesis != 1:
            yield f"{master.active_nimesis} on {master.name}"


def _no_lock(night: Night) -> Iterator[str]:
    for master in night.masters:
        yield from (f"{lock} on {master.name}" for lock in master.locks)
        yield from (f"object {one.name} on {master.name}" for one in master.definitions.values() if one.value("lock"))


_ALWAYS: Mapping[str, Rule] = {
    "the source is as it was": _source_untouched,
    "no client was touched": _clients_untouched,
}
_AS_BEFORE: Mapping[str, Rule] = {
    "every definition on the target is as before": _target_untouched,
    "/etc/niminfo of each master is as before": _niminfo,
    **_ALWAYS,
    "no lock is left": _no_lock,
}
_DONE: Mapping[str, Rule] = {
    "every definition of the source is on the target, identical": _definitions,
    "the target has no definition of its own": _nothing_else,
    "every resource has the same bytes on both": _bytes,
    "every resource on the target is ready for use": _ready,
    "each master has the other as its only alternate_master": _peer_record,
    "each master object is its own and as before": _own_records,
    "/etc/niminfo of each master is as before": _niminfo,
    "the source is as it was": _source_untouched,
    "no client was touched": _clients_untouched,
    "exactly one nim -o sync ran, on the source, and ended well": _one_sync,
    "exactly one nimesis is active on each master": _daemons,
    "no lock is left": _no_lock,
}

RULES_OF: Mapping[str, Mapping[str, Rule]] = {
    "done": _DONE,
    "refused": {"nothing but backups was sent": _nothing_sent, **_AS_BEFORE},
    "untouched": {"one nim -o sync was sent, by the source": _failed_sync, **_AS_BEFORE},
    "put back": {
        "one nim -o sync was sent, by the source": _failed_sync,
        "the target's own database was restored": _restored,
        **_AS_BEFORE,
        "exactly one nimesis is active on each master": _daemons,
    },
}
"""What must hold, by the outcome of a night as ``docs/fault_table.md`` calls it."""
