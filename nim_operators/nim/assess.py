"""Assess: from what was observed to what a runbook may do, with every reason (design section 1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nim_operators.nim.checks import findings_of
from nim_operators.nim.diagnosis import MOOT, Diagnosis, diagnosis_of
from nim_operators.nim.direction import Armed
from nim_operators.nim.facts import facts_of, few, has_database
from nim_operators.nim.findings import Finding, Severity
from nim_operators.nim.law import Permission, Ruling, rule
from nim_operators.nim.ownership import Matrix
from nim_operators.nim.pair import PairView
from nim_operators.nim.runbooks import Runbook, field_of_reason

_STRICTEST_FIRST = (Permission.REFUSE, Permission.GO_WITH_REASON, Permission.GO)
_STILL_MEANT = ("masters.reachable", "activity.")
"""Checks whose findings are true whatever else is going on."""
_OF_HOSTS = (*_STILL_MEANT, "masters.", "space.backup")
"""And those that speak of the hosts, where one of the databases cannot be read."""
_GIVES = {Severity.BLOCKS: Permission.REFUSE, Severity.APPROVAL: Permission.GO_WITH_REASON}


@dataclass(frozen=True, slots=True)
class Assessment:
    """What one runbook may do with a pair, and why.

    ``permission`` is the strictest of what the law gives for the diagnosis and what each finding leaves.
    ``alternate`` is the source's object for the target, the name a sync is sent with; None where there is no
    such object or more than one. ``force`` tells that the target has a database, so that a sync onto it needs
    ``-F`` (nim.md 4.3).
    """

    runbook: Runbook
    source: str
    target: str
    diagnosis: Diagnosis
    ruling: Ruling
    permission: Permission
    findings: tuple[Finding, ...]
    matrix: Matrix
    armed: Armed
    alternate: str | None
    force: bool

    @property
    def obstacles(self) -> tuple[Finding, ...]:
        """The findings that take the permission to go away."""
        return tuple(finding for finding in self.findings if finding.severity in _GIVES)

    @property
    def refusal(self) -> str:
        """Why the runbook may not simply go: cause, evidence, next action. Empty if it may."""
        if self.permission is Permission.GO:
            return ""
        wants = f"wants a typed reason, in the field {field_of_reason(self.runbook)} of its trigger form"
        verb = "refuses" if self.permission is Permission.REFUSE else wants
        lines = [f"{self.runbook} from {self.source} to {self.target} {verb}."]
        if self.ruling.permission is not Permission.GO:
            lines += [
                f"Cause: {self.diagnosis.state}. {self.diagnosis.meaning} {self.ruling.because}",
                *(f"Evidence: {reason}" for reason in self.diagnosis.reasons or (self._well,)),
                f"Next: {self.ruling.next_action}",
            ]
        for finding in self.obstacles:
            lines += [
                f"Cause: [{finding.severity}] {finding.check}, {finding.subject}: {finding.saw}",
                *(f"Evidence: {line}" for line in finding.evidence),
                f"Next: {finding.remedy}",
            ]
        return "\n".join(lines)

    @property
    def _well(self) -> str:
        """What a diagnosis without reasons rests on: nothing is wrong."""
        clients = few(self.matrix.clients_vouching_for(self.source))
        return f"{self.source} is named by {clients}, and nimesis of both masters is active."

    def to_json(self) -> dict[str, Any]:
        """Return the assessment as plain JSON."""
        return {
            "runbook": self.runbook.value,
            "source": self.source,
            "target": self.target,
            "diagnosis": self.diagnosis.to_json(),
            "law": {
                "permission": self.ruling.permission.value,
                "because": self.ruling.because,
                "next_action": self.ruling.next_action,
            },
            "permission": self.permission.value,
            "refusal": self.refusal,
            "findings": [finding.to_json() for finding in self.findings],
            "ownership": self.matrix.to_json(),
            "armed": {"standing": self.armed.arming.value, "sayings": list(self.armed.sayings)},
            "alternate": self.alternate,
            "force": self.force,
        }


def assess(view: PairView, runbook: Runbook, run: str = "") -> Assessment:
    """Say what *runbook* may do with the pair. Pure: the same view gives the same assessment.

    :param run: the run that asks; a lock or job of its own is no obstacle to it.
    """
    facts = facts_of(view, run)
    diagnosis = diagnosis_of(facts)
    ruling = rule(diagnosis.state, runbook)
    findings = findings_of(facts, runbook)
    if diagnosis.state in MOOT:
        findings = tuple(found for found in findings if found.check.startswith(_STILL_MEANT))
    elif any(own.database_fault is not None for own in facts.observed):
        findings = tuple(found for found in findings if found.check.startswith(_OF_HOSTS))
    left = {ruling.permission, *(_GIVES.get(found.severity, Permission.GO) for found in findings)}
    records = facts.peer_records(facts.source) if facts.source is not None else ()
    return Assessment(
        runbook=runbook,
        source=view.source,
        target=view.target,
        diagnosis=diagnosis,
        ruling=ruling,
        permission=next(permission for permission in _STRICTEST_FIRST if permission in left),
        findings=findings,
        matrix=facts.matrix,
        armed=facts.armed,
        alternate=records[0].name if len(records) == 1 else None,
        force=facts.target is not None and has_database(facts.target),
    )
