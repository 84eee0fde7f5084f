"""`make demo`, as a visitor runs it: a true run ends with 0, a broken estate never does."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

STOPPING_FAULTS = (
    "backup_fs_full",
    "backup_truncated",
    "fs_unmounted",
    "host_down",
    "lsnim_truncated",
    "name_resolution_broken",
    "nfs_blocked",
    "nimesis_down",
    "ssh_refused",
    "sync_fails phase=11",
    "wrong_host_key",
)
"""Faults of the lab with which no nightly sync may end as done."""

SEED = int(os.environ["DEMO_FAULT_SEED"])
PICKED = random.Random(SEED).sample(STOPPING_FAULTS, 3)

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(420)]


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


def test_a_nightly_sync_is_done_and_true(tmp_path: Path):
    status, said = run_demo(tmp_path)

    assert status == 0
    assert "Done, and the checker agrees." in said


@pytest.mark.parametrize("fault", [pytest.param(fault, id=f"seed {SEED}, {fault}") for fault in PICKED])
def test_a_fault_stops_the_demo_by_name(fault: str, tmp_path: Path):
    print(f"DEMO_FAULT_SEED={SEED} picked {', '.join(PICKED)}")  # noqa: T201 - repeats the choice

    status, said = run_demo(tmp_path, "--fault", fault)

    assert status == 1
    assert f"Not done (fault {fault} was on)" in said
