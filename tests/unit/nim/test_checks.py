"""Each check by one world in which it speaks; on the healthy pair every check is silent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from nim_operators.nim.checks import CHECKS, NOT_JUDGED, run_checks, to_markdown
from nim_operators.nim.findings import Severity
from nim_operators.nim.pair import PairView
from nim_operators.nim.runbooks import Runbook
from nim_operators.nim.snapshot import ClientAnswer, Fenced, OwnRecords, SubsystemRow
from tests.unit.nim import worlds
from tests.unit.nim.worlds import HOST, A, B, answer, armed, client, pair, silence

LOWER = replace(worlds.LEVEL, technology_level=0)
NIGHTLY, SETUP = Runbook.NIGHTLY_SYNC, Runbook.SETUP
BLOCKS, APPROVAL, WARNS, NOTES = Severity.BLOCKS, Severity.APPROVAL, Severity.WARNS, Severity.NOTES
INACTIVE = (SubsystemRow("nimesis", "nim", None, "inoperative"),)
_TYPE, SPOT_LOCATION, _SIZE = worlds.LOCATIONS["spot_73"]


HMC = worlds.obj("hmc1", "management", "hmc", ("passwd_file", "/etc/hmc1"))


def spot(**more: str):
    return worlds.resource("spot_73", "spot", SPOT_LOCATION, **more)


def at_spot(view: PairView, master: str, **changes: object) -> PairView:
    places = worlds.seen(view, master).places
    return worlds.change(view, master, places={**places, SPOT_LOCATION: replace(places[SPOT_LOCATION], **changes)})


def full_target() -> PairView:
    full = replace(worlds.EXPORT, free_kb=100_000)
    view = at_spot(pair(), B, kind="absent", size_kb=None, file_system=full)
    return worlds.change(view, B, file_systems=(worlds.ROOT, worlds.VAR, worlds.EXPORT))


def separate() -> PairView:
    view = worlds.put(pair(), A, client("only_a", HOST[A]))
    view = worlds.put(view, B, client("only_b", HOST[B]))
    view = worlds.say(view, answer("only_a"))
    return worlds.say(view, answer("only_b", HOST[B], B), asked_by=B)


def set_aside(*words: ClientAnswer) -> PairView:
    return worlds.say(pair(policy=worlds.Policy(set_aside={"lpar1": "scrapped, CHG0042"})), *words)


SPEAKS: dict[str, tuple[Callable[[], PairView], str, Severity, Severity | None]] = {
    "masters.reachable": (lambda: worlds.lose(pair(), B), B, BLOCKS, BLOCKS),
    "masters.role": (lambda: worlds.change(pair(), B, niminfo=None), B, BLOCKS, BLOCKS),
    "masters.database": (
        lambda: worlds.change(pair(), B, objects={}, database_fault="'lsnim' failed: a file is damaged."),
        B,
        BLOCKS,
        BLOCKS,
    ),
    "masters.own-record": (
        lambda: worlds.change(pair(), B, niminfo=worlds.own_niminfo(A, B)),
        B,
        BLOCKS,
        BLOCKS,
    ),
    "masters.nimesis": (lambda: worlds.change(pair(), B, subsystems=INACTIVE), B, BLOCKS, BLOCKS),
    "masters.nimesis-listed-once": (
        lambda: worlds.change(pair(), B, subsystems=(*worlds.snapshot(B).subsystems, *INACTIVE)),
        B,
        WARNS,
        WARNS,
    ),
    "levels.filesets-installed": (lambda: worlds.change(pair(), A, filesets={}), A, BLOCKS, WARNS),
    "levels.filesets-equal": (
        lambda: worlds.change(
            pair(),
            B,
            filesets={"bos.sysmgt.nim.master": "7.3.1.2", "bos.sysmgt.nim.spot": "7.3.1.10"},
        ),
        "bos.sysmgt.nim.spot",
        BLOCKS,
        WARNS,
    ),
    "masters.fence-left": (
        lambda: worlds.change(
            pair(), B, own=OwnRecords(direction=worlds.armed(), fenced=Fenced("run-1", "2026-01-05"))
        ),
        B,
        WARNS,
        WARNS,
    ),
    "levels.target-lower": (lambda: worlds.change(pair(), B, level=LOWER), B, NOTES, NOTES),
    "levels.system": (
        lambda: worlds.change(pair(), B, level=replace(worlds.LEVEL, technology_level=2)),
        "nima and nimb",
        BLOCKS,
        WARNS,
    ),
    "levels.service-pack": (
        lambda: worlds.change(pair(), B, level=replace(worlds.LEVEL, service_pack=2)),
        "nima and nimb",
        WARNS,
        WARNS,
    ),
    "levels.database": (lambda: worlds.change(pair(), A, nim_level="7.3.0.0"), A, BLOCKS, WARNS),
    "pairing.two-hosts": (
        lambda: worlds.change(pair(), B, hostname=HOST[A], machine_id=worlds.snapshot(A).machine_id),
        "nima and nimb",
        BLOCKS,
        BLOCKS,
    ),
    "pairing.source-record": (lambda: worlds.drop(pair(), A, B), A, BLOCKS, BLOCKS),
    "pairing.target-record": (lambda: worlds.drop(pair(), B, A), B, WARNS, BLOCKS),
    "pairing.niminfo": (
        lambda: worlds.change(pair(), B, niminfo=replace(worlds.own_niminfo(B, A), alternate_master=None)),
        B,
        WARNS,
        WARNS,
    ),
    "pairing.protocol": (
        lambda: worlds.put(pair(), B, worlds.alternate(A, connect="shell")),
        "nima and nimb",
        BLOCKS,
        WARNS,
    ),
    "pairing.nimsh": (
        lambda: worlds.change(pair(), A, subsystems=worlds.snapshot(A).subsystems[:1]),
        A,
        BLOCKS,
        WARNS,
    ),
    "ownership.target-named": (
        lambda: worlds.say(pair(), answer("lpar1"), answer("lpar2", HOST[B])),
        "clients",
        BLOCKS,
        BLOCKS,
    ),
    "ownership.source-named": (
        lambda: worlds.say(pair(), *(silence(name) for name in worlds.CLIENTS)),
        A,
        BLOCKS,
        BLOCKS,
    ),
    "ownership.source-database": (
        lambda: worlds.put(pair(), A, client("lpar1", HOST[B])),
        "clients",
        BLOCKS,
        BLOCKS,
    ),
    "ownership.target-database-silent": (
        lambda: worlds.say(worlds.put(pair(), B, client("lpar1", HOST[B])), silence("lpar1"), answer("lpar2")),
        "clients",
        APPROVAL,
        APPROVAL,
    ),
    "ownership.target-database-stale": (
        lambda: worlds.put(pair(), B, client("lpar1", HOST[B])),
        "clients",
        WARNS,
        WARNS,
    ),
    "ownership.elsewhere": (
        lambda: worlds.say(pair(), answer("lpar1", "nimc"), answer("lpar2")),
        "clients",
        WARNS,
        WARNS,
    ),
    "ownership.odd-answers": (
        lambda: worlds.say(pair(), answer("lpar1", calls_itself="lpar9"), answer("lpar2")),
        "lpar1",
        WARNS,
        WARNS,
    ),
    "ownership.silent": (lambda: worlds.say(pair(), answer("lpar1")), "clients", WARNS, WARNS),
    "ownership.set-aside": (lambda: set_aside(silence("lpar1"), answer("lpar2")), "lpar1", NOTES, NOTES),
    "ownership.set-aside-answers": (lambda: set_aside(answer("lpar1"), answer("lpar2")), "lpar1", WARNS, WARNS),
    "ownership.one-environment": (separate, "nima and nimb", BLOCKS, BLOCKS),
    "direction.armed": (lambda: pair(remembered=armed(B, A)), "armed direction", BLOCKS, APPROVAL),
    "direction.armable": (
        lambda: worlds.put(worlds.unarmed(), B, client("lpar1", HOST[B])),
        "armed direction",
        BLOCKS,
        BLOCKS,
    ),
    "direction.records": (lambda: pair(remembered=None), "armed direction", WARNS, WARNS),
    "direction.first-arming": (worlds.unarmed, "armed direction", NOTES, NOTES),
    "clients.master-list": (
        lambda: worlds.say(pair(), answer("lpar1", lists=(HOST[A],)), answer("lpar2")),
        "clients",
        WARNS,
        WARNS,
    ),
    "clients.sync-required": (
        lambda: worlds.put(pair(), A, client("lpar1", None, sync_required="yes")),
        "clients",
        WARNS,
        WARNS,
    ),
    "clients.level": (
        lambda: worlds.say(pair(), answer("lpar1", level=replace(worlds.LEVEL, technology_level=2))),
        A,
        WARNS,
        WARNS,
    ),
    "activity.processes": (
        lambda: worlds.change(pair(), B, processes=worlds.process("nim -o define -t spot x")),
        B,
        BLOCKS,
        WARNS,
    ),
    "activity.smit": (
        lambda: worlds.change(pair(), A, processes=worlds.process("smitty user")),
        A,
        WARNS,
        WARNS,
    ),
    "activity.machines": (
        lambda: worlds.put(pair(), A, worlds.master_object(A, Cstate="customization is being performed")),
        A,
        BLOCKS,
        WARNS,
    ),
    "activity.locks": (lambda: worlds.put(pair(), B, client("lpar1", lock="1234")), B, BLOCKS, WARNS),
    "activity.resources": (
        lambda: worlds.put(pair(), A, spot(Rstate="image source is being created")),
        A,
        BLOCKS,
        WARNS,
    ),
    "activity.unavailable": (
        lambda: worlds.put(pair(), A, spot(Rstate="unavailable for use")),
        A,
        WARNS,
        WARNS,
    ),
    "activity.allocated": (lambda: worlds.put(pair(), A, spot(alloc_count="1")), A, WARNS, NOTES),
    "activity.lock-held": (lambda: worlds.change(pair(), B, own=worlds.locked("run-9")), B, BLOCKS, BLOCKS),
    "activity.jobs-running": (
        lambda: worlds.change(pair(), A, own=worlds.job("running", kind="backup")),
        A,
        BLOCKS,
        BLOCKS,
    ),
    "activity.jobs-vanished": (
        lambda: worlds.change(pair(), A, own=worlds.job("vanished")),
        A,
        APPROVAL,
        APPROVAL,
    ),
    "activity.jobs-uncollected": (
        lambda: worlds.change(pair(), A, own=worlds.job("ended")),
        A,
        NOTES,
        NOTES,
    ),
    "space.looked-at": (lambda: at_spot(pair(), B, file_system=None), "spot_73", BLOCKS, WARNS),
    "space.mount-point": (
        lambda: at_spot(pair(), B, kind="absent", size_kb=None, file_system=worlds.ROOT),
        "spot_73",
        BLOCKS,
        WARNS,
    ),
    "space.mount-point-present": (
        lambda: at_spot(pair(), B, file_system=worlds.ROOT),
        "spot_73",
        WARNS,
        WARNS,
    ),
    "space.room": (full_target, "nimb:/export/nim", BLOCKS, WARNS),
    "space.backup": (
        lambda: worlds.change(
            pair(), A, file_systems=(worlds.ROOT, replace(worlds.VAR, free_kb=10_000), worlds.EXPORT)
        ),
        "nima:/var",
        BLOCKS,
        WARNS,
    ),
    "space.database": (
        lambda: worlds.change(
            pair(), B, file_systems=(replace(worlds.ROOT, free_kb=20_479), worlds.VAR, worlds.EXPORT)
        ),
        "nimb:/",
        BLOCKS,
        WARNS,
    ),
    "content.target-only": (
        lambda: worlds.put(pair(), B, client("lpar9", HOST[A])),
        "lpar9",
        BLOCKS,
        WARNS,
    ),
    "content.target-only-approved": (
        lambda: worlds.put(
            pair(policy=worlds.Policy(allowed_target_only=frozenset({"lpar9"}))), B, client("lpar9", HOST[A])
        ),
        "lpar9",
        NOTES,
        NOTES,
    ),
    "content.overwritten": (
        lambda: worlds.put(pair(), B, client("lpar1", comments="old")),
        "lpar1",
        NOTES,
        NOTES,
    ),
    "content.source-absent": (
        lambda: at_spot(pair(), A, kind="absent", size_kb=None),
        "spot_73",
        BLOCKS,
        WARNS,
    ),
    "content.sizes": (lambda: at_spot(pair(), B, size_kb=700_000), "spot_73", WARNS, WARNS),
    "surroundings.names": (
        lambda: worlds.change(
            pair(),
            A,
            names=(
                worlds.NameAnswer(HOST[B], (HOST[B],), ("10.1.1.2",)),
                worlds.NameAnswer("10.1.1.2", ("other.example.com",), ("10.1.1.2",)),
            ),
        ),
        A,
        BLOCKS,
        WARNS,
    ),
    "surroundings.names-known": (lambda: worlds.change(pair(), B, names=()), B, WARNS, WARNS),
    "surroundings.nfs": (lambda: worlds.change(pair(), B, nfs_of_peer=False), B, BLOCKS, WARNS),
    "surroundings.nfs-known": (lambda: worlds.change(pair(), A, nfs_of_peer=None), A, WARNS, WARNS),
    "surroundings.cron": (
        lambda: worlds.change(pair(), B, cron=("/var/spool/cron/crontabs/root: 0 2 * * * nim -o sync a",)),
        B,
        BLOCKS,
        WARNS,
    ),
    "surroundings.clock": (
        lambda: worlds.change(pair(), B, clock="2026-01-06T02:05:01Z"),
        "nima and nimb",
        WARNS,
        WARNS,
    ),
    "surroundings.own-directory": (
        lambda: worlds.change(pair(), B, own=OwnRecords(direction=armed(), fault="It is a symbolic link.")),
        B,
        BLOCKS,
        BLOCKS,
    ),
    "usable.spot": (lambda: at_spot(pair(), B, kind="absent", size_kb=None), B, WARNS, NOTES),
    "usable.threads": (
        lambda: worlds.put(pair(), A, worlds.master_object(A, max_nimesis_threads="60")),
        B,
        NOTES,
        NOTES,
    ),
    "usable.console-access": (lambda: worlds.put(pair(), B, HMC), B, NOTES, NOTES),
}


def found(view: PairView, runbook: Runbook = NIGHTLY) -> list[tuple[str, str, Severity]]:
    return [(one.check, one.subject, one.severity) for one in run_checks(view, runbook)]


def test_every_check_has_a_world_in_which_it_speaks():
    assert sorted(check.id for check in CHECKS) == sorted(SPEAKS)


@pytest.mark.parametrize("runbook", list(Runbook))
def test_every_check_is_silent_on_a_healthy_pair(runbook):
    assert run_checks(pair(), runbook) == ()


@pytest.mark.parametrize("check", list(SPEAKS))
def test_a_check_speaks_of_its_subject_with_the_severity_of_the_runbook(check):
    world, subject, nightly, setup = SPEAKS[check]
    assert (check, subject, nightly) in found(world(), NIGHTLY)
    assert (check, subject, setup) in found(world(), SETUP)


@pytest.mark.parametrize("check", list(SPEAKS))
def test_a_finding_says_what_was_seen_and_what_to_do_in_whole_sentences(check):
    world = SPEAKS[check][0]
    for one in run_checks(world(), NIGHTLY):
        assert one.saw.endswith(".")
        assert one.remedy.endswith(".")
        assert one.subject


def test_all_findings_are_reported_at_once_the_gravest_first():
    view = worlds.change(pair(remembered=None), B, subsystems=INACTIVE, nfs_of_peer=None)
    assert found(worlds.put(view, B, client("lpar1", comments="old"))) == [
        ("masters.nimesis", B, BLOCKS),
        ("pairing.nimsh", B, BLOCKS),
        ("direction.records", "armed direction", WARNS),
        ("surroundings.nfs-known", B, WARNS),
        ("content.overwritten", "lpar1", NOTES),
    ]


def test_a_master_out_of_sight_is_said_to_be_judged_by_no_check():
    (note,) = [one for one in run_checks(worlds.lose(pair(), B), NIGHTLY) if one.check == NOT_JUDGED]
    assert (note.subject, note.severity) == (B, NOTES)
    assert sorted(note.evidence) == sorted(set(SPEAKS) - {"masters.reachable"})


def test_the_same_view_gives_the_same_findings():
    assert run_checks(separate(), NIGHTLY) == run_checks(separate(), NIGHTLY)


def test_the_reference_names_every_check_with_what_it_guards_against():
    lines = to_markdown().splitlines()
    assert lines[0] == (
        "| check | guards against | `nim_nightly_sync` | `nim_setup` | `nim_planned_takeover` | `nim_give_back` "
        "| `nim_disaster_failover` | `nim_reprotect` | `nim_reattach` | `nim_watch` | `nim_rebuild_spot` "
        "| `nim_repair_client` | `nim_reset_clients` |"
    )
    assert len(lines) == 2 + len(CHECKS)
    assert (
        "| `masters.reachable` | acting on a pair of which one half is not known "
        "| blocks | blocks | blocks | blocks | notes | blocks | notes | blocks | notes | notes | blocks |"
    ) in lines
