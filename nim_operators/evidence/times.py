"""Times and durations as a person reads them."""

from __future__ import annotations

from datetime import UTC, datetime

_MINUTE, _HOUR = 60, 3600


def moment(text: str) -> str:
    """Show an ISO time to the second in UTC; what is none is shown as it is."""
    found = _time(text)
    return f"{found.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if found else text


def between(began: str, ended: str) -> str:
    """Show how long it is from one ISO time to another; empty where one of them is none."""
    first, last = _time(began), _time(ended)
    return took((last - first).total_seconds()) if first and last else ""


def took(seconds: float | None) -> str:
    """Show a duration with the two units a reader needs."""
    if seconds is None:
        return ""
    whole = round(seconds)
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02d} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02d} min"


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
