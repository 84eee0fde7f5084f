"""Waiting for something to become true, with a deadline and a reason when it does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_result, stop_after_delay, wait_fixed

POLL_SECONDS = 0.2

Seen = TypeVar("Seen")


def wait_until(look: Callable[[], Seen | None], *, within: timedelta, what: str, every: float = POLL_SECONDS) -> Seen:
    """Call *look* until it returns something other than None, and return that.

    An exception of *look* ends the wait at once: a dead component must not use up the deadline.

    :param every: seconds between two looks.
    :raises TimeoutError: when *within* has passed, naming *what*.
    """

    def give_up(_: RetryCallState) -> Seen:
        raise TimeoutError(f"Waited {within.total_seconds():.0f} s for {what}, in vain.")

    retrying = Retrying(
        retry=retry_if_result(lambda seen: seen is None),
        stop=stop_after_delay(within),
        wait=wait_fixed(every),
        retry_error_callback=give_up,
    )
    seen = retrying(look)
    if seen is None:  # retry_if_result lets no None through
        raise AssertionError(what)
    return seen
