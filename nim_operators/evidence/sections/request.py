"""Who asked for a run that needs a plan, why, who approved it, and what it came to: the head of its page."""

from __future__ import annotations

from collections.abc import Iterator

from nim_operators.evidence.plantext import aim_of, so_many_clients
from nim_operators.evidence.records import Json, Stored
from nim_operators.evidence.sections.base import Told
from nim_operators.evidence.times import moment, took
from nim_operators.evidence.verdict import OPEN
from nim_operators.nim.runbooks import APPROVED

_ANSWERS = {"Approve": "approved", "Reject": "rejected"}


def request_facts(told: Told) -> Iterator[tuple[str, str]]:
    """Yield label and value of what a reader wants to know before anything else; nothing for a run without a plan."""
    made = told.last("plan")
    if made is None:
        return
    asked = made.body["asked"]
    yield "Reason", asked["reason"]
    if asked["change_ticket"]:
        yield "Change ticket", asked["change_ticket"]
    yield "Planned", _planned(made.body)
    if made.body.get("warning"):
        yield "Warning", made.body["warning"]
    yield "Approval", "\n".join(_approval(told, made))
    came_to = told.last("takeover")
    if came_to is not None:
        yield "Came to", _moved(made.body["plan"], came_to.body)
        yield "Recovery time", _recovery_time(came_to.body)
        yield "Armed direction", _direction(told, came_to)


def _planned(record: Json) -> str:
    plan = record["plan"]
    text = aim_of(plan)
    text += f", {len(plan['stays'])} of them known not to follow" if plan["stays"] else ""
    text += f"; {len(plan['there'])} there already" if plan["there"] else ""
    return text + (". A rehearsal: it ends with the plan" if record["rehearsal"] else "")


def _approval(told: Told, made: Stored) -> Iterator[str]:
    """Say who answered what, and why nobody did where nobody did; an answer to another plan says so."""
    answers = [record.body for record in told.of("approval")]
    for answer in answers:
        text = (
            f"{_ANSWERS.get(answer['answer'], answer['answer'])} by {answer['answered_by'] or 'nobody known'} "
            f"at {moment(answer['answered_at'])}"
        )
        text += f", saying: {answer['comment']}" if answer["comment"] else ""
        text += f"; it does not count: {answer['objection']}" if answer.get("objection") else ""
        yield text + ("" if answer["digest"] == made.body["digest"] else "; that was another plan than the one below")
    if answers:
        return
    if made.body["rehearsal"]:
        yield "not asked for: a rehearsal"
    elif made.body["idle"]:
        yield "not asked for: nothing was left to do"
    elif made.body["plan"]["runbook"] not in APPROVED:
        yield "not asked for: the estate file allows this runbook without one"
    elif told.verdict["verdict"] == OPEN:
        yield "nobody has answered yet; the plan waits under Required Actions"
    else:
        yield "nobody approved it"


def _moved(plan: Json, body: Json) -> str:
    """Say how many of the clients that were expected to move did."""
    expected = set(plan["clients"]) - set(plan["stays"])
    text = (
        f"{len(expected & set(body['moved']))} of {so_many_clients(len(expected))} expected to follow did: "
        f"{body['percent']:g} %" + (f" ({body['threshold']:g} % wanted)" if body["threshold"] else "")
    )
    return text + (f"; {len(body['unresolved'])} in all did not move" if body["unresolved"] else "")


def _recovery_time(body: Json) -> str:
    """Compare with the target; a client that is not back has no recovery time yet."""
    aim = took(body["target_seconds"])
    seconds = body.get("seconds")
    if seconds is None:
        return f"none: no takeover was sent; the target is {aim}"
    met = "met" if seconds <= body["target_seconds"] else "MISSED"
    left = len(body["unresolved"])
    return f"{seconds:g} s; the target of {aim} is {met}" + (f", without {so_many_clients(left)}" if left else "")


def _direction(told: Told, came_to: Stored) -> str:
    """Say whether the takeover's step turned the armed direction, as it recorded it itself."""
    turned = [record.body for record in told.of("direction") if record.task_id == came_to.task_id]
    source, target = came_to.body["source"], came_to.body["target"]
    if any((body["source"], body["target"]) == (target, source) for body in turned):
        return f"turned: {target} to {source}"
    return "not turned by this run"
