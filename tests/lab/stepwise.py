"""A run of a runbook, one task at a time, so that anything may happen between two tasks or while a job is held.

Order, trigger rules, retries and deferrals are Airflow's, as in :mod:`tests.lab.in_process`. A run can be left in the
middle for ever, as when its worker dies, and a run that is over can be cleared from its first task that failed.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from airflow.sdk.exceptions import AirflowSkipException, TaskAwaitingInput, TaskDeferred

from nim_operators.operators.base import TRANSIENT
from tests.lab.in_process import Answer, InProcess, _context
from tests.lab.runbook import Finished

TRIES = 2
PATIENCE_SECONDS = 4.0
"""How long a deferred task waits: its own limit is hours, so here its deadline passes soon where a job hangs."""


@dataclass
class Stepwise:
    """One run that is carried out task by task; ``states`` holds what Airflow would show."""

    process: InProcess
    runbook: str
    params: dict[str, Any]
    run_id: str
    states: dict[str, str] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)
    error: Exception | None = None
    """What the last task that failed raised."""
    _read: set[Path] = field(default_factory=set)
    _deferred: tuple[TaskDeferred, dict[str, Any]] | None = None

    def __post_init__(self) -> None:
        self.dag = self.process._dags[f"{self.runbook}__lab"]
        self._order = list(self.dag.topological_sort())
        if not self.dag.has_task("verdict"):
            # looks of the watch share a folder
            self._read.update(self._folder.glob("*/records/*/*.json"))

    @property
    def name(self) -> str:
        """What the product calls this run on the hosts."""
        return f"{self.dag.dag_id}/{self.run_id}"

    @property
    def next_task(self) -> str | None:
        """The task that runs next, None where the run is over."""
        return next((task.task_id for task in self._order if task.task_id not in self.states), None)

    @property
    def is_waiting(self) -> bool:
        """Whether a task is deferred."""
        return self._deferred is not None

    def step(self) -> str:
        """Run the next task, skipping those whose trigger rule says so, or resume a deferred one; return its id."""
        while True:
            task = next(task for task in self._order if task.task_id not in self.states)
            decided = self.process._decide(task, self.states)
            if decided is None:
                break
            self.states[task.task_id] = decided
            if self.next_task is None:
                return str(task.task_id)
        outcome = self._resume(task) if self._deferred else self._begin(task)
        if outcome:
            self._deferred = None
            self.states[task.task_id] = outcome
        return str(task.task_id)

    def clear(self) -> None:
        """Forget the first task that failed and all after it, as a person does who has mended the cause."""
        bad = next((task.task_id for task in self._order if self.states.get(task.task_id) == "failed"), None)
        names = [task.task_id for task in self._order]
        for name in names[names.index(bad) :] if bad else ():
            self.states.pop(name, None)

    def finished(self) -> Finished:
        """Return the run with the evidence it has left so far."""
        folders = list(self._folder.iterdir())
        own = [one for one in folders if json.loads((one / "run.json").read_text())["run_id"] == self.run_id]
        found = max(own or folders, key=lambda folder: folder.stat().st_mtime)
        return Finished(self.states.get("verdict", ""), dict(self.states), found)

    @property
    def _folder(self) -> Path:
        """Where the evidence of every run of the DAG is."""
        return self.process.installation.evidence / "lab" / "runs" / str(self.dag.dag_id)

    def fresh_records(self, task: str, kind: str) -> list[dict[str, Any]]:
        """Return the bodies of the records of that kind which a task has left since this was asked last."""
        folder = self.finished().evidence / "records" / task
        files = [file for file in sorted(folder.glob(f"*-{kind}.json")) if file not in self._read]
        self._read.update(files)
        return [json.loads(file.read_text())["body"] for file in files]

    def _begin(self, task: Any) -> str:
        """Run a task, again where a host was away; return its state, empty where it has deferred."""
        for _ in range(TRIES):
            number = self.tries[task.task_id] = self.tries.get(task.task_id, 0) + 1
            form = {**self.dag.params.dump(), **self.params}
            context = _context(self.dag.dag_id, self.run_id, number, self.states, form, "olga")
            state = self._guarded(task, lambda context=context: self._execute(task, context), context)
            if state != "up_for_retry":
                return state
        return "failed"

    def _execute(self, task: Any, context: dict[str, Any]) -> None:
        """Run a task; where it asks a person, somebody approves. The question itself needs Airflow's API."""
        try:
            with patch("airflow.providers.standard.operators.hitl.upsert_hitl_detail"):
                task.execute({**context, "task_instance": SimpleNamespace(id="ti")})
        except TaskAwaitingInput as asking:
            getattr(task, asking.method_name)(context, event=Answer().event)

    def _resume(self, task: Any) -> str:
        assert self._deferred is not None
        deferred, context = self._deferred
        event = asyncio.run(_soon(deferred.trigger))
        resume = getattr(task, deferred.method_name)
        state = self._guarded(task, lambda: resume(context, event=event, **(deferred.kwargs or {})), context)
        self._deferred = None if state else self._deferred
        return self._begin(task) if state == "up_for_retry" else state

    def _guarded(self, task: Any, work: Any, context: dict[str, Any]) -> str:
        try:
            work()
        except TaskDeferred as deferred:
            self._deferred = (deferred, context)
            return ""
        except AirflowSkipException:
            return "skipped"
        except TRANSIENT:
            return "up_for_retry"
        except Exception as error:  # noqa: BLE001 - as Airflow: the task fails, the run goes on
            task.log.warning("%s failed: %s", task.task_id, error)
            self.error = error
            return "failed"
        return "success"


async def _soon(trigger: Any) -> Any:
    """Rebuild a trigger as the triggerer does, with a deadline that a test can wait for, and return its event."""
    _, arguments = trigger.serialize()
    arguments = json.loads(json.dumps(arguments))
    arguments["deadline"] = min(arguments["deadline"], time.time() + PATIENCE_SECONDS)
    async for event in type(trigger)(**arguments).run():
        return event.payload
    raise AssertionError("the trigger ended without an event")
