"""A part of Airflow is killed, or a link cut, in one step of a night; the night ends like an unharmed one.

Each part dies once, at a step drawn from a seed (`DEMO_FAULT_SEED`, printed); with `NIM_SWEEP=all` (`make sweep`)
in each step. ``tests/lab/test_every_command_cut.py`` cuts the link in every single command.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable

import pytest

from tests.system.kills import KILLS, SEED, steps_of
from tests.system.night import MID_SYNC, Night

STEPS = ("observe", "lock", "backup", "sync", "wait_nimesis", "reconcile", "verify", "unlock", "verdict")


def drawn() -> list[tuple[str, str]]:
    if os.environ.get("NIM_SWEEP") == "all":
        return [(part, step) for part in KILLS for step in steps_of(part, STEPS)]
    draw = random.Random(SEED)
    return [(part, draw.choice(steps_of(part, STEPS))) for part in draw.sample(sorted(KILLS), 3)]


pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.parametrize(("part", "step"), drawn(), ids=lambda value: value)
def test_a_night_ends_like_an_unharmed_one(new_night: Callable[[], Night], part: str, step: str) -> None:
    print(f"DEMO_FAULT_SEED={SEED} kills the {part} in {step}")  # noqa: T201 - repeats the choice
    night = new_night()
    if step == "sync":
        night.begin(MID_SYNC)
        night.wait_until_held(MID_SYNC)
        if part in {"triggerer", "link"}:
            night.wait_for("sync", "deferred")
    else:
        night.begin()
        night.catch(step, before=STEPS[STEPS.index(step) - 1] if step != STEPS[0] else "")

    KILLS[part](night, step)
    night.go_on()

    if night.end() == "failed":
        print(f"rerun: {night.verdict} {night.reason}")  # noqa: T201 - shown if the next run fails too
        night.next_run()
        assert night.end() == "success", night.reason
    assert night.verdict == "done", night.reason
    assert night.syncs == 1
    assert night.sync_logs == [night.log_on_host()]
    assert night.locks == ("", "")
    assert night.recovery_points == 1
    assert night.is_a_copy()
