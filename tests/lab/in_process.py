"""Run a runbook's operators in this process, one after the other, without scheduler and metadata database.

For tests that need many runs: the DAG file gives the order and the trigger rules; operators, triggers, hooks, SSH and
hosts are the real ones. What Airflow itself does is tested elsewhere (``tests/dags``, ``tests/system``).
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred

from nim_operators.operators.base import TRANSIENT
from tests.lab.runbook import REPOSITORY, Finished, Installation

OVER = {"success", "failed", "upstream_failed", "skipped"}


class InProcess:
    """One Airflow's worth of runs against an installation's lab."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.lab = installation.lab
        self._dags = DagBag(REPOSITORY / "dags").dags
        self._count = 0

    def run(
        self,
        runbook: str = "nim_nightly_sync",
        *,
        tries: int = 1,
        run_id: str | None = None,
        marked: Collection[str] = (),
        **params: Any,
    ) -> Finished:
        """
        Run every task once its upstream is over; a transient failure is tried again, *tries* times in all.

        :param marked: tasks that a person marked as success before they ran.
        """
        self._count += 1
        dag = self._dags[f"{runbook}__lab"]
        run_id = run_id or f"manual__{self._count:04d}"
        states: dict[str, str] = {}
        for task in dag.topological_sort():
            contexts = (_context(dag.dag_id, run_id, number, states, params) for number in range(1, tries + 1))
            done = "success" if task.task_id in marked else self._decide(task, states)
            states[task.task_id] = done or self._try(task, contexts)
        folder = self.installation.evidence / "lab" / "runs" / dag.dag_id
        found = next(run for run in folder.iterdir() if json.loads((run / "run.json").read_text())["run_id"] == run_id)
        return Finished("success" if states["verdict"] == "success" else "failed", states, found)

    def _decide(self, task: Any, states: dict[str, str]) -> str | None:
        """Return the state of a task that does not run, by its trigger rule; None for one that does."""
        upstream = [states[task_id] for task_id in task.upstream_task_ids]
        failed = any(state in {"failed", "upstream_failed"} for state in upstream)
        match task.trigger_rule:
            case "all_done":
                return None
            case "one_failed":
                return None if failed else "skipped"
            case "all_done_setup_success":
                setups = [one.task_id for one in task.upstream_list if one.is_setup]
                return None if all(states[one] == "success" for one in setups) else "upstream_failed"
            case _:
                return "upstream_failed" if failed else None

    def _try(self, task: Any, contexts: Iterable[dict[str, Any]]) -> str:
        for context in contexts:
            try:
                _carry_out(task, context)
            except AirflowSkipException:
                return "skipped"
            except TRANSIENT:
                continue
            except Exception as error:  # noqa: BLE001 - as Airflow: the task fails, the run goes on
                task.log.warning("%s failed: %s", task.task_id, error)
                return "failed"
            return "success"
        return "failed"


def _context(dag_id: str, run_id: str, number: int, states: dict[str, str], params: dict[str, Any]) -> dict[str, Any]:
    return {
        "dag_run": SimpleNamespace(dag_id=dag_id, run_id=run_id, run_type="manual", triggering_user_name="olga"),
        "params": params,
        "ti": SimpleNamespace(
            try_number=number,
            dag_id=dag_id,
            run_id=run_id,
            get_task_states=lambda **_: {run_id: dict(states)},
            xcom_push=lambda **_: None,
        ),
        "outlet_events": defaultdict(SimpleNamespace),
    }


def _carry_out(task: Any, context: dict[str, Any]) -> None:
    """Execute a task; where it defers, run its trigger and resume, each time in a fresh copy as Airflow would."""
    try:
        task.execute(context)
    except TaskDeferred as deferred:
        event = asyncio.run(_first_event(deferred.trigger))
        getattr(task, deferred.method_name)(context, event=event, **(deferred.kwargs or {}))


async def _first_event(trigger: Any) -> Any:
    path, arguments = trigger.serialize()
    rebuilt = type(trigger)(**json.loads(json.dumps(arguments)))
    assert path.endswith(type(trigger).__name__)
    async for event in rebuilt.run():
        return event.payload
    pytest.fail("the trigger ended without an event")
