"""A part of Airflow is killed, or a link cut, in a step of each run of a rescue; they end like unharmed ones.

The active master is lost, the alternate takes its clients over, the old master comes back, becomes the standby, and is
given its clients again: three runs, and the same part dies in each of them, at a step drawn from a seed
(`DEMO_FAULT_SEED`, printed), one part after the other on the same pair.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from include.demo.stage import PAIR, Stage, stage
from tests.system.conftest import IMPATIENT
from tests.system.kills import KILLS, SEED, steps_of
from tests.system.pair_run import PairRun

FAILOVER = ("plan", "approve", "lock", "backup", "fence", "prepare", "takeover", "unlock", "verdict")
REPROTECT = (
    "plan", "approve", "lock", "backup", "fence", "sync", "wait_nimesis", "reconcile", "verify", "lift_fence", "unlock",
    "verdict",
)  # fmt: skip
GIVE_BACK = ("wait_clients", "plan", "approve", "lock", "backup", "takeover", "unlock", "verdict")
HOLDS = {"takeover": "takeover:client=aix03", "sync": "sync:7"}
"""Where the hosts stop a step whose work lasts."""
REASON = "nima lost power"


pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.sweep, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def rescued(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A pair whose alternate is a copy, and an Airflow that looks after it."""
    with stage(tmp_path_factory.mktemp("stage"), settings=IMPATIENT, world="synced_peer_kept") as everything:
        yield everything


@pytest.mark.parametrize("part", KILLS)
def test_a_rescue_ends_like_an_unharmed_one(rescued: Stage, part: str) -> None:
    draw = random.Random(f"{SEED} {part}")
    lab = PairRun(rescued, PAIR, "nim_disaster_failover").lab
    lab.break_fault("host_down", host="nima")

    failover = PairRun(rescued, PAIR, "nim_disaster_failover", reason=REASON)
    play_and_kill(failover, FAILOVER, part, draw)
    assert failover.owners() == {"nimb"}
    assert failover.sent("takeover") == 1
    lab.heal("host_down", host="nima")

    reprotect = PairRun(rescued, PAIR, "nim_reprotect", reason="power is back")
    play_and_kill(reprotect, REPROTECT, part, draw)
    assert reprotect.owners() == {"nimb"}
    assert reprotect.sent("sync") == 1
    assert reprotect.is_a_copy()

    home = PairRun(rescued, PAIR, "nim_give_back", reason="nima is whole again", change_ticket="CHG0042")
    play_and_kill(home, GIVE_BACK, part, draw)
    assert home.owners() == {"nima"}
    assert home.sent("takeover") == 1
    assert home.is_a_copy()


def play_and_kill(run: PairRun, steps: tuple[str, ...], part: str, draw: random.Random) -> None:
    """Play a run to its end, in which *part* dies at a drawn step; where it did not end well, the next one has to."""
    step = draw.choice(steps_of(part, steps))
    print(f"DEMO_FAULT_SEED={SEED} kills the {part} in {step} of {run.dag}")  # noqa: T201 - repeats the choice
    run.begin(HOLDS.get(step, ""))
    if steps.index(step) > steps.index("approve"):
        run.approve()
    _come_to(run, step, before=steps[steps.index(step) - 1] if step != steps[0] else "", part=part)
    KILLS[part](run, step)
    run.go_on()
    if steps.index(step) <= steps.index("approve"):
        run.approve()
    if run.end() == "failed":
        print(f"rerun: {run.verdict} {run.reason}")  # noqa: T201 - shown if the next run fails too
        run.next_run()
        run.approve()
        assert run.end() == "success", run.reason
    assert run.verdict == "done", run.reason
    assert run.locks == ("", "")


def _come_to(run: PairRun, step: str, before: str, part: str) -> None:
    if step == "approve":
        run.airflow.wait_until_asked(run.dag, run.run_id, step)
    elif step in HOLDS:
        run.wait_until_held(HOLDS[step])
        if part in {"triggerer", "link"}:
            run.wait_for(step, "deferred")
    else:
        run.catch(step, before)
