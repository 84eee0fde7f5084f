"""The simulated estate, used through its command line alone, as any visitor of the lab would."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ANSWER_SECONDS = 60


class LabError(RuntimeError):
    """The lab refused a command or did not start; the message is its own."""


class Lab:
    """One running lab. As a context manager it is up inside and down afterwards.

    :param directory: where the lab keeps its hosts, its connections and its log.
    :param world: what it is made of, the lab's default if not given.
    """

    def __init__(self, directory: Path, world: str | None = None) -> None:
        self.directory = directory.resolve()
        self._world = () if world is None else ("--world", world)

    def __enter__(self) -> Self:
        """Bring it up."""
        self.command("up", "--detach", *self._world)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Bring it down."""
        self.command("down")

    def clear(self) -> None:
        """End what a killed demo may have left running here, and remove its files."""
        with suppress(LabError):
            self.command("down")
        shutil.rmtree(self.directory, ignore_errors=True)

    def connections(self) -> dict[str, dict[str, Any]]:
        """Return the Airflow connections that lead to its hosts, by connection id."""
        found: dict[str, dict[str, Any]] = json.loads((self.directory / "connections.json").read_text())
        return found

    def state(self) -> dict[str, Any]:
        """Return the ground truth: hosts, databases, digests, faults in force."""
        found: dict[str, Any] = json.loads(self.command("state"))
        return found

    def trees(self) -> dict[str, Path]:
        """Return the root directory of each host's files."""
        return {place.name: place / "root" for place in (self.directory / "hosts").iterdir()}

    def log(self, after: int) -> list[dict[str, Any]]:
        """Return what the lab recorded after number *after*: commands received, NIM commands run, faults."""
        return [json.loads(line) for line in self.command("log", "--after", str(after)).splitlines()]

    def faults(self) -> dict[str, str]:
        """Return what each fault id stands for."""
        return {fault["id"]: fault["meaning"] for fault in json.loads(self.command("faults", "--json"))}

    def break_(self, fault: str) -> None:
        """Switch a fault on; *fault* is its id, and arguments as the lab's command line takes them."""
        self.command("break", *shlex.split(fault))

    def command(self, *words: str) -> str:
        """Run one command of the lab and return what it printed.

        :raises LabError: with what it said, unless it ended with 0.
        """
        done = subprocess.run(
            (sys.executable, "-m", "include.lab", words[0], "--dir", str(self.directory), *words[1:]),
            capture_output=True,
            text=True,
            check=False,
            timeout=ANSWER_SECONDS,
            cwd=Path(__file__).parents[2],
            env=_environment(),
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip()
            raise LabError(f"lab {' '.join(words)} ended with {done.returncode}: {said}")
        return done.stdout


def _environment() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")}
