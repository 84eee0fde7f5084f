"""Wait until the clients of a master are ready for a NIM operation."""

from __future__ import annotations

import asyncio
from typing import Any

from nim_operators.remote.client_states import busy_clients
from nim_operators.remote.transport import Host
from nim_operators.triggers.waiting import WaitingTrigger


class ClientStateTrigger(WaitingTrigger):
    """
    Wait until no client in the database of *master* is busy.

    :param master: the estate's name of the master.
    :param conn_id: id of its connection.
    :param every_seconds: pause between two looks.
    :param set_aside: the clients for which nobody waits.
    :param deadline: see :class:`WaitingTrigger`.
    """

    def __init__(
        self, *, master: str, conn_id: str, every_seconds: float, set_aside: list[str], deadline: float
    ) -> None:
        super().__init__(deadline=deadline)
        self.master = master
        self.conn_id = conn_id
        self.every_seconds = every_seconds
        self.set_aside = set_aside

    def arguments(self) -> dict[str, Any]:
        """Return where to look, and how often."""
        return {
            "master": self.master,
            "conn_id": self.conn_id,
            "every_seconds": self.every_seconds,
            "set_aside": self.set_aside,
        }

    async def wait(self) -> dict[str, Any]:
        """Return once every client is ready."""
        await self.on_host(self.master, self.conn_id, self._until_ready)
        return {"state": "ready"}

    async def _until_ready(self, host: Host) -> None:
        while busy := await busy_clients(host, self.set_aside):
            self.log.info("%s: waiting for %s", host.name, ", ".join(f"{name} ({busy[name]})" for name in busy))
            await asyncio.sleep(self.every_seconds)
