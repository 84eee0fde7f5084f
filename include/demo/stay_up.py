"""Lab and Airflow left running for a person to look at."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from include.demo.configuration import USERS
from include.demo.polling import wait_until
from include.demo.report import Report
from include.demo.stage import Stage, stage

FOR_EVER = timedelta(days=365)


def stay_up(directory: Path, report: Report) -> None:
    """Keep both up until interrupted.

    :raises ComponentError: when a part of Airflow ends by itself.
    """
    report.say("Starting the lab and Airflow …")
    with stage(directory) as running:
        report.values(
            "Both are up, on loopback only; Ctrl-C ends them",
            {
                "Airflow": running.airflow.settings.base_url,
                **{
                    f"login ({role})": f"{user}  {running.airflow.settings.passwords[user]}"
                    for user, role in USERS.items()
                },
                "evidence": str(running.evidence),
                "ground truth": _lab_command(running, "state"),
                "commands received": _lab_command(running, "log"),
                "faults to switch on": _lab_command(running, "faults"),
            },
        )

        def look() -> None:
            running.airflow.check()

        wait_until(look, within=FOR_EVER, what="an interrupt")


def _lab_command(running: Stage, word: str) -> str:
    return f"{sys.executable} -m include.lab {word} --dir {running.lab.directory}"
