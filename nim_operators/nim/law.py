"""The law: what each runbook may do in each state of a pair (design section 3).

One table, diagnosis by runbook. It is total: :func:`rule` never has to guess. Documentation is generated
from it by :func:`to_markdown`. Findings of checks can only take away from what the law gives, see
:mod:`nim_operators.nim.assess`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from nim_operators.nim.diagnosis import MEANINGS, State
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


_GO, _REASON, _REFUSE = Permission.GO, Permission.GO_WITH_REASON, Permission.REFUSE

_NIGHTLY: Mapping[State, Ruling] = {
    State.HEALTHY: Ruling(_GO, "Everything a sync relies on was seen.", "Nothing."),
    State.FIRST_SYNC: Ruling(
        _GO, "The alternate holds nothing that a sync could destroy.", "Expect every resource to be copied."
    ),
    State.STANDBY_DOWN: Ruling(
        _REFUSE,
        "There is no standby to synchronise.",
        "Bring the standby up, then run again; until then the last recovery point ages.",
    ),
    State.STANDBY_SYNCING: Ruling(
        _REFUSE,
        "Two operations on one pair destroy each other's work.",
        "Wait until the one that is running has ended, then run again.",
    ),
    State.ACTIVE_UNREACHABLE_UNCONFIRMED: Ruling(
        _REFUSE,
        "The master that holds the good database cannot be read.",
        "Find out whether the active master is alive: console, HMC, network from here.",
    ),
    State.BOTH_UNREACHABLE: Ruling(
        _REFUSE,
        "Nothing is known of either master.",
        "Look at the network, the login and the host keys between here and both masters.",
    ),
    State.ACTIVE_NOT_SERVING: Ruling(
        _REFUSE,
        "A database that does not serve is no source for a copy.",
        "Repair NIM on the active master, see the reasons; do not touch the standby's database.",
    ),
    State.UNUSABLE_ALTERNATE: Ruling(
        _REFUSE,
        "The standby's NIM is broken, and a sync would hide how.",
        "Restore the standby's own database and nimesis, then run again.",
    ),
    State.INTERRUPTED_SYNC: Ruling(
        _REASON,
        "How the last job ended is unknown, so what it left is unknown too.",
        "Look at the log of the job and at the standby, then run again and say what was seen.",
    ),
    State.SPLIT: Ruling(
        _REFUSE,
        "Each master controls some clients; a sync would erase what the target knows of its own.",
        "Decide for one master and let it take over every client.",
    ),
    State.ROLES_REVERSED: Ruling(
        _REFUSE,
        "A sync in this direction would replace the live database by the stale one.",
        "If clients were taken over, give them back or arm the other direction; nothing turns itself.",
    ),
    State.NOT_A_PAIR: Ruling(
        _REFUSE,
        "These hosts are not each other's alternate, or each serves clients of its own.",
        "Check the estate file; if the hosts are right, initialise the alternate masters with niminit.",
    ),
    State.OWNERSHIP_UNKNOWN: Ruling(
        _REFUSE,
        "A sync needs at least one client that names the source.",
        "Make one client answer: nimsh running on it, push allowed, its /etc/niminfo whole.",
    ),
    State.NOT_ARMED: Ruling(
        _REFUSE,
        "Nobody has said which direction is right, and the databases do not agree on it.",
        "Resolve the contradiction named in the reasons, then run setup for this pair.",
    ),
}

_SETUP: Mapping[State, Ruling] = {
    State.HEALTHY: Ruling(_GO, "The direction that is wanted is the one that is.", "Nothing."),
    State.FIRST_SYNC: Ruling(_GO, "The clients name the source.", "Run the first sync."),
    State.STANDBY_DOWN: Ruling(
        _REFUSE, "The direction has to be recorded on both masters.", "Bring the standby up, then run again."
    ),
    State.STANDBY_SYNCING: Ruling(
        _REFUSE, "What is being moved cannot be judged.", "Wait until it has ended, then run again."
    ),
    State.ACTIVE_UNREACHABLE_UNCONFIRMED: Ruling(
        _REFUSE,
        "The direction has to be recorded on both masters.",
        "Make the active master reachable, then run again.",
    ),
    State.BOTH_UNREACHABLE: Ruling(
        _REFUSE,
        "Nothing is known of either master.",
        "Look at the network, the login and the host keys between here and both masters.",
    ),
    State.ACTIVE_NOT_SERVING: Ruling(
        _REFUSE, "The source of the wanted direction does not serve.", "Repair NIM on it, then run again."
    ),
    State.UNUSABLE_ALTERNATE: Ruling(
        _REFUSE, "The target of the wanted direction is broken.", "Repair NIM on it, then run again."
    ),
    State.INTERRUPTED_SYNC: Ruling(
        _REASON,
        "How the last job ended is unknown.",
        "Look at the log of the job and at the standby, then run again and say what was seen.",
    ),
    State.SPLIT: Ruling(
        _REFUSE,
        "No direction is right while each master controls some clients.",
        "Decide for one master and let it take over every client.",
    ),
    State.ROLES_REVERSED: Ruling(
        _REASON,
        "A record names the other direction; turning it takes a person who knows why.",
        "Make sure that every client names the source, then run again with the reason.",
    ),
    State.NOT_A_PAIR: Ruling(
        _REFUSE,
        "These hosts are not each other's alternate, or each serves clients of its own.",
        "Check the estate file; if the hosts are right, initialise the alternate masters with niminit.",
    ),
    State.OWNERSHIP_UNKNOWN: Ruling(
        _REFUSE,
        "A direction is armed on the word of at least one client.",
        "Make one client answer: nimsh running on it, push allowed, its /etc/niminfo whole.",
    ),
    State.NOT_ARMED: Ruling(
        _REFUSE,
        "The clients or databases do not agree on the wanted direction.",
        "Resolve the contradiction named in the reasons, then run again.",
    ),
}

LAW: Mapping[Runbook, Mapping[State, Ruling]] = {Runbook.NIGHTLY_SYNC: _NIGHTLY, Runbook.SETUP: _SETUP}
"""Every runbook's column of the table."""


def rule(state: State, runbook: Runbook) -> Ruling:
    """Return what *runbook* may do in *state*."""
    return LAW[runbook][state]


def to_markdown() -> str:
    """Render the table for the documentation: a row per state, a column per runbook, then each reason."""
    runbooks = list(LAW)
    lines = [
        f"| state | meaning | {' | '.join(f'`{runbook}`' for runbook in runbooks)} |",
        f"|---|---|{'---|' * len(runbooks)}",
    ]
    for state in State:
        cells = " | ".join(rule(state, runbook).permission for runbook in runbooks)
        lines.append(f"| {state} | {MEANINGS[state]} | {cells} |")
    for runbook in runbooks:
        lines += ["", f"### `{runbook}`", "", "| state | why | next |", "|---|---|---|"]
        rulings = ((state, rule(state, runbook)) for state in State)
        lines += [f"| {state} | {cell.because} | {cell.next_action} |" for state, cell in rulings]
    return "\n".join(lines) + "\n"
