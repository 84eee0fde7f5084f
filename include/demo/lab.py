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
from typing import Any

ANSWER_SECONDS = 60


class LabError(RuntimeError):
    """The lab refused a command or did not start; the message is its own."""


class Lab:
    """One lab, in a folder of its own.

    :param directory: where the lab keeps its hosts, its connections and its log.
    :param world: which one, by name or YAML file.
    """

    def __init__(self, directory: Path, world: str = "default") -> None:
        self.directory = directory.resolve()
        self.world = world

    def start(self) -> None:
        """Bring it up, from nothing: end what a killed demo may have left running here, and remove its files."""
        if self.directory.exists():
            self.stop()
            shutil.rmtree(self.directory)
        self.command("up", "--detach", "--world", self.world)

    def stop(self) -> None:
        """Bring it down, if it is up."""
        with suppress(LabError):
            self.command("down")

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

    def meaning(self, fault: str) -> str:
        """Return what a fault with its arguments stands for; the lab need not run.

        :raises LabError: with the lab's own sentence, where there is no such fault.
        """
        return self.command("check", *shlex.split(fault)).strip()

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
            raise LabError(f"lab {' '.join(words)}: {said.removeprefix('lab: ')}")
        return done.stdout


def _environment() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")}
