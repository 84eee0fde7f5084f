"""Wait until nimesis serves on a master."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from airflow.sdk import Context

from nim_operators.nim.errors import NotReadBack
from nim_operators.operators.base import NimOperator, Run, in_loop
from nim_operators.remote.subsystem import subsystem_rows
from nim_operators.remote.transport import connect
from nim_operators.triggers.nimesis import NIMESIS, NimesisTrigger


class NimesisSensor(NimOperator):
    """
    Wait until nimesis is active on the source or the target of this run.

    Reads: ``lssrc -s nimesis``. Changes: nothing. What is true at once is not deferred.

    :param role: ``source`` or ``target``, in the direction of the run.
    :param wait_limit: how long to wait.
    :param poke_interval: pause between two looks.
    """

    def __init__(
        self,
        *,
        role: str = "target",
        wait_limit: timedelta = timedelta(minutes=10),
        poke_interval: timedelta = timedelta(seconds=5),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.role = role
        self.wait_limit = wait_limit
        self.poke_interval = poke_interval

    def act(self, run: Run, context: Context) -> str:
        """Look once; defer where that was not enough."""
        master = run.source if self.role == "source" else run.target
        rows = in_loop(_rows(run, master))
        if not any(row.status == "active" for row in rows):
            self.defer(
                trigger=NimesisTrigger(
                    master=master,
                    conn_id=run.conn_id(master),
                    every_seconds=self.poke_interval.total_seconds(),
                    deadline=time.time() + self.wait_limit.total_seconds(),
                ),
                method_name="resume",
                kwargs={"token": run.holder.token, "master": master},
                timeout=self.wait_limit + timedelta(minutes=2),
            )
        return master

    def resume(self, context: Context, event: dict[str, Any], token: str, master: str) -> str:
        """Carry on after the wait."""
        with self.opened(context, token=token):
            if event["state"] != "active":
                raise NotReadBack(
                    f"nimesis on {master} was not seen active within {self.wait_limit}: "
                    f"{event.get('reason', 'lssrc says so')}. Log in and look at "
                    "'lssrc -s nimesis' and /var/adm/ras/nimlog, then clear this task."
                )
            return master


async def _rows(run: Run, master: str) -> Any:
    async with connect(master, run.endpoint(master)) as host:
        return await subsystem_rows(host, NIMESIS)
