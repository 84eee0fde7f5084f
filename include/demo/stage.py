"""Lab and Airflow side by side, wired together: what the demo runs on and `make up` keeps."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Container, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import yaml

from include.demo.configuration import APPROVERS, connection_variables
from include.demo.lab import Lab
from include.demo.local_airflow import LocalAirflow

REPOSITORY = Path(__file__).parents[2]


class BusyError(RuntimeError):
    """Another demo uses the same folder."""


PAIR = "lab"
"""The pair of the example estate."""


@dataclass(frozen=True)
class Stage:
    """Running labs by the pairs they simulate, a running Airflow with connections to them, and the evidence folder."""

    labs: Mapping[str, Lab]
    airflow: LocalAirflow
    evidence: Path

    @property
    def lab(self) -> Lab:
        """The lab of the example estate's own pair."""
        return self.labs[PAIR]


@contextmanager
def stage(
    directory: Path,
    *,
    pairs: Sequence[str] = (PAIR,),
    scheduled: Container[str] = (),
    settings: Mapping[str, str] | None = None,
    world: str = "default",
) -> Iterator[Stage]:
    """Set everything up below *directory* and take it down afterwards.

    Lab, Airflow and evidence start from nothing each time: evidence of hosts that are gone would speak of others. The
    folders of earlier starts stay beside the new one.

    :param pairs: names of the pairs of the estate; each has a lab of its own.
    :param scheduled: those of them that keep the schedule of the example estate.
    :param settings: Airflow's settings as environment variables, over those of the demo.
    :param world: that of each lab, by name or YAML file.
    :raises BusyError: while another demo runs in the same folder.
    """
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    began = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    evidence = directory.resolve() / "evidence" / began
    evidence.mkdir(parents=True)
    with ExitStack() as running:
        running.enter_context(_alone(directory / "in-use"))
        labs = {pair: Lab(directory / pair, world) for pair in pairs}
        running.enter_context(_up(list(labs.values())))
        environment = {
            "NIM_OPERATORS_ESTATE": str(_estate(directory.resolve(), pairs, scheduled)),
            "NIM_OPERATORS_EVIDENCE": str(evidence),
            # The watch alone keeps a schedule in this estate; every other DAG waits for somebody to trigger it.
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            **{
                name: value
                for pair, lab in labs.items()
                for name, value in connection_variables(
                    {_own(pair, conn_id): connection for conn_id, connection in lab.connections().items()}
                ).items()
            },
            **(settings or {}),
        }
        airflow = running.enter_context(LocalAirflow(directory / "airflow", REPOSITORY / "dags", environment))
        yield Stage(labs, airflow, evidence)


@contextmanager
def _up(labs: Sequence[Lab]) -> Iterator[None]:
    """Have labs up inside; they start and end together."""
    with ThreadPoolExecutor(len(labs)) as together:
        try:
            list(together.map(Lab.start, labs))
            yield
        finally:
            list(together.map(Lab.stop, labs))


def _own(pair: str, conn_id: str) -> str:
    """Return the connection id of *pair* for one that every lab calls alike."""
    return conn_id.replace("nim_lab_", f"nim_{pair}_")


def _estate(directory: Path, pairs: Sequence[str], scheduled: Container[str]) -> Path:
    """Write the example estate with its pair once per name, and return where.

    Schedule and window are left out: a demo runs when somebody asks for it, and unpausing a scheduled DAG would start
    last night's run too. A plan is approved by another person than the one who asked for it.
    """
    estate = yaml.safe_load((REPOSITORY / "include" / "estate.yaml").read_text())
    text = json.dumps(estate["pairs"][PAIR])
    estate["pairs"] = {pair: json.loads(_own(pair, text)) for pair in pairs}
    for name, pair in estate["pairs"].items():
        for key in () if name in scheduled else ("schedule", "window"):
            del pair["nightly_sync"][key]
        pair["approval"] = {"approvers": [*APPROVERS], "four_eyes": True}
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
