"""Compare what is true in the lab after a takeover with what a takeover must leave.

Like :mod:`include.demo.checker` a second opinion, which knows nothing of the product: the word of each client, the
``current_master`` of each database, and the log of the lab.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from include.demo.ground_truth import Call, Estate, Master, short
from include.demo.judgement import Finding


def check_takeover(
    before: Estate, after: Estate, calls: Sequence[Call], target: str, *, away: Collection[str] = ()
) -> list[Finding]:
    """Return a finding per claim about a takeover by *target*.

    :param calls: every NIM command the lab received in between.
    :param away: masters that were off: what their disks say was nobody's to change.
    """
    now, then = after.master(target), before.master(target)
    reachable = [master for master in after.masters if master.name not in away]
    seen: Mapping[str, Iterator[str]] = {
        f"every client's own /etc/niminfo names {now.host}": _owned(after, now),
        f"the database of {' and of '.join(master.name for master in reachable)} says the same": (
            said for master in reachable for said in _recorded(after, master, now)
        ),
        f"exactly one nim -o takeover ran, on {target}, and ended well": _one_takeover(calls, target),
        f"every resource on {target} has the bytes it had": (
            f"{name} has other content" for name in then.digests if then.digests[name] != now.digests.get(name)
        ),
        f"exactly one nimesis is active on {target}": (
            f"{now.active_nimesis} on {target}" for wrong in [now.active_nimesis != 1] if wrong
        ),
        "no lock is left": (f"{lock} on {master.name}" for master in reachable for lock in master.locks),
    }
    return [Finding(claim, not found, "; ".join(found)) for claim, found in ((c, list(f)) for c, f in seen.items())]


def check_untouched(before: Estate, after: Estate, calls: Sequence[Call]) -> list[Finding]:
    """Return a finding per claim about a run that only looks."""
    changing = [f"{call.text!r} on {call.host}" for call in calls if call.is_changing]
    moved = [name for name, owner in before.owners.items() if after.owners.get(name) != owner]
    differing = [one.name for one in before.masters if after.master(one.name).definitions != one.definitions]
    return [
        Finding("no command that changes anything was sent", not changing, "; ".join(changing)),
        Finding("every client names whom it named before", not moved, ", ".join(moved)),
        Finding("both databases are as before", not differing, ", ".join(differing)),
    ]


def _owned(after: Estate, target: Master) -> Iterator[str]:
    for name, owner in after.owners.items():
        if owner != target.host:
            yield f"{name} names {owner or 'nobody'}"


def _recorded(after: Estate, master: Master, target: Master) -> Iterator[str]:
    for name in after.clients:
        one = master.definitions.get(name)
        word = short(one.value("current_master")) if one is not None else ""
        if word != target.host:
            yield f"{master.name} says {word or 'nobody'} of {name}"


def _one_takeover(calls: Sequence[Call], target: str) -> Iterator[str]:
    sent = [call for call in calls if call.operation == "takeover"]
    if [(call.host, call.exit) for call in sent] != [(target, 0)]:
        yield "; ".join(f"{call.text!r} on {call.host} ended {call.exit}" for call in sent) or "none"
