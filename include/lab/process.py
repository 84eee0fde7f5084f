"""Real processes of the simulated hosts: start, wait, list and end them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from include.lab.sandbox import Sandbox

KILL_ROUNDS = 5
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


async def gone(pid: int) -> None:
    """Return when process `pid`, of whoever it is a child, has ended."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(fd, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(fd)
        os.close(fd)


async def writable(fd: int) -> None:
    """Return when a write to `fd` will not block."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_writer(fd, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_writer(fd)


class Child:
    """A process the lab started; `returncode` is negative for a signal."""

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        self._popen = popen
        self.pid = popen.pid

    async def wait(self) -> int:
        """Wait for the end and return the status."""
        await gone(self.pid)
        return self._popen.wait()

    def signal_group(self, number: int) -> None:
        """Send a signal to the process group, as sshd does."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


def start(
    sandbox: Sandbox,
    root: Path,
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    stdin: int,
    stdout: int,
    stderr: int,
    uid: int = 0,
    gid: int = 0,
    cwd: str = "/",
    tied: bool = False,
    login_tty: bool = False,
) -> Child:
    """Start `argv` inside a host's tree in a session of its own; `tied` ends it with the lab."""
    become = sandbox.entry(root, uid, gid, cwd, tied=tied)

    def prepare() -> None:
        # a lab under nohup would hand down that hangups are ignored
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        if login_tty:
            import fcntl  # noqa: PLC0415 - only here
            import termios  # noqa: PLC0415

            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        become()

    popen = subprocess.Popen(
        list(argv),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=dict(env),
        preexec_fn=prepare,  # noqa: PLW1509 - the lab has one thread
        start_new_session=True,
    )
    return Child(popen)


@dataclass(frozen=True)
class ProcessRow:
    """What ps needs to know of one process; `started` is seconds since the epoch, `cpu` seconds used."""

    pid: int
    ppid: int
    pgid: int
    uid: int
    started: float
    cpu: float
    argv: tuple[str, ...]
    comm: str
    tty: str = "-"


def _boot_time() -> float:
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def read_argv(pid: int) -> list[str]:
    """Return the argument vector of a process, empty when it is gone or a zombie."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return [part.decode("utf-8", "surrogateescape") for part in raw.split(b"\0")[:-1]]


def read_uid(pid: int) -> int:
    """Return the uid a process of a host tree sees itself as, in whichever user namespace it runs."""
    own, other = Path("/proc/self/ns/user").stat(), Path(f"/proc/{pid}/ns/user").stat()
    if own.st_ino != other.st_ino:
        return int(Path(f"/proc/{pid}/uid_map").read_text().split()[0])
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("Uid:"):
            return int(line.split()[2])
    return 0


def _rooted() -> Iterator[tuple[int, Path]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                yield int(entry.name), (entry / "root").readlink()


def began(pid: int) -> float:
    """Return when a process was started, in seconds since the epoch: the end of the tick that the kernel tells."""
    _, fields = _stat(pid)
    return _boot_time() + (int(fields[19]) + 1) / CLOCK_TICKS


def _stat(pid: int) -> tuple[str, list[str]]:
    """Return a process's name and what follows it in /proc/PID/stat, its state first."""
    text = Path(f"/proc/{pid}/stat").read_text()
    return text[text.index("(") + 1 : text.rindex(")")], text[text.rindex(")") + 2 :].split()


def pids_in(root: Path) -> Iterator[int]:
    """Yield the processes whose root directory is the tree `root`."""
    return (pid for pid, other in _rooted() if other == root)


def rows_in(root: Path) -> list[ProcessRow]:
    """Return the living processes of a tree, in pid order."""
    boot, rows = _boot_time(), []
    for pid in sorted(pids_in(root)):
        with contextlib.suppress(OSError, ValueError, IndexError):
            comm, rest = _stat(pid)
            if rest[0] == "Z":
                continue
            rows.append(
                ProcessRow(
                    pid=pid,
                    ppid=int(rest[1]),
                    pgid=int(rest[2]),
                    uid=read_uid(pid),
                    started=boot + int(rest[19]) / CLOCK_TICKS,
                    cpu=(int(rest[11]) + int(rest[12])) / CLOCK_TICKS,
                    argv=tuple(read_argv(pid)),
                    comm=comm,
                )
            )
    return rows


def kill_all(directory: Path) -> None:
    """End every process whose root directory is `directory` or lies below it, as pulling the plug does."""
    for _ in range(KILL_ROUNDS):
        pids = [pid for pid, root in _rooted() if root == directory or root.is_relative_to(directory)]
        if not pids:
            return
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        # a process that was just starting another one may have left it behind: look again
        time.sleep(0.002)
