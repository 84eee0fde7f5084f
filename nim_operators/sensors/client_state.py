"""Wait until clients are ready for a NIM operation."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from airflow.sdk import Context

from nim_operators.nim.errors import Refused, Unreadable
from nim_operators.operators.asked import asked
from nim_operators.operators.base import NimOperator, Run, in_loop
from nim_operators.remote.client_states import busy_clients
from nim_operators.remote.errors import HostAbsent, OutcomeUnknown
from nim_operators.remote.transport import connect
from nim_operators.triggers.client_state import ClientStateTrigger


class NimClientStateSensor(NimOperator):
    """
    Wait until every client's Cstate in the source's database is "ready for a NIM operation" (nim.md 5).

    Reads: ``lsnim -l`` on the source. Changes: nothing. What is true at once is not deferred.

    Refuses when the limit is over, and names who is busy; where the person who triggered the run has typed an
    override, it goes on instead, and the plan names them.

    :param wait_limit: how long to wait.
    :param poke_interval: pause between two looks.
    """

    def __init__(
        self,
        *,
        wait_limit: timedelta = timedelta(minutes=30),
        poke_interval: timedelta = timedelta(seconds=30),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.wait_limit = wait_limit
        self.poke_interval = poke_interval

    def act(self, run: Run, context: Context) -> list[str]:
        """Look once; defer where that was not enough. As the first task of a takeover it refuses a bad form."""
        asked(context["params"], run.pair, list(self.dag.params))
        busy = _busy_if_told(run)
        if busy and not run.reason and self.wait_limit:
            self.defer(
                trigger=ClientStateTrigger(
                    master=run.source,
                    conn_id=run.conn_id(run.source),
                    every_seconds=self.poke_interval.total_seconds(),
                    set_aside=sorted(run.pair.clients.set_aside),
                    deadline=time.time() + self.wait_limit.total_seconds(),
                ),
                method_name="resume",
                kwargs={"token": run.holder.token},
                timeout=self.wait_limit + timedelta(minutes=2),
            )
        return self._judge(run, busy)

    def resume(self, context: Context, event: dict[str, Any], token: str) -> list[str]:
        """Carry on after the wait; who is busy is read anew."""
        with self.opened(context, token=token) as run:
            return self._judge(run, _busy_if_told(run))

    def _judge(self, run: Run, busy: dict[str, str]) -> list[str]:
        if not busy:
            return []
        told = "; ".join(f"{name}: {state}" for name, state in list(busy.items())[:20])
        if not run.reason:
            raise Refused(
                f"Not ready for a NIM operation after {self.wait_limit}: {told}. Wait until each has ended, or trigger "
                "again with an override that says why they may be taken over as they are."
            )
        run.note(f"Going on although clients are busy ({told}). Reason typed: {run.reason}")
        return sorted(busy)


def _busy_if_told(run: Run) -> dict[str, str]:
    """Return who is busy; nobody where the source cannot say: the plan looks at both masters and judges that."""
    try:
        return in_loop(_busy(run))
    except (HostAbsent, OutcomeUnknown, Unreadable) as untold:
        run.note(f"Nobody could tell which clients are busy: {untold}")
        return {}


async def _busy(run: Run) -> dict[str, str]:
    async with connect(run.source, run.endpoint(run.source)) as host:
        return await busy_clients(host, run.pair.clients.set_aside)
