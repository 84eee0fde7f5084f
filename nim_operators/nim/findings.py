"""Findings: what a check saw, why it matters, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """What a finding does to a runbook."""

    BLOCKS = "blocks"
    APPROVAL = "wants approval"
    WARNS = "warns"
    NOTES = "notes"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a check saw.

    ``check`` is the check's id; ``subject`` what it is about (a master, client, resource or file system);
    ``saw`` one sentence of fact; ``evidence`` the lines or values behind it; ``remedy`` what a person should do.
    """

    check: str
    severity: Severity
    subject: str
    saw: str
    remedy: str
    evidence: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the finding as plain JSON."""
        return {
            "check": self.check,
            "severity": self.severity.value,
            "subject": self.subject,
            "saw": self.saw,
            "remedy": self.remedy,
            "evidence": list(self.evidence),
        }

    def __str__(self) -> str:
        return f"[{self.severity}] {self.check} {self.subject}: {self.saw} Remedy: {self.remedy}"
