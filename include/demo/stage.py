"""Lab and Airflow side by side, wired together: what the demo runs on and `make up` keeps."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import yaml

from include.demo.configuration import connection_variables
from include.demo.lab import Lab
from include.demo.local_airflow import LocalAirflow

REPOSITORY = Path(__file__).parents[2]


class BusyError(RuntimeError):
    """Another demo uses the same folder."""


@dataclass(frozen=True)
class Stage:
    """A running lab, a running Airflow that has connections to it, and the evidence folder of the product."""

    lab: Lab
    airflow: LocalAirflow
    evidence: Path


@contextmanager
def stage(directory: Path, *, world: str | None = None, settings: Mapping[str, str] | None = None) -> Iterator[Stage]:
    """Set everything up below *directory* and take it down afterwards.

    Lab, Airflow and evidence start from nothing each time: evidence of hosts that are gone would speak of others. The
    folders of earlier starts stay beside the new one.

    :param world: name or file of the lab's world, its default one if not given.
    :param settings: Airflow's settings as environment variables, over those of the demo.
    :raises BusyError: while another demo runs in the same folder.
    """
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    began = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    evidence = directory.resolve() / "evidence" / began
    evidence.mkdir(parents=True)
    with _alone(directory / "in-use"):
        lab = Lab(directory / "lab", world)
        lab.clear()
        with lab:
            environment = {
                "NIM_OPERATORS_ESTATE": str(_estate_at_any_hour(directory.resolve())),
                "NIM_OPERATORS_EVIDENCE": str(evidence),
                # No schedule is left in this estate, so a DAG that is switched on waits for somebody to trigger it.
                "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
                **connection_variables(lab.connections()),
                **(settings or {}),
            }
            with LocalAirflow(directory / "airflow", REPOSITORY / "dags", environment) as airflow:
                yield Stage(lab, airflow, evidence)


def _estate_at_any_hour(directory: Path) -> Path:
    """Write the example estate without the schedule and window of its pairs, and return where.

    A demo runs when somebody asks for it, and unpausing a scheduled DAG would start last night's run too.
    """
    estate = yaml.safe_load((REPOSITORY / "include" / "estate.yaml").read_text())
    for pair in estate["pairs"].values():
        for key in ("schedule", "window"):
            pair.get("nightly_sync", {}).pop(key, None)
    path = directory / "estate.yaml"
    path.write_text(yaml.safe_dump(estate, sort_keys=False))
    return path


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock that the kernel frees however this process ends."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(f"Another demo is using {path.parent}; end it or name another folder.") from None
        yield
