"""Which clients do not list both masters in their own /etc/niminfo, and why not (nim.md 2.1, hazard 7).

A sync with ``reset_clients=yes`` rewrites the list on each client that takes a push from its current master (nim.md
4.3). What it prints is not documented (nim.md 12.7), so only the clients' own files say what it did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nim_operators.nim import commands
from nim_operators.nim.assess import Assessment
from nim_operators.nim.commands import CommandPaths
from nim_operators.nim.facts import Facts
from nim_operators.nim.ownership import Row, Side
from nim_operators.nim.plan import NoPlan, PlannedCommand
from nim_operators.nim.readiness import Cause, Obstacle, Readiness, readiness
from nim_operators.nim.repairplan import RepairPlan
from nim_operators.nim.runbooks import Runbook

_SHOWN = 40
_KEEPS_A_PUSH_OUT = frozenset(
    {
        Cause.UNREACHABLE,
        Cause.PUSH_FORBIDDEN,
        Cause.CPUID,
        Cause.REFUSES,
        Cause.SILENT,
        Cause.ELSEWHERE,
        Cause.OTHER_HOST,
    }
)


@dataclass(frozen=True, slots=True)
class Unlisted:
    """One client that does not list both masters with its current one first, or did not say.

    ``is_reached`` tells that nothing is known which keeps a push of its master out; ``answers`` that its own file was
    read. ``saw`` is the fact, ``remedy`` what a person does where a sync does not help.
    """

    client: str
    answers: bool
    is_reached: bool
    saw: str
    remedy: str

    def to_json(self) -> dict[str, str]:
        """Return it as plain JSON."""
        return {"client": self.client, "saw": self.saw, "remedy": self.remedy}

    def __str__(self) -> str:
        return f"{self.client}: {self.saw} {self.remedy}"


def unlisted(facts: Facts) -> tuple[Unlisted, ...]:
    """Return every client of the source that does not list both masters by its own file, or does not answer. Pure."""
    files: dict[str, list[tuple[str, ...]]] = {}
    for own in facts.observed:
        for answer in own.clients:
            if answer.niminfo is not None:
                files.setdefault(answer.client, []).append(answer.niminfo.master_hostnames)
    stands = {one.client: one for one in readiness(facts)}
    rows = (row for row in facts.matrix.rows if row.database(facts.view.source) is not None)
    found = (_unlisted(facts, row, files.get(row.client, ()), stands[row.client]) for row in rows)
    return tuple(one for one in found if one is not None)


def _unlisted(facts: Facts, row: Row, files: Sequence[tuple[str, ...]], stands: Readiness) -> Unlisted | None:
    names_source = all(word.side is Side.SOURCE and word.fault is None for word in row.answers)
    bad = [names for names in files if not _lists_both(facts, names)]
    if row.answers and names_source and not bad:
        return None
    keeps_out = _KEEPS_A_PUSH_OUT if row.answers else _KEEPS_A_PUSH_OUT | {Cause.CERTIFICATE}
    in_the_way = next((_worded(one) for one in stands.obstacles if one.cause in keeps_out), None)
    own = _own_file(facts, row, bad)
    return Unlisted(
        client=row.client,
        answers=bool(row.answers),
        is_reached=in_the_way is None,
        saw=" ".join(text for text in (own, in_the_way.saw if in_the_way else "") if text),
        remedy=in_the_way.remedy if in_the_way else f"Trigger {Runbook.REPAIR_CLIENT} for it, or run niminit on it.",
    )


def _lists_both(facts: Facts, names: Sequence[str]) -> bool:
    sides = [facts.side_of(name) for name in names]
    return sides[:1] == [Side.SOURCE] and Side.TARGET in sides


def _own_file(facts: Facts, row: Row, bad: Sequence[Sequence[str]]) -> str:
    """Say what is wrong with what the client's own file says; empty where it said nothing, or another host did."""
    named = [word.master_hostname for word in row.answers if word.side in {Side.TARGET, Side.UNCLEAR}]
    if named:
        return f"Its own /etc/niminfo names {named[0]}, not {facts.view.source}."
    if not row.answers or not bad:
        return ""
    if not bad[0]:
        return "Its own /etc/niminfo has no NIM_MASTER_HOSTNAME_LIST."
    lacks = [
        master
        for master in (facts.view.source, facts.view.target)
        if facts.side(master) not in map(facts.side_of, bad[0])
    ]
    wrong = f"lacks {' and '.join(lacks)}" if lacks else f"does not begin with {facts.view.source}"
    return f"Its NIM_MASTER_HOSTNAME_LIST, '{' '.join(bad[0])}', {wrong}."


def _worded(one: Obstacle) -> Obstacle:
    """Say what to do where a client is away; elsewhere the takeover is what it is away from."""
    if one.cause is not Cause.UNREACHABLE:
        return one
    return replace(one, remedy="Switch it on, start nimsh (startsrc -s nimsh), open ports 3901 and 3902.")


def plan_reset(facts: Facts, paths: CommandPaths, assessment: Assessment) -> RepairPlan:
    """Say what a sync with ``reset_clients=yes`` will be sent for. Pure; no command where no client needs it.

    :param paths: where the commands are on the source.
    :raises NoPlan: if the source has no single object for the target.
    """
    source, target = facts.view.source, facts.view.target
    if assessment.alternate is None:
        raise NoPlan(f"{source} has no single alternate_master object for {target}, so there is nothing to sync onto.")
    found = unlisted(facts)
    needing = [one for one in found if one.answers]
    sync = commands.sync(paths, assessment.alternate, force=assessment.force, reset_clients=True)
    return RepairPlan(
        runbook=Runbook.RESET_CLIENTS,
        source=source,
        target=target,
        aim=f"every client of {source} that takes a push lists both masters, {source} and {target}",
        commands=(PlannedCommand(source, sync.line),) if needing else (),
        subject={
            "clients": ", ".join(one.client for one in needing),
            "not_reached": ", ".join(one.client for one in found if not one.is_reached),
        },
        told=tuple(_told(target, len(facts.matrix.rows), found, needed=bool(needing))),
    )


def _told(target: str, clients: int, found: Sequence[Unlisted], *, needed: bool) -> list[str]:
    if needed:
        first = [
            f"It is pushed to every client, {clients} in all, and {target} gets the database as in a night",
            "Whether this level of NIM knows reset_clients is not documented; if not, NIM refuses and nothing is done",
        ]
    else:
        first = ["Every client that answers lists both masters already"]
    told = [
        f"{one.client}: {one.saw}" if one.is_reached else f"{one.client} will not be reached: {one.saw} {one.remedy}"
        for one in found[:_SHOWN]
    ]
    more = [f"and {len(found) - _SHOWN} more; see the plan in the evidence"] if len(found) > _SHOWN else []
    return [*first, *told, *more]
