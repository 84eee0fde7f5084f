"""What every trigger of this package shares: an absolute deadline, and patience with a lost link."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from airflow.triggers.base import BaseTrigger, TriggerEvent
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential
from tenacity.stop import stop_base

from nim_operators.hooks.nim import NimHook
from nim_operators.remote.errors import HostAbsent, HostAway, HostRefused, RemoteError
from nim_operators.remote.transport import Host, connect

LONGEST_PAUSE_SECONDS = 60

_Result = TypeVar("_Result")


class _AtDeadline(stop_base):
    """Stop when the next try would begin after the deadline."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline

    def __call__(self, retry_state: RetryCallState) -> bool:
        return time.time() + retry_state.upcoming_sleep >= self._deadline


def _may_pass(error: BaseException) -> bool:
    """
    Whether waiting on is right: not where a script refused, nor where the host does not let us in.

    AIX locks an account after some refused logins (``loginretries``).
    """
    if isinstance(error, HostAbsent):
        return isinstance(error, HostAway)
    return isinstance(error, RemoteError) and not isinstance(error, HostRefused)


class WaitingTrigger(BaseTrigger):
    """
    Wait for something on hosts, through lost links, until a deadline.

    Subclasses implement :meth:`wait` and name their own arguments in :meth:`arguments`.

    :param deadline: seconds since the epoch after which waiting ends with ``{"state": "deadline"}``. Absolute, so that
        a restarted trigger does not start the clock again (P35).
    """

    def __init__(self, *, deadline: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.deadline = deadline

    def arguments(self) -> dict[str, Any]:
        """Return the subclass's own constructor arguments: plain JSON, never a secret."""
        raise AssertionError(type(self).__name__)  # pragma: no cover - __init_subclass__ demands an override

    async def wait(self) -> dict[str, Any]:
        """Return the event once what is waited for is there."""
        raise AssertionError(type(self).__name__)  # pragma: no cover - see above

    def __init_subclass__(cls) -> None:
        """Refuse a subclass that would fail only inside the triggerer."""
        for name in ("arguments", "wait"):
            if getattr(cls, name) is getattr(WaitingTrigger, name):
                message = f"{cls.__name__} must define {name}()"
                raise TypeError(message)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the import path and every constructor argument."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, {**self.arguments(), "deadline": self.deadline}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event: what :meth:`wait` returned, or that the deadline has passed."""
        try:
            async with asyncio.timeout(max(0.0, self.deadline - time.time())):
                event = await self.wait()
        except TimeoutError:
            event = {"state": "deadline"}
        except RemoteError as error:
            event = {"state": "deadline", "reason": str(error)}
        yield TriggerEvent(event)

    async def on_host(self, name: str, conn_id: str, work: Callable[[Host], Awaitable[_Result]]) -> _Result:
        """
        Do *work* over one connection to a host; open it again, with growing random pauses, whenever the link is lost.

        :raises HostAbsent: if the host is still away at the deadline, or refuses the login.
        """
        tries = AsyncRetrying(
            retry=retry_if_exception(_may_pass),
            wait=wait_random_exponential(multiplier=1, max=LONGEST_PAUSE_SECONDS),
            stop=_AtDeadline(self.deadline),
            before_sleep=lambda state: self.log.warning(
                "%s; trying again", state.outcome and state.outcome.exception()
            ),
            reraise=True,
        )

        async def once() -> _Result:
            async with connect(name, await NimHook(conn_id).aget_conn()) as host:
                return await work(host)

        return await tries(once)
