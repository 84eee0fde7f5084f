"""What an alternate needs before it can take over, and whether it can be given that (design section 6)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from nim_operators.nim import commands
from nim_operators.nim.collector import BASE
from nim_operators.nim.commands import AIX, CommandPaths
from nim_operators.nim.facts import Facts, facts_of, has_database, takes_for
from nim_operators.nim.serving import full_file_systems
from nim_operators.nim.snapshot import Snapshot

MASTER_FILESET = "bos.sysmgt.nim.master"


class Repair(StrEnum):
    """What makes an alternate serve again."""

    NONE = "none"
    START = "start nimesis"
    REDEFINE = "define nimesis again"
    RESTORE = "restore its own database"
    BY_HAND = "only by hand"


DATABASE = frozenset({Repair.REDEFINE, Repair.RESTORE})
"""Repairs that put a backup of the database back: ``m_restore_db`` also defines nimesis (nim.md 3.2, hazard 13)."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """What is wrong with an alternate, one sentence each, and what mends it; where nothing may, what a person does."""

    repair: Repair
    saw: tuple[str, ...] = ()
    remedy: str = ""


READY = Preparation(Repair.NONE)


def preparation(facts: Facts) -> Preparation:
    """Say what the target needs before it can take over. A target that was not observed needs nothing that is known."""
    own = facts.target
    if own is None:
        return READY
    broken = _broken(own, facts.peer_of(own))
    rows = [row.status for row in own.subsystems if row.name == "nimesis"]
    stopped = not own.is_active("nimesis")
    saw = (*broken, *([f"On {own.master} nimesis is {', '.join(rows) or 'not defined'}."] if stopped else []))
    full = tuple(full_file_systems(own))
    if full:
        return Preparation(Repair.BY_HAND, (*full, *saw), f"Make room on {own.master} first.")
    if broken:
        objection = _no_restore(facts, own)
        return Preparation(Repair.BY_HAND if objection else Repair.RESTORE, saw, objection)
    if own.own.fenced is not None and stopped:
        fence = own.own.fenced
        remedy = (
            f"{own.master} was fenced by {fence.run} at {fence.since}, because its clients had gone: its database is "
            f"as old as that. If it is to serve all the same, type there: {AIX.startsrc} -s nimesis; rm {BASE}/fenced; "
            f"sed 's/.*/mkitab \"&\"/' {BASE}/fence/inittab | ksh"
        )
        return Preparation(Repair.BY_HAND, saw, remedy)
    if stopped:
        return Preparation(Repair.START if rows else Repair.REDEFINE, saw)
    return READY


def has_own_database(own: Snapshot) -> bool:
    """Tell whether a master's database is whole and its own, whether or not nimesis runs: worth putting back."""
    return not _broken(own, None)


def beyond_repair(facts: Facts) -> bool:
    """Tell whether nothing but a person can make the target serve."""
    return preparation(facts).repair is Repair.BY_HAND or facts.standby != facts.view.target


def prepared(facts: Facts) -> Facts:
    """Return the facts as they will be once the target's own database is back: as its backup shows it."""
    kept, own = facts.view.kept, facts.target
    if kept is None or own is None or preparation(facts).repair is not Repair.RESTORE:
        return facts
    was = kept.shows
    back = replace(
        own,
        objects=was.objects,
        niminfo=was.niminfo,
        nim_level=was.nim_level,
        subsystems=was.subsystems,
        database_fault=None,
    )
    view = facts.view
    return facts_of(replace(view, observations={**view.observations, view.target: back}), facts.run)


def repair_lines(facts: Facts, paths: CommandPaths, backup: str) -> tuple[str, ...]:
    """Return the lines that mend the target, as a plan shows them.

    :param backup: the backup that is put back, where one is.
    """
    own, needed = facts.target, preparation(facts).repair
    start = commands.start_nimesis(paths).line
    if own is None or needed in {Repair.NONE, Repair.BY_HAND}:
        return ()
    if needed in DATABASE:
        return commands.stop_nimesis(paths).line, f"{paths.m_restore_db} {backup}", start
    rows = [row for row in own.subsystems if row.name == "nimesis"]
    return (commands.stop_nimesis(paths).line, start) if rows[1:] else (start,)


def _broken(own: Snapshot, peer: Snapshot | None) -> list[str]:
    """Say why the database of a master is not whole or not its own."""
    saw = []
    if own.own.unusable is not None:
        fence = own.own.unusable
        saw.append(f"{own.master} was fenced by {fence.run} at {fence.since}: {fence.reason}")
    if own.niminfo is None:
        saw.append(f"{own.master} has no /etc/niminfo.")
    elif own.niminfo.configuration != "master":
        saw.append(f"/etc/niminfo of {own.master} says NIM_CONFIGURATION={own.niminfo.configuration}, not master.")
    if own.database_fault is not None:
        saw.append(f"The NIM database of {own.master} cannot be read: {own.database_fault}.")
    elif not has_database(own):
        saw.append(f"The NIM database of {own.master} has no master object.")
    taken_for = takes_for(own, peer)
    if taken_for is not None:
        saw.append(f"{own.master} holds the files of {taken_for}: a sync onto it was cut off in the middle.")
    return saw


def _no_restore(facts: Facts, own: Snapshot) -> str:
    """Say why the target's own database cannot be put back without a person; empty where it can."""
    kept = facts.view.kept
    by_hand = f"{AIX.m_restore_db} <file>; {AIX.startsrc} -s nimesis"
    if kept is None:
        return (
            f"The evidence holds no verified backup of a whole database of {own.master}. Look for one in "
            f"{BASE}/backups and /export/nim/backups there, and type there: {by_hand}"
        )
    level = own.filesets.get(MASTER_FILESET)
    if level is not None and level != kept.nim_level:
        return (
            f"Its newest verified backup, {kept.path}, was written at level {kept.nim_level}, and {MASTER_FILESET} on "
            f"{own.master} is at {level}: m_restore_db refuses that. Bring the host to that level, then run again."
        )
    if own.niminfo is not None and own.niminfo.configuration not in {None, "master"}:
        return f"{own.master} has become a NIM client. Make it a master again with nimconfig, and type there: {by_hand}"
    return ""
