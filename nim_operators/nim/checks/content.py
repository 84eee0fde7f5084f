"""Checks of what the databases hold: what a sync would destroy, and what it would not refresh."""

from __future__ import annotations

from collections.abc import Iterable

from nim_operators.nim.checks.base import Saw, check_both_masters
from nim_operators.nim.checks.space import replicated
from nim_operators.nim.drift import Difference, Kind, compare_definitions
from nim_operators.nim.facts import Facts
from nim_operators.nim.findings import Severity
from nim_operators.nim.objects import NimObject
from nim_operators.nim.snapshot import Snapshot


@check_both_masters(
    "content.target-only",
    "losing objects that only the target has (S1)",
    nightly=Severity.BLOCKS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.NOTES,
    reprotect=Severity.WARNS,
)
def target_only(facts: Facts, source: Snapshot, target: Snapshot) -> Iterable[Saw]:
    """Want nothing on the target that the source does not have, but for what the policy names."""
    for found in _endangered(facts, source, target):
        if found.name not in facts.view.policy.allowed_target_only:
            remedy = (
                f"Define it on {source.master}, remove it from {target.master} with nim -o remove, "
                "or name it in allowed_target_only."
            )
            yield Saw(found.name, _fate(found, source, target), remedy, (str(found),))


@check_both_masters(
    "content.target-only-approved",
    "forgetting that objects were given up",
    nightly=Severity.NOTES,
    setup=Severity.NOTES,
    takeover=Severity.NOTES,
    failover=Severity.NOTES,
)
def target_only_approved(facts: Facts, source: Snapshot, target: Snapshot) -> Iterable[Saw]:
    """Note what the policy allows a sync to remove."""
    for found in _endangered(facts, source, target):
        if found.name in facts.view.policy.allowed_target_only:
            remedy = "Nothing: allowed_target_only names it."
            yield Saw(found.name, _fate(found, source, target), remedy, (str(found),))


@check_both_masters(
    "content.overwritten",
    "being surprised by what a sync changes on the target",
    nightly=Severity.NOTES,
    setup=Severity.NOTES,
    takeover=Severity.NOTES,
    failover=Severity.NOTES,
)
def overwritten(facts: Facts, source: Snapshot, target: Snapshot) -> Iterable[Saw]:
    """Note each object that both have, of one type, and define differently: the source's definition stays."""
    for found in compare_definitions(source, target, facts.side_of):
        if found.kind is Kind.DIFFERENT and not _other_type(found):
            saw = f"Its definition on {target.master} is replaced by that of {source.master}."
            yield Saw(found.name, saw, "Nothing, if the source is right.", tuple(map(str, found.attributes)))


@check_both_masters(
    "content.source-absent",
    "a replication that stops at a resource whose content is gone",
    nightly=Severity.BLOCKS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.NOTES,
)
def source_absent(_facts: Facts, source: Snapshot, target: Snapshot) -> Iterable[Saw]:
    """Want the content of each resource to exist on the source."""
    for placed in replicated(source, target):
        if placed.on_source is not None and placed.on_source.kind == "absent":
            saw = f"On {source.master} there is nothing at {placed.location}."
            yield Saw(placed.resource, saw, "Restore the content, or remove the resource.")


@check_both_masters(
    "content.sizes",
    "content that no sync refreshes, because something is there already (nim.md 4.3, 8)",
    nightly=Severity.WARNS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.NOTES,
)
def sizes(_facts: Facts, source: Snapshot, target: Snapshot) -> Iterable[Saw]:
    """Warn of a size or kind that differs; one percent is let pass, file systems count differently."""
    for placed in replicated(source, target):
        left, right = placed.on_source, placed.on_target
        if left is None or right is None or "absent" in {left.kind, right.kind}:
            continue
        evidence = tuple(
            f"{own.master}: {place.kind}, {_size(place.size_kb)}" for own, place in ((source, left), (target, right))
        )
        remedy = "Compare the content; if it is old or cut off, move it aside on the target and sync."
        if left.kind != right.kind or not _alike(left.size_kb, right.size_kb):
            saw = f"{placed.location} is not the same on both masters, and a sync will not copy it again."
            yield Saw(placed.resource, saw, remedy, evidence)


def _endangered(facts: Facts, source: Snapshot, target: Snapshot) -> list[Difference]:
    """Return what a sync destroys on the target: objects of no equal on the source, or of another type there.

    A network under another name but of the same address is no loss: niminit names networks anew (nim.md 4.2).
    """
    networks = {_network(found) for found in source.objects.values() if found.cls == "networks"}
    return [
        found
        for found in compare_definitions(source, target, facts.side_of)
        if (found.kind is Kind.TARGET_ONLY and _network(target.objects[found.name]) not in networks)
        or _other_type(found)
    ]


def _network(found: NimObject) -> tuple[str | None, str | None] | None:
    """Return what makes two networks one; None for any other object and for a network without address."""
    if found.cls != "networks" or found.get("net_addr") is None:
        return None
    return found.get("net_addr"), found.get("snm")


def _other_type(found: Difference) -> bool:
    return any(changed.attribute in {"class", "type"} for changed in found.attributes)


def _fate(found: Difference, source: Snapshot, target: Snapshot) -> str:
    if found.kind is Kind.TARGET_ONLY:
        return f"Only {target.master} has it, so a sync removes it."
    return f"It is something else on {source.master} than on {target.master}, so a sync replaces it."


def _alike(left: int | None, right: int | None, tolerance_percent: int = 1) -> bool:
    if left is None or right is None:
        return False
    return abs(left - right) * 100 <= max(left, right) * tolerance_percent


def _size(size_kb: int | None) -> str:
    return "size unknown" if size_kb is None else f"{size_kb} KiB"


CHECKS = (target_only, target_only_approved, overwritten, source_absent, sizes)
