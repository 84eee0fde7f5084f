"""A plan as text: what a person reads before approving it, in the task log and under Required Actions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nim_operators.evidence.records import Json

_SHOWN = 40
_MIB = 1024 * 1024
_ONLY_RECORDED = ": every client names the target already; only the armed direction is recorded"


def plan_text(record: Json, pair: str) -> str:
    """Return the Markdown text of a plan record; see :class:`nim_operators.evidence.records.PlanRecord`."""
    return "\n".join(_lines(record, pair))


def aim_of(plan: Json) -> str:
    """Say in a few words what a plan is for, as the question, its text and the page of the run have it."""
    if "aim" in plan:
        return str(plan["aim"])
    source, target = plan["source"], plan["target"]
    if plan["clients"]:
        return f"{target} takes over {so_many_clients(len(plan['to_move']))} from {source}"
    return f"{target} becomes the standby of {source}, its database replaced by a copy"


def so_many_clients(number: int) -> str:
    """Name a number of clients as a sentence does."""
    return "1 client" if number == 1 else f"{number} clients"


def _lines(record: Json, pair: str) -> Iterator[str]:
    plan, asked = record["plan"], record["asked"]
    moves = bool(plan["clients"])
    yield f"### {plan['runbook']} of pair {pair}: {aim_of(plan)}"
    yield ""
    if record["rehearsal"]:
        yield "**Rehearsal: nothing of this will be sent.**"
        yield ""
    if record.get("warning"):
        yield f"**Warning: {record['warning']}**"
        yield ""
    yield f"- Reason: {asked['reason']}" + (f" (change {asked['change_ticket']})" if asked["change_ticket"] else "")
    yield from _diagnosis(plan)
    if moves:
        yield from _moving(plan, asked)
    yield from (f"- {sentence}" for sentence in told_aside(record))
    yield from _recovery_point(record)
    yield from (f"- {sentence}" for sentence in plan.get("told", ()))
    if "aim" not in plan:
        yield from _final_sync(plan, asked)
    yield from _lost(plan)
    yield from _repair(plan)
    yield ""
    yield "#### Commands"
    yield ""
    yield from (f"    {host}: {line}" for host, line in plan["commands"])
    if not plan["commands"]:
        yield f"    none{'' if 'aim' in plan else _ONLY_RECORDED}"
    yield from _named("Clients to move", plan["to_move"])
    yield from _obstacles(plan["obstacles"])
    yield ""
    yield f"Digest of this plan: `{record['digest']}`"


def told_aside(record: Json) -> Iterator[str]:
    """Yield one sentence for each client that the estate file sets aside."""
    for client, why in sorted(record.get("set_aside", {}).items()):
        yield f"Set aside in the estate file, counted only if it answers: {client} ({why})"


def _diagnosis(plan: Json) -> Iterator[str]:
    found = plan.get("diagnosis")  # plans of an earlier version have none
    if found is not None:
        yield f"- Diagnosis: **{found['state']}**. {found['meaning']}"
        yield from (f"  - {sentence}" for sentence in found["reasons"])


def _lost(plan: Json) -> Iterator[str]:
    if plan["lost"]:
        yield "- What will be gone or is not known there:"
        yield from (f"  - {sentence}" for sentence in plan["lost"][:_SHOWN])
        if len(plan["lost"]) > _SHOWN:
            yield f"  - and {len(plan['lost']) - _SHOWN} more; see the plan in the evidence"


def _repair(plan: Json) -> Iterator[str]:
    if plan.get("ill"):
        yield f"- **{plan['target']} could not take over as it is.** Repaired first: {plan['repair']}."
        yield from (f"  - {sentence}" for sentence in plan["ill"])


def _moving(plan: Json, asked: Json) -> Iterator[str]:
    yield f"- Clients: {len(plan['to_move'])} to move, {len(plan['stays'])} of them known not to follow,"
    yield f"  {len(plan['there'])} there already"
    yield f"- Below {asked['threshold']} % moved the armed direction is not turned, and they may be given back"
    yield f"- Recovery target: {asked['recovery_target_minutes']} minutes"


def _recovery_point(record: Json) -> Iterator[str]:
    point = record.get("recovery_point")
    if point is None:
        yield "- Last recovery point: **none**"
    else:
        yield f"- Last recovery point: {point['at']} ({point['source']} to {point['target']})"


def _final_sync(plan: Json, asked: Json) -> Iterator[str]:
    if plan["clients"]:
        yield f"- Final sync: {plan['final_sync']}"
    else:
        yield f"- {plan['target']} gets the database of {plan['source']}, and what it lacks of its resources"
    if plan["why_no_sync"]:
        yield from (f"  > {line}" for line in plan["why_no_sync"].splitlines())
    size = plan["bytes_to_copy"]
    if size:
        minutes = size / _MIB / asked["copy_rate"] / 60
        fits = "fits" if minutes < asked["window_minutes"] else "**does not fit**"
        yield (
            f"- It copies {size / _MIB:.0f} MiB, about {minutes:.0f} minutes at {asked['copy_rate']} MiB/s: {fits} "
            f"the window of {asked['window_minutes']} minutes"
        )


def _named(title: str, names: list[str]) -> Iterator[str]:
    if names:
        yield ""
        yield f"#### {title} ({len(names)})"
        yield ""
        yield ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _obstacles(obstacles: list[dict[str, Any]]) -> Iterator[str]:
    if not obstacles:
        return
    yield ""
    yield f"#### Clients that will not or may not follow ({len(obstacles)})"
    yield ""
    for one in obstacles[:_SHOWN]:
        for found in one["obstacles"]:
            yield f"- **{one['client']}**: {found['cause']}. {found['saw']} {found['remedy']}"
    if len(obstacles) > _SHOWN:
        yield f"- and {len(obstacles) - _SHOWN} more; see the plan in the evidence"
