"""The plan of a takeover: what a person approves, and what must still hold when it is carried out (S11)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from nim_operators.nim import commands
from nim_operators.nim.assess import Assessment
from nim_operators.nim.commands import Command, CommandPaths, PeerRecord
from nim_operators.nim.diagnosis import Diagnosis, diagnosis_of
from nim_operators.nim.drift import Kind, compare_definitions
from nim_operators.nim.errors import Refused
from nim_operators.nim.facts import Facts
from nim_operators.nim.law import Permission
from nim_operators.nim.preparation import READY, Preparation, Repair
from nim_operators.nim.readiness import Readiness, readiness
from nim_operators.nim.runbooks import WITHOUT_SOURCE, Runbook
from nim_operators.nim.snapshot import Snapshot

_KIB = 1024


class FinalSync(StrEnum):
    """Whether the source's database is copied once more before its clients are taken over."""

    SENT = "sent before the takeover"
    NOT_NEEDED = "not needed: the target holds everything already"
    NOT_POSSIBLE = "not possible"
    NOT_WANTED = "not wanted by the person who triggered the run"
    NO_SOURCE = "not possible: the source does not serve"


class NoPlan(Refused):
    """Nothing can be planned: what a plan is made of is missing. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class PlannedCommand:
    """One command line and the master it runs on."""

    host: str
    line: str


@dataclass(frozen=True, slots=True)
class TakeoverPlan:
    """What will be done, to whom, and what will not move.

    ``clients`` are all clients that the takeover concerns, ``there`` those that name the target already,
    ``obstacles`` the others that will not or may not follow. ``set_aside`` are silent clients besides, which the estate
    file sets aside: NIM tries them, nothing waits for them. ``bytes_to_copy`` is what the final sync brings, ``lost``
    what will be gone afterwards, one sentence each; ``only_there`` names the objects that a sync erases on the target.
    ``repair`` is what the target needs before it can take over, ``ill`` why.
    ``diagnosis`` is what all of it rests on.
    """

    runbook: Runbook
    source: str
    target: str
    final_sync: FinalSync
    why_no_sync: str
    commands: tuple[PlannedCommand, ...]
    clients: tuple[str, ...]
    there: tuple[str, ...]
    obstacles: tuple[Readiness, ...]
    bytes_to_copy: int
    diagnosis: Diagnosis
    lost: tuple[str, ...] = ()
    only_there: tuple[str, ...] = ()
    set_aside: tuple[str, ...] = ()
    repair: Repair = Repair.NONE
    ill: tuple[str, ...] = ()

    @property
    def to_move(self) -> tuple[str, ...]:
        """The clients that do not name the target yet."""
        there = set(self.there)
        return tuple(client for client in self.clients if client not in there)

    @property
    def stays(self) -> tuple[str, ...]:
        """The clients that are known not to follow."""
        return tuple(one.client for one in self.obstacles if not one.follows)

    @property
    def digest(self) -> str:
        """SHA-256 of what is approved: direction, command lines, and which clients move or stay."""
        return digest_of(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain JSON."""
        return {
            "runbook": self.runbook.value,
            "source": self.source,
            "target": self.target,
            "final_sync": self.final_sync.value,
            "commands": [[one.host, one.line] for one in self.commands],
            "clients": sorted(self.clients),
            "stays": sorted(self.stays),
            "set_aside": sorted(self.set_aside),
            "only_there": sorted(self.only_there),
            "why_no_sync": self.why_no_sync,
            "there": list(self.there),
            "to_move": list(self.to_move),
            "obstacles": [one.to_json() for one in self.obstacles],
            "bytes_to_copy": self.bytes_to_copy,
            "lost": list(self.lost),
            "repair": self.repair.value,
            "ill": list(self.ill),
            "diagnosis": self.diagnosis.to_json(),
        }


_APPROVED = (
    "runbook",
    "source",
    "target",
    "final_sync",
    "commands",
    "clients",
    "stays",
    "set_aside",
    "only_there",
    "repair",
    "subject",
)


