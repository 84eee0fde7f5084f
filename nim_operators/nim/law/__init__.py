"""The law: what each runbook may do in each state of a pair (design section 3).

One table, diagnosis by runbook, a module per column. It is total: :func:`rule` never has to guess. Documentation is
generated from it by :func:`to_markdown`. Findings of checks can only take away from what the law gives, see
:mod:`nim_operators.nim.assess`.
"""

from __future__ import annotations

from collections.abc import Mapping

from nim_operators.nim.diagnosis import MEANINGS, State
from nim_operators.nim.law.failover import DISASTER_FAILOVER
from nim_operators.nim.law.nightly_sync import NIGHTLY_SYNC
from nim_operators.nim.law.reattach import REATTACH
from nim_operators.nim.law.repairs import REPAIR
from nim_operators.nim.law.reprotect import REPROTECT
from nim_operators.nim.law.ruling import Column, Permission, Ruling
from nim_operators.nim.law.setup import SETUP
from nim_operators.nim.law.takeover import GIVE_BACK, TAKEOVER
from nim_operators.nim.law.watch import WATCH
from nim_operators.nim.runbooks import Runbook

__all__ = ["LAW", "Permission", "Ruling", "rule", "to_markdown"]

LAW: Mapping[Runbook, Column] = {
    Runbook.NIGHTLY_SYNC: NIGHTLY_SYNC,
    Runbook.SETUP: SETUP,
    Runbook.PLANNED_TAKEOVER: TAKEOVER,
    Runbook.GIVE_BACK: GIVE_BACK,
    Runbook.DISASTER_FAILOVER: DISASTER_FAILOVER,
    Runbook.REPROTECT: REPROTECT,
    Runbook.REATTACH: REATTACH,
    Runbook.WATCH: WATCH,
    Runbook.REBUILD_SPOT: REPAIR,
    Runbook.REPAIR_CLIENT: REPAIR,
    Runbook.RESET_CLIENTS: NIGHTLY_SYNC,
}
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
