"""The demo's story: its acts, one after the other, on one stage."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from include.demo import disaster, nightly_sync, planned_takeover
from include.demo.act import Act, Scene
from include.demo.judgement import Exit
from include.demo.lab import Lab
from include.demo.report import Report
from include.demo.stage import stage

ACTS: Sequence[Act] = (nightly_sync.ACT, planned_takeover.ACT, disaster.ACT)

SETTINGS = {
    # An act switches on the DAGs that it plays; the watch would look in the middle of others.
    "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
}


def tell(directory: Path, fault: str | None, until: str, report: Report) -> Exit:
    """Play the acts, with *fault* on if one is named; the first that is not done ends the story.

    :param until: name of the act that is the last one.
    :raises include.demo.lab.LabError: before anything is started, where there is no such fault.
    """
    began = time.monotonic()
    meaning = Lab(directory).meaning(fault) if fault else ""
    report.say("Starting the lab and Airflow …")
    result = Exit.NOT_DONE
    with stage(directory, settings=SETTINGS) as running:
        report.say(f"Both are up after {time.monotonic() - began:.0f} s: {running.airflow.settings.base_url}")
        if fault:
            running.lab.break_(fault)
            report.say(f"Fault {fault} is on. {meaning}")
        for act in ACTS:
            report.title(act.title)
            result = act.play(Scene(running, next(iter(running.labs)), fault, report))
            if result is not Exit.DONE or act.name == until:
                break
        evidence = running.evidence
    report.say(f"Took {time.monotonic() - began:.0f} s in all. The evidence of every run stays in {evidence}.")
    report.say("'make up' keeps a pair and the Airflow UI running; 'make clean' removes everything.")
    return result
