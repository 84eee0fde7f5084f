"""Airflow's public REST API (v2), as far as the demo and the system tests speak it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

import httpx

RUN_ENDED = frozenset({"success", "failed"})

Json = Mapping[str, Any]


class ApiError(RuntimeError):
    """Airflow answered a request with an error."""


@dataclass(frozen=True, slots=True)
class TaskInstance:
    """One task of one run. Times are None where the step has not come that far."""

    task_id: str
    state: str | None
    try_number: int
    operator: str
    start: datetime | None
    end: datetime | None
    pid: int | None

    @property
    def duration(self) -> timedelta | None:
        """From first start to end, waiting included."""
        return None if self.start is None or self.end is None else self.end - self.start

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Build it from an entry of ``taskInstances``."""
        return cls(
            task_id=value["task_id"],
            state=value["state"],
            try_number=value["try_number"],
            operator=value["operator_name"] or "",
            start=_time(value["start_date"]),
            end=_time(value["end_date"]),
            pid=value["pid"],
        )


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


class AirflowApi:
    """A logged-in user of one Airflow.

    :param base_url: address of the API server, without path.
    :param user: name to log in with.
    :param password: its password.
    """

    def __init__(self, base_url: str, user: str, password: str) -> None:
        self.user = user
        # trust_env would send loopback requests to a proxy of the environment.
        self._client = httpx.Client(base_url=base_url, timeout=30, trust_env=False)
        self._password = password

    def log_in(self) -> None:
        """Get a token; later requests carry it."""
        token = self._json("POST", "/auth/token", {"username": self.user, "password": self._password})
        self._client.headers["Authorization"] = f"Bearer {token['access_token']}"

    def __enter__(self) -> Self:
        """Log in."""
        self.log_in()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop the connections."""
        self.close()

    def close(self) -> None:
        """Drop the connections."""
        self._client.close()

    def health(self) -> dict[str, str | None] | None:
        """Return the status per component, or None while the API server does not answer."""
        try:
            answer = self._client.get("/api/v2/monitor/health")
        except httpx.TransportError:
            return None
        if not answer.is_success:
            return None
        return {name: part.get("status") for name, part in answer.json().items() if part}

    def dag_exists(self, dag_id: str) -> bool:
        """Return whether the DAG has been parsed and stored."""
        return self._client.get(f"/api/v2/dags/{dag_id}").status_code == httpx.codes.OK

    def import_errors(self) -> dict[str, str]:
        """Return the stack trace per DAG file that does not load."""
        errors = self._json("GET", "/api/v2/importErrors")["import_errors"]
        return {error["filename"]: error["stack_trace"] for error in errors}

    def set_paused(self, dag_id: str, *, paused: bool) -> None:
        """Pause or unpause a DAG."""
        self._json("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": paused})

    def trigger(self, dag_id: str, conf: Json | None = None) -> str:
        """Start a run by hand and return its id."""
        body = {"logical_date": None, "conf": dict(conf or {})}
        return str(self._json("POST", f"/api/v2/dags/{dag_id}/dagRuns", body)["dag_run_id"])

    def run_ids(self, dag_id: str) -> list[str]:
        """Return the ids of the DAG's runs, oldest first."""
        runs = self._json("GET", f"/api/v2/dags/{dag_id}/dagRuns?order_by=run_after")["dag_runs"]
        return [run["dag_run_id"] for run in runs]

    def run_state(self, dag_id: str, run_id: str) -> str:
        """Return the state of a run: queued, running, success or failed."""
        return str(self._json("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def task_instances(self, dag_id: str, run_id: str) -> list[TaskInstance]:
        """Return the tasks of a run in the order in which they began; those that did not come last."""
        found = self._json("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
        tasks = [TaskInstance.from_json(value) for value in found]
        return sorted(tasks, key=lambda task: (task.start is None, str(task.start), task.task_id))

    def task_instance(self, dag_id: str, run_id: str, task_id: str) -> TaskInstance:
        """Return one task of a run."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"
        return TaskInstance.from_json(self._json("GET", path))

    def clear(self, dag_id: str, run_id: str, task_ids: Sequence[str]) -> None:
        """Clear tasks of a run, running ones included, and all that follow them."""
        body = {
            "dry_run": False,
            "dag_run_id": run_id,
            "task_ids": list(task_ids),
            "include_downstream": True,
            "only_failed": False,
            "only_running": False,
        }
        self._json("POST", f"/api/v2/dags/{dag_id}/clearTaskInstances", body)

    def set_task_state(self, dag_id: str, run_id: str, task_id: str, state: str) -> None:
        """Mark a task as success, failed or skipped, as a user can in the UI."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"
        self._json("PATCH", path, {"new_state": state})

    def set_run_state(self, dag_id: str, run_id: str, state: str) -> None:
        """Mark a run as success or failed, as a user can in the UI."""
        self._json("PATCH", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}", {"state": state})

    def delete_run(self, dag_id: str, run_id: str) -> None:
        """Delete a run; Airflow refuses while it goes on."""
        self._json("DELETE", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")

    def backfill(self, dag_id: str, begin: datetime, end: datetime) -> None:
        """Create the runs that the schedule would have made between two moments."""
        body = {"dag_id": dag_id, "from_date": begin.isoformat(), "to_date": end.isoformat()}
        self._json("POST", "/api/v2/backfills", body)

    def respond(self, dag_id: str, run_id: str, task_id: str, chosen: str, params: Json) -> None:
        """Answer a task that waits for a person, as this user."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/-1/hitlDetails"
        self._json("PATCH", path, {"chosen_options": [chosen], "params_input": dict(params)})

    def question(self, dag_id: str, run_id: str, task_id: str) -> Json:
        """Return what a task asks, and by whom and how it was answered if it was."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/-1/hitlDetails"
        found: Json = self._json("GET", path)
        return found

    def xcom_keys(self, dag_id: str, run_id: str, task_id: str) -> list[str]:
        """Return the keys a task has pushed."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries"
        return [entry["key"] for entry in self._json("GET", path)["xcom_entries"]]

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value") -> Any:
        """Return one XCom value as plain JSON."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}"
        return self._json("GET", f"{path}?deserialize=false")["value"]

    def links(self, dag_id: str, run_id: str, task_id: str) -> dict[str, str | None]:
        """Return the extra links that the UI shows on a task, by their names."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/links"
        return dict(self._json("GET", path)["extra_links"])

    def asset_events(self, dag_id: str, run_id: str) -> list[Json]:
        """Return the asset events a run emitted, oldest first."""
        query = httpx.QueryParams(source_dag_id=dag_id, source_run_id=run_id, order_by="timestamp")
        return list(self._json("GET", f"/api/v2/assets/events?{query}")["asset_events"])

    def task_log(self, dag_id: str, run_id: str, task_id: str, try_number: int) -> list[Json]:
        """Return the events a try of a task logged so far, each with what Airflow keeps beside it."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{try_number}"
        content = self._json("GET", f"{path}?full_content=true")["content"]
        return [{"event": line} if isinstance(line, str) else line for line in content]

    def task_errors(self, dag_id: str, run_id: str, task_id: str, try_number: int) -> list[str]:
        """Return the exceptions a try of a task ended with, innermost last; Airflow logs the same one twice."""
        return list(
            dict.fromkeys(
                f"{error.get('exc_type')}: {error.get('exc_value')}"
                for event in self.task_log(dag_id, run_id, task_id, try_number)
                for error in event.get("error_detail") or ()
            )
        )

    def skip_reason(self, dag_id: str, run_id: str, task: TaskInstance) -> str:
        """Return why a task skipped itself; empty where it did not, or was skipped with those before it."""
        log = self.task_log(dag_id, run_id, task.task_id, task.try_number) if task.try_number else []
        return next((event["reason"] for event in log if event["event"] == "Skipping task."), "")

    def _json(self, method: str, path: str, body: Json | None = None) -> Any:
        """Send a request and return the decoded answer.

        :raises ApiError: unless the status is a success.
        """
        answer = self._client.request(method, path, json=body)
        if not answer.is_success:
            raise ApiError(f"{method} {path} as {self.user}: {answer.status_code} {answer.text[:2000]}")
        return answer.json() if answer.content else None
