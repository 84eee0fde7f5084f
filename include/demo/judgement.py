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
    BROKEN_PROMISE = 5
    AS_PROMISED = 6


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the checker looked at: what should hold, whether it does, and what it saw if not."""

    claim: str
    holds: bool
    saw: str = ""


def judge(
    run_state: str, verdict: str, findings: Sequence[Finding], fault: str | None, promise: str = ""
) -> tuple[Exit, str]:
    """Weigh what Airflow says, what the product says and what is true in the lab.

    :param run_state: final state of the run by the REST API.
    :param verdict: the product's own word: done, refused, incomplete, failed, or empty if it gave none.
    :param findings: the independent checker's, on what a run that is done must leave, else on what was promised.
    :param fault: id of the fault that was on, if any. A run with a fault never ends with 0.
    :param promise: the outcome that the fault table promises for it, empty where it says nothing.
    """
    untrue = "; ".join(finding.claim for finding in findings if not finding.holds)
    told = f"run {run_state}, verdict {verdict or 'none'}"
    if run_state == "success" and verdict == "done":
        return _judge_green(untrue, fault, promise, told)
    if not promise:
        return Exit.NOT_DONE, f"Not done ({_cause(fault)}): {told}."
    if promise == "done" or untrue:
        return Exit.BROKEN_PROMISE, (
            f"Not as promised ({_cause(fault)}): {told}; the fault table says '{promise}'"
            + (f", and this does not hold: {untrue}." if untrue else ".")
        )
    return Exit.AS_PROMISED, (
        f"Not done ({_cause(fault)}): {told}. That is what the fault table promises, '{promise}', and it is true."
    )


def _judge_green(untrue: str, fault: str | None, promise: str, told: str) -> tuple[Exit, str]:
    if untrue:
        return Exit.FALSE_GREEN, f"Green but not true ({_cause(fault)}): {untrue}."
    if promise not in {"", "done"}:
        return Exit.BROKEN_PROMISE, f"Not as promised ({_cause(fault)}): {told}; the fault table says '{promise}'."
    if fault:
        return Exit.WITHSTOOD, f"Fault {fault} was on and did no harm: {told}, and the checker agrees."
    return Exit.DONE, "Done, and the checker agrees."


def _cause(fault: str | None) -> str:
    return f"fault {fault} was on" if fault else "no fault was on"
