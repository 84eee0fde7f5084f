"""One Airflow with several pairs of simulated masters, for all tests that need the real thing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

import pytest

from include.demo.stage import PAIR, Stage, stage
from tests.system.night import Night

DAGS = {
    "product": Path(__file__).parents[2] / "dags",
    "tests": Path(__file__).parent / "dags",
}
IMPATIENT = {
    # After how long the scheduler gives up a task whose supervisor is silent (300 s by default) ...
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "10",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
    # ... a new scheduler takes over what a silent one had queued (30 s, looked at every 300 s) ...
    "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "2",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "10",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
    # ... and a new triggerer takes over what a silent one had (30 s).
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "2",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "10",
    # Nothing of a schedule may start a run by itself; a test unpauses the DAG that it triggers.
    "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
    "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(
        [
            {
                "name": name,
                "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
                "kwargs": {"path": str(path)},
            }
            for name, path in DAGS.items()
        ]
    ),
    # No DAG file changes while tests run.
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
    # Runs of several pairs go on at the same time.
    "AIRFLOW__CORE__PARALLELISM": "8",
}
SCHEDULED = "nightly"
"""A pair with the schedule of the example estate; the others run by hand only."""
PAIRS = ("p1", "p2", "p3", "p4")
"""As many as the nights that go on side by side in one test."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Labs and Airflow, up and connected, as long as a module needs them: even idle they cost a fifth of a core."""
    pairs = (PAIR, *PAIRS, SCHEDULED)
    with stage(tmp_path_factory.mktemp("stage"), pairs=pairs, scheduled={SCHEDULED}, settings=IMPATIENT) as everything:
        yield everything


@pytest.fixture(scope="module")
def pairs() -> Iterator[str]:
    """Names of pairs, one after the other; a test leaves a pair as the next one may use it."""
    return cycle(PAIRS)


@pytest.fixture
def new_night(running: Stage, pairs: Iterator[str]) -> Iterator[Callable[[], Night]]:
    """Begin nights, each on a pair of its own; what a test broke or held is undone."""
    nights: list[Night] = []

    def begin() -> Night:
        nights.append(Night(running, next(pairs)))
        return nights[-1]

    yield begin
    for night in nights:
        night.lab.heal()
        night.lab.release()
