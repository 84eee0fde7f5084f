"""One nightly sync from outside: trigger it, watch it, and compare what it says with what is true."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from include.demo.api import AirflowApi, TaskInstance
from include.demo.checker import check_nightly_sync
from include.demo.ground_truth import calls, estate
from include.demo.judgement import Exit, Finding, judge
from include.demo.local_airflow import LocalAirflow
from include.demo.polling import wait_until
from include.demo.report import Report, xcoms_of
from include.demo.stage import Stage, stage

RUN_WITHIN = timedelta(minutes=6)
OPERATOR = "olga"


def run_nightly_sync(directory: Path, pair: str, fault: str | None, report: Report) -> Exit:
    """Run the DAG of *pair* once, with *fault* on if one is named, and return what it amounted to."""
    began = time.monotonic()
    report.say("Starting the lab and Airflow …")
    with stage(directory) as running:
        report.say(f"Both are up after {time.monotonic() - began:.0f} s: {running.airflow.settings.base_url}")
        if fault:
            meaning = running.lab.faults().get(fault.split()[0], "")
            running.lab.break_(fault)
            report.say(f"Fault {fault} is on{': ' if meaning else ''}{meaning}")
        result = _run(running, f"nim_nightly_sync__{pair}", fault, report)
    report.say(f"Took {time.monotonic() - began:.0f} s in all.")
    return result


def _run(running: Stage, dag_id: str, fault: str | None, report: Report) -> Exit:
    airflow, lab = running.airflow, running.lab
    airflow.wait_for_dag(dag_id)
    api = airflow.api_as(OPERATOR)
    api.log_in()
    state_before = lab.state()
    before = estate(state_before, lab.trees())
    api.set_paused(dag_id, paused=False)
    run_id = api.trigger(dag_id)
    state = _watch(airflow, api, dag_id, run_id, report)

    tasks = api.task_instances(dag_id, run_id)
    verdict = xcoms_of(api, dag_id, run_id, "verdict")
    commands = calls(lab.log(after=state_before["seq"]))
    findings = [
        *check_nightly_sync(before, estate(lab.state(), lab.trees()), commands),
        _evidence_is_there(str(verdict.get("page", ""))),
    ]

    report.steps(dag_id, run_id, tasks)
    report.failures(api, dag_id, run_id, tasks)
    events = api.asset_events(dag_id, run_id)
    for event in events:
        report.values(f"Recovery point and what was verified: asset event {event['uri']}", event["extra"])
    if not events:
        report.say("\nNo recovery point was emitted.")
    report.values("What the product says (verdict)", verdict or {"": "no verdict was pushed"})
    report.changes(commands)
    report.findings(findings)
    exit_code, sentence = judge(state, str(verdict.get("verdict", "")), findings, fault)
    report.result(exit_code, sentence)
    return exit_code


def _evidence_is_there(page: str) -> Finding:
    is_there = page.startswith("file://") and Path(urlsplit(page).path).is_file()
    return Finding("the evidence has a page where the verdict says", is_there, "" if is_there else page or "none")


def _watch(airflow: LocalAirflow, api: AirflowApi, dag_id: str, run_id: str, report: Report) -> str:
    """Print each step as it changes state, until the run has ended; return the run's state."""
    seen: dict[str, str | None] = {}
    ended = {"success", "failed"}

    def look() -> str | None:
        airflow.check()
        state = api.run_state(dag_id, run_id)
        _tell_changes(seen, api.task_instances(dag_id, run_id), report)
        return state if state in ended else None

    return wait_until(look, within=RUN_WITHIN, what=f"run {run_id} to end")


def _tell_changes(seen: dict[str, str | None], tasks: Sequence[TaskInstance], report: Report) -> None:
    for task in tasks:
        if task.start is not None and seen.get(task.task_id) != task.state:
            seen[task.task_id] = task.state
            report.say(f"  {task.task_id}: {task.state}")
