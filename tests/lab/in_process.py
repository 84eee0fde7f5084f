"""Run a runbook's operators in this process, one after the other, without scheduler and metadata database.

For tests that need many runs: the DAG file gives the order and the trigger rules; operators, triggers, hooks, SSH and
hosts are the real ones. What Airflow itself does is tested elsewhere (``tests/dags``, ``tests/system``).
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import AirflowSkipException, TaskAwaitingInput, TaskDeferred

from nim_operators.operators.base import TRANSIENT
from tests.lab.runbook import REPOSITORY, Finished, Installation

OVER = {"success", "failed", "upstream_failed", "skipped"}
GONE = "gone"
"""What a hook of :attr:`InProcess.waiting` returns to have the waiting task's process thrown away in mid-flight."""


class ProcessGone(BaseException):
    """The process of the task is gone, and nothing in it learned of that; Airflow tries it again."""


@dataclass(frozen=True)
class Answer:
    """What somebody answers under Required Actions; nobody ever does where ``option`` is None."""

    option: str | None = "Approve"
    by: str | None = "bernd"
    comment: str | None = None

    @property
    def event(self) -> dict[str, Any]:
        """What Airflow hands to the resumed task."""
        if self.option is None:
            return {"error": "no answer", "error_type": "timeout"}
        return {
            "chosen_options": [self.option],
            "params_input": {"comment": self.comment},
            "responded_at": datetime.now(UTC),
            "responded_by_user": {"id": self.by, "name": self.by} if self.by else None,
        }


def read_dags() -> Mapping[str, Any]:
    """Return every DAG of the installation in force."""
    dags: Mapping[str, Any] = DagBag(REPOSITORY / "dags").dags
    return dags


