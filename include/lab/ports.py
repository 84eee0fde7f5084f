"""The privileged ports of a master: pushes need them, and each stays in TIME_WAIT after its use (nim.md 3.4)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

LOWEST, HIGHEST = 512, 1023


class NoPortError(Exception):
    """Every privileged port is in use."""


@dataclass
class PrivilegedPorts:
    """What one host has in use; `most` and `refused` are what a test asks for afterwards."""

    most: int = 0
    refused: int = 0
    _waiting: dict[int, tuple[float, str]] = field(default_factory=dict)

    def take(self, count: int, peer: str, *, keep: float, busy: int) -> None:
        """Use `count` ports towards `peer` for `keep` seconds, from the highest down, beside `busy` of others."""
        self._let_go()
        free = [port for port in range(HIGHEST, LOWEST - 1 + busy, -1) if port not in self._waiting]
        if len(free) < count:
            self.refused += 1
            raise NoPortError
        until = time.monotonic() + keep
        self._waiting.update(dict.fromkeys(free[:count], (until, peer)))
        self.most = max(self.most, busy + len(self._waiting))

    def sockets(self, busy: int) -> Iterator[tuple[int, str, str]]:
        """Yield port, peer and state of each port in use."""
        self._let_go()
        yield from ((port, f"{peer}.3901", "TIME_WAIT") for port, (_, peer) in sorted(self._waiting.items()))
        yield from ((port, "10.1.0.250.2049", "ESTABLISHED") for port in range(LOWEST, LOWEST + busy))

    def _let_go(self) -> None:
        now = time.monotonic()
        self._waiting = {port: waiting for port, waiting in self._waiting.items() if waiting[0] > now}
