"""Each row of ``docs/verdict_table.md``: what a runbook says of a pair in that state, and that it changes nothing.

One lab per world serves every runbook. A few worlds, drawn from a seed, in every run of the tests; all of them with
``NIM_SWEEP=all`` (``make sweep``).
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from nim_operators.nim.diagnosis import State
from tests.lab import runbook
from tests.lab.life import Pair, Tally
from tests.lab.verdict_worlds import FIRST, WORLDS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), pytest.mark.usefixtures("metadata_database")]

DRAWN = 2
OVERRIDE = "looked at it, and it may go on"


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    world: str
    runbooks: tuple[str, ...]
    state: str
    verdict: str
    evidence: str
    next: str


def read_table() -> Iterator[Row]:
    world = ""
    for line in (runbook.REPOSITORY / "docs" / "verdict_table.md").read_text().splitlines():
        if line.startswith("## "):
            world = line.removeprefix("## ")
        elif line.startswith("| `"):
            runbooks, *cells = (cell.strip() for cell in line.strip("|").split("|"))
            yield Row(world, tuple(runbooks.replace("`", "").split()), *cells)


ROWS = list(read_table())
EVERY = os.environ.get("NIM_SWEEP") == "all"
DRAW = random.Random(os.environ["DEMO_FAULT_SEED"])
CHOSEN = list(WORLDS) if EVERY else DRAW.sample(list(WORLDS), DRAWN)


@pytest.fixture(scope="module")
def tally() -> Tally:
    return Tally()


@pytest.fixture(autouse=True)
def reattach_is_allowed_and_hangs_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = runbook.ESTATE + "    takeover: {reattach: true}\n"
    monkeypatch.setattr(runbook.Installation.__init__, "__defaults__", (allowed,))
    for module in ("asking", "collect", "script"):
        monkeypatch.setattr(f"nim_operators.remote.{module}.FIRST_WORD_SECONDS", 8.0)


def decide(pair: Pair, name: str, **more: str) -> str:
    """Let the task of a runbook decide that does so, and return its refusal; empty where the run goes on."""
    task, form = FIRST[name]
    run_id = f"asked__{name}"  # never that of a run by which the world was made
    refused = pair.process.alone(task, name, run_id=run_id, **{**pair.process.dag(name).params.dump(), **form, **more})
    return str(refused) if refused is not None else ""


def override_of(name: str) -> dict[str, str]:
    """Return the field of the form in which a person says why a run may go on."""
    return {"reason": OVERRIDE} if name in {"nim_nightly_sync", "nim_setup"} else {"override": OVERRIDE}


def demand_words(text: str, row: Row) -> None:
    """Want the words of the row where a reader looks for them: cause, evidence and next action."""
    for label, words in (("Cause: ", ""), ("Evidence: ", row.evidence), ("Next: ", row.next)):
        assert any(label in line and words in line for line in text.splitlines()), (label, words, text)


def judge(pair: Pair, row: Row, name: str) -> None:
    before = pair.lab.mark(), pair.lab.state_hash()
    typed: dict[str, str] = override_of(name) if row.verdict == "refused" else {}
    if row.verdict == "goes on":
        assert decide(pair, name) == ""
    else:
        task, form = FIRST[name]
        run = pair.process.run(name, run_id=f"told__{name}", **{**form, **typed})
        (seen,) = run.records("assessment")
        assert (run.verdict, seen["diagnosis"]["state"]) == ("refused", row.state)
        assert f"{task} refused, and nothing was changed." in run.reason
        demand_words(run.reason, row)
    if row.verdict == "wants a reason":
        assert decide(pair, name, **override_of(name)) == ""
    assert (pair.lab.changing(after=before[0]), pair.lab.state_hash()) == ([], before[1])


@pytest.mark.parametrize("world", CHOSEN)
def test_every_runbook_says_what_the_table_promises(world: str, monkeypatch: pytest.MonkeyPatch, tally: Tally) -> None:
    start, make = WORLDS[world]
    with closing(Pair(start, monkeypatch, tally)) as pair:
        make(pair)
        for row in (row for row in ROWS if row.world == world):
            for name in row.runbooks:
                judge(pair, row, name)


def test_the_table_knows_every_world_and_every_state_with_every_runbook() -> None:
    assert {row.world for row in ROWS} == set(WORLDS)
    assert {row.state for row in ROWS} == {str(state) for state in State}
    for world in WORLDS:
        named = [name for row in ROWS if row.world == world for name in row.runbooks]
        assert sorted(named) == sorted(set(named)), world
    judged: dict[str, set[Any]] = {}
    for row in ROWS:
        judged.setdefault(row.world, set()).update(row.runbooks)
    whole = {world for world, names in judged.items() if names == set(FIRST)}
    assert {row.state for row in ROWS if row.world in whole} == {str(state) for state in State}
