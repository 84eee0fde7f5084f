"""A second failover soon after the first: a person should know before approving it (orchestrator's anti-flapping)."""

from __future__ import annotations

from datetime import datetime, timedelta


def cool_down_warning(*, last: str, by: str, target: str, now: str, cool_down: timedelta) -> str:
    """Return what to say of a failover at *now* after the *last* one, empty where enough time has passed.

    It never forbids anything: the second failure may be as real as the first.

    :param last: when the last failover turned the direction, as an ISO time; *now* likewise.
    :param by: the run that did it, to *target*.
    """
    passed = datetime.fromisoformat(now) - datetime.fromisoformat(last)
    if passed >= cool_down:
        return ""
    minutes = max(int(passed.total_seconds() // 60), 0)
    return (
        f"{by} made {target} the active master {minutes} minutes ago, within the cool-down of {_told(cool_down)}. "
        "Two failovers in a row often have a cause that neither cures, such as the network or name resolution: look "
        "there first. An approval of this plan counts only with a comment that says what was seen."
    )


def _told(duration: timedelta) -> str:
    hours, minutes = divmod(int(duration.total_seconds() // 60), 60)
    return " ".join(text for text in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "") if text)
