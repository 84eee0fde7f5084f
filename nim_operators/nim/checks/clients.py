"""Checks of the clients: would each of them follow a takeover (nim.md hazard 7)."""

from __future__ import annotations

from collections.abc import Iterable

from nim_operators.nim.checks.base import Saw, check_pair
from nim_operators.nim.checks.ownership import CLIENTS, count
from nim_operators.nim.facts import Facts
from nim_operators.nim.findings import Severity
from nim_operators.nim.runbooks import Runbook


@check_pair(
    "clients.master-list",
    "0042-372 at the moment of a takeover: a client that does not list the alternate (nim.md hazard 7)",
    nightly=Severity.WARNS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.WARNS,
)
def master_list(facts: Facts) -> Iterable[Saw]:
    """Want every answering client to list both masters."""
    rows = [row for row in facts.matrix.rows if row.lists_both is False]
    if rows:
        remedy = f"Trigger {Runbook.RESET_CLIENTS}, or {Runbook.REPAIR_CLIENT} for each."
        evidence = tuple(row.client for row in rows)
        saw = f"Not both masters are listed in the niminfo of {count(rows)}."
        yield Saw(CLIENTS, saw, remedy, evidence)


@check_pair(
    "clients.sync-required",
    "clients that do not know the alternate yet (nim.md 1.3)",
    nightly=Severity.WARNS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.WARNS,
)
def sync_required(facts: Facts) -> Iterable[Saw]:
    """Want sync_required to be no in the source's database, or not set."""
    words = ((row.client, row.database(facts.view.source)) for row in facts.matrix.rows)
    found = tuple(client for client, word in words if word is not None and word.sync_required)
    if found:
        remedy = f"Trigger {Runbook.RESET_CLIENTS}, or {Runbook.REPAIR_CLIENT} for each."
        saw = f"The definition of {count(found)} says sync_required = yes."
        yield Saw(CLIENTS, saw, remedy, found)


@check_pair(
    "clients.level",
    "a master below its clients, which cannot serve them (nim.md 1.2)",
    nightly=Severity.WARNS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.WARNS,
)
def level(facts: Facts) -> Iterable[Saw]:
    """Want no client above a master. A warning at night: nothing is taken over, but it could not be."""
    answered = [(row.client, word.level) for row in facts.matrix.rows for word in row.answers]
    for own in facts.observed:
        lowest = own.level
        above = [f"{client}: {at}" for client, at in answered if at and lowest is not None and at > lowest]
        if above:
            saw = f"Clients are above its level {lowest}."
            yield Saw(own.master, saw, "Update both masters.", tuple(dict.fromkeys(above)))
    unknown = tuple(dict.fromkeys(client for client, at in answered if at is None))
    if unknown:
        saw = f"The level of {count(unknown)} could not be judged: oslevel -s told none."
        yield Saw(CLIENTS, saw, "Run oslevel -s on each and see why.", unknown)


CHECKS = (master_list, sync_required, level)
