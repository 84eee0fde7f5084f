"""A pump before the SSH server that can be slow and can break after so many bytes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct


class Relay:
    """Two sockets and the bytes between them, counted in the direction from server to client."""

    def __init__(self, outer: socket.socket, inner: socket.socket, limit: int | None, delay: float) -> None:
        self._outer, self._inner = outer, inner
        self._left = limit
        self._delay = delay
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def put_before(
        cls, accepted: socket.socket, relays: set[Relay], *, limit: int | None, delay: float
    ) -> socket.socket:
        """Start a relay and return the socket the SSH server shall use instead."""
        # a TCP pair, not a socketpair: the SSH library asks its socket for addresses
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen(1)
            inner = socket.create_connection(listening.getsockname())
            served, _ = listening.accept()
        for each in (inner, served):
            each.setblocking(False)  # noqa: FBT003 - the name says it
        relay = cls(accepted, inner, limit, delay)
        relays.add(relay)
        loop = asyncio.get_running_loop()
        relay._tasks = [loop.create_task(relay._pump(accepted, inner, count=False))]
        relay._tasks.append(loop.create_task(relay._pump(inner, accepted, count=True)))
        for task in relay._tasks:
            task.add_done_callback(lambda _task: relays.discard(relay))
        return served

    async def _pump(self, source: socket.socket, sink: socket.socket, *, count: bool) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while data := await loop.sock_recv(source, 65536):
                if self._delay:
                    await asyncio.sleep(self._delay)
                if count and self._left is not None:
                    data = data[: self._left]
                    self._left -= len(data)
                await loop.sock_sendall(sink, data)
                if self._left == 0:
                    break
        self.cut()

    def cut(self) -> None:
        """Break both ends with a reset."""
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        for each in (self._outer, self._inner):
            with contextlib.suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            each.close()
