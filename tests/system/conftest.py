"""A whole lab and a whole Airflow for tests that need the real thing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from include.demo.stage import Stage, stage

IMPATIENT = {
    # After how long the scheduler gives up a task whose supervisor is silent (300 s by default) ...
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "10",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
    # ... and a new triggerer takes over what a silent one had (30 s).
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "2",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "10",
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Lab and Airflow, up and connected, for the tests of one module."""
    with stage(tmp_path_factory.mktemp("stage"), settings=IMPATIENT) as everything:
        yield everything
