"""Whenever ``aside.ksh`` is killed, no content is lost, and the same request again ends as if it never was."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from nim_operators.remote.script import embedded

SHELLS = [shell for shell in ("mksh", "ksh93", "dash") if shutil.which(shell)] or ["sh"]
ROWS = {"move": "image 4215 {place}", "back": "image back", "drop": "image"}
KILLER = """#!/bin/sh
count=$(($(cat {count}) + 1))
echo $count >{count}
if [ {when} = before ] && [ $count = {number} ]; then kill -9 0; fi
{real} "$@"
status=$?
if [ {when} = after ] && [ $count = {number} ]; then kill -9 0; fi
exit $status
"""


class Host:
    """A directory with one resource, and the script's own records beside it."""

    def __init__(self, top: Path, shell: str) -> None:
        self.shell = shell
        self.base = top / "base"
        self.place = top / "export" / "image"
        self.aside = top / "export" / ".nim_operators.aside.image"
        self.record = self.base / "aside" / "image"
        self.killer = top / "bin"
        for folder in (self.base, self.place, self.killer):
            folder.mkdir(parents=True)
        (self.place / "file").write_text("old")

    def kill_at(self, number: int, when: str) -> None:
        """Kill the script and all below it before or after the n-th command that it runs on files."""
        count = self.killer / "count"
        count.write_text("0")
        for name in ("mv", "rm"):
            command = self.killer / name
            command.write_text(KILLER.format(count=count, number=number, when=when, real=shutil.which(name)))
            command.chmod(0o755)

    def run(self, action: str, *, killed: bool = False) -> subprocess.CompletedProcess[str]:
        row = ROWS[action].format(place=self.place)
        values = {"BASE": str(self.base), "ACTION": action, "RUN": "night/1"}
        script = embedded("aside", values, {"list_resources": [row]})
        path = f"{self.killer}:{os.environ['PATH']}" if killed else os.environ["PATH"]
        return subprocess.run(
            [self.shell, "-c", script],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": path},
            start_new_session=True,
        )

    def text(self, folder: Path) -> str | None:
        return (folder / "file").read_text() if (folder / "file").is_file() else None

    def copy_anew(self) -> None:
        """What a sync does, or the half of it."""
        self.place.mkdir()
        (self.place / "file").write_text("new")

    @property
    def leftovers(self) -> list[str]:
        return sorted(found.name for found in self.aside.parent.iterdir() if found != self.place)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 6))
@pytest.mark.parametrize("action", ROWS)
def test_killed_and_asked_again(tmp_path: Path, shell: str, action: str, number: int, when: str) -> None:
    host = Host(tmp_path, shell)
    if action != "move":
        assert host.run("move").stdout == "@ moved image\n"
        host.copy_anew()
    host.kill_at(number, when)
    ended = host.run(action, killed=True)
    assert ended.returncode in ({-signal.SIGKILL} if number == 1 else {0, -signal.SIGKILL}), ended.stderr
    if action != "drop":
        assert "old" in {host.text(host.place), host.text(host.aside)}
        assert host.text(host.place) == "old" or host.record.is_file()
    else:
        assert host.text(host.place) == "new"
    again = host.run(action)
    assert (again.returncode, again.stderr) == (0, "")
    in_place = {"move": None, "back": "old", "drop": "new"}[action]
    assert host.text(host.place) == in_place
    assert host.leftovers == ([host.aside.name] if action == "move" else [])
    assert host.record.is_file() == (action == "move")


def test_the_cuts_reach_past_the_last_command(tmp_path: Path) -> None:
    host = Host(tmp_path, SHELLS[0])
    for action in ROWS:
        host.kill_at(6, "before")
        assert host.run(action, killed=True).returncode == 0
        if action == "move":
            host.copy_anew()
        elif action == "back":
            host.run("move")
            host.copy_anew()


@pytest.mark.parametrize("shell", SHELLS)
def test_the_only_content_is_never_dropped(tmp_path: Path, shell: str) -> None:
    host = Host(tmp_path, shell)
    host.run("move")
    assert host.run("drop").returncode != 0
    assert (host.text(host.aside), host.record.is_file()) == ("old", True)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_symbolic_link_and_what_is_not_there_stay(tmp_path: Path, shell: str) -> None:
    host = Host(tmp_path, shell)
    host.place.rename(host.place.with_name("elsewhere"))
    assert host.run("move").stdout == f"@ kept image nothing lies at {host.place}\n"
    host.place.symlink_to(host.place.with_name("elsewhere"))
    assert host.run("move").stdout == f"@ kept image {host.place} is a symbolic link\n"
    assert not host.record.is_file()


@pytest.mark.parametrize("shell", SHELLS)
def test_what_lies_aside_from_an_earlier_time_is_never_covered(tmp_path: Path, shell: str) -> None:
    host = Host(tmp_path, shell)
    host.run("move")
    host.copy_anew()
    assert host.run("move").stdout == f"@ kept image {host.aside} lies there from an earlier time\n"
    assert (host.text(host.place), host.text(host.aside)) == ("new", "old")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_copy_that_was_not_equal_leaves_a_mark(tmp_path: Path, shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(tmp_path, shell)
    host.run("move")
    host.copy_anew()
    monkeypatch.setitem(ROWS, "back", "image refused")
    assert host.run("back").returncode == 0
    assert host.text(host.place) == "old"
    assert {"content=4215", "state=refused"} <= set(host.record.read_text().splitlines())
