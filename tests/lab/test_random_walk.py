"""A random walk through runbooks, faults and people's own commands breaks none of the promises.

About 50 steps by default, drawn anew each time (the seed is printed, ``DEMO_FAULT_SEED=N`` repeats it);
``NIM_STEPS=10000`` walks on. In a sweep the same walk also has to come upon each of three defects that are put into the
product; that the judge sees them is in ``test_judge.py``, and that every state is reached in ``test_every_state.py``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

from tests.lab.defects import DEFECTS
from tests.lab.judge import Violation
from tests.lab.walk import Tally, Walk

SWEEP = os.environ.get("NIM_SWEEP") == "all"
STEPS = int(os.environ.get("NIM_STEPS", "10000" if SWEEP else "50"))
STEPS_AT_MOST = 2000
"""How far a walk goes to find a defect; it stops where it finds it."""

STEPS_PER_EXAMPLE = 25
SEED = int(os.environ["DEMO_FAULT_SEED"])

pytestmark = [pytest.mark.slow, pytest.mark.timeout(0), pytest.mark.usefixtures("metadata_database")]


@pytest.fixture
def walk(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Callable[[int], Tally]:
    """Walk so many steps, or to the first promise that is broken; what was done is kept for the report of a sweep."""

    def go(steps: int) -> Tally:
        tally = Tally()
        given = settings(
            max_examples=max(1, steps // STEPS_PER_EXAMPLE),
            stateful_step_count=STEPS_PER_EXAMPLE,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        # a step over real hosts is not repeated to confirm it: the trail of the violation tells what led to it
        with suppress(Violation, Flaky):
            run_state_machine_as_test(seed(SEED)(lambda: Walk(monkeypatch, tally)), settings=given)
        _keep(request.node.name, tally)
        return tally

    return go


def _keep(name: str, tally: Tally) -> None:
    """Leave what was done where a sweep that wants to report it says."""
    folder = os.environ.get("NIM_SWEEP_TALLIES")
    if folder:
        names = ("steps", "faults", "states", "judged", "examples", "trail")
        kept = {key: getattr(tally, key) for key in names}
        kept |= {"violations": [str(one) for one in tally.violations], "seed": SEED}
        Path(folder, f"{name}.json").write_text(json.dumps(kept))


def test_a_random_walk_breaks_no_promise(walk: Callable[[int], Tally]) -> None:
    tally = walk(STEPS)
    told = "\n".join([*map(str, tally.violations), f"DEMO_FAULT_SEED={SEED}, step by step:", *tally.trail])
    assert tally.violations == [], told
    assert tally.total >= STEPS
    assert min(tally.judged[promise] for promise in ("S1", "S4", "S7", "equal", "verdict done")) > 0


def comes_upon(
    defect: Callable[[pytest.MonkeyPatch], None], walk: Callable[[int], Tally], monkeypatch: pytest.MonkeyPatch
) -> None:
    defect(monkeypatch)
    assert [found.promise for found in walk(STEPS_AT_MOST).violations] == [DEFECTS[defect]]


if SWEEP:
    test_the_walk_comes_upon = pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.__name__)(
        comes_upon
    )
