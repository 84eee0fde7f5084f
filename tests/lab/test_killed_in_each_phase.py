"""Each row of the second table of ``docs/fault_table.md``: what strikes while the sync is held before a phase.

A few cells drawn from a seed by default; all of them with ``NIM_SWEEP=all`` (``make sweep``).
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest

from include.lab import Lab
from nim_operators.operators import jobs
from tests.lab.fault_table import Before, arguments_of, judge, rows
from tests.lab.in_process import GONE, InProcess
from tests.lab.runbook import Installation
from tests.lab.test_killed_between import below

SEED = int(os.environ["DEMO_FAULT_SEED"])
PATIENCE = timedelta(seconds=4)
"""How long a step waits for the end of a job, or for nimesis, where the fault lasts as long as the night."""


def cells() -> Iterator[tuple[str, int, str, str]]:
    """Yield what strikes, before which phase, the outcome, and the outcome once it is healed and cleared."""
    for what, phases, outcome, then in rows("what"):
        first, _, last = phases.partition("-")
        for phase in range(int(first), int(last or first) + 1):
            yield what, phase, outcome, then


EVERY = list(cells())
DRAWN = EVERY if os.environ.get("NIM_SWEEP") == "all" else random.Random(SEED).sample(EVERY, 3)


@pytest.fixture
def nights(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> InProcess:
    """Nights whose steps wait at once, without following a job first."""
    monkeypatch.setattr(jobs, "INLINE_SECONDS", 0)
    return InProcess(installation)


@pytest.mark.parametrize(
    ("what", "phase", "outcome", "then"),
    [pytest.param(*cell, id=f"seed{SEED}-{cell[0]}-{cell[1]}") for cell in DRAWN],
)
def test_night_that_is_struck_in_a_phase(nights: InProcess, what: str, phase: int, outcome: str, then: str) -> None:
    lab = nights.lab
    strike = Strike(lab, what, phase)
    nights.waiting["sync"] = strike
    if strike.lasts:
        nights.be_impatient(PATIENCE)
    before = Before.of(lab)
    run = nights.run(tries=4)
    strike.join()
    judge(outcome, lab, run, before)
    if then:
        lab.heal()
        lab.release()
        lab.wait("sync:end")
        failed = [task for task, state in run.tasks.items() if state in {"failed", "upstream_failed"}]
        judge(then, lab, nights.clear(run, *failed), before)


class Strike:
    """What happens while the sync is held before a phase, and its task has just begun to wait."""

    def __init__(self, lab: Lab, what: str, phase: int) -> None:
        self.lab = lab
        self.phase = phase
        event = what.partition(", task gone")[0]
        self.then_gone = what.endswith("task gone")
        self.event, _, self.until_end = event.partition(" until ")
        self.lasts = self.event.startswith(("sync_hangs", "host_down", "nimesis_down"))
        self._healer = Thread(target=self._heal_at_the_end)
        if self.event == "nim killed, remote goes on":
            lab.switch("killed_sync_remote", "continues")
        lab.hold(f"sync:{phase}")

    def __call__(self) -> str:
        self.lab.wait(f"held:sync:{self.phase}")
        self._strike()
        if self.until_end:
            self._healer.start()
        if not self._goes_on_later:
            self.lab.release()
        return GONE if self.then_gone else ""

    @property
    def _goes_on_later(self) -> bool:
        """Whether what is left of the sync is still held when put_back and unlock look."""
        return self.event in {"shell killed", "nim killed, remote goes on"}

    def _strike(self) -> None:
        special: dict[str, Callable[[], None]] = {
            "task gone": lambda: None,
            "sync_hangs": lambda: self._break("sync_hangs", {"phase": str(self.phase)}),
            "job killed": lambda: self._kill(everything),
            "shell killed": lambda: self._kill(lambda argv: argv[-1].endswith("/run")),
            "nim killed, remote goes on": lambda: self._kill(lambda argv: "sync" in argv),
        }
        special.get(self.event, self._break_as_named)()

    def _break_as_named(self) -> None:
        fault, _, arguments = self.event.partition(" ")
        self._break(fault, arguments_of(arguments))

    def _break(self, fault: str, arguments: dict[str, str]) -> None:
        self.lab.break_fault(fault, **arguments)

    def _heal_at_the_end(self) -> None:
        self.lab.wait("sync:end")
        self.lab.heal()

    def join(self) -> None:
        if self.until_end:
            self._healer.join()

    def _kill(self, wanted: Callable[[list[str]], bool]) -> None:
        """Kill processes of the sync's job with signal 9, the shell first."""
        slot = self.lab.tree("nima") / "var/adm/nim_operators/jobs/change"
        shell = int((slot / "pid").read_text())
        for pid in (shell, *below(shell)):
            if wanted(argv_of(pid)):
                os.kill(pid, signal.SIGKILL)


def everything(_: list[str]) -> bool:
    return True


def argv_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")[:-1]
