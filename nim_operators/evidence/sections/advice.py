"""What a person does next after a run that moved clients, or made a master the standby again."""

from __future__ import annotations

from collections.abc import Iterator

from nim_operators.evidence.records import Json
from nim_operators.evidence.sections.base import Section, Told
from nim_operators.evidence.verdict import OPEN, Verdict
from nim_operators.nim.runbooks import TAKEOVERS, Runbook

_BACK = {Runbook.PLANNED_TAKEOVER: Runbook.GIVE_BACK, Runbook.GIVE_BACK: Runbook.PLANNED_TAKEOVER}


def advice(told: Told) -> Section | None:
    """Say what to do next, in the order of doing it; nothing while the run goes on."""
    made = told.last("plan")
    if made is None or told.verdict["verdict"] == OPEN:
        return None
    sentences = tuple(f"{number}. {text}" for number, text in enumerate(_steps(told, made.body), start=1))
    return Section("What to do next", sentences) if sentences else None


def _steps(told: Told, record: Json) -> Iterator[str]:
    plan = record["plan"]
    runbook = Runbook(plan["runbook"])
    came_to = told.last("takeover")
    is_done = told.verdict["verdict"] == Verdict.DONE
    if record["rehearsal"]:
        yield f"Nothing was sent. To carry it out, trigger {runbook} again without the rehearsal."
    elif not is_done and came_to is None:
        yield from _again(runbook, changed=told.verdict["changed"])
    elif runbook is Runbook.REPROTECT:
        yield from _protected(plan)
    elif runbook in TAKEOVERS and came_to is not None:
        yield from _unresolved(runbook, came_to.body)
        yield from _onwards(told, runbook, plan, is_below=_is_below(came_to.body))
    elif record["idle"]:
        yield "Nothing was left to do."
        yield from _onwards(told, runbook, plan, is_below=False)


def _is_below(body: Json) -> bool:
    return bool(body["percent"] < body["threshold"])


def _again(runbook: Runbook, *, changed: bool) -> Iterator[str]:
    if changed:
        yield "Do what the verdict names, then clear the failed task; the steps before it are not sent twice."
    else:
        yield f"Nothing was changed. Remove what the verdict names, then trigger {runbook} again: it makes a new plan."


def _unresolved(runbook: Runbook, body: Json) -> Iterator[str]:
    target = body["target"]
    if body["unresolved"]:
        yield (
            f"For each client that did not move: do what the table below says, then trigger {Runbook.REATTACH} (the "
            f"estate file has to allow it) or {runbook} again. Until then {target} can neither install nor update it."
        )
    if _is_below(body):
        back = _BACK.get(runbook)
        yield (
            f"Fewer clients moved than was wanted, so the armed direction still is {body['source']} to {target}. Run "
            f"{runbook} again" + (f", or give those that moved back with {back}." if back else ".")
        )
    if body["disagreeing"]:
        cure = Runbook.REPROTECT if runbook is Runbook.DISASTER_FAILOVER else Runbook.NIGHTLY_SYNC
        yield f"A database contradicts the clients: {cure} in the new direction mends it."
    if body["sample"].startswith("failed"):
        yield f"Try 'nim -o lslpp' of one client on {target} by hand, then clear the task 'takeover'."


def _onwards(told: Told, runbook: Runbook, plan: Json, *, is_below: bool) -> Iterator[str]:
    source, target = plan["source"], plan["target"]
    if is_below:
        return
    if runbook is Runbook.DISASTER_FAILOVER:
        fence = told.last("fence")
        if fence is None and told.last("takeover") is None:
            yield f"See that {source} answers no client until {Runbook.REPROTECT} has made it the standby."
        elif fence is None or not fence.body["stands"]:
            yield (
                f"{source} is NOT fenced and still believes that the clients are its own. Keep it off the network "
                f"until its nimesis is stopped: 'stopsrc -s nimesis' at its console. {Runbook.REPROTECT} does it too."
            )
        yield (
            f"Look by hand whether a client boots over the network from {target} (the server address stands in its "
            f"boot list, its firmware or the HMC), and whether {target} reaches the HMC."
        )
        yield (
            f"When {source} is back: {Runbook.REPROTECT} makes it the standby, until then there is none; then "
            f"{Runbook.GIVE_BACK}. If it never comes back, docs/guide.md says how to build a new partner."
        )
        yield _spots(target)
    elif runbook is Runbook.PLANNED_TAKEOVER:
        yield (
            f"{target} is the active master now, and the nightly sync copies {target} to {source}. When the "
            f"maintenance is over: {Runbook.GIVE_BACK}."
        )
        yield _spots(target)
    elif runbook is Runbook.GIVE_BACK:
        yield f"{target} is the active master, and the nightly sync copies {target} to {source}."


def _spots(target: str) -> str:
    return f"From now on a damaged SPOT of {target} can be built anew from its lpp_source: {Runbook.REBUILD_SPOT}."


def _protected(plan: Json) -> Iterator[str]:
    source, target = plan["source"], plan["target"]
    if plan["lost"]:
        yield f"Merge by hand what only {target} had and is still wanted: see the table below."
    yield (
        f"{target} is the standby of {source}, and the nightly sync keeps it so. {Runbook.GIVE_BACK} brings the "
        "clients back to the master that the estate file calls the source."
    )
