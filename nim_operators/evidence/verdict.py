"""The verdict of a run: judged from what was recorded, never from the colour of a task (style.md P7).

Rules, tried from top to bottom; the first that holds decides:

====  ============================================================================  ==========
rule  when                                                                          verdict
====  ============================================================================  ==========
1     something changing was sent, nobody knows how it ended or looked again        incomplete
2     a step refused, and nothing changing was sent                                 refused
3     a step failed or broke                                                        failed
4     a read-back says that the copy or the backup is not good                      failed
5     a step did part of what was wanted                                            incomplete
6     a step refused after something changing was sent                              incomplete
7     a required step did not end, was ended by hand, or recorded no read-back      incomplete
8     every required step is done and recorded its read-back                        done
====  ============================================================================  ==========

A step's word is the one of its last try; a step during which a host fell silent (``unknown``) did not end.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from nim_operators.evidence.records import FenceRecord, Json, PutBackRecord, Stored, VerdictGiven, end_of, is_known

_FAILED = frozenset({"failed", "broke"})
_BAD_CONTENT = frozenset({"missing", "partial", "unreadable"})
_MOST_REASONS = 5


class Verdict(StrEnum):
    """What a run came to."""

    DONE = "done"
    REFUSED = "refused"
    INCOMPLETE = "incomplete"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StepSeen:
    """One task as the evidence shows it.

    ``result`` is that of its last try, empty where none has ended; ``state`` is Airflow's word, empty where
    it has none; ``began_at`` and ``ended_at`` span all tries; ``lacks`` are the kinds of read-back that its
    last try should have recorded and did not.
    """

    task_id: str
    state: str
    result: str
    text: str
    began_at: str
    ended_at: str
    tries: int
    lacks: tuple[str, ...]

    def to_json(self) -> Json:
        """Return the step as plain JSON."""
        return {
            "task_id": self.task_id,
            "state": self.state,
            "result": self.result,
            "text": self.text,
            "began_at": self.began_at,
            "ended_at": self.ended_at,
            "tries": self.tries,
            "lacks": list(self.lacks),
        }


@dataclass(frozen=True, slots=True)
class VerdictRecord:
    """The verdict, why, by which rule of the table, and the steps it was judged from."""

    verdict: Verdict
    reason: str
    rule: int
    changed: bool
    steps: tuple[StepSeen, ...]

    def to_json(self) -> Json:
        """Return the verdict as plain JSON."""
        return {
            "verdict": self.verdict.value,
            "reason": self.reason,
            "rule": self.rule,
            "changed": self.changed,
            "steps": [step.to_json() for step in self.steps],
        }


def judge(
    records: Sequence[Stored], step_states: Mapping[str, str], required: Mapping[str, Collection[str]]
) -> VerdictRecord:
    """Judge a run by the table of this module.

    :param records: every record of the run.
    :param step_states: Airflow's state of each task; it can spoil a verdict, never make one.
    :param required: each task that the runbook needs, in order, with the kinds of record it reads back by.
    :raises ValueError: if no step is required; then nothing would prove anything.
    """
    if not required:
        raise ValueError("a runbook without a required step cannot be judged")
    steps = _steps(records, step_states, required)
    sent = tuple(filter(_may_change, records))
    case = _Case(records, steps, sent, frozenset(required))
    for rule, (verdict, reasons_for) in enumerate(_RULES, start=1):
        reasons = list(reasons_for(case))
        if reasons:
            reason = " ".join([_told(reasons), *_put_back(records)])
            return VerdictRecord(verdict, reason, rule, bool(sent), steps)
    reason = " ".join(["Every required step recorded its read-back.", *_unfenced(records)])
    return VerdictRecord(Verdict.DONE, reason, len(_RULES) + 1, bool(sent), steps)


def _put_back(records: Sequence[Stored]) -> Iterator[str]:
    """Say what became of the target after a sync that was not proven: the reader wants to know it first."""
    for record in [record for record in records if record.kind == PutBackRecord.KIND][-1:]:
        yield f"{record.body['master']} is {record.body['state']}: {record.body['reason']}"


def _unfenced(records: Sequence[Stored]) -> Iterator[str]:
    """Name a master that nobody has seen fenced: a rescue that is done has not made it harmless."""
    fences = {record.body["master"]: record.body for record in records if record.kind == FenceRecord.KIND}
    for master, fence in fences.items():
        if not fence["stands"]:
            yield f"{master} is NOT fenced: keep it off the network until it is."


OPEN = "no verdict yet"
"""What a page calls a run that was not judged, or has gone on since."""


def open_verdict(records: Sequence[Stored]) -> Json | None:
    """Return what stands for the verdict of a run that goes on, for its page; None where the last verdict holds.

    A run that is cleared goes on after its verdict: then other tasks recorded something later.
    """
    given = [record for record in records if record.kind == VerdictGiven.KIND]
    others = [record for record in records if not given or record.task_id != given[-1].task_id]
    if given and all(record.at <= given[-1].at for record in others):
        return None
    earlier = f" It has gone on since it was called {given[-1].body['verdict']}." if given else ""
    return {
        "verdict": OPEN,
        "reason": f"The run goes on, or ended without a verdict. This is what is recorded so far.{earlier}",
        "changed": any(_may_change(record) for record in records),
        "steps": [step.to_json() for step in _steps(others, {}, {})],
    }


@dataclass(frozen=True, slots=True)
class _Case:
    """What a rule looks at; ``sent`` are the commands that may have changed something."""

    records: Sequence[Stored]
    steps: Sequence[StepSeen]
    sent: Sequence[Stored]
    required: frozenset[str]


def _may_change(record: Stored) -> bool:
    return record.kind == "command" and bool(record.body.get("changes"))


def _told(reasons: Sequence[str]) -> str:
    """Return the reasons as lines, not more of them than a person reads."""
    left = len(reasons) - _MOST_REASONS
    return "\n".join([*reasons[:_MOST_REASONS], *([f"And {left} more."] if left > 0 else [])])


def _unseen_ends(case: _Case) -> Iterator[str]:
    for command in case.sent:
        if not _is_settled(command, case.records):
            line, host = command.body["line"], command.body["host"]
            yield f"Nobody knows how '{line}' ended on {host}; observe before anything else."


def _clean_refusals(case: _Case) -> Iterator[str]:
    for step in case.steps if not case.sent else ():
        if step.result == "refused":
            yield f"{step.task_id} refused, and nothing was changed. {step.text}"


def _failures(case: _Case) -> Iterator[str]:
    for step in case.steps:
        if step.result in _FAILED:
            yield f"{step.task_id} {step.result}. {step.text}"


def _bad_read_backs(case: _Case) -> Iterator[str]:
    """Say what the last read-back of each master and resource denies, whatever the step made of it."""
    backups = {record.body.get("master"): record.body for record in case.records if record.kind == "backup"}
    for master, backup in backups.items():
        if not backup.get("raw") and backup.get("digest_on_host") != backup.get("digest_here"):
            yield f"The backup of {master} is not the same here as on its host."
    contents = (record.body.get("rows", ()) for record in case.records if record.kind == "contents")
    conditions = {row.get("resource"): row.get("condition") for rows in contents for row in rows}
    for resource, condition in conditions.items():
        if condition in _BAD_CONTENT:
            yield f"The content of {resource} on the target is {condition}."


def _partly_done(case: _Case) -> Iterator[str]:
    for step in case.steps:
        if step.result == "incomplete":
            yield f"{step.task_id} is incomplete. {step.text}"


def _late_refusals(case: _Case) -> Iterator[str]:
    for step in case.steps:
        if step.result == "refused":
            yield f"{step.task_id} refused after something had been changed. {step.text}"


def _open_ends(case: _Case) -> Iterator[str]:
    for step in case.steps:
        if step.task_id not in case.required:
            continue
        if step.result == "unknown":
            yield f"{step.task_id} did not end. {step.text}"
        elif step.result != "done":
            yield f"{step.task_id} recorded no end; Airflow calls it {step.state or 'nothing yet'}."
        elif step.lacks:
            yield f"{step.task_id} recorded no {' and no '.join(step.lacks)} to prove what it did."
        elif step.state not in {"", "success"}:
            yield f"{step.task_id} was done, but Airflow calls it {step.state}: something ended it since."


_RULES: tuple[tuple[Verdict, Callable[[_Case], Iterator[str]]], ...] = (
    (Verdict.INCOMPLETE, _unseen_ends),
    (Verdict.REFUSED, _clean_refusals),
    (Verdict.FAILED, _failures),
    (Verdict.FAILED, _bad_read_backs),
    (Verdict.INCOMPLETE, _partly_done),
    (Verdict.INCOMPLETE, _late_refusals),
    (Verdict.INCOMPLETE, _open_ends),
)
"""Rules 1 to 7 of the table: the verdict, and what yields its reasons; one that yields none does not hold."""


def _is_settled(command: Stored, records: Sequence[Stored]) -> bool:
    """Tell whether somebody saw how a command ended, or its step looked again later and was content."""
    read_back = any(
        record.kind == "step"
        and record.task_id == command.task_id
        and record.number > command.number
        and record.body.get("result") == "done"
        for record in records
    )
    return is_known(command.body.get("outcome")) or end_of(command, records) is not None or read_back


def _steps(
    records: Sequence[Stored], states: Mapping[str, str], required: Mapping[str, Collection[str]]
) -> tuple[StepSeen, ...]:
    """Return the required steps in their order, then the other ones that recorded something."""
    own: dict[str, list[Stored]] = {task_id: [] for task_id in required}
    for record in records:
        own.setdefault(record.task_id, []).append(record)
    return tuple(
        _step(
            task_id,
            sorted(found, key=lambda one: one.number),
            states.get(task_id, ""),
            required.get(task_id, ()),
        )
        for task_id, found in own.items()
    )


def _step(task_id: str, records: Sequence[Stored], state: str, kinds: Collection[str]) -> StepSeen:
    """Read one task's records; its last try is what was recorded since the end of the one before."""
    ends = [place for place, record in enumerate(records) if record.kind == "step"]
    last: dict[str, Any] = records[ends[-1]].body if ends and ends[-1] == len(records) - 1 else {}
    since = ends[-2] + 1 if len(ends) > 1 else 0
    proven = {record.kind for record in records[since:]}
    began = [record.body["began_at"] for record in records if record.kind == "step" and record.body.get("began_at")]
    times = sorted([*(record.at for record in records), *began])
    return StepSeen(
        task_id=task_id,
        state=state,
        result=str(last.get("result", "")),
        text=str(last.get("text") or ""),
        began_at=times[0] if times else "",
        ended_at=times[-1] if times else "",
        tries=len(ends),
        lacks=tuple(kind for kind in sorted(kinds) if kind not in proven),
    )
