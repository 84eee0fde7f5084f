"""`make demo`, as a visitor runs it: a true story ends with 0, a broken estate never does."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

STOPPING_FAULTS = {
    "backup_fs_full": "refused",
    "backup_truncated": "refused",
    "fs_unmounted": "refused",
    "host_down": "refused",
    "lsnim_truncated": "refused",
    "name_resolution_broken": "refused",
    "nfs_blocked": "refused",
    "nimesis_down": "refused",
    "ssh_refused": "refused",
    "sync_fails phase=1": "untouched",
    "sync_fails phase=11": "put back",
    "wrong_host_key": "refused",
}
"""Faults of the lab with which no nightly sync may end as done, and what the fault table promises instead."""

SEED = int(os.environ["DEMO_FAULT_SEED"])
SWEEP = os.environ.get("NIM_SWEEP") == "all"
DRAWN = sorted(STOPPING_FAULTS) if SWEEP else [random.Random(SEED).choice([*STOPPING_FAULTS])]

LAST_ACT = "disaster" if SWEEP else "takeover"
"""The disaster alone takes as long as all before it; it is told in the sweep."""
RUNS = {"takeover": 3, "disaster": 6}
"""How many runs of the story up to an act end well; two more of the disaster are red, and should be."""

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(1200 if SWEEP else 600)]


def run_demo(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run it to its end; end it in order, with all it started, if the test is interrupted."""
    demo = subprocess.Popen(
        (sys.executable, "-m", "include.demo", "run", "--dir", str(folder), *arguments),
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with demo:
        try:
            said, _ = demo.communicate()
        finally:
            demo.terminate()
    print(said)  # noqa: T201 - pytest shows it when the test fails
    return demo.returncode, said


def test_the_story_is_done_and_true(tmp_path: Path):
    status, said = run_demo(tmp_path, "--until", LAST_ACT)

    assert status == 0
    assert said.count("Done, and the checker agrees.") == RUNS[LAST_ACT]
    assert "anton answers: Approve" in said
    assert "  lock: running  (keeps every other run off the pair)" in said
    assert "sync was skipped: The approved plan has no sync: not needed: the target holds everything already." in said


@pytest.mark.parametrize("fault", DRAWN)
def test_a_fault_stops_the_demo_as_the_fault_table_promises(fault: str, tmp_path: Path):
    print(f"DEMO_FAULT_SEED={SEED} picked {', '.join(DRAWN)}")  # noqa: T201 - repeats the choice

    status, said = run_demo(tmp_path, "--fault", fault)

    assert status == 6
    assert f"What docs/fault_table.md promises with {fault}: {STOPPING_FAULTS[fault]}" in said
    assert f"Not done (fault {fault} was on)" in said
    assert said.count("│ Refused: ") <= 1
    assert "─ verdict failed ─" not in said
    assert "That is what the fault table promises" in " ".join(said.replace("│", " ").split())


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("nonsense", "there is no fault 'nonsense'"),
        ("sync_fails phase=99", "phase= is a phase of a sync, 1 to 13, not '99'"),
    ],
)
def test_a_fault_that_means_nothing_is_refused_before_anything_is_started(fault: str, sentence: str, tmp_path: Path):
    status, said = run_demo(tmp_path / "demo", "--fault", fault)

    assert status == 2
    assert sentence in " ".join(said.replace("│", " ").split())
    assert "Starting" not in said
    assert not (tmp_path / "demo").exists()


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl, by which the printed line asks")
def test_what_is_kept_up_prints_a_line_that_triggers_a_night_and_one_that_ends_it(tmp_path: Path):
    up = subprocess.Popen(
        (sys.executable, "-m", "include.demo", "up", "--dir", str(tmp_path)),
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    said = ""
    with up:
        try:
            while "REST API" not in said:
                said += up.stdout.readline() or pytest.fail(f"It has ended: {said}")
            answer = subprocess.run(("/bin/sh", "-c", up.stdout.readline()), capture_output=True, text=True, check=True)
            subprocess.run(("/bin/sh", "-c", re.search(r"kill \d+", said)[0]), check=True)
        except BaseException:
            up.terminate()
            raise

    assert json.loads(answer.stdout)["dag_id"] == "nim_nightly_sync__lab"
    assert up.returncode == 130
