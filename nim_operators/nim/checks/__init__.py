"""Every check there is, and the one function that runs them all."""

from __future__ import annotations

from collections.abc import Iterator

from nim_operators.nim.checks import (
    activity,
    clients,
    content,
    levels,
    masters,
    ownership,
    pairing,
    space,
    surroundings,
    usable,
)
from nim_operators.nim.checks.base import Check
from nim_operators.nim.facts import Facts, facts_of
from nim_operators.nim.findings import Finding, Severity
from nim_operators.nim.pair import PairView
from nim_operators.nim.runbooks import Runbook

CHECKS: tuple[Check, ...] = (
    *masters.CHECKS,
    *levels.CHECKS,
    *pairing.CHECKS,
    *ownership.CHECKS,
    *clients.CHECKS,
    *activity.CHECKS,
    *space.CHECKS,
    *content.CHECKS,
    *surroundings.CHECKS,
    *usable.CHECKS,
)
"""In the order in which a person would look: hosts first, then what is on them."""

NOT_JUDGED = "checks.not-judged"
"""Id of the note that lists the checks which had nothing to look at."""

_ORDER = tuple(Severity)


def run_checks(view: PairView, runbook: Runbook, run: str = "") -> tuple[Finding, ...]:
    """Return everything every check of *runbook* saw, gravest first, else in the order of :data:`CHECKS`.

    :param run: the run that asks; a lock or job of its own is no obstacle to it.
    """
    return findings_of(facts_of(view, run), runbook)


def findings_of(facts: Facts, runbook: Runbook) -> tuple[Finding, ...]:
    """Run every check on facts that were worked out already; see :func:`run_checks`."""
    found = [finding for check in CHECKS for finding in check.findings(facts, runbook)]
    found += _not_judged(facts, runbook)
    return tuple(sorted(found, key=lambda finding: _ORDER.index(finding.severity)))


def _not_judged(facts: Facts, runbook: Runbook) -> Iterator[Finding]:
    """Say once for each unobserved master that the silence of the checks means nothing there."""
    ran = tuple(check.id for check in CHECKS if runbook in check.severities and check is not masters.reachable)
    for lost in facts.unobserved:
        saw = f"No check could look at {lost.master}, so nothing is known to be well there."
        remedy = f"Make {lost.master} reachable and run again."
        yield Finding(NOT_JUDGED, Severity.NOTES, lost.master, saw, remedy, ran)


def to_markdown() -> str:
    """Render the reference of all checks for the documentation."""
    lines = [
        f"| check | guards against | {' | '.join(f'`{runbook}`' for runbook in Runbook)} |",
        f"|---|---|{'---|' * len(Runbook)}",
    ]
    for check in CHECKS:
        cells = " | ".join(check.severities.get(runbook, "not run") for runbook in Runbook)
        lines.append(f"| `{check.id}` | {check.guards_against} | {cells} |")
    return "\n".join(lines) + "\n"
