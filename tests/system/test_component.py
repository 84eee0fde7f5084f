"""The demo's programs end with all they started, and say why when they end by themselves."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from include.demo.component import Component, ComponentError, end_strays
from include.demo.polling import wait_until

SOON = timedelta(seconds=10)


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Component]:
    """A program with a child of its own."""
    script = 'tail -f /dev/null & echo "child $!"; wait'
    component = Component("program", ("sh", "-c", script), os.environ, tmp_path / "logs" / "program.log", tmp_path)
    yield component
    component.kill()


def child_of(program: Component) -> psutil.Process:
    def look() -> psutil.Process | None:
        words = program.tail().split()
        return psutil.Process(int(words[1])) if len(words) > 1 else None

    return wait_until(look, within=SOON, what="the child to be named in the log")


def assert_gone(process: psutil.Process) -> None:
    wait_until(lambda: None if runs(process) else True, within=SOON, what=f"{process} to be gone")


def runs(process: psutil.Process) -> bool:
    # An orphan that nobody reaped yet has ended all the same.
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("end", [Component.stop, Component.kill])
def test_a_program_ends_with_its_children(program: Component, end):
    program.start()
    child = child_of(program)

    end(program)

    assert not program.is_running
    assert_gone(child)


def test_a_program_that_ended_by_itself_is_reported_with_the_end_of_its_log(tmp_path: Path):
    component = Component("program", ("sh", "-c", "echo no room; exit 3"), os.environ, tmp_path / "log", tmp_path)
    component.start()
    wait_until(lambda: None if component.is_running else True, within=SOON, what="its end")

    with pytest.raises(ComponentError, match=r"(?s)program ended with 3\..*no room"):
        component.check()


def test_what_left_its_group_is_found_by_the_folder_it_works_in(tmp_path: Path):
    folder = tmp_path / "home"
    folder.mkdir()
    leaver = subprocess.Popen(("tail", "-f", "/dev/null"), cwd=folder, start_new_session=True)

    end_strays(folder)

    assert leaver.wait(SOON.total_seconds()) == -signal.SIGKILL


def test_starting_a_running_program_again_changes_nothing(program: Component):
    program.start()
    pid = program.pid

    program.start()

    assert program.pid == pid


def test_stopping_what_was_never_started_changes_nothing(program: Component):
    program.stop()

    assert not program.is_running