class InProcess:
    """
    One Airflow's worth of runs against an installation's lab.

    ``before`` and ``waiting`` hold what happens right before a task begins and when it first waits, by task.
    """

    def __init__(self, installation: Installation, dags: Mapping[str, Any] | None = None) -> None:
        """:param dags: those of another installation with the same estate file, where parsing again would cost."""
        self.installation = installation
        self.lab = installation.lab
        self._dags = dags if dags is not None else read_dags()
        self._count = 0
        self._kept: dict[str, str] = {}
        self.before: dict[str, Callable[[], object]] = {}
        self.waiting: dict[str, Callable[[], object]] = {}
        self.pushed: list[str] = []
        """What Airflow's database would have kept of every task: XCom, returned values and deferrals."""

    def push(self, *, key: str, value: Any) -> None:
        """Take an XCom."""
        self.pushed.append(json.dumps({key: value}, default=str))

    @property
    def runbooks(self) -> list[str]:
        """Every runbook that acts on the pair, and so ends in a verdict."""
        acting = (dag_id for dag_id, dag in self._dags.items() if dag.has_task("verdict"))
        return sorted(dag_id.removesuffix("__lab") for dag_id in acting)

    def be_impatient(self, limit: timedelta) -> None:
        """Let the steps of a night wait no longer than *limit*."""
        for task in self._dags["nim_nightly_sync__lab"].tasks:
            task.wait_limit = limit

    def clear(self, run: Finished, *tasks: str, **again: Any) -> Finished:
        """
        Clear *tasks* of a run that is over, and its verdict: they run again, everything else keeps its state.

        As in Airflow, the setup and the teardown around a cleared task run again with it.

        :param again: what :meth:`run` was given; Airflow keeps the form of a run.
        """
        dag_id = run.evidence.parent.name
        around = {task.task_id for task in self._dags[dag_id].tasks if task.is_setup or task.is_teardown}
        cleared = {*tasks, *around, "verdict"}
        self._kept = {task: state for task, state in run.tasks.items() if task not in cleared}
        run_id = json.loads((run.evidence / "run.json").read_text())["run_id"]
        return self.run(dag_id.removesuffix("__lab"), run_id=run_id, **again)

    def run(
        self,
        runbook: str = "nim_nightly_sync",
        *,
        tries: int = 1,
        run_id: str | None = None,
        marked: Collection[str] = (),
        answer: Answer = Answer(),
        triggered_by: str | None = "olga",
        **params: Any,
    ) -> Finished:
        """
        Run every task once its upstream is over; a transient failure is tried again, *tries* times in all.

        :param marked: tasks that a person marked as success before they ran.
        :param answer: what is answered where the runbook asks a person.
        """
        self._count += 1
        dag = self.dag(runbook)
        run_id = run_id or f"manual__{self._count:04d}"
        states, self._kept = self._kept, {}
        for task in (found for found in dag.topological_sort() if found.task_id not in states):
            self.before.pop(task.task_id, lambda: None)()
            form = {**dag.params.dump(), **params}
            contexts = (
                _context(dag.dag_id, run_id, number, states, form, triggered_by) for number in range(1, tries + 1)
            )
            done = "success" if task.task_id in marked else self._decide(task, states)
            states[task.task_id] = done or self._try(task, contexts, answer)
        folder = self.installation.evidence / "lab" / "runs" / dag.dag_id
        found = next(run for run in folder.iterdir() if json.loads((run / "run.json").read_text())["run_id"] == run_id)
        return Finished("success" if states["verdict"] == "success" else "failed", states, found)

    def dag(self, runbook: str) -> Any:
        """Return the DAG of the lab's pair."""
        return self._dags[f"{runbook}__lab"]

    def alone(
        self,
        task_id: str,
        runbook: str = "nim_nightly_sync",
        *,
        run_id: str | None = None,
        triggered_by: str | None = "olga",
        **params: Any,
    ) -> Exception | None:
        """Run one task of a run and return what it raised; None where it was content."""
        self._count += 1
        dag = self.dag(runbook)
        run_id = run_id or f"manual__{self._count:04d}"
        try:
            context = _context(dag.dag_id, run_id, 1, {}, params, triggered_by)
            context["ti"].xcom_push = self.push
            self._carry_out(dag.get_task(task_id), context, Answer())
        except Exception as error:  # noqa: BLE001 - whatever it is, a test wants to see it
            return error
        return None

    def _decide(self, task: Any, states: dict[str, str]) -> str | None:
        """Return the state of a task that does not run, by its trigger rule; None for one that does."""
        upstream = [states[task_id] for task_id in task.upstream_task_ids]
        failed = any(state in {"failed", "upstream_failed"} for state in upstream)
        setups = [states[one.task_id] for one in task.upstream_list if one.is_setup]
        otherwise = {
            "all_success": "upstream_failed" if failed else "skipped" if "skipped" in upstream else None,
            "all_done": None,
            "one_failed": None if failed else "skipped",
            "all_done_setup_success": None if set(setups) <= {"success"} else "upstream_failed",
            "none_failed_min_one_success": "upstream_failed"
            if failed
            else None
            if "success" in upstream
            else "skipped",
        }
        return otherwise[task.trigger_rule]

    def _try(self, task: Any, contexts: Iterable[dict[str, Any]], answer: Answer) -> str:
        for context in contexts:
            context["ti"].xcom_push = self.push
            try:
                self._carry_out(task, context, answer)
            except AirflowSkipException:
                return "skipped"
            except (*TRANSIENT, ProcessGone):
                continue
            except Exception as error:  # noqa: BLE001 - as Airflow: the task fails, the run goes on
                task.log.warning("%s failed: %s", task.task_id, error)
                return "failed"
            return "success"
        return "failed"

    def _carry_out(self, task: Any, context: dict[str, Any], answer: Answer) -> None:
        """Execute a task; where it defers or asks, resume it as Airflow would. The question needs Airflow's own API."""
        try:
            with patch("airflow.providers.standard.operators.hitl.upsert_hitl_detail"):
                result = task.execute({**context, "task_instance": SimpleNamespace(id="ti")})
        except TaskAwaitingInput as asking:
            result = getattr(task, asking.method_name)(context, event=answer.event)
        except TaskDeferred as deferred:
            context["ti"].xcom_push(key="deferral", value=[deferred.trigger.serialize(), deferred.kwargs])
            if self.waiting.pop(task.task_id, lambda: None)() == GONE:
                raise ProcessGone from deferred
            event = asyncio.run(_first_event(deferred.trigger))
            result = getattr(task, deferred.method_name)(context, event=event, **(deferred.kwargs or {}))
        context["ti"].xcom_push(key="return_value", value=result)


def _context(  # noqa: PLR0917 - what Airflow puts together
    dag_id: str, run_id: str, number: int, states: dict[str, str], params: dict[str, Any], by: str | None
) -> dict[str, Any]:
    return {
        "dag_run": SimpleNamespace(dag_id=dag_id, run_id=run_id, run_type="manual", triggering_user_name=by),
        "params": params,
        "ti": SimpleNamespace(
            try_number=number,
            dag_id=dag_id,
            run_id=run_id,
            get_task_states=lambda **_: {run_id: dict(states)},
            get_dr_count=lambda **_: 0,
            xcom_push=lambda **_: None,
        ),
        "outlet_events": defaultdict(SimpleNamespace),
    }


async def _first_event(trigger: Any) -> Any:
    path, arguments = trigger.serialize()
    rebuilt = type(trigger)(**json.loads(json.dumps(arguments)))
    assert path.endswith(type(trigger).__name__)
    async for event in rebuilt.run():
        return event.payload
    pytest.fail("the trigger ended without an event")