def digest_of(plan: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what is approved of a plan, given as :meth:`TakeoverPlan.to_json` or as it was kept."""
    return hashlib.sha256(json.dumps([plan.get(key) for key in _APPROVED]).encode()).hexdigest()


def plan_takeover(
    facts: Facts,
    runbook: Runbook,
    paths: Mapping[str, CommandPaths],
    *,
    sync_assessment: Assessment,
    lacks_nothing: bool,
    sync_wanted: bool,
    lost: tuple[str, ...] = (),
    prepare: Preparation = READY,
    first: tuple[str, ...] = (),
) -> TakeoverPlan:
    """Say what a takeover by the target will do. Pure: the same facts give the same plan.

    :param paths: where the commands are on each master.
    :param sync_assessment: what the law of the nightly sync says of the same view.
    :param lacks_nothing: whether the target holds everything that the source does.
    :param sync_wanted: whether the person who triggered the run wants one last sync.
    :param lost: what will be gone afterwards.
    :param prepare: what the target needs before, *first* the lines that give it that; the facts are those after it.
    :raises NoPlan: if no client is defined that counts; or if the target's database does not say which object the other
        master is, nor can be told.
    """
    source, target = facts.view.source, facts.view.target
    if not facts.matrix.rows:
        raise NoPlan(
            f"No database that could be read defines a client that counts, so {target} has nobody to take over. Define "
            f"the clients on it, or run niminit on each of them with {target} as the master. Nothing was sent."
        )
    there = set(facts.matrix.clients_naming(target)) - set(facts.matrix.clients_naming(source))
    clients = tuple(row.client for row in facts.matrix.rows)
    final, why = _final_sync(facts, runbook, sync_assessment, lacks_nothing=lacks_nothing, wanted=sync_wanted)
    needed = [PlannedCommand(target, line) for line in first]
    if set(clients) - there:
        if final is FinalSync.SENT and sync_assessment.alternate is not None:
            line = commands.sync(paths[source], sync_assessment.alternate, force=sync_assessment.force).line
            needed.append(PlannedCommand(source, line))
        needed += [PlannedCommand(target, one.line) for one in takeover_commands(facts, paths[target])]
    return TakeoverPlan(
        runbook=runbook,
        source=source,
        target=target,
        final_sync=final,
        why_no_sync=why,
        commands=tuple(needed),
        clients=clients,
        there=tuple(sorted(there)),
        obstacles=tuple(one for one in readiness(facts) if one.obstacles and one.client not in there),
        bytes_to_copy=_bytes_to_copy(facts) if final is FinalSync.SENT else 0,
        lost=lost or _not_carried_over(facts, final),
        set_aside=tuple(facts.set_aside),
        repair=prepare.repair,
        ill=prepare.saw,
        diagnosis=diagnosis_of(facts),
    )


def _not_carried_over(facts: Facts, final: FinalSync) -> tuple[str, ...]:
    """Say what the target lacks and will not get, because the database is not copied once more."""
    if final not in {FinalSync.NOT_POSSIBLE, FinalSync.NOT_WANTED} or facts.source is None or facts.target is None:
        return ()
    differences = compare_definitions(facts.source, facts.target, facts.side_of)
    return tuple(str(found) for found in differences if found.source_has_more and not found.is_about_owners)


def plan_reprotect(facts: Facts, paths: Mapping[str, CommandPaths], assessment: Assessment) -> TakeoverPlan:
    """Say what making the target the standby of the source again will do. Pure.

    ``lost`` names what only the target's database holds: a person merges it by hand, from its backup.

    :raises NoPlan: if the source has no single object for the target.
    """
    source, target = facts.view.source, facts.view.target
    if assessment.alternate is None or facts.source is None or facts.target is None:
        raise NoPlan(f"{source} has no single alternate_master object for {target}, so there is nothing to sync onto.")
    sync = commands.sync(paths[source], assessment.alternate, force=assessment.force)
    fence = commands.stop_nimesis(paths[target])
    differences = compare_definitions(facts.source, facts.target, facts.side_of)
    told = [found for found in differences if found.kind is not Kind.SOURCE_ONLY and not found.is_about_owners]
    return TakeoverPlan(
        runbook=Runbook.REPROTECT,
        source=source,
        target=target,
        final_sync=FinalSync.SENT,
        why_no_sync="",
        commands=(PlannedCommand(target, fence.line), PlannedCommand(source, sync.line)),
        clients=(),
        there=(),
        obstacles=(),
        bytes_to_copy=_bytes_to_copy(facts),
        lost=tuple(map(str, told)),
        set_aside=tuple(facts.set_aside),
        only_there=tuple(found.name for found in differences if found.kind is Kind.TARGET_ONLY),
        diagnosis=assessment.diagnosis,
    )


def _final_sync(
    facts: Facts, runbook: Runbook, nightly: Assessment, *, lacks_nothing: bool, wanted: bool
) -> tuple[FinalSync, str]:
    if runbook in WITHOUT_SOURCE:
        return FinalSync.NO_SOURCE, ""
    if facts.source is None:
        return FinalSync.NO_SOURCE, "The source cannot be read."
    if lacks_nothing:
        return FinalSync.NOT_NEEDED, ""
    if not wanted:
        return FinalSync.NOT_WANTED, "The takeover rests on the last recovery point."
    if nightly.permission is not Permission.GO:
        return FinalSync.NOT_POSSIBLE, nightly.refusal
    return FinalSync.SENT, ""


def takeover_commands(facts: Facts, paths: CommandPaths) -> tuple[Command, ...]:
    """Return what is sent on the target: the takeover, and before it the record of the other master if it lacks.

    A sync may leave the target without that record (nim.md 12.1), and a takeover needs its name.

    :raises NoPlan: if the target has several such records, or nothing tells how to define one.
    """
    target = facts.target
    if target is None:
        raise NoPlan(f"{facts.view.target} was not observed, so nothing can be planned on it.")
    records = facts.peer_records(target)
    if len(records) == 1:
        return (commands.takeover(paths, records[0].name),)
    if records:
        names = ", ".join(record.name for record in records)
        raise NoPlan(
            f"{target.master} knows {facts.view.source} under several names ({names}); remove the wrong ones "
            "with 'nim -o remove' there, then run again."
        )
    peer = peer_to_define(facts.source, target, facts.view.source)
    return commands.define_peer(paths, peer), commands.takeover(paths, peer.name)


def peer_commands(facts: Facts, paths: CommandPaths) -> tuple[Command, ...]:
    """Return what defines the other master on the target, nothing where the target knows it; see there."""
    return takeover_commands(facts, paths)[:-1]


def peer_to_define(source: Snapshot | None, target: Snapshot, name: str) -> PeerRecord:
    """Return how the other master is defined on the target: as it describes itself, else as niminfo names it.

    :raises NoPlan: if neither can be read.
    """
    described = describes_itself(source) if source is not None else None
    if described is not None:
        return described
    host = target.niminfo.alternate_master if target.niminfo else None
    if not host:
        by_hand = commands.define_peer(commands.AIX, PeerRecord(name=name, host=name, connect=_protocol(source))).line
        raise NoPlan(
            f"{target.master} has no alternate_master object for {name}, and its /etc/niminfo has no "
            f"NIM_ALTERNATE_MASTER, so nothing says which host {name} is. Define it there, with {name}'s host name in "
            f"if1, then run again: {by_hand}"
        )
    first = host.split()[0]
    return PeerRecord(name=first.partition(".")[0], host=first, connect=_protocol(source))


def describes_itself(source: Snapshot) -> PeerRecord | None:
    """Return how the other master is to know *source*, by its own master object; None where it shows no such thing."""
    host = source.niminfo.master_hostname if source.niminfo else None
    if "master" not in source.objects or not host:
        return None
    return PeerRecord.of_master(host.partition(".")[0], source.objects["master"], _protocol(source))


def _protocol(source: Snapshot | None) -> str:
    """Return the protocol that *source* speaks with its peer."""
    records = source.of_type("alternate_master") if source is not None else ()
    return next((record.get("connect") for record in records), None) or "nimsh"


def _bytes_to_copy(facts: Facts) -> int:
    """Add up what replication will copy: only what is absent at its location on the target (nim.md 8)."""
    source, target = facts.source, facts.target
    if source is None or target is None:
        return 0
    missing = [
        found.location
        for found in source.replicated
        if found.location and (found.location not in target.places or target.places[found.location].kind == "absent")
    ]
    sizes = (source.places[location].size_kb for location in set(missing) if location in source.places)
    return sum(size for size in sizes if size is not None) * _KIB
