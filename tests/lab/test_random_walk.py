"""A random walk through runbooks, faults and people's own commands breaks none of the promises.

A step is one thing that happens: a task of a run, a command typed by hand, a fault, a remedy. There are about 200 by
default, drawn anew each time (the seed is printed, ``DEMO_FAULT_SEED=N`` repeats it). A sweep walks 10,000, or
``NIM_STEPS=N``, in walks that are independent of each other, so that several workers share them. In a sweep the
same walk also has to come upon each of three defects that are put into the product; that the judge sees them is in
``test_judge.py``, and that every state is reached in ``test_every_state.py``.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

from tests.lab.defects import DEFECTS
from tests.lab.judge import Violation
from tests.lab.life import Tally
from tests.lab.walk import Walk

SWEEP = os.environ.get("NIM_SWEEP") == "all"
STEPS = int(os.environ.get("NIM_STEPS", "10000" if SWEEP else "200"))
STEPS_OF_A_WALK = 250
WALKS = range(-(-STEPS // STEPS_OF_A_WALK))
STEPS_AT_MOST = 2000
"""How far a walk goes to find a defect; it stops where it finds it."""

RULES_PER_LIFE = 25
SEED = int(os.environ["DEMO_FAULT_SEED"])

pytestmark = [pytest.mark.slow, pytest.mark.timeout(0), pytest.mark.usefixtures("metadata_database")]


@pytest.fixture
def walk(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Callable[[int, int], Tally]:
    """Walk so many steps, or to the first promise that is broken; what was done is kept for the report of a sweep."""

    def go(steps: int, number: int) -> Tally:
        tally, own_seed, began = Tally(), SEED * 1000 + number, time.monotonic()
        given = settings(
            # each life is a few steps at least; where there are enough, the lives that are left do nothing
            max_examples=steps,
            stateful_step_count=RULES_PER_LIFE,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        # a step over real hosts is not repeated to confirm it: the trail of the violation tells what led to it
        with suppress(Violation, Flaky):
            run_state_machine_as_test(seed(own_seed)(lambda: Walk(monkeypatch, tally, steps)), settings=given)
        _keep(request.node.name, own_seed, tally, time.monotonic() - began)
        return tally

    return go


def _keep(name: str, own_seed: int, tally: Tally, seconds: float) -> None:
    """Leave what was done where a sweep that wants to report it says."""
    folder = os.environ.get("NIM_SWEEP_TALLIES")
    if folder:
        names = ("steps", "faults", "states", "judged", "examples", "trail")
        kept = {key: getattr(tally, key) for key in names}
        kept |= {"violations": [str(one) for one in tally.violations], "seed": own_seed, "seconds": round(seconds)}
        Path(folder, f"{name}.json").write_text(json.dumps(kept))


@pytest.mark.parametrize("number", WALKS)
def test_a_random_walk_breaks_no_promise(walk: Callable[[int, int], Tally], number: int) -> None:
    tally = walk(min(STEPS, STEPS_OF_A_WALK), number)
    told = "\n".join([*map(str, tally.violations), f"DEMO_FAULT_SEED={SEED}, step by step:", *tally.trail])
    assert tally.violations == [], told
    assert tally.total >= min(STEPS, STEPS_OF_A_WALK)
    assert min(tally.judged[promise] for promise in ("S4", "S7")) > 0


@pytest.mark.sweep
@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.__name__)
def test_the_walk_comes_upon(
    defect: Callable[[pytest.MonkeyPatch], None],
    walk: Callable[[int, int], Tally],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    defect(monkeypatch)
    assert [found.promise for found in walk(STEPS_AT_MOST, 0).violations] == [DEFECTS[defect]]
