"""What an alternate needs before it can take over, by what its own files and database say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from nim_operators.nim.commands import AIX
from nim_operators.nim.facts import facts_of
from nim_operators.nim.lssrc import SubsystemRow
from nim_operators.nim.pair import KeptBackup, PairView
from nim_operators.nim.preparation import Repair, has_own_database, preparation, prepared, repair_lines
from nim_operators.nim.snapshot import Fenced, Unusable
from tests.unit.nim import worlds
from tests.unit.nim.worlds import A, B, pair

FILE = "/var/adm/nim_operators/backups/nimdb.20260105T020000Z.backup"
STOPPED = (SubsystemRow("nimesis", "nim", None, "inoperative"),)
OWN = worlds.seen(pair(), B).own


def dead(*, kept: bool = True, level: str = worlds.FILESET_LEVEL, **changes: Any) -> PairView:
    """The source is away, the target has changed; its own backup of before is kept."""
    backup = KeptBackup(
        master=B, stamp="20260105T020000Z", file=FILE, path="s3://kept", algorithm="SHA256", digest="c0ffee",
        nim_level=level, shows=worlds.snapshot(B),
    )  # fmt: skip
    return replace(worlds.lose(worlds.change(pair(), B, **changes), A), kept=backup if kept else None)


HALF = {"objects": {}, "subsystems": ()}
PEERS_FILE = {"niminfo": worlds.own_niminfo(A, B)}
UNUSABLE = {"own": replace(OWN, unusable=Unusable("run-1", "half a sync", "2026-01-06T02:00:00Z", FILE))}
FENCED = {"own": replace(OWN, fenced=Fenced("run-1", "2026-01-06T02:00:00Z")), "subsystems": STOPPED}


@pytest.mark.parametrize(
    ("view", "repair"),
    [
        (dead(), Repair.NONE),
        (dead(subsystems=STOPPED), Repair.START),
        (dead(subsystems=()), Repair.REDEFINE),
        (dead(**HALF), Repair.RESTORE),
        (dead(**PEERS_FILE), Repair.RESTORE),
        (dead(**UNUSABLE), Repair.RESTORE),
        (dead(niminfo=None), Repair.RESTORE),
        (dead(**HALF, kept=False), Repair.BY_HAND),
        (dead(**HALF, level="7.1.0.0"), Repair.BY_HAND),
        (dead(**FENCED), Repair.BY_HAND),
    ],
)
def test_each_gap_has_its_repair(view: PairView, repair: Repair) -> None:
    found = preparation(facts_of(view))
    assert found.repair is repair
    assert bool(found.saw) is (repair is not Repair.NONE)
    assert bool(found.remedy) is (repair is Repair.BY_HAND)


def test_a_record_of_itself_left_by_a_sync_is_not_its_own_database() -> None:
    view = worlds.put(dead(), B, worlds.alternate(B))
    assert preparation(facts_of(view)).repair is Repair.RESTORE
    assert not has_own_database(worlds.seen(view, B))


def test_only_what_is_lacking_is_sent() -> None:
    def lines(view: PairView) -> tuple[str, ...]:
        return repair_lines(facts_of(view), AIX, FILE)

    restore = "/usr/lpp/bos.sysmgt/nim/methods/m_restore_db " + FILE
    assert lines(dead()) == ()
    assert lines(dead(subsystems=STOPPED)) == ("/usr/bin/startsrc -s nimesis",)
    twice = ("/usr/bin/stopsrc -s nimesis", "/usr/bin/startsrc -s nimesis")
    assert lines(dead(subsystems=STOPPED * 2)) == twice
    assert lines(dead(**HALF)) == ("/usr/bin/stopsrc -s nimesis", restore, "/usr/bin/startsrc -s nimesis")


def test_a_plan_is_made_of_the_clients_that_the_backup_shows() -> None:
    facts = facts_of(dead(**HALF))
    assert facts.matrix.rows == ()
    assert tuple(row.client for row in prepared(facts).matrix.rows) == worlds.CLIENTS
