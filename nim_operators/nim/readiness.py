"""Readiness: what stands between each client and the master that is to take it over (nim.md hazards 7 to 14).

Nothing here decides whether a takeover goes; it names each client that will not or may not follow, with the
remedy. The same words say afterwards why a client did not move.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from nim_operators.nim.checks.activity import READY
from nim_operators.nim.facts import Facts
from nim_operators.nim.objects import NimObject
from nim_operators.nim.ownership import OwnWord, Row, Side
from nim_operators.nim.runbooks import Runbook
from nim_operators.nim.snapshot import BY_SSH


class Cause(StrEnum):
    """Why a client does not, or may not, follow a takeover."""

    UNDEFINED = "not in the target's database"
    UNREACHABLE = "cannot be reached"
    PUSH_FORBIDDEN = "forbids pushes"
    CERTIFICATE = "lacks the target's certificate"
    CPUID = "cpuid has changed"
    REFUSES = "refuses the master that asked"
    SILENT = "does not say who controls it"
    NOT_LISTED = "does not list the target"
    BUSY = "not ready for a NIM operation"
    LEVEL = "above the target's level"
    ELSEWHERE = "belongs to a third master"
    OTHER_HOST = "another host answers to its name"
    VIOS = "a VIOS"


CERTAIN = frozenset(Cause) - {Cause.CERTIFICATE, Cause.BUSY, Cause.VIOS, Cause.SILENT, Cause.REFUSES}
"""Causes that keep a client from following; the others only may (nim.md 12.16, 12.19, 12.21)."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing in a client's way: what it is, the fact as one sentence, and what a person does about it."""

    cause: Cause
    saw: str
    remedy: str

    def to_json(self) -> dict[str, str]:
        """Return the obstacle as plain JSON."""
        return {"cause": self.cause.value, "saw": self.saw, "remedy": self.remedy}


@dataclass(frozen=True, slots=True)
class Readiness:
    """One client and what stands in its way, gravest first; nothing where it should follow."""

    client: str
    obstacles: tuple[Obstacle, ...]

    @property
    def follows(self) -> bool:
        """Whether nothing is known that keeps it from following."""
        return not any(one.cause in CERTAIN for one in self.obstacles)

    def to_json(self) -> dict[str, Any]:
        """Return the readiness as plain JSON."""
        return {"client": self.client, "obstacles": [one.to_json() for one in self.obstacles]}


def readiness(facts: Facts) -> tuple[Readiness, ...]:
    """Return how each client of either database stands towards a takeover by the target, by name."""
    answers = (answer for own in facts.observed for answer in own.clients)
    machine_ids = {answer.client: answer.machine_id for answer in answers if answer.machine_id}
    return tuple(
        Readiness(row.client, _once(_obstacles(facts, row, machine_ids.get(row.client)))) for row in facts.matrix.rows
    )


def _once(obstacles: Iterable[Obstacle]) -> tuple[Obstacle, ...]:
    """Return the first obstacle of each cause."""
    found: dict[Cause, Obstacle] = {}
    for one in obstacles:
        found.setdefault(one.cause, one)
    return tuple(found.values())


def _obstacles(facts: Facts, row: Row, machine_id: str | None) -> Iterator[Obstacle]:
    """Yield what the client itself says first: it outranks messages, of which only the codes are documented."""
    target = facts.view.target
    definition = _definition(facts, row.client)
    if facts.target is not None and row.client not in facts.target.objects:
        remedy = f"Define it on {target}; before a takeover, a sync onto {target} does that."
        yield Obstacle(Cause.UNDEFINED, f"{target} does not define it.", remedy)
    yield from _of_words(facts, row)
    if definition is not None:
        yield from _of_machine(definition, machine_id)
    yield from _of_refusals(facts, row)
    if definition is not None:
        yield from _of_state(facts, definition)


def _definition(facts: Facts, client: str) -> NimObject | None:
    """Return the client's object, of the master that is to hand it over where that one could be read."""
    return next((own.objects[client] for own in facts.observed if client in own.objects), None)


def _of_words(facts: Facts, row: Row) -> Iterator[Obstacle]:
    target, wanted = facts.view.target, facts.side(facts.view.target)
    for word in row.answers:
        if word.fault is not None:
            remedy = f"Look up its name on {word.asked_by}, and mend the name service or /etc/hosts there."
            yield Obstacle(Cause.OTHER_HOST, f"To {word.how} {word.fault}.", remedy)
    for word in row.answers[:1]:
        if word.side is Side.OUTSIDE:
            remedy = "Leave it alone, or bring it here with niminit on the client."
            yield Obstacle(Cause.ELSEWHERE, f"Its own /etc/niminfo names {word.master_hostname}.", remedy)
        if not {wanted, Side.UNCLEAR} & word.lists:
            remedy = f"Trigger {Runbook.REPAIR_CLIENT} for it, or {Runbook.RESET_CLIENTS} for every client."
            yield Obstacle(Cause.NOT_LISTED, f"Its NIM_MASTER_HOSTNAME_LIST lacks {target} (0042-372).", remedy)
        level = facts.target.level if facts.target is not None else None
        if word.level is not None and level is not None and word.level > level:
            yield Obstacle(Cause.LEVEL, f"It is at {word.level}, {target} at {level}.", f"Update {target} first.")


