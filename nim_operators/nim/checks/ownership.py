"""Checks of ownership and of the armed direction: promise S1 (design section 5)."""

from __future__ import annotations

from collections.abc import Iterable, Sized

from nim_operators.nim.checks.base import Saw, check_pair
from nim_operators.nim.diagnosis import separate_clients
from nim_operators.nim.direction import Arming
from nim_operators.nim.facts import Facts
from nim_operators.nim.findings import Severity
from nim_operators.nim.ownership import Row, Side, Verdict

CLIENTS = "clients"
"""Subject of a finding about several clients; they are named in its evidence."""

_TAKE_OVER = "Let one master take over every client on purpose before anything is synchronised."
_SET_ASIDE = "One that will never answer again can be set aside in the estate file (clients: set_aside)."


@check_pair(
    "ownership.target-named",
    "a sync over the database of the master that is in control (nim.md hazards 1 and 2)",
    nightly=Severity.BLOCKS,
    setup=Severity.BLOCKS,
    takeover=Severity.WARNS,
    failover=Severity.WARNS,
)
def target_named(facts: Facts) -> Iterable[Saw]:
    """Want no answering client to name the target."""
    target = facts.view.target
    naming = set(facts.matrix.clients_naming(target))
    rows = [row for row in facts.matrix.rows if row.client in naming]
    if rows:
        saw = f"The own /etc/niminfo of {count(rows)} names {target}, or may mean it."
        yield Saw(CLIENTS, saw, _TAKE_OVER, tuple(map(_own_words, rows)))


@check_pair(
    "ownership.source-named",
    "taking a master for the active one that no client knows as such",
    nightly=Severity.BLOCKS,
    setup=Severity.BLOCKS,
    takeover=Severity.WARNS,
    failover=Severity.NOTES,
)
def source_named(facts: Facts) -> Iterable[Saw]:
    """Want at least one answering client to name the source."""
    source = facts.view.source
    if not facts.matrix.clients_vouching_for(source):
        remedy = "Make a client answer: nimsh running on it, push allowed, its /etc/niminfo whole."
        saw = f"No client says by its own /etc/niminfo that {source} controls it."
        yield Saw(source, saw, remedy, tuple(map(_own_words, facts.matrix.rows)))


@check_pair(
    "ownership.source-database",
    "copying a database that itself says the target is in control (nim.md hazards 1 and 2)",
    nightly=Severity.BLOCKS,
    setup=Severity.BLOCKS,
    takeover=Severity.WARNS,
    failover=Severity.NOTES,
)
def source_database(facts: Facts) -> Iterable[Saw]:
    """Want no client of the source's database to have the target as its current master."""
    view = facts.view
    rows = [row for row in facts.matrix.rows if _database_names(row, view.source, {Side.TARGET, Side.UNCLEAR})]
    if rows:
        saw = f"The database of {view.source} gives {count(rows)} to {view.target}."
        yield Saw(CLIENTS, saw, f"{_TAKE_OVER} {_SET_ASIDE}", tuple(map(_database_words, rows)))


@check_pair(
    "ownership.target-database-silent",
    "losing what the target knows of clients that nobody could ask (nim.md hazard 10)",
    nightly=Severity.APPROVAL,
    setup=Severity.APPROVAL,
    takeover=Severity.WARNS,
    failover=Severity.WARNS,
    reprotect=Severity.WARNS,
)
def target_database_silent(facts: Facts) -> Iterable[Saw]:
    """Want no silent client that the target's database gives to the target: nothing speaks against it."""
    target = facts.view.target
    rows = [row for row in facts.matrix.silent if _database_names(row, target, {Side.TARGET, Side.UNCLEAR})]
    if rows:
        saw = f"The database of {target} claims {count(rows)} that nobody heard from."
        remedy = f"Switch them on and run again, or approve that the claim is lost. {_SET_ASIDE}"
        yield Saw(CLIENTS, saw, remedy, tuple(map(_database_words, rows)))


@check_pair(
    "ownership.target-database-stale",
    "a takeover by the target's stale belief before the next sync corrects it",
    nightly=Severity.WARNS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.WARNS,
)
def target_database_stale(facts: Facts) -> Iterable[Saw]:
    """Warn of clients that name the source while the target's database still claims them."""
    view = facts.view
    vouching = set(facts.matrix.clients_vouching_for(view.source))
    rows = [
        row
        for row in facts.matrix.rows
        if row.client in vouching and _database_names(row, view.target, {Side.TARGET, Side.UNCLEAR})
    ]
    if rows:
        saw = f"The database of {view.target} still claims {count(rows)} of {view.source}."
        yield Saw(CLIENTS, saw, "Nothing: the sync replaces that database.", tuple(map(_database_words, rows)))


