"""One SSH session: a command line in a real shell inside the host's tree, as sshd runs it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
from typing import TYPE_CHECKING

import asyncssh

from include.lab import process

if TYPE_CHECKING:
    from include.lab.ssh import Listener

SHELL = "/usr/bin/ksh"
NOISE = "Last unsuccessful login: never\nLast login: Sat Nov 21 22:14:03 UTC 2026 on ssh from 10.1.0.99\n"
READ_SIZE = 32768
MAXIMUM_KEPT_STDIN = 4 * 1024 * 1024


class Session:
    """
    Runs what the client asked for and logs it.

    As with sshd and no terminal: when the connection drops nobody is signalled; the process finds its stdout
    closed. The channel closes when the process has ended AND nobody holds its stdout and stderr any more.
    """

    def __init__(self, listener: Listener, channel: asyncssh.SSHServerProcess[bytes]) -> None:
        self._listener = listener
        self._estate = listener.estate
        self._host = listener.host
        self._channel = channel
        self._login = str(channel.get_extra_info("username"))
        self._stdin = hashlib.sha256()
        self._stdin_kept = bytearray()
        self._sent = 0
        self._seq = 0
        self._number = 0
        self._child: process.Child | None = None

    @property
    def _drop_fault(self) -> str:
        """Return at which moment of this command a fault cuts the link: start, output, end, or never ''."""
        fault = self._estate.fault("ssh_drop", self._host.name)
        if fault is None:
            return ""
        if "nth" in fault.args and fault.number("nth") != self._number:
            return ""
        if "matches" in fault.args and not self._matches(fault.args["matches"]):
            return ""
        return fault.args.get("at", "start")

    def _matches(self, regex: str) -> bool:
        import re  # noqa: PLC0415

        return re.search(regex, self._channel.command or "") is not None

    async def run(self) -> None:
        """Run the command to its end."""
        estate, host = self._estate, self._host
        line = self._channel.command
        host.need_tree()
        self._listener.commands += 1
        fault = estate.fault("ssh_drop", host.name)
        self._number = self._listener.commands - (fault.number("_base") if fault else 0)
        peer = self._channel.get_extra_info("peername") or ("127.0.0.1", 0)
        self._seq = estate.journal.write(
            "command",
            text=line if line is not None else "",
            host=host.name,
            login=self._login,
            shell=line is None,
            number=self._listener.commands,
            ssh_port=str(peer[1]),
        )
        await estate.journal.point(f"command:{line or ''}", host=host.name)
        await estate.until_healed("shell_hangs", host.name)
        if self._drop_fault == "before":
            self._log_end(None, "dropped before it ran")
            self._listener.cut()
            return
        if estate.fault("banner_noise", host.name):
            self._channel.stdout.write(NOISE.encode())
        try:
            await self._run_shell(line, peer)
        except OSError as error:
            self._channel.stderr.write(f"{SHELL}: {error.strerror}\n".encode())
            self._log_end(1, "failed to start")
            self._channel.exit(1)

    async def _run_shell(self, line: str | None, peer: tuple[str, int]) -> None:
        estate, host = self._estate, self._host
        uid, gid, home = estate.login_ids(self._login)
        env = estate.environment(host, self._login)
        env["SSH_CLIENT"] = f"{peer[0]} {peer[1]} 22"
        env["SSH_CONNECTION"] = f"{peer[0]} {peer[1]} {host.address} 22"
        argv = [SHELL] if line is None else [SHELL, "-c", line]
        if self._channel.term_type:
            await self._run_on_terminal(argv, env, uid, gid, home)
            return
        ends = [os.pipe() for _ in range(3)]
        (in_read, in_write), (out_read, out_write), (err_read, err_write) = ends
        try:
            self._child = process.start(
                estate.sandbox, host.root, argv, env=env, uid=uid, gid=gid, cwd=home,
                stdin=in_read, stdout=out_write, stderr=err_write,
            )  # fmt: skip
        finally:
            for fd in (in_read, out_write, err_write):
                os.close(fd)
        feeding = asyncio.create_task(self._feed(in_write))
        outputs = [
            asyncio.create_task(self._forward(out_read, self._channel.stdout)),
            asyncio.create_task(self._forward(err_read, self._channel.stderr)),
        ]
        if self._drop_fault == "start":
            self._listener.cut()
        await self._follow(self._child, feeding, outputs)

    async def _follow(
        self, child: process.Child, feeding: asyncio.Task[None], outputs: list[asyncio.Task[None]]
    ) -> None:
        closed = asyncio.create_task(self._channel.wait_closed())
        ended = asyncio.create_task(self._ended(child))
        both = asyncio.create_task(self._all(ended, outputs))
        await asyncio.wait({closed, both}, return_when=asyncio.FIRST_COMPLETED)
        if not both.done():
            both.cancel()
            for task in (*outputs, feeding):
                task.cancel()
            if self._estate.switches["session_drop_signal"] == "hup" and not ended.done():
                child.signal_group(signal.SIGHUP)
            await ended
            return
        closed.cancel()
        feeding.cancel()
        for output in outputs:
            if output.exception() is not None:
                raise RuntimeError("an output of a session was lost") from output.exception()
        await self._report(ended.result())

    @staticmethod
    async def _all(ended: asyncio.Task[int], outputs: list[asyncio.Task[None]]) -> None:
        await asyncio.wait({ended, *outputs})

    async def _ended(self, child: process.Child) -> int:
        status = await child.wait()
        self._log_end(status, "exited" if status >= 0 else f"signal {-status}")
        return status

    async def _report(self, status: int) -> None:
        await self._estate.journal.point(f"status:{self._channel.command or ''}", host=self._host.name)
        if self._drop_fault == "end":
            self._listener.cut()
        elif self._estate.fault("no_exit_status", self._host.name):
            self._channel.close()
        elif status < 0:
            name = signal.Signals(-status).name.removeprefix("SIG")
            self._channel.exit_with_signal(name)
        else:
            self._channel.exit(status)

    def _log_end(self, status: int | None, ended: str) -> None:
        digest = None
        if self._stdin_kept:
            digest = self._stdin.hexdigest()
            place = self._estate.directory / "stdin" / f"{self._seq}"
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(self._stdin_kept)
        self._estate.journal.write(
            "command_end",
            text=self._channel.command or "",
            ref=self._seq,
            exit=status,
            ended=ended,
            stdout_bytes=self._sent,
            stdin_sha256=digest,
            stdin_file=f"stdin/{self._seq}" if digest else None,
            host=self._host.name,
        )

    async def _feed(self, fd: int) -> None:
        """Copy the client's stdin into the process."""
        try:
            while True:
                try:
                    data = await self._channel.stdin.read(READ_SIZE)
                except asyncssh.SignalReceived as received:
                    if self._child:
                        self._child.signal_group(getattr(signal, f"SIG{received.signal}", signal.SIGTERM))
                    continue
                except (asyncssh.BreakReceived, asyncssh.TerminalSizeChanged):
                    continue
                except (OSError, asyncssh.Error):
                    return
                if not data:
                    return
                self._stdin.update(data)
                if len(self._stdin_kept) < MAXIMUM_KEPT_STDIN:
                    self._stdin_kept += data
                await write_all(fd, data)
        finally:
            os.close(fd)

    async def _forward(self, fd: int, sink: asyncssh.SSHWriter[bytes]) -> None:
        """Copy what the process prints to the client; closing our end is what tells it that nobody reads."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(fd, "rb", 0)
        )
        try:
            while data := await reader.read(READ_SIZE):
                self._sent += len(data)
                sink.write(data)
                if self._drop_fault == "output":
                    await asyncio.sleep(0)
                    self._listener.cut()
                    return
                await sink.drain()
        except (OSError, asyncssh.Error):
            return
        finally:
            transport.close()

    async def _run_on_terminal(self, argv: list[str], env: dict[str, str], uid: int, gid: int, home: str) -> None:
        """Run on a pseudo terminal, for people who log in."""
        master, slave = os.openpty()
        env["TERM"] = self._channel.term_type or "dumb"
        try:
            self._child = process.start(
                self._estate.sandbox, self._host.root, argv, env=env, uid=uid, gid=gid, cwd=home,
                stdin=slave, stdout=slave, stderr=slave, login_tty=True,
            )  # fmt: skip
        finally:
            os.close(slave)
        feeding = asyncio.create_task(self._feed(os.dup(master)))
        output = asyncio.create_task(self._forward(master, self._channel.stdout))
        await self._follow(self._child, feeding, [output])


async def write_all(fd: int, data: bytes) -> None:
    """Write to a pipe of our own without blocking; a reader that is gone is no error."""
    os.set_blocking(fd, False)
    while data:
        try:
            data = data[os.write(fd, data) :]
        except BlockingIOError:
            await process.writable(fd)
        except OSError:
            return
