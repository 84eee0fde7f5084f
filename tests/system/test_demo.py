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


def run_demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        (sys.executable, "-m", "include.demo", "run", "--dir", str(folder), *arguments),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout, done.stderr)  # noqa: T201 - pytest shows it when the test fails
    return done


def test_a_nightly_sync_is_done_and_true(tmp_path: Path):
    done = run_demo(tmp_path)

    assert done.returncode == 0
    assert "Done, and the checker agrees." in done.stdout


@pytest.mark.parametrize("fault", [pytest.param(fault, id=f"seed {SEED}, {fault}") for fault in PICKED])
def test_a_fault_stops_the_demo_by_name(fault: str, tmp_path: Path):
    print(f"DEMO_FAULT_SEED={SEED} picked {', '.join(PICKED)}")  # noqa: T201 - repeats the choice

    done = run_demo(tmp_path, "--fault", fault)

    assert done.returncode == 1
    assert f"Not done (fault {fault} was on)" in done.stdout
