"""Wait until nimesis is active on a master."""

from __future__ import annotations

import asyncio
from typing import Any

from nim_operators.remote.subsystem import subsystem_rows
from nim_operators.remote.transport import Host
from nim_operators.triggers.waiting import WaitingTrigger

NIMESIS = "nimesis"


class NimesisTrigger(WaitingTrigger):
    """
    Wait until any row of nimesis is active on *master*.

    :param master: the estate's name of the master.
    :param conn_id: id of its connection.
    :param every_seconds: pause between two looks.
    :param deadline: see :class:`WaitingTrigger`.
    """

    def __init__(self, *, master: str, conn_id: str, every_seconds: float, deadline: float) -> None:
        super().__init__(deadline=deadline)
        self.master = master
        self.conn_id = conn_id
        self.every_seconds = every_seconds

    def arguments(self) -> dict[str, Any]:
        """Return where to look, and how often."""
        return {"master": self.master, "conn_id": self.conn_id, "every_seconds": self.every_seconds}

    async def wait(self) -> dict[str, Any]:
        """Return once nimesis is active."""
        await self.on_host(self.master, self.conn_id, self._until_active)
        return {"state": "active"}

    async def _until_active(self, host: Host) -> None:
        while not any(row.status == "active" for row in await subsystem_rows(host, NIMESIS)):
            await asyncio.sleep(self.every_seconds)
