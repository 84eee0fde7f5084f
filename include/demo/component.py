"""One long-running program of the demo: started in a process group of its own, ended by that group alone."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

GRACE_SECONDS = 10.0
"""How long a program may take to end after SIGTERM before it is killed."""


class ComponentError(RuntimeError):
    """A program of the demo did not start, or ended when it should not have."""


@dataclass
class Component:
    """A program, its log, and the process group it runs in.

    :param name: what messages call it.
    :param command: its argument list.
    :param environment: its whole environment.
    :param log: where both of its output streams go, appended over restarts.
    :param folder: its working directory.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    folder: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    @property
    def pid(self) -> int:
        """The process id, which is also that of its process group."""
        if self._process is None:
            raise ComponentError(f"{self.name} was never started")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it, unless it is running."""
        if self.is_running:
            return
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def check(self) -> None:
        """Raise with the end of its log if it is not running.

        :raises ComponentError: with exit status and last lines.
        """
        if self.is_running:
            return
        status = "never started" if self._process is None else f"ended with {self._process.returncode}"
        raise ComponentError(f"{self.name} {status}. The end of {self.log}:\n{self.tail()}")

    def tail(self, lines: int = 30) -> str:
        """Return the last lines of its log."""
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def signal_group(self, number: signal.Signals) -> None:
        """Send *number* to the program and everything it started that stayed in its group."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """End the whole group at once, as a crash of the host would."""
        self.signal_group(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def ask_to_end(self) -> None:
        """Send SIGTERM to the program itself, which then ends its own children in order."""
        if self.is_running and self._process is not None:
            self._process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Ask the program to end, then end what is left of its group."""
        self.ask_to_end()
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE_SECONDS)
        self.kill()


def end_strays(folder: Path) -> None:
    """Kill every process of this user that works in *folder*.

    Airflow gives each task a session of its own, so a task whose supervisor was killed is in nobody's group.
    """
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.cwd() == str(folder):
                process.kill()