_DENIALS: tuple[tuple[re.Pattern[str], Cause, str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), cause, remedy)
    for pattern, cause, remedy in (
        (r"\bpush", Cause.PUSH_FORBIDDEN, "Run 'nimclient -p' on it."),
        (r"\bSSL\b|certificate", Cause.CERTIFICATE, "Fetch the target's certificate on it: 'nimclient -c'."),
        (
            r"\bcpuid\b",
            Cause.CPUID,
            "Compare 'uname -m' there with its object, then 'nim -Fo change -a cpuid=' on the current master.",
        ),
        (
            r"0042-008|denied|wronghost",
            Cause.REFUSES,
            "Look at its /etc/niminfo and nimsh.log; write niminfo anew with niminit, the old file saved.",
        ),
        (
            r"0042-006|connect|refused|timed out|no answer|unreachable|no route|not found|rresvport",
            Cause.UNREACHABLE,
            "Switch it on, start nimsh (startsrc -s nimsh), open ports 3901 and 3902; then run the takeover again.",
        ),
    )
)
"""What a refusal speaks of, from its words: only codes are documented, so the words are quoted beside it."""


def _of_refusals(facts: Facts, row: Row) -> Iterator[Obstacle]:
    """Say why masters could not make a client speak.

    Who was refused first tells most: its current master is asked before the other. Where the client has spoken to
    somebody, a refusal counts only if the master that it names met it; before a takeover another one may be refused
    for that alone (nim.md 12.19), but must be able to reach it.
    """
    unheard = [word for word in row.words if word.silence is not None and not _speaks_for_itself(word)]
    if not row.answers:
        yield _why_silent(unheard)
        return
    named = {word.side for word in row.answers}
    for word in unheard:
        if word.asked_by == BY_SSH:
            continue
        refusal = _refusal(word)
        if refusal is not None and refusal.cause is Cause.UNREACHABLE:
            remedy = f"Open ports 3901 and 3902 from {word.asked_by} to it, and look at name resolution there."
            yield replace(refusal, remedy=remedy)
        elif refusal is not None and facts.side(word.asked_by) in named:
            yield refusal


def _why_silent(unheard: Sequence[OwnWord]) -> Obstacle:
    refusal = _refusal(unheard[0]) if unheard else None
    said = unheard[0].silence if unheard else "nobody could ask it"
    return refusal or Obstacle(
        Cause.SILENT, f"It did not say who controls it: {said}", "Log in and look at /etc/niminfo and nimsh."
    )


def _refusal(word: OwnWord) -> Obstacle | None:
    """Return what a refusal speaks of, None where nothing in it is known."""
    for pattern, cause, remedy in _DENIALS:
        if pattern.search(word.silence or ""):
            return Obstacle(cause, f"To {word.how} it said: {word.silence}", remedy)
    return None


def _speaks_for_itself(word: OwnWord) -> bool:
    """Tell whether a silence is the asking master's own database speaking, not the client (nim.md 4.5)."""
    return "0042-378" in (word.silence or "")


def _of_machine(definition: NimObject, machine_id: str | None) -> Iterator[Obstacle]:
    """Say what keeps nimsh there from accepting any master, by its object and its own ``uname -m`` (nim.md 12.19)."""
    if "push_off" in (definition.get("control") or ""):
        yield Obstacle(Cause.PUSH_FORBIDDEN, f"control = {definition.get('control')}", "Run 'nimclient -p' on it.")
    cpuid = definition.get("cpuid")
    if cpuid and machine_id and cpuid.upper() != machine_id.upper():
        remedy = f"Run 'nim -Fo change -a cpuid={machine_id} {definition.name}' on its current master."
        yield Obstacle(Cause.CPUID, f"Its object says {cpuid}, the host {machine_id}.", remedy)


def _of_state(facts: Facts, definition: NimObject) -> Iterator[Obstacle]:
    """Say what its object tells of it that may keep it from following."""
    state = definition.get("Cstate")
    if state is not None and state != READY:
        remedy = "Wait until the operation has ended; if it hangs, nim -Fo reset and deallocate."
        yield Obstacle(Cause.BUSY, f"Cstate = {state}", remedy)
    if "secure" in (definition.get("connect") or ""):
        saw = f"connect = {definition.get('connect')}: it needs the certificate of {facts.view.target} too."
        yield Obstacle(Cause.CERTIFICATE, saw, "Make sure that 'nimclient -c' was run on it for both masters.")
    if definition.type == "vios":
        saw = "Whether a takeover reaches management objects is not documented."
        yield Obstacle(Cause.VIOS, saw, "Look at its /etc/niminfo afterwards; run niminit or remote_management there.")
