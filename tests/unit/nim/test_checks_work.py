"""The fine print of the checks of clients, activity, space and content."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nim_operators.nim.checks import run_checks
from nim_operators.nim.checks.space import file_system_of
from nim_operators.nim.findings import Finding
from nim_operators.nim.pair import PairView, Policy
from nim_operators.nim.runbooks import Runbook
from nim_operators.nim.snapshot import FileSystem, OpenJob, OwnRecords
from tests.unit.nim import worlds
from tests.unit.nim.worlds import EXPORT, HOST, LEVEL, ROOT, VAR, A, B, answer, client, obj, pair, resource

NIGHTLY = Runbook.NIGHTLY_SYNC


def findings(view: PairView, check: str, run: str = "") -> list[Finding]:
    return [found for found in run_checks(view, NIGHTLY, run) if found.check == check]


def test_a_client_at_the_masters_level_or_below_is_served():
    below = answer("lpar2", level=replace(LEVEL, technology_level=0, service_pack=9))
    assert not findings(worlds.say(pair(), answer("lpar1"), below), "clients.level")


def test_a_client_above_one_master_is_told_for_that_master():
    view = worlds.change(pair(), B, level=replace(LEVEL, technology_level=0))
    (found,) = findings(view, "clients.level")
    assert found.subject == B
    assert found.evidence[0] == f"lpar1: {LEVEL}"


def test_a_client_that_told_no_level_cannot_be_judged():
    (found,) = findings(worlds.say(pair(), answer("lpar1", level=None)), "clients.level")
    assert (found.subject, found.evidence) == ("clients", ("lpar1",))


def test_a_vios_in_the_middle_of_an_operation_is_busy_too():
    busy = client("vios1", type_="vios", Cstate="customization is being performed")
    attributes = tuple(pair for pair in busy.attributes if pair != worlds.READY[0])
    (found,) = findings(worlds.put(pair(), A, replace(busy, attributes=attributes)), "activity.machines")
    assert found.evidence == ("vios1: customization is being performed",)


def test_a_client_that_prints_no_state_cannot_be_judged():
    bare = replace(client("lpar1"), attributes=(("connect", "nimsh"),))
    (found,) = findings(worlds.put(pair(), B, bare), "activity.machines")
    assert found.evidence == ("lpar1: prints no Cstate",)


def test_a_group_or_console_without_state_is_not_busy():
    view = worlds.put(pair(), A, obj("cec1", "management", "cec"), obj("res_grp", "groups", "res_group"))
    view = worlds.put(view, B, obj("cec1", "management", "cec"), obj("res_grp", "groups", "res_group"))
    assert not run_checks(view, NIGHTLY)


@pytest.mark.parametrize("command", ["/usr/bin/smitty nim", "ksh /usr/bin/smit nim_altmstr"])
def test_a_smit_session_in_a_panel_of_nim_counts_as_work(command):
    view = worlds.change(pair(), A, processes=worlds.process(command))
    assert findings(view, "activity.processes")
    assert not findings(view, "activity.smit")


def test_a_smit_session_elsewhere_is_told_apart_from_work():
    view = worlds.change(pair(), A, processes=worlds.process("ksh /usr/bin/smit user"))
    assert findings(view, "activity.smit")
    assert not findings(view, "activity.processes")


def test_built_in_resources_may_be_allocated():
    boot = resource("boot", "boot", "/tftpboot", alloc_count="3")
    assert not findings(worlds.put(pair(), A, boot), "activity.allocated")


def test_the_lock_of_the_run_that_asks_is_no_obstacle():
    view = worlds.change(pair(), B, own=worlds.locked("run-9"))
    assert findings(view, "activity.lock-held", run="run-8")
    assert not findings(view, "activity.lock-held", run="run-9")


def test_the_job_of_the_run_that_asks_is_no_obstacle():
    view = worlds.change(pair(), A, own=worlds.job("running", "backup", "run-9"))
    assert findings(view, "activity.jobs-running", run="run-8")
    assert not findings(view, "activity.jobs-running", run="run-9")


@pytest.mark.parametrize("state", ["reserved", "ended"])
def test_a_job_that_waits_to_be_collected_stops_nobody(state):
    view = worlds.change(pair(), A, own=worlds.job(state))
    assert [found.check for found in run_checks(view, NIGHTLY)] == ["activity.jobs-uncollected"]


def test_every_job_is_told():
    jobs = tuple(OpenJob(f"job{n}", "sync", "run-1", "change", "vanished") for n in (1, 2))
    view = worlds.change(pair(), A, own=OwnRecords(direction=worlds.armed(), jobs=jobs))
    (found,) = findings(view, "activity.jobs-vanished")
    assert found.evidence == (
        "job1 (sync) of run run-1: vanished",
        "job2 (sync) of run run-1: vanished",
    )


SPOT = worlds.LOCATIONS["spot_73"][1]
LPP = worlds.LOCATIONS["lpp_73"][1]


def absent(view: PairView, *locations: str, file_system: FileSystem | None = EXPORT) -> PairView:
    places = dict(worlds.seen(view, B).places)
    for at in locations:
        places[at] = replace(places[at], kind="absent", size_kb=None, file_system=file_system)
    return worlds.change(view, B, places=places)


def with_free(free_kb: int | None) -> FileSystem:
    return replace(EXPORT, free_kb=free_kb)


def test_room_is_summed_per_file_system_with_the_margin():
    policy = Policy(space_margin_percent=10)
    enough, short = with_free(5_390_000), with_free(5_389_999)
    assert not findings(absent(pair(policy=policy), SPOT, LPP, file_system=enough), "space.room")
    (found,) = findings(absent(pair(policy=policy), SPOT, LPP, file_system=short), "space.room")
    assert found.saw == "5389999 KiB are free, 5390000 KiB are needed (10 percent margin included)."
    assert found.evidence == ("spot_73: 900000 KiB", "lpp_73: 4000000 KiB")


def test_what_is_there_already_needs_no_room():
    view = pair()
    places = {path: replace(place, file_system=with_free(0)) for path, place in worlds.places().items()}
    assert not findings(worlds.change(view, B, places=places), "space.room")


def test_room_that_nobody_could_measure_is_no_room():
    (found,) = findings(absent(pair(), SPOT, file_system=with_free(None)), "space.room")
    assert found.saw.startswith("An unknown number of KiB are free")


def test_a_size_that_nobody_could_measure_is_told():
    view = absent(pair(), SPOT)
    places = {**worlds.seen(view, A).places, SPOT: replace(worlds.places()[SPOT], size_kb=None)}
    (found,) = findings(worlds.change(view, A, places=places), "space.room")
    assert found.subject == "spot_73"
    assert "is not known" in found.saw


def test_a_copy_never_goes_to_the_root_even_where_the_source_has_it_there():
    view = absent(pair(), SPOT, file_system=ROOT)
    places = {**worlds.seen(view, A).places, SPOT: replace(worlds.places()[SPOT], file_system=ROOT)}
    (found,) = findings(worlds.change(view, A, places=places), "space.mount-point")
    assert found.saw == f"{SPOT} lies in / of nimb."


def test_a_copy_goes_to_the_mount_point_of_the_source():
    elsewhere = replace(EXPORT, mount_point="/export")
    (found,) = findings(absent(pair(), SPOT, file_system=elsewhere), "space.mount-point")
    assert found.evidence == ("source: /export/nim", "target: /export")


def test_a_location_that_nobody_looked_at_is_told_once_per_master():
    places = {path: place for path, place in worlds.places().items() if path != SPOT}
    view = worlds.change(worlds.change(pair(), A, places=places), B, places=places)
    assert [found.saw for found in findings(view, "space.looked-at")] == [
        f"On nima nobody could tell which file system holds {SPOT}.",
        f"On nimb nobody could tell which file system holds {SPOT}.",
    ]


def test_only_what_the_source_serves_is_replicated():
    served_elsewhere = resource("far", "lpp_source", "/far", server="nimserver2")
    view = worlds.put(worlds.put(pair(), A, served_elsewhere), B, served_elsewhere)
    assert not run_checks(view, NIGHTLY)


def test_backups_in_one_file_system_are_summed():
    one = FileSystem("/dev/hd4", 1_000_000, 40_959, "/")
    (found,) = findings(worlds.change(pair(), A, file_systems=(one,)), "space.backup")
    assert found.saw == "40959 KiB are free for backups, 40960 KiB are needed."
    assert not findings(worlds.change(pair(), A, file_systems=(replace(one, free_kb=40_960),)), "space.backup")


def test_a_backup_whose_file_system_is_unknown_is_told():
    assert len(findings(worlds.change(pair(), A, file_systems=()), "space.backup")) == 2


def test_the_sources_own_database_needs_no_further_room():
    full = (replace(ROOT, free_kb=0), VAR, EXPORT)
    assert not findings(worlds.change(pair(), A, file_systems=full), "space.database")


def test_a_path_belongs_to_the_longest_mount_point_that_fits_whole_names():
    narrow = FileSystem("/dev/x", 1, 1, "/var/ad")
    own = worlds.snapshot(A, file_systems=(ROOT, VAR, narrow))
    assert file_system_of(own, "/var/adm/nim_operators") == VAR
    assert file_system_of(own, "/export/nim/backups") == ROOT


def test_the_targets_own_records_and_networks_are_not_in_danger():
    assert not findings(worlds.first_sync(), "content.target-only")


def test_a_network_of_another_address_is_in_danger():
    view = worlds.put(pair(), B, worlds.network("net_b", "10.9.0.0"))
    (found,) = findings(view, "content.target-only")
    assert found.saw == "Only nimb has it, so a sync removes it."


def test_an_object_of_another_type_under_one_name_is_in_danger():
    view = worlds.put(pair(), B, resource("lpp_73", "spot", LPP))
    (found,) = findings(view, "content.target-only")
    assert found.saw == "It is something else on nima than on nimb, so a sync replaces it."
    assert not findings(view, "content.overwritten")


def test_a_third_masters_record_on_the_target_is_in_danger():
    assert findings(worlds.put(pair(), B, worlds.alternate("nimc")), "content.target-only")


def test_what_is_allowed_by_name_is_noted_and_all_else_still_blocks():
    policy = Policy(allowed_target_only=frozenset({"old1"}))
    view = worlds.put(pair(policy=policy), B, client("old1", HOST[A]), client("old2", HOST[A]))
    assert [found.subject for found in findings(view, "content.target-only-approved")] == ["old1"]
    assert [found.subject for found in findings(view, "content.target-only")] == ["old2"]


@pytest.mark.parametrize(("size", "speaks"), [(891_000, False), (890_999, True), (None, True)])
def test_sizes_may_differ_by_one_percent(size, speaks):
    places = {**worlds.places(), SPOT: replace(worlds.places()[SPOT], size_kb=size)}
    assert bool(findings(worlds.change(pair(), B, places=places), "content.sizes")) is speaks


def test_a_file_where_the_source_has_a_directory_is_told():
    places = {**worlds.places(), SPOT: replace(worlds.places()[SPOT], kind="file")}
    (found,) = findings(worlds.change(pair(), B, places=places), "content.sizes")
    assert found.evidence == ("nima: directory, 900000 KiB", "nimb: file, 900000 KiB")