@check_pair(
    "ownership.elsewhere",
    "managing clients that a third master controls",
    nightly=Severity.WARNS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.WARNS,
)
def elsewhere(facts: Facts) -> Iterable[Saw]:
    """Warn of clients that by themselves, or by a database, belong to neither master."""
    rows = [
        row
        for row in facts.matrix.rows
        if Side.OUTSIDE in {*(word.side for word in row.answers), *(word.side for word in row.databases)}
    ]
    if rows:
        evidence = tuple(f"{_own_words(row)}; {_database_words(row)}" for row in rows)
        remedy = "Remove their objects here, or bring them back with niminit on the client."
        saw = f"A master outside the pair is named for {count(rows)}."
        yield Saw(CLIENTS, saw, remedy, evidence)


@check_pair(
    "ownership.odd-answers",
    "believing a host that is not the client that was meant",
    nightly=Severity.WARNS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.WARNS,
)
def odd_answers(facts: Facts) -> Iterable[Saw]:
    """Warn of answers that do not come from the client alone, or that contradict each other."""
    for row in facts.matrix.rows:
        faults = tuple(dict.fromkeys(word.fault for word in row.answers if word.fault))
        if faults:
            saw = f"Its answer counts for no master: {'; '.join(faults)}."
            yield Saw(row.client, saw, "Check the host name in its definition.", (_own_words(row),))
        if len({word.side for word in row.answers}) > 1:
            saw = "It told each master another name."
            yield Saw(row.client, saw, "Look at its /etc/niminfo.", (_own_words(row),))


@check_pair(
    "ownership.silent",
    "mistaking a client that says nothing for one that agrees",
    nightly=Severity.WARNS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.WARNS,
)
def silent(facts: Facts) -> Iterable[Saw]:
    """List the clients that said nothing; they count for neither master (S1)."""
    rows = facts.matrix.with_verdict(Verdict.SILENT)
    if rows:
        evidence = tuple(f"{row.client}: {'; '.join(row.remarks)}" for row in rows)
        remedy = f"See that each is up, runs nimsh and allows pushes. {_SET_ASIDE}"
        saw = f"Nobody heard from {count(rows)} who is in control."
        yield Saw(CLIENTS, saw, remedy, evidence)


@check_pair(
    "ownership.set-aside",
    "forgetting for whom nothing waits any more",
    nightly=Severity.NOTES,
    setup=Severity.NOTES,
    takeover=Severity.NOTES,
    failover=Severity.NOTES,
)
def set_aside(facts: Facts) -> Iterable[Saw]:
    """Note each client that the estate file sets aside and that is silent indeed: nothing counts it."""
    answering = {row.client for row in facts.matrix.rows}
    for client, why in sorted(facts.view.policy.set_aside.items()):
        if client in facts.set_aside:
            evidence = (_own_words(facts.matrix.row(client)), _database_words(facts.matrix.row(client)))
            remedy = "Remove its object from both masters when that may be."
            yield Saw(client, f"It is silent and set aside, so nothing counts it: {why}.", remedy, evidence)
        elif client not in answering and facts.observed:
            remedy = "Take it off clients: set_aside in the estate file."
            yield Saw(client, f"It is set aside, but no database that was read defines it: {why}.", remedy)


@check_pair(
    "ownership.set-aside-answers",
    "a client that was given up and lives",
    nightly=Severity.WARNS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.WARNS,
)
def set_aside_answers(facts: Facts) -> Iterable[Saw]:
    """Warn of clients that answer although the estate file sets them aside; they count as any other (S1)."""
    for row in facts.matrix.rows:
        why = facts.view.policy.set_aside.get(row.client)
        if why is not None:
            remedy = "Take it off clients: set_aside in the estate file."
            saw = f"It answers although it is set aside ({why}), and counts as any other client."
            yield Saw(row.client, saw, remedy, (_own_words(row),))


