"""
The door between a host's tree and the lab: a stub writes its pid into a FIFO and waits for its exit status.

Everything else is read from the waiting process itself: arguments and environment from /proc, stdout and
stderr as duplicates of its own descriptors. Killing the stub interrupts the simulated operation.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import shlex
import signal
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from include.lab import process
from include.lab.call import BrokenOutputError, Call
from include.lab.odm import OdmError
from include.lab.registry import COMMANDS, Command
from include.lab.sandbox import pidfd_getfd
from include.lab.tree import STUB_DIRECTORY

if TYPE_CHECKING:
    from include.lab.estate import Estate
    from include.lab.host import Host

DENIED = 126
LAB_DEFECT = 125


class Door:
    """Serves the stubs of one host."""

    def __init__(self, estate: Estate, host: Host) -> None:
        self.estate = estate
        self.host = host
        self._directory = host.root / STUB_DIRECTORY.lstrip("/")
        door = self._directory / "door"
        os.mkfifo(door)
        door.chmod(0o666)
        self._fd = os.open(door, os.O_RDWR | os.O_NONBLOCK)
        self._inode = os.fstat(self._fd).st_ino
        self._rest = b""
        self._tasks: set[asyncio.Task[None]] = set()
        asyncio.get_running_loop().add_reader(self._fd, self._knock)

    def close(self) -> None:
        """Stop serving."""
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)
        for task in self._tasks:
            task.cancel()

    def _knock(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._rest += os.read(self._fd, 65536)
        *pids, self._rest = self._rest.split(b"\n")
        for pid in pids:
            if pid.isdigit():
                self._tasks.add(task := asyncio.get_running_loop().create_task(self._serve(int(pid))))
                task.add_done_callback(self._tasks.discard)

    async def _serve(self, pid: int) -> None:
        reply = self._directory / str(pid)
        try:
            call, entry = await self._open(pid)
        except OSError:
            reply.unlink(missing_ok=True)
            return
        try:
            code = await self._run_while_alive(call, entry)
            if code is not None:
                fd = os.open(reply, os.O_RDWR | os.O_NONBLOCK)
                try:
                    os.write(fd, f"{code}\n".encode())
                    await process.gone(pid)
                finally:
                    os.close(fd)
        finally:
            call.close()
            reply.unlink(missing_ok=True)

    async def _open(self, pid: int) -> tuple[Call, Command]:
        call, entry = self._read(pid)
        call.fds = await self._descriptors(pid)
        return call, entry

    def _read(self, pid: int) -> tuple[Call, Command]:
        """Return what the waiting process says about itself in /proc."""
        proc = Path(f"/proc/{pid}")
        argv = process.read_argv(pid)[1:]
        name = argv[0].rsplit("/", 1)[-1] if argv else ""
        entry = COMMANDS.get(name)
        if entry is None or (proc / "root").readlink() != self.host.root:
            raise FileNotFoundError(name)
        raw = (proc / "environ").read_bytes().decode("utf-8", "surrogateescape")
        uid = process.read_uid(pid)
        ordinary = self.host.login if self.host.login != "root" else "nimadm"
        cwd = (proc / "cwd").readlink()
        inside = cwd.relative_to(self.host.root) if cwd.is_relative_to(self.host.root) else "."
        call = Call(
            estate=self.estate,
            host=self.host,
            argv=[name, *argv[1:]],
            login="root" if uid == 0 else ordinary,
            uid=uid,
            pid=pid,
            cwd=f"/{inside}",
            env=dict(item.split("=", 1) for item in raw.split("\0") if "=" in item),
        )
        return call, entry

    async def _descriptors(self, pid: int) -> tuple[int, int, int]:
        """Return the caller's stdin, stdout and stderr, once the shell has put its stdout back in place."""
        while True:
            fds = self._duplicate(pid)
            # a shell carries out `echo >door` by pointing its own stdout at the door for that moment
            if os.fstat(fds[1]).st_ino != self._inode:
                return fds
            for fd in fds:
                os.close(fd)
            await asyncio.sleep(0.0005)

    @staticmethod
    def _duplicate(pid: int) -> tuple[int, int, int]:
        pidfd = os.pidfd_open(pid)
        fds: list[int] = []
        try:
            for number in range(3):
                try:
                    fds.append(pidfd_getfd(pidfd, number))
                except OSError:
                    # older kernels: reopen what the descriptor points to
                    flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_APPEND
                    try:
                        fds.append(os.open(f"/proc/{pid}/fd/{number}", flags))
                    except OSError:
                        fds.append(os.open("/dev/null", os.O_RDWR))
        finally:
            os.close(pidfd)
        return fds[0], fds[1], fds[2]

    async def _run_while_alive(self, call: Call, entry: Command) -> int | None:
        work = asyncio.create_task(run_logged(call, entry))
        life = asyncio.create_task(process.gone(call.pid))
        try:
            await asyncio.wait({work, life}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                work.cancel()
                await asyncio.wait({work})
                return None
            return work.result()
        except BrokenOutputError:
            with contextlib.suppress(ProcessLookupError):
                os.kill(call.pid, signal.SIGPIPE)
            return 128 + signal.SIGPIPE
        except Exception:  # noqa: BLE001 - a defect of the lab must not look like an answer of AIX
            self.estate.journal.write("lab_error", text=traceback.format_exc(), host=self.host.name)
            with contextlib.suppress(BrokenOutputError, OSError):
                await call.err(f"lab: internal error in {call.argv[0]}, see the lab's log\n")
            return LAB_DEFECT
        finally:
            life.cancel()
            work.cancel()


def _began(call: Call) -> float | None:
    """Return when the process of a call began: before the lab heard of it, by what starting a program takes."""
    with contextlib.suppress(OSError):  # it has been killed meanwhile, or is no process of its own
        return process.began(call.pid)
    return None


async def run_logged(call: Call, entry: Command) -> int:
    """Run a command, write its beginning and end to the log, and return its exit status cut to 8 bits."""
    journal = call.estate.journal
    text = shlex.join(call.argv)
    changing = entry.changing(call.argv)
    if entry.logged:
        call.seq = journal.write(
            "call",
            text=text,
            host=call.host.name,
            login=call.env.get("SUDO_USER", call.login),
            argv=call.argv,
            pid=call.pid,
            changing=changing,
            ssh_port=call.env.get("SSH_CLIENT", " ").split(" ")[1],
            began=_began(call),
        )
    status: int | None = None
    ended = "killed"
    try:
        await journal.point(f"call:{text}", host=call.host.name)
        await call.estate.until_healed("command_hangs", call.host.name, command=call.argv[0].rsplit("/", 1)[-1])
        if entry.root_only and call.uid != 0:
            status = await call.fail(DENIED, f"ksh: {entry.paths[0]}: 0403-006 Execute permission denied.")
        else:
            status = await entry.run(call) & 0xFF
        ended = "exited"
        await journal.point(f"reply:{text}", host=call.host.name)
    except BrokenOutputError:
        ended = "broken pipe"
        raise
    except OdmError as error:
        ended, status = "exited", 1
        return await call.fail(1, f"{call.argv[0]}: ODM error: {error}")
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        ended, status = "exited", 1
        return await call.fail(1, f"{call.argv[0]}: There is not enough space in the file system.")
    else:
        return status
    finally:
        if entry.logged:
            journal.write(
                "call_end",
                text=text,
                ref=call.seq,
                exit=status,
                ended=ended,
                host=call.host.name,
                changing=changing,
            )
