"""Checks whether the target could do the work of a master after a takeover, not just own the clients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nim_operators.nim.checks.activity import RESOURCE_READY
from nim_operators.nim.checks.base import Saw, check_both_masters, check_pair
from nim_operators.nim.facts import Facts, has_copy
from nim_operators.nim.findings import Severity
from nim_operators.nim.objects import NimObject
from nim_operators.nim.snapshot import Snapshot

_THREADS = "max_nimesis_threads"
_PASSWORD_FILE = "passwd_file"  # noqa: S105 - the name of an attribute


@check_pair(
    "usable.spot",
    "a takeover by a master that can boot and install nobody",
    nightly=Severity.WARNS,
    setup=Severity.NOTES,
    takeover=Severity.WARNS,
    failover=Severity.WARNS,
)
def spot(facts: Facts) -> Iterable[Saw]:
    """Want one SPOT at least that is ready for use and lies on the target.

    A target that holds no copy yet is passed over, and a pair without any SPOT: its active master boots nobody either.
    """
    target = facts.target
    if target is None or not has_copy(target):
        return
    spots = target.of_type("spot")
    known = spots or (facts.source.of_type("spot") if facts.source is not None else ())
    if known and not any(_state(target, one) == RESOURCE_READY for one in spots):
        evidence = tuple(f"{one.name}: {_state(target, one)}" for one in spots) or ("its database has no SPOT",)
        saw = "No SPOT here is ready for use with its content in place, so this master could boot and install nobody."
        remedy = "Run nim -o check on the active master's SPOT and sync; after a takeover build one from an lpp_source."
        yield Saw(target.master, saw, remedy, evidence)


@check_both_masters(
    "usable.threads",
    "a master that answers many clients more slowly than the one it replaces",
    nightly=Severity.NOTES,
    setup=Severity.NOTES,
    takeover=Severity.WARNS,
    failover=Severity.NOTES,
)
def threads(facts: Facts, source: Snapshot, target: Snapshot) -> Iterable[Saw]:
    """Want the target to serve as many clients at a time as the source, whatever number that is."""
    wanted, found = _threads(source), _threads(target)
    if wanted is None or (found is not None and found >= wanted):
        return
    own = "not set" if found is None else str(found)
    clients = len(facts.matrix.rows)
    saw = f"Its {_THREADS} is {own}, that of {source.master} is {wanted}; after a takeover it serves {clients} clients."
    yield Saw(target.master, saw, f"Run nim -o change -a {_THREADS}={wanted} master on it.")


@check_pair(
    "usable.console-access",
    "a master that cannot reach the HMC or the managed system after a takeover",
    nightly=Severity.NOTES,
    setup=Severity.NOTES,
    takeover=Severity.WARNS,
    failover=Severity.WARNS,
)
def console_access(facts: Facts) -> Iterable[Saw]:
    """Want each password file that a management object names to be on the target: a sync copies no such file."""
    target = facts.target
    if target is None:
        return
    lacking = tuple(_lacking(target))
    if lacking:
        saw = "Password files that its management objects name are not known to be on it."
        remedy = "Create each there as it was created on the active master, readable by root alone."
        yield Saw(target.master, saw, remedy, lacking)


def _state(own: Snapshot, one: NimObject) -> str:
    """Return :data:`RESOURCE_READY` for a SPOT that can be used, else what it lacks."""
    said = one.get("Rstate") or "without Rstate"
    place = own.places.get(one.location) if one.location is not None else None
    if said != RESOURCE_READY:
        return said
    if place is None:
        return "nobody could tell whether its content is there"
    return said if place.kind == "directory" else f"{said}, but there is no directory {place.path}"


def _threads(own: Snapshot) -> int | None:
    values = (found.get(_THREADS) or "" for found in own.of_type("master"))
    return next((int(value) for value in values if value.isascii() and value.isdigit()), None)


def _lacking(own: Snapshot) -> Iterator[str]:
    for found in own.objects.values():
        file = found.get(_PASSWORD_FILE)
        if file is None:
            continue
        place = own.places.get(file)
        if place is None:
            yield f"{found.name}: nobody could tell whether {file} is there"
        elif place.kind != "file":
            yield f"{found.name}: there is no file {file}"


CHECKS = (spot, threads, console_access)