@check_pair(
    "ownership.one-environment",
    "a sync between two masters that each serve clients of their own: not a pair",
    nightly=Severity.BLOCKS,
    setup=Severity.BLOCKS,
    takeover=Severity.BLOCKS,
    failover=Severity.WARNS,
)
def one_environment(facts: Facts) -> Iterable[Saw]:
    """Want no clients that name a master and are defined on it alone, on both sides at once."""
    of_source, of_target = separate_clients(facts)
    if of_source and of_target:
        view = facts.view
        evidence = (f"{view.source}: {', '.join(of_source)}", f"{view.target}: {', '.join(of_target)}")
        remedy = "Decide which master shall serve all of them and define them there."
        saw = "Each master controls clients that only its own database defines."
        yield Saw(f"{view.source} and {view.target}", saw, remedy, evidence)


@check_pair(
    "direction.armed",
    "a sync against the direction that was armed",
    nightly=Severity.BLOCKS,
    setup=Severity.APPROVAL,
    takeover=Severity.WARNS,
    failover=Severity.WARNS,
    reprotect=Severity.WARNS,
)
def armed(facts: Facts) -> Iterable[Saw]:
    """Want every record of the armed direction to name this one."""
    if facts.armed.arming is Arming.AGAINST:
        view = facts.view
        saw = f"A record does not say {view.source} to {view.target}."
        remedy = "Find out who turned it and why; only setup, takeover and reprotect turn it."
        yield Saw("armed direction", saw, remedy, facts.armed.sayings)


@check_pair(
    "direction.armable",
    "arming a direction for the first time on a guess",
    nightly=Severity.BLOCKS,
    setup=Severity.BLOCKS,
    takeover=Severity.WARNS,
    failover=Severity.NOTES,
)
def armable(facts: Facts) -> Iterable[Saw]:
    """Want the clients and databases to agree, where no record exists anywhere."""
    if facts.armed.arming is Arming.UNARMED:
        saw = "No direction is recorded anywhere, and this one cannot be armed."
        yield Saw("armed direction", saw, f"Resolve what the evidence names. {_SET_ASIDE}", facts.armed.doubts)


@check_pair(
    "direction.records",
    "a direction that only some places remember",
    nightly=Severity.WARNS,
    setup=Severity.WARNS,
    takeover=Severity.WARNS,
    failover=Severity.NOTES,
)
def records(facts: Facts) -> Iterable[Saw]:
    """Warn of places that lost their record while others still agree."""
    if facts.armed.arming is Arming.INCOMPLETE:
        saw = f"There is no record of the armed direction in {', '.join(facts.armed.missing)}."
        remedy = "Run setup for this pair: it records the direction everywhere."
        yield Saw("armed direction", saw, remedy, facts.armed.sayings)


@check_pair(
    "direction.first-arming",
    "arming a direction without anybody noticing",
    nightly=Severity.NOTES,
    setup=Severity.NOTES,
    takeover=Severity.NOTES,
    failover=Severity.NOTES,
)
def first_arming(facts: Facts) -> Iterable[Saw]:
    """Note that this run arms the direction for the first time, and on whose word."""
    if facts.armed.arming is Arming.FIRST:
        view = facts.view
        vouching = facts.matrix.clients_vouching_for(view.source)
        saw = f"First arming: {view.source} to {view.target}, on the word of {count(vouching)}."
        yield Saw("armed direction", saw, "Nothing, if this is the direction you want.", vouching)


def count(clients: Sized) -> str:
    """Return "1 client", "2 clients" and so on."""
    return f"{len(clients)} client{'' if len(clients) == 1 else 's'}"


def _database_names(row: Row, master: str, sides: set[Side]) -> bool:
    word = row.database(master)
    return word is not None and word.side in sides


def _own_words(row: Row) -> str:
    said = [f"{word.master_hostname} ({word.how})" for word in row.answers]
    return f"{row.client}: {', '.join(said) or 'silent, ' + '; '.join(row.remarks)}"


def _database_words(row: Row) -> str:
    said = [f"{word.master} says {word.current_master or 'nothing'}" for word in row.databases]
    return f"{row.client}: {', '.join(said)}"


CHECKS = (
    target_named,
    source_named,
    source_database,
    target_database_silent,
    target_database_stale,
    elsewhere,
    odd_answers,
    silent,
    set_aside,
    set_aside_answers,
    one_environment,
    armed,
    armable,
    records,
    first_arming,
)
