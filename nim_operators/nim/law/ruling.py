"""What a cell of the law says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from nim_operators.nim.diagnosis import State
from nim_operators.nim.runbooks import Runbook


class Permission(StrEnum):
    """What a runbook may do."""

    GO = "go"
    GO_WITH_REASON = "go with typed reason"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Ruling:
    """One cell: the permission, one sentence saying why, and what a person should do next."""

    permission: Permission
    because: str
    next_action: str


Column = Mapping[State, Ruling]
"""What one runbook may do, state by state; every state has its cell."""

GATHER = (
    f"Decide for one master and let it take over every client: {Runbook.PLANNED_TAKEOVER} or {Runbook.GIVE_BACK}, "
    "whichever goes to it, with an override."
)
"""The way out of a split. What a master that was away then has recorded stops nim_reattach."""

WHO_MOVED = "Nobody knows which clients it moved."
TAKE_OVER_AGAIN = (
    "Trigger the runbook of the run that the evidence names again, with an override that says what was seen: "
    "it puts that job away and asks every client."
)
"""The way out of a takeover of which nobody knows the end; the guide says it field by field."""

GO, REASON, REFUSE = Permission.GO, Permission.GO_WITH_REASON, Permission.REFUSE

BESIDE_A_LOST_TAKEOVER = Ruling(
    REASON, WHO_MOVED, f"{TAKE_OVER_AGAIN} If that is not wanted, run again with an override."
)
"""What a runbook says of it that moves no client, and can do its own work all the same."""
