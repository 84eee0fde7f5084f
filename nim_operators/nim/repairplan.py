"""The plan of a repair: of one thing on the active master, or of what clients say of it, by exact commands (S11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from nim_operators.nim.assess import Assessment
from nim_operators.nim.diagnosis import Diagnosis, State
from nim_operators.nim.facts import few
from nim_operators.nim.law import rule
from nim_operators.nim.plan import FinalSync, NoPlan, PlannedCommand, digest_of
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


def demand_control(assessment: Assessment) -> None:
    """Want the clients themselves to name the source, and nobody else.

    The law lets a repair go where the standby is away, ill or stale. It calls that master the standby which the clients
    do not name: where they name the wanted target, it means the source.

    :raises NoPlan: with cause, evidence and the next action, in the words that the law has where both masters are well.
    """
    matrix = assessment.matrix
    if matrix.active == assessment.source:
        return
    naming = {master: matrix.clients_naming(master) for master in (assessment.source, assessment.target)}
    state = State.TAKEN_OVER if matrix.active else State.SPLIT if any(naming.values()) else State.OWNERSHIP_UNKNOWN
    named = tuple(f"{master} is named by {few(clients)}." for master, clients in naming.items() if clients)
    diagnosis = Diagnosis(state, named or (f"Of {len(matrix.rows)} clients none names either master.",))
    ruling = rule(state, assessment.runbook)
    raise NoPlan(replace(assessment, diagnosis=diagnosis, ruling=ruling, permission=ruling.permission).refusal)
