"""One life of a pair: its lab, the installation that looks after it, and the runs that are open in it.

Whatever happens in it is one step: a task of a run, a command typed by hand, a fault, a remedy. The judge looks after
each task.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from include.lab import Lab, running_lab
from include.lab.api import LabError
from include.lab.world import WorldSpec
from nim_operators.operators import jobs
from tests.lab.in_process import InProcess
from tests.lab.judge import BASE, Judge, Violation
from tests.lab.mishaps import BY_HAND, DEFINITIONS, HOSTS, MACHINES, PEER, TAKE_OVER
from tests.lab.runbook import ESTATE, Installation
from tests.lab.stepwise import Stepwise

REATTACHING = ESTATE + "    takeover: {reattach: true}\n"
GRANTED_SECONDS = 3.0
"""How long a command that is typed by hand may take before the walk goes on beside it: it is on hold somewhere."""


@dataclass
class Tally:
    """What a walk has done and seen, over all of its examples."""

    steps: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    judged: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)
    trail: list[str] = field(default_factory=list)
    """What has happened in this life, in order."""
    examples: int = 0
    dags: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def total(self) -> int:
        return self.steps.total()


class Pair:
    """One lab of one world with an installation that looks after it, and the runs of it that are open."""

    def __init__(self, start: str, monkeypatch: pytest.MonkeyPatch, tally: Tally) -> None:
        self.tally = tally
        self._stack = ExitStack()
        self.folder = Path(tempfile.mkdtemp(prefix="nim-walk-"))
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        world = WorldSpec.model_validate({"name": start, "start": start, "clients": MACHINES})
        self.lab: Lab = self._stack.enter_context(running_lab(world, self.folder / "lab", pace=0.002))
        # what is on hold does not end by waiting: defer at once
        monkeypatch.setattr(jobs, "INLINE_SECONDS", 1)
        self.process = InProcess(
            Installation(self.lab, self.folder / "installation", monkeypatch, REATTACHING), tally.dags
        )
        tally.dags = self.process._dags
        self.judge = Judge(self.lab)
        self.open: list[Stepwise] = []
        self.last: Stepwise | None = None
        self.held = False
        self._by_hand: list[threading.Thread] = []
        self._count = 0

    def close(self) -> None:
        self.tally.judged += self.judge.counts
        self.tally.states += self.judge.states
        self._stack.close()
        for thread in self._by_hand:
            thread.join(GRANTED_SECONDS)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is at work but the run that takes a step."""
        return not self.held and not any(thread.is_alive() for thread in self._by_hand)

    def begin(self, runbook: str, params: dict[str, Any]) -> Stepwise:
        self._count += 1
        run = Stepwise(self.process, runbook, params, f"manual__{self._count:04d}")
        self.open.append(run)
        return run

    def step(self, run: Stepwise) -> None:
        """Let a run do its next task, and judge it."""
        self.tally.steps[f"task of {run.runbook}"] += 1
        if run.is_waiting:
            self.release()
        quiet = self.is_quiet
        before = self.judge.look()
        task = run.step()
        try:
            self.judge.after_task(run, task, before, quiet=quiet and self.is_quiet)
        except Violation as violation:
            self.tally.violations.append(violation)
            raise
        if run.next_task is None:
            self.open.remove(run)
            self.last = run

    def finish(self, run: Stepwise) -> None:
        while run.next_task is not None:
            self.step(run)

    def clear(self) -> None:
        """Clear the task that failed in the last run, as a person does."""
        if self.last is not None:
            run, self.last = self.last, None
            self.tally.steps["clear"] += 1
            run.clear()
            if run.next_task is not None:
                self.open.append(run)

    def by_hand(self, host: str, *argv: str) -> None:
        """Type a command at a host's console; one that is on hold goes on beside the walk."""
        self.tally.steps[f"by hand: {argv[0]}"] += 1
        self._beside(lambda: self.lab.admin(host, *argv))

    def define(self, host: str, kind: str = "standalone") -> None:
        """Define a client or a network that no database knows yet."""
        number = self.tally.total % 250
        words = [word for attribute in DEFINITIONS[kind] for word in ("-a", attribute.format(number))]
        self.by_hand(host, "nim", "-o", "define", "-t", kind, *words, f"new{number}")

    def break_fault(self, fault: str, arguments: dict[str, str]) -> None:
        self.tally.steps["fault"] += 1
        self.tally.faults[fault] += 1
        self.lab.break_fault(fault, **arguments)

    def hold(self, point: str) -> None:
        self.tally.steps["hold"] += 1
        self.lab.hold(point)
        self.held = True

    def edit(self, host: str, size: int) -> None:
        """Write a resource's file anew, as somebody does with a new image."""
        file = self.lab.tree(host) / "export/nim/mksysb/aix01.mksysb"
        if file.exists():
            self.tally.steps["edit"] += 1
            file.write_bytes(bytes([self.tally.total % 256]) * size)

    def release(self) -> None:
        """Let what is on hold go on, and wait until it has ended: the next step is judged as if alone."""
        self.lab.release()
        self.held = False
        for thread in self._by_hand:
            thread.join(GRANTED_SECONDS)
        deadline = time.monotonic() + GRANTED_SECONDS
        while self._is_at_work() and time.monotonic() < deadline:
            time.sleep(0.05)

    def heal(self, fault: str = "all", **arguments: str) -> None:
        self.tally.steps["heal"] += 1
        self.lab.heal(fault, **arguments)

    def mend(self) -> None:
        """Heal every fault, start and define what is missing, give the clients to nima, drop a copy that may be old."""
        self.release()
        self.heal()
        for host in HOSTS:
            self.by_hand(host, *BY_HAND["start nimesis"])
            self.by_hand(host, *BY_HAND[f"define {PEER[host]}"])
        self.by_hand("nima", *TAKE_OVER, "nimb")
        (self.lab.tree("nimb") / "export/nim/mksysb/aix01.mksysb").unlink(missing_ok=True)

    def _is_at_work(self) -> bool:
        """Whether a command still changes something, or a job has more of them to come; one that was killed has not."""
        jobs = [self.lab.tree(host) / BASE / "jobs" / "change" for host in HOSTS]
        return any("end_seq" not in call for call in self.lab.changing()) or any(
            job.exists() and not (job / "status").exists() for job in jobs
        )

    def holder(self) -> str | None:
        """Return the run that the lock on a host names, as a person reads it there."""
        for host in HOSTS:
            owner = self.lab.tree(host) / BASE / "lock" / "owner"
            if owner.exists():
                return owner.read_text().partition("run=")[2].splitlines()[0]
        return None

    def _beside(self, work: Callable[[], object]) -> None:
        def attempt() -> None:
            try:
                work()
            except LabError:
                # the lab of this example has ended under a command on hold
                return

        thread = threading.Thread(target=attempt, daemon=True)
        thread.start()
        thread.join(GRANTED_SECONDS if self.held else None)
        self._by_hand.append(thread)
