"""A whole Airflow on this machine, from its own processes: what `make demo` and the system tests run on."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from include.demo.api import RUN_ENDED, AirflowApi, TaskInstance
from include.demo.component import Component, ComponentError, end_strays
from include.demo.configuration import Settings, free_port
from include.demo.polling import POLL_SECONDS, wait_until

START_WITHIN = timedelta(minutes=2)
DAG_WITHIN = timedelta(minutes=2)
ASKED_WITHIN = timedelta(minutes=2)

# The log servers of scheduler and triggerer listen on every interface. The API server shares this machine's
# disk and reads the same files without them.
_COMMANDS: Mapping[str, tuple[str, ...]] = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}


class LocalAirflow:
    """API server, scheduler, DAG processor and triggerer, each in a process group of its own.

    Used as a context manager it is started and healthy inside, and gone afterwards.

    :param home: folder for its database, settings and logs; emptied first.
    :param dags: the folder it loads DAGs from.
    :param environment: connections (``AIRFLOW_CONN_*``), the product's variables, and settings that override
        those of :mod:`include.demo.configuration`.
    """

    def __init__(self, home: Path, dags: Path, environment: Mapping[str, str]) -> None:
        self.settings = Settings(home=home.resolve(), dags=dags.resolve(), port=free_port(), extra=environment)
        self.logs = self.settings.home / "component-logs"
        self._environment = self.settings.environment()
        self.components = {
            name: Component(
                name=f"airflow {name}",
                command=(sys.executable, "-m", "airflow", *arguments),
                environment=self._environment,
                log=self.logs / f"{name}.log",
                folder=self.settings.home,
            )
            for name, arguments in _COMMANDS.items()
        }
        self.api = self.api_as("admin")

    def __enter__(self) -> Self:
        """Start, and stop again if that fails half-way."""
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def api_as(self, user: str) -> AirflowApi:
        """Return the REST API as seen by *user*; ``log_in()`` it once Airflow is up."""
        return AirflowApi(self.settings.base_url, user, self.settings.passwords[user])

    def start(self) -> None:
        """Create the database, start every component and wait until each reports healthy.

        :raises ComponentError: when one ends, with the end of its log.
        :raises TimeoutError: when one does not become healthy.
        """
        end_strays(self.settings.home)
        shutil.rmtree(self.settings.home, ignore_errors=True)
        self.settings.write()
        self._migrate()
        for name in self.components:
            self.start_component(name)
        self.wait_until_healthy()
        self.api.log_in()

    def stop(self) -> None:
        """End every component, the API server last: the others report to it while they end."""
        server, *others = self.components.values()
        for component in others:
            component.ask_to_end()
        for component in (*others, server):
            component.stop()
        end_strays(self.settings.home)
        self.api.close()

    def start_component(self, name: str) -> None:
        """Start one component, unless it runs. :meth:`wait_until_healthy` tells when it is ready."""
        self.components[name].start()

    def kill_component(self, name: str) -> None:
        """SIGKILL one component with its whole group; tasks lose nothing but what ran inside it."""
        self.components[name].kill()

    def check(self) -> None:
        """Raise :class:`ComponentError` if a component has ended."""
        for component in self.components.values():
            component.check()

    def wait_until_healthy(self) -> None:
        """Return when the API server reports database, scheduler, DAG processor and triggerer healthy."""

        def look() -> bool | None:
            self.check()
            health = self.api.health()
            return True if health and set(health.values()) == {"healthy"} else None

        wait_until(look, within=START_WITHIN, what="every component of Airflow to be healthy")

    def wait_for_dag(self, dag_id: str) -> None:
        """Return when the DAG has been parsed and can be triggered.

        :raises ComponentError: as soon as a DAG file fails to load, with its stack trace.
        """

        def look() -> bool | None:
            self.check()
            if self.api.dag_exists(dag_id):
                return True
            for name, trace in self.api.import_errors().items():
                raise ComponentError(f"DAG file {name} does not load:\n{trace}")
            return None

        wait_until(look, within=DAG_WITHIN, what=f"DAG {dag_id} to be parsed")

    def wait_for_task_state(
        self, dag_id: str, run_id: str, task_id: str, *states: str, within: timedelta, every: float = POLL_SECONDS
    ) -> TaskInstance:
        """Return the task instance once it is in one of *states*.

        :param every: seconds between two looks.
        :raises TimeoutError: naming the state it was last seen in.
        """
        last = "no state"

        def look() -> TaskInstance | None:
            nonlocal last
            task = self.api.task_instance(dag_id, run_id, task_id)
            last = task.state or "no state"
            return task if task.state in states else None

        try:
            return wait_until(look, within=within, what=f"task {task_id} to be {' or '.join(states)}", every=every)
        except TimeoutError as late:
            raise TimeoutError(f"{late} It was last seen in {last}.") from None

    def wait_for_run(self, dag_id: str, run_id: str, *, within: timedelta) -> str:
        """Return the final state of a run: success or failed."""

        def look() -> str | None:
            state = self.api.run_state(dag_id, run_id)
            return state if state in RUN_ENDED else None

        return wait_until(look, within=within, what=f"run {run_id} of {dag_id} to end")

    def wait_until_asked(self, dag_id: str, run_id: str, task_id: str) -> TaskInstance:
        """Return the task instance once it waits for a person and the scheduler knows that its process has ended.

        An answer that comes before the scheduler has handled the end of the process looks to it like a task that was
        killed from outside (style.md P28). The API does not show that moment; the scheduler's log does.
        """
        task = self.wait_for_task_state(dag_id, run_id, task_id, "awaiting_input", within=ASKED_WITHIN)
        handled = f"TaskInstance Finished: dag_id={dag_id}, task_id={task_id}, run_id={run_id}, "

        def look() -> bool | None:
            self.check()
            lines = self.components["scheduler"].log.read_text(errors="replace").splitlines()
            return True if any(handled in line and "state=awaiting_input" in line for line in lines) else None

        wait_until(look, within=ASKED_WITHIN, what=f"the scheduler to see that {task_id} waits")
        return task

    def approve(
        self, dag_id: str, run_id: str, task_id: str, *, user: str, chosen: str, params: Mapping[str, Any]
    ) -> None:
        """Answer a task as *user*, once it waits for a person.

        :raises include.demo.api.ApiError: if this user may not answer.
        """
        self.wait_until_asked(dag_id, run_id, task_id)
        with self.api_as(user) as api:
            api.respond(dag_id, run_id, task_id, chosen, params)

    def task_process(self, dag_id: str, run_id: str, task_id: str) -> psutil.Process:
        """Return the process in which a running task's own code runs."""
        pid = self.api.task_instance(dag_id, run_id, task_id).pid
        if pid is None:
            raise ComponentError(f"task {task_id} has no process")
        process = psutil.Process(pid)
        if self.components["scheduler"].pid not in {parent.pid for parent in process.parents()}:
            raise ComponentError(f"process {pid} of task {task_id} is none of this scheduler's")
        return process

    def kill_supervisor(self, dag_id: str, run_id: str, task_id: str) -> psutil.Process:
        """SIGKILL the supervisor of a running task and return the task's process, which lives on."""
        process = self.task_process(dag_id, run_id, task_id)
        supervisor = process.parent()
        if supervisor is None:
            raise ComponentError(f"task {task_id} has lost its supervisor already")
        supervisor.send_signal(signal.SIGKILL)
        return process

    def _migrate(self) -> None:
        done = subprocess.run(
            (sys.executable, "-m", "airflow", "db", "migrate"),
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ComponentError(f"airflow db migrate ended with {done.returncode}:\n{done.stdout}{done.stderr}")
