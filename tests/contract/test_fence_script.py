"""``fence.ksh`` stops nimesis unless it saw that nothing of it runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from nim_operators.remote.script import embedded

SHELLS = [shell for shell in ("mksh", "ksh93", "dash") if shutil.which(shell)] or ["sh"]
HEADER = "Subsystem         Group            PID          Status\n"
ACTIVE = " nimesis          nim              7405916      active\n"
STOPPED = " nimesis          nim                           inoperative\n"


def fence(folder: Path, shell: str, listed: str, status: int) -> list[str]:
    """Fence a host whose lssrc prints *listed* and ends with *status* until nimesis is stopped; return what stopped."""
    rows, sent = folder / "rows", folder / "sent"
    rows.write_text(listed)
    for name, body in {
        "lssrc": f"cat {rows}; exit {status}",
        "stopsrc": f'echo "$@" >>{sent}; echo >{rows}',
        "lsitab": "echo init:2:initdefault:",
    }.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    values = {"BASE": str(folder / "base"), "STOPSRC": str(folder / "stopsrc"), "LSSRC": str(folder / "lssrc")}
    values |= {"RUN": "night/1", "REASON": "its clients have gone", "BACKUP": "-", "MARK": "fenced"}
    (folder / "base").mkdir()
    environment = {"PATH": f"{folder}:{os.environ['PATH']}"}
    subprocess.run(
        [shell, "-c", embedded("fence", values, uses=("common",))], env=environment, check=False, capture_output=True
    )
    assert (folder / "base/fenced").exists()
    return sent.read_text().splitlines() if sent.exists() else []


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("listed", "status"),
    [
        (HEADER + STOPPED, 0),
        (HEADER + STOPPED + STOPPED, 0),
        (STOPPED, 0),
        ("0513-085 The nimesis Subsystem is not on file.\n", 1),
    ],
)
def test_what_is_seen_to_be_stopped_is_not_stopped_again(tmp_path: Path, shell: str, listed: str, status: int) -> None:
    assert fence(tmp_path, shell, listed, status) == []


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("listed", "status"),
    [
        (HEADER + ACTIVE, 0),
        (HEADER + ACTIVE + STOPPED, 0),
        (HEADER + STOPPED + ACTIVE, 0),
        (HEADER + STOPPED, 1),
        (HEADER, 0),
        ("", 0),
        ("0513-053 The System Resource Controller daemon is not active.\n", 1),
        (" nimesis          nim              7405916      warned\n", 0),
    ],
)
def test_anything_else_is_stopped(tmp_path: Path, shell: str, listed: str, status: int) -> None:
    assert fence(tmp_path, shell, listed, status) == ["-s nimesis"]
