"""Content that was moved aside on the target: the jobs that move it, put it back or remove it."""

from __future__ import annotations

from collections.abc import Iterable

from nim_operators.evidence.records import BeforeMoveRecord, ContentsRecord
from nim_operators.nim.collector import BASE
from nim_operators.nim.content import Condition
from nim_operators.nim.refresh import Renewal
from nim_operators.nim.snapshot import Aside
from nim_operators.operators.base import Run
from nim_operators.operators.jobs import JobRequest
from nim_operators.remote.job import Slot
from nim_operators.remote.script import embedded

KIND = "aside"


def move_aside(run: Run, renewals: Iterable[Renewal]) -> JobRequest:
    """Return the job that moves content aside on the target, each inside its own directory."""
    chosen = list(renewals)
    rows = [f"{one.resource} {one.content} {one.location}" for one in chosen]
    line = f"move aside {', '.join(one.location for one in chosen)}"
    return _job(run, line, _script(run, "move", rows))


def remove_aside(run: Run, asides: Iterable[Aside]) -> JobRequest:
    """Return the job that removes what was moved aside; where nothing lies in its place, it stays."""
    chosen = list(asides)
    line = f"remove {', '.join(one.aside for one in chosen)}"
    return _job(run, line, _script(run, "drop", [one.resource for one in chosen]))


def back_from_aside(run: Run, asides: Iterable[Aside]) -> tuple[str, str]:
    """
    Return the line and the script that put former content back in its place.

    What this run has compared and not found equal is marked, so that the same content is not copied again in vain.
    """
    chosen = list(asides)
    compared = run.recorded(ContentsRecord)[-1:]
    unequal = {
        row["resource"] for record in compared for row in record["rows"] if row["condition"] != Condition.EQUAL.value
    }
    rows = [f"{one.resource} {'refused' if one.resource in unequal else 'back'}" for one in chosen]
    return f"put back {', '.join(one.location for one in chosen)}", _script(run, "back", rows)


def has_moved(run: Run) -> bool:
    """Tell whether this run may have sent a command that moves content aside."""
    return bool(run.recorded(BeforeMoveRecord))


def waiting(asides: Iterable[Aside]) -> tuple[Aside, ...]:
    """Return what lies aside now, without what is back in its place."""
    return tuple(found for found in asides if found.state == "aside")


def _script(run: Run, action: str, rows: list[str]) -> str:
    return embedded("aside", {"BASE": BASE, "ACTION": action, "RUN": run.holder.run}, {"list_resources": rows})


def _job(run: Run, line: str, command: str) -> JobRequest:
    return JobRequest(run.target, KIND, line, command, Slot.CHANGE, changes=True)
