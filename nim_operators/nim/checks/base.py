"""What a check is: data with a small function that looks at facts and says what it saw.

A check only speaks of what is wrong or worth knowing. Where it lacks the data to judge it says so; silence
means that it looked and all was well. That a master was not observed at all is said once for every check.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import NotRequired, TypedDict, Unpack

from nim_operators.nim.facts import Facts
from nim_operators.nim.findings import Finding, Severity
from nim_operators.nim.runbooks import Runbook
from nim_operators.nim.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Saw:
    """One thing a check saw; it becomes a finding with the check's id and severity.

    ``subject`` is what it is about, ``saw`` one sentence of fact, ``remedy`` what a person should do.
    """

    subject: str
    saw: str
    remedy: str
    evidence: tuple[str, ...] = ()


Look = Callable[[Facts], Iterable[Saw]]
LookAtOne = Callable[[Facts, Snapshot], Iterable[Saw]]
LookAtBoth = Callable[[Facts, Snapshot, Snapshot], Iterable[Saw]]


@dataclass(frozen=True, slots=True)
class Check:
    """One check. ``severities`` says what its findings do to each runbook.

    ``guards_against`` is what the documentation says of it.
    """

    id: str
    guards_against: str
    severities: Mapping[Runbook, Severity]
    look: Look

    def findings(self, facts: Facts, runbook: Runbook) -> Iterable[Finding]:
        """Return what the check saw, with the severity that *runbook* gives it."""
        severity = self.severities[runbook]
        for saw in self.look(facts):
            yield Finding(self.id, severity, saw.subject, saw.saw, saw.remedy, saw.evidence)


class Given(TypedDict):
    """What a check does to each kind of runbook; to *reprotect* what it does to *nightly*, unless said otherwise."""

    nightly: Severity
    setup: Severity
    takeover: Severity
    failover: Severity
    reprotect: NotRequired[Severity]


def check_pair(name: str, guards_against: str, **given: Unpack[Given]) -> Callable[[Look], Check]:
    """Make a check of a function that looks at the facts as a whole, whichever masters were observed."""
    severities = _severities(given)
    return lambda look: Check(name, guards_against, severities, look)


def check_each_master(name: str, guards_against: str, **given: Unpack[Given]) -> Callable[[LookAtOne], Check]:
    """Make a check of a function that looks at one master; it is asked for each one observed."""
    severities = _severities(given)

    def make(look_at_one: LookAtOne) -> Check:
        def look(facts: Facts) -> Iterable[Saw]:
            return chain.from_iterable(look_at_one(facts, own) for own in facts.observed)

        return Check(name, guards_against, severities, look)

    return make


def check_both_masters(name: str, guards_against: str, **given: Unpack[Given]) -> Callable[[LookAtBoth], Check]:
    """Make a check of a function that compares source and target; it is asked only if both were observed."""
    severities = _severities(given)

    def make(look_at_both: LookAtBoth) -> Check:
        def look(facts: Facts) -> Iterable[Saw]:
            if facts.source is None or facts.target is None:
                return ()
            return look_at_both(facts, facts.source, facts.target)

        return Check(name, guards_against, severities, look)

    return make


def _severities(given: Given) -> Mapping[Runbook, Severity]:
    return {
        Runbook.NIGHTLY_SYNC: given["nightly"],
        Runbook.SETUP: given["setup"],
        Runbook.PLANNED_TAKEOVER: given["takeover"],
        Runbook.GIVE_BACK: given["takeover"],
        Runbook.DISASTER_FAILOVER: given["failover"],
        Runbook.REPROTECT: given.get("reprotect", given["nightly"]),
        Runbook.REATTACH: given["failover"],
        Runbook.WATCH: given["nightly"],
        Runbook.REBUILD_SPOT: given["failover"],
        Runbook.REPAIR_CLIENT: given["failover"],
        Runbook.RESET_CLIENTS: given["nightly"],
    }
