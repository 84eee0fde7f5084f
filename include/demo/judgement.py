"""What a finished demo run amounts to, and the exit status that says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """Exit status of the demo. Only 0 means that a run was done and that it is true."""

    DONE = 0
    NOT_DONE = 1
    NOT_STARTED = 2
    WITHSTOOD = 3
    FALSE_GREEN = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the checker looked at: what should hold, whether it does, and what it saw if not."""

    claim: str
    holds: bool
    saw: str = ""


def judge(run_state: str, verdict: str, findings: Sequence[Finding], fault: str | None) -> tuple[Exit, str]:
    """Weigh what Airflow says, what the product says and what is true in the lab.

    :param run_state: final state of the run by the REST API.
    :param verdict: the product's own word: done, refused, incomplete, failed, or empty if it gave none.
    :param findings: the independent checker's.
    :param fault: id of the fault that was on, if any. A run with a fault never ends with 0.
    """
    said_done = run_state == "success" and verdict == "done"
    untrue = [finding.claim for finding in findings if not finding.holds]
    told = f"run {run_state}, verdict {verdict or 'none'}"
    if said_done and untrue:
        return Exit.FALSE_GREEN, f"Green but not true ({_cause(fault)}): {'; '.join(untrue)}."
    if said_done and fault:
        return Exit.WITHSTOOD, f"Fault {fault} was on and did no harm: {told}, and the checker agrees."
    if said_done:
        return Exit.DONE, "Done, and the checker agrees."
    return Exit.NOT_DONE, f"Not done ({_cause(fault)}): {told}."


def _cause(fault: str | None) -> str:
    return f"fault {fault} was on" if fault else "no fault was on"
