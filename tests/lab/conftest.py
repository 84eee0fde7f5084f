"""A lab, and runbooks run against it in this process with Airflow's own ``dag.test()``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from include.lab import Lab, running_lab
from tests.lab.runbook import ESTATE, Installation


@pytest.fixture(autouse=True)
def nothing_settles_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a second look follow the first one at once: the lab's hosts have done what they do when they answer."""
    monkeypatch.setattr("nim_operators.operators.takeover.SETTLING_SECONDS", (0,))
    monkeypatch.setattr("nim_operators.remote.pair.SECOND_LOOK_SECONDS", 0.0)
    monkeypatch.setattr("nim_operators.operators.put_back.SECOND_LOOK_SECONDS", 0.0)


@pytest.fixture(scope="session")
def metadata_database() -> None:
    """Create Airflow's metadata database in the home that the test session has of its own."""
    from airflow.utils.db import initdb  # noqa: PLC0415 - importing Airflow's core is slow

    initdb()


@pytest.fixture
def start_lab(tmp_path: Path) -> Iterator[Callable[..., Lab]]:
    """Start labs of any world; all are stopped at the end."""
    with ExitStack() as labs:

        def start(world: str = "default", **options: Any) -> Lab:
            return labs.enter_context(running_lab(world, tmp_path / f"lab-{world}", **options))

        yield start


@pytest.fixture
def lab(start_lab: Callable[..., Lab]) -> Lab:
    """The default world: a pair before its first sync."""
    return start_lab()


@pytest.fixture
def install(metadata_database: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Installation]:
    """Make an installation that looks after the pair of a lab, with lines of its own in the pair's estate."""

    def make(lab: Lab, *lines: str) -> Installation:
        estate = ESTATE + "".join(f"    {line}\n" for line in lines)
        return Installation(lab, tmp_path / "installation", monkeypatch, estate)

    return make


@pytest.fixture
def installation(install: Callable[..., Installation], lab: Lab) -> Installation:
    """An installation that looks after the pair of the default lab."""
    return install(lab)
