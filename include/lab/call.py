"""One invocation of a lab command: who ran what where, and its real stdout and stderr."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import select
import stat
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from include.lab.process import writable
from include.lab.translate import translate

if TYPE_CHECKING:
    from include.lab.estate import Estate
    from include.lab.host import Host

CHUNK = 4096


class BrokenOutputError(Exception):
    """Whoever read this output is gone; a real program would die of SIGPIPE."""


async def write_fd(fd: int, data: bytes) -> None:
    """Write everything to a descriptor the lab shares with another process, never blocking the event loop."""
    regular = stat.S_ISREG(os.fstat(fd).st_mode)
    terminal = os.isatty(fd)
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    view = memoryview(data)
    while view:
        if not regular and not poll.poll(0):
            await writable(fd)
        try:
            # a terminal that is ready for something may yet have no room for all of it
            written = await asyncio.to_thread(os.write, fd, view[:CHUNK]) if terminal else os.write(fd, view[:CHUNK])
            view = view[written:]
        except BlockingIOError:
            continue
        except OSError as error:
            if error.errno in {errno.EPIPE, errno.EBADF}:
                raise BrokenOutputError from error
            raise


@dataclass
class Call:
    """
    A running command. `argv[0]` is the command's name; `cwd` and paths are as seen inside the host's tree.

    `fds` are duplicates of the caller's stdin, stdout and stderr; a call without them (a command that runs
    on a machine on behalf of another) collects its output in `captured`.
    """

    estate: Estate
    host: Host
    argv: list[str]
    login: str = "root"
    uid: int = 0
    pid: int = 0
    cwd: str = "/"
    env: dict[str, str] = field(default_factory=dict)
    fds: tuple[int, int, int] | None = None
    captured: dict[str, list[str]] = field(default_factory=lambda: {"out": [], "err": []})
    seq: int = 0

    @property
    def args(self) -> list[str]:
        """Return the arguments without the command's name."""
        return self.argv[1:]

    @property
    def locale(self) -> str:
        """Return the locale messages are printed in."""
        return self.env.get("LC_ALL") or self.env.get("LC_MESSAGES") or self.env.get("LANG") or "C"

    def absolute(self, path: str) -> str:
        """Return a path argument as absolute path inside the tree."""
        return os.path.normpath(str(PurePosixPath(self.cwd) / path))

    async def out(self, text: str) -> None:
        """Print on stdout."""
        await self._emit(1, "out", text)

    async def err(self, text: str) -> None:
        """Print on stderr."""
        await self._emit(2, "err", text)

    async def line(self, *lines: str) -> None:
        """Print whole lines on stdout."""
        await self.out("".join(f"{line}\n" for line in lines))

    async def fail(self, code: int, *lines: str) -> int:
        """Print whole lines on stderr and return the exit status."""
        await self.err("".join(f"{line}\n" for line in lines))
        return code

    async def _emit(self, fd: int, name: str, text: str) -> None:
        text = translate(text, self.locale)
        if self.fds is None:
            self.captured[name].append(text)
        else:
            await write_fd(self.fds[fd], text.encode("utf-8", "surrogateescape"))

    def close(self) -> None:
        """Give the descriptors back."""
        for fd in set(self.fds or ()):
            with contextlib.suppress(OSError):
                os.close(fd)
