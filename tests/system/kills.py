"""The parts of an installation that can die in a run, and how each is killed in one of its steps."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from tests.system.pair_run import PairRun

SEED = int(os.environ["DEMO_FAULT_SEED"])
"""What is drawn depends on it; a test prints it."""

Kill = Callable[[PairRun, str], None]


def _restart(component: str) -> Kill:
    def kill(run: PairRun, _: str) -> None:
        run.airflow.kill_component(component)
        run.airflow.start_component(component)
        run.airflow.wait_until_healthy()

    return kill


def _kill_supervisor(run: PairRun, step: str) -> None:
    run.airflow.kill_supervisor(run.dag, run.run_id, step)


def _cut_link(run: PairRun, step: str) -> None:
    """Cut what is open while the sync is followed; in other steps, the link of the next command."""
    if step == "sync":
        for host in ("nima", "nimb"):
            run.lab.break_fault("ssh_cut", host=host)
    else:
        run.lab.break_fault("ssh_drop", host="nimb", nth=1)


KILLS: Mapping[str, Kill] = {
    "scheduler": _restart("scheduler"),
    "triggerer": _restart("triggerer"),
    "api-server": _restart("api-server"),
    "dag-processor": _restart("dag-processor"),
    "supervisor": _kill_supervisor,
    "link": _cut_link,
}
"""By part: what kills it while the run is in the step that is named."""

WITHOUT = {"supervisor": {"approve"}, "link": {"approve", "verdict"}}
"""Steps in which a part has no share: a question has no process, and a verdict sends nothing over a link."""


def steps_of(part: str, steps: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of *steps* in which *part* can die."""
    return tuple(step for step in steps if step not in WITHOUT.get(part, ()))
