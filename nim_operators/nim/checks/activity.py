"""Checks for work in progress, by others or by us: two operations at once destroy each other (nim.md 9)."""

from __future__ import annotations

from collections.abc import Iterable

from nim_operators.nim.checks.base import Saw, check_each_master
from nim_operators.nim.diagnosis import TAKEOVER_JOB
from nim_operators.nim.facts import Facts
from nim_operators.nim.findings import Severity
from nim_operators.nim.objects import BUILT_IN, NimObject
from nim_operators.nim.snapshot import NimProcess, Snapshot

READY = "ready for a NIM operation"
"""The only Cstate that is safe to sync over (nim.md 5)."""

RESOURCE_READY = "ready for use"
_STANDING = frozenset({RESOURCE_READY, "unavailable for use"})


@check_each_master(
    "activity.processes",
    "another sync, takeover, restore or resource write at the same time (nim.md hazard 18)",
    nightly=Severity.BLOCKS,
    setup=Severity.WARNS,
    takeover=Severity.BLOCKS,
    failover=Severity.APPROVAL,
)
def processes(_facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Want no process that works on NIM, a SMIT session in one of NIM's own panels included."""
    found = tuple(_told(process) for process in own.processes if not _is_smit(process))
    if found:
        yield Saw(own.master, "Something works on NIM.", "Wait until it has ended.", found)


@check_each_master(
    "activity.smit",
    "a person in SMIT who is about to start something",
    nightly=Severity.WARNS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.WARNS,
)
def smit(_facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Warn of SMIT sessions that are somewhere else: their user may walk into NIM's panels."""
    found = tuple(_told(process) for process in own.processes if _is_smit(process))
    if found:
        yield Saw(own.master, "A SMIT session is open.", "Ask its user not to start anything.", found)


@check_each_master(
    "activity.machines",
    "an installation that loses its definition under its feet (nim.md hazard 12)",
    nightly=Severity.BLOCKS,
    setup=Severity.WARNS,
    takeover=Severity.APPROVAL,
    failover=Severity.WARNS,
)
def machines(facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Want the Cstate of every object that has one to be ready; a client without one cannot be judged."""
    busy = tuple(
        f"{found.name}: {found.get('Cstate') or 'prints no Cstate'}"
        for found in own.objects.values()
        if (found.is_client or found.get("Cstate") is not None)
        and found.get("Cstate") != READY
        and found.name not in facts.set_aside
    )
    if busy:
        remedy = "Wait until each is ready; if one hangs, nim -Fo reset and deallocate."
        yield Saw(own.master, "Objects are not ready for a NIM operation.", remedy, busy)


@check_each_master(
    "activity.locks",
    "changing an object that a running NIM command holds",
    nightly=Severity.BLOCKS,
    setup=Severity.WARNS,
    takeover=Severity.APPROVAL,
    failover=Severity.WARNS,
)
def locks(facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Want no object with a lock attribute."""
    held = tuple(
        f"{found.name}: lock = {lock}"
        for found in own.objects.values()
        if (lock := found.get("lock")) is not None and found.name not in facts.set_aside
    )
    if held:
        remedy = "Wait for the process the lock names; if it is gone, nim -Fo reset the object."
        yield Saw(own.master, "Objects are locked by NIM.", remedy, held)


@check_each_master(
    "activity.resources",
    "copying a resource while it is being written",
    nightly=Severity.BLOCKS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.WARNS,
)
def resources(_facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Want no resource in a state other than the two standing ones."""
    busy = tuple(_state(found) for found in own.resources if _rstate(found) not in _STANDING)
    if busy:
        yield Saw(own.master, "Resources are being worked on.", "Wait until they are ready for use.", busy)


@check_each_master(
    "activity.unavailable",
    "a resource that no installation can use",
    nightly=Severity.WARNS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.WARNS,
)
def unavailable(_facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Warn of resources that are unavailable for use."""
    found = tuple(_state(one) for one in own.resources if _rstate(one) in _STANDING and _rstate(one) != RESOURCE_READY)
    if found:
        yield Saw(own.master, "Resources are unavailable for use.", "Run nim -o check on each.", found)


@check_each_master(
    "activity.allocated",
    "an installation that is prepared but has not begun (nim.md hazard 12)",
    nightly=Severity.WARNS,
    setup=Severity.NOTES,
    takeover=Severity.WARNS,
    failover=Severity.NOTES,
)
def allocated(_facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Warn of allocated resources: the copy forgets the allocations, the source keeps them."""
    found = tuple(
        f"{one.name}: alloc_count = {one.get('alloc_count')}"
        for one in own.resources
        if one.name not in BUILT_IN and (one.get("alloc_count") or "0") != "0"
    )
    if found:
        remedy = "Deallocate what nobody needs: nim -Fo deallocate -a subclass=all."
        yield Saw(own.master, "Resources are allocated.", remedy, found)


@check_each_master(
    "activity.lock-held",
    "two runs on one pair (S7)",
    nightly=Severity.BLOCKS,
    setup=Severity.BLOCKS,
    takeover=Severity.BLOCKS,
    failover=Severity.BLOCKS,
)
def lock_held(facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Want the pair lock free, or held by the run that asks."""
    lock = own.own.lock
    if lock is not None and lock.run != facts.run:
        evidence = (f"taken by {lock.run} at {lock.taken_at}",)
        remedy = (
            f"Wait until {lock.run} has ended. If it is dead, fill in 'Break the lock of this run' and type a reason."
        )
        yield Saw(own.master, "The pair lock is held by another run.", remedy, evidence)


@check_each_master(
    "activity.jobs-running",
    "starting beside a job of another run (S7)",
    nightly=Severity.BLOCKS,
    setup=Severity.BLOCKS,
    takeover=Severity.BLOCKS,
    failover=Severity.BLOCKS,
)
def jobs_running(facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Want no running job of another run."""
    found = _jobs(facts, own, {"running"}, others_only=True)
    if found:
        saw = "A job of another run is running."
        yield Saw(own.master, saw, "Wait for it, or clear the task of that run, which attaches.", found)


@check_each_master(
    "activity.jobs-vanished",
    "building on a job of which nobody knows how it ended (design section 4)",
    nightly=Severity.APPROVAL,
    setup=Severity.APPROVAL,
    takeover=Severity.APPROVAL,
    failover=Severity.APPROVAL,
)
def jobs_vanished(facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Want a person to have looked at a job that is gone without a status."""
    found = _jobs(facts, own, {"vanished"}, others_only=False)
    if found:
        is_takeover = any(job.state == "vanished" and job.kind == TAKEOVER_JOB for job in own.own.jobs)
        goes_on = "trigger the runbook of that run again with an override" if is_takeover else "go on with the reason"
        remedy = f"Read its log and look at both masters; then {goes_on}."
        yield Saw(own.master, "A job is gone and left no exit status.", remedy, found)


@check_each_master(
    "activity.jobs-uncollected",
    "losing the result of a job (design section 4)",
    nightly=Severity.NOTES,
    setup=Severity.NOTES,
    takeover=Severity.NOTES,
    failover=Severity.NOTES,
)
def jobs_uncollected(facts: Facts, own: Snapshot) -> Iterable[Saw]:
    """Note jobs that the next start attaches to: reserved, or ended and not collected."""
    found = _jobs(facts, own, {"reserved", "ended"}, others_only=False)
    if found:
        saw = "A job is open that the next start of its kind attaches to."
        yield Saw(own.master, saw, "Nothing: its result is collected then.", found)


def _jobs(facts: Facts, own: Snapshot, states: set[str], *, others_only: bool) -> tuple[str, ...]:
    return tuple(
        f"{job.job} ({job.kind}) of run {job.run}: {job.state}"
        for job in own.own.jobs
        if job.state in states and not (others_only and job.run == facts.run)
    )


def _told(process: NimProcess) -> str:
    return f"{process.pid} {process.user} {process.command}"


def _is_smit(process: NimProcess) -> bool:
    words = process.command.split()
    in_smit = any(word.rpartition("/")[2] in {"smit", "smitty", "msmit"} for word in words[:2])
    return in_smit and not any("nim" in word for word in words[1:])


def _rstate(resource: NimObject) -> str:
    """Return the Rstate; a resource that prints none, as groups do, has nothing to be busy with."""
    return resource.get("Rstate") or RESOURCE_READY


def _state(resource: NimObject) -> str:
    return f"{resource.name}: {_rstate(resource)}"


CHECKS = (
    processes,
    smit,
    machines,
    locks,
    resources,
    unavailable,
    allocated,
    lock_held,
    jobs_running,
    jobs_vanished,
    jobs_uncollected,
)
