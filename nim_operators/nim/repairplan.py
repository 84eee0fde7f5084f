"""The plan of a repair: of one thing on the active master, or of what clients say of it, by exact commands (S11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nim_operators.nim.plan import FinalSync, PlannedCommand, digest_of
from nim_operators.nim.runbooks import Runbook


@dataclass(frozen=True, slots=True)
class RepairPlan:
    """What will be done, in one sentence and in exact commands; no client moves.

    ``subject`` names what the commands are about, for the steps that carry the plan out. ``told`` is what a person
    should know before approving, one sentence each.
    """

    runbook: Runbook
    source: str
    target: str
    aim: str
    commands: tuple[PlannedCommand, ...]
    subject: Mapping[str, str]
    told: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of what is approved."""
        return digest_of(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain JSON, of the same shape as that of a takeover."""
        return {
            "runbook": self.runbook.value,
            "source": self.source,
            "target": self.target,
            "aim": self.aim,
            "commands": [[one.host, one.line] for one in self.commands],
            "subject": dict(self.subject),
            "told": list(self.told),
            "final_sync": FinalSync.NOT_NEEDED.value,
            "why_no_sync": "",
            "clients": [],
            "stays": [],
            "there": [],
            "to_move": [],
            "only_there": [],
            "obstacles": [],
            "bytes_to_copy": 0,
            "lost": [],
        }
