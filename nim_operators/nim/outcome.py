"""How a command ended: three different things that an exit status alone cannot tell apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Exited:
    """The command ended by itself with this status (0-255, already cut to eight bits by the host)."""

    code: int

    def __str__(self) -> str:
        return f"exit status {self.code}"


@dataclass(frozen=True, slots=True)
class Killed:
    """A signal ended the command; the name is the one SSH reports, without ``SIG``."""

    signal: str

    def __str__(self) -> str:
        return f"killed by signal {self.signal}"


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody saw how the command ended: the link was lost, a deadline passed, no status arrived.

    After this the only legal next move is to observe.
    """

    reason: str

    def __str__(self) -> str:
        return f"outcome unknown: {self.reason}"


Outcome = Exited | Killed | Unknown


def outcome_to_json(outcome: Outcome) -> dict[str, Any]:
    """Return *outcome* as a small JSON object, e.g. ``{"exited": 0}``."""
    match outcome:
        case Exited(code):
            return {"exited": code}
        case Killed(signal):
            return {"killed": signal}
        case Unknown(reason):
            return {"unknown": reason}


def outcome_from_json(value: dict[str, Any]) -> Outcome:
    """Rebuild what :func:`outcome_to_json` wrote.

    :raises ValueError: if *value* is none of the three shapes; an unreadable record is never taken for a success.
    """
    match value:
        case {"exited": int(code)}:
            return Exited(code)
        case {"killed": str(signal)}:
            return Killed(signal)
        case {"unknown": str(reason)}:
            return Unknown(reason)
    message = f"not the record of an outcome: {value!r}"
    raise ValueError(message)


def succeeded(outcome: Outcome) -> bool:
    """Tell whether the command ended by itself with status 0. This is progress, never proof."""
    return outcome == Exited(0)
