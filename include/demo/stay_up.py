"""Lab and Airflow left running for a person to look at."""

from __future__ import annotations

import json
import os
import shlex
import sys
from datetime import timedelta
from pathlib import Path

from include.demo.configuration import APPROVERS, OPERATOR, USERS
from include.demo.polling import wait_until
from include.demo.report import Report
from include.demo.stage import PAIR, Stage, stage

FOR_EVER = timedelta(days=365)
_DAG_OF_A_NIGHT = f"nim_nightly_sync__{PAIR}"


def stay_up(directory: Path, report: Report) -> None:
    """Keep both up until interrupted.

    :raises ComponentError: when a part of Airflow ends by itself.
    """
    report.say("Starting the lab and Airflow …")
    with stage(directory) as running:
        running.airflow.wait_for_dag(_DAG_OF_A_NIGHT)
        report.values(
            "Both are up, on loopback only; Ctrl-C ends them",
            {
                "ends them from elsewhere": f"kill {os.getpid()}",
                "Airflow": running.airflow.settings.base_url,
                **{
                    f"login ({_part(user, role)})": f"{user}  {running.airflow.settings.passwords[user]}"
                    for user, role in USERS.items()
                },
                "evidence": str(running.evidence),
            },
        )
        report.values(
            "Meanwhile, in another terminal",
            {
                "list the faults": _lab_command(running, "faults"),
                "break something": _lab_command(running, "break", "nimesis_down"),
                "mend everything": _lab_command(running, "heal", "all"),
                "stop the next sync in its phase 7": _lab_command(running, "hold", "sync:7"),
                "let it go on": _lab_command(running, "release"),
                "log in to a master": _lab_command(running, "ssh", "nima"),
                "what is true now": _lab_command(running, "state"),
                "what the hosts were told": _lab_command(running, "log"),
                "run a night": f"{_dag(running, 'nim_nightly_sync')}: Trigger",
                "hand the clients over": f"{_dag(running, 'nim_planned_takeover')}: Trigger as {OPERATOR}, with a "
                f"reason and a change ticket; then log in as {APPROVERS[0]} and answer under Required Actions",
                "give them back": f"{_dag(running, 'nim_give_back')}: the same",
                "lose the active master": _lab_command(running, "break", "host_down", "host=nima"),
                "rescue its clients": f"{_dag(running, 'nim_disaster_failover')}: the same",
                "let it come back": _lab_command(running, "heal", "host_down"),
                "make it the standby": f"{_dag(running, 'nim_reprotect')}: the same",
            },
        )

        report.say(f"\nA night by the REST API, as {OPERATOR}:\n{_rest_example(running)}")

        def look() -> None:
            running.airflow.check()

        wait_until(look, within=FOR_EVER, what="an interrupt")


def _part(user: str, role: str) -> str:
    """Return what a user is for: who triggers may not approve."""
    return {OPERATOR: "triggers", APPROVERS[0]: "approves"}.get(user, role)


def _dag(running: Stage, runbook: str) -> str:
    return f"{running.airflow.settings.base_url}/dags/{runbook}__{PAIR}"


def _rest_example(running: Stage) -> str:
    """Return one shell line that gets a token and triggers a nightly sync with it, whatever proxy is set."""
    address = running.airflow.settings.base_url
    login = json.dumps({"username": OPERATOR, "password": running.airflow.settings.passwords[OPERATOR]})
    post = "curl -s --noproxy '*' -H 'Content-Type: application/json'"
    token = f"{post} {address}/auth/token -d {shlex.quote(login)} | cut -d'\"' -f4"
    run = f"{address}/api/v2/dags/{_DAG_OF_A_NIGHT}/dagRuns"
    return f'{post} -H "Authorization: Bearer $({token})" {run} -d {shlex.quote(json.dumps({"logical_date": None}))}'


def _lab_command(running: Stage, *words: str) -> str:
    """Return the command as it is typed in this folder."""
    here = Path.cwd()
    python, place = Path(sys.executable), running.lab.directory
    if python.is_relative_to(here) and place.is_relative_to(here):
        python, place = python.relative_to(here), place.relative_to(here)
    word, *rest = words
    return shlex.join([str(python), "-m", "include.lab", word, "--dir", str(place), *rest])
