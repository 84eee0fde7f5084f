"""The fine print of the checks of hosts, levels, pairing and surroundings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nim_operators.nim.checks import run_checks
from nim_operators.nim.checks.masters import REMEDIES
from nim_operators.nim.facts import facts_of
from nim_operators.nim.findings import Finding
from nim_operators.nim.pair import PairView, Policy
from nim_operators.nim.runbooks import Runbook
from nim_operators.nim.snapshot import Absence, NameAnswer
from tests.unit.nim import worlds
from tests.unit.nim.worlds import HOST, LEVEL, A, B, alternate, pair

NIGHTLY = Runbook.NIGHTLY_SYNC


def findings(view: PairView, check: str) -> list[Finding]:
    return [found for found in run_checks(view, NIGHTLY) if found.check == check]


@pytest.mark.parametrize("absence", list(Absence))
def test_each_kind_of_absence_has_its_remedy_and_none_means_dead(absence):
    (found,) = findings(worlds.lose(pair(), A, absence), "masters.reachable")
    assert found.remedy == REMEDIES[absence]
    assert "does not mean that it is dead" in found.saw
    assert found.evidence == ("ssh said so",)


def test_a_host_that_became_a_client_is_no_master():
    niminfo = replace(worlds.own_niminfo(B, A), configuration="standalone")
    (found,) = findings(worlds.change(pair(), B, niminfo=niminfo), "masters.role")
    assert found.evidence == ("NIM_CONFIGURATION=standalone",)


def test_a_database_without_a_master_object_is_none():
    (found,) = findings(worlds.drop(pair(), B, "master"), "masters.role")
    assert found.saw == "The NIM database holds no master object."


def test_a_target_with_the_sources_master_record_takes_itself_for_the_source():
    (found,) = findings(worlds.put(pair(), B, worlds.master_object(A)), "masters.own-record")
    assert found.subject == B
    assert "nima.example.com, which is the other master" in found.saw


def test_a_host_whose_nim_interface_has_another_name_is_still_itself():
    niminfo = replace(worlds.own_niminfo(B, A), master_hostname="nimb-adm")
    assert not findings(worlds.change(pair(), B, niminfo=niminfo), "masters.own-record")


def test_a_nimesis_that_is_not_defined_needs_more_than_a_start():
    (found,) = findings(worlds.change(pair(), B, subsystems=()), "masters.nimesis")
    assert "m_restore_db" in found.remedy


def test_filesets_are_compared_as_levels():
    same = {"bos.sysmgt.nim.master": "7.3.01.2", "bos.sysmgt.nim.spot": "7.3.1.2"}
    assert not findings(worlds.change(pair(), B, filesets=same), "levels.filesets-equal")


def test_an_unknown_level_is_not_taken_for_an_equal_one():
    (found,) = findings(worlds.change(pair(), B, level=None), "levels.system")
    assert found.evidence == (f"nima: {LEVEL}", "nimb: unknown")


def test_a_database_level_that_is_missing_is_told():
    (found,) = findings(worlds.change(pair(), B, nim_level=None), "levels.database")
    assert found.saw == "/etc/NIM.level could not be read."


def test_two_partitions_of_one_frame_are_two_hosts():
    view = worlds.change(pair(), B, machine_id=worlds.snapshot(A).machine_id)
    assert not findings(view, "pairing.two-hosts")


def test_a_record_is_known_by_its_interface_whatever_its_name():
    view = worlds.drop(pair(), A, B)
    renamed = replace(alternate(B), name="standby")
    assert not findings(worlds.put(view, A, renamed), "pairing.source-record")


def test_two_records_of_the_peer_are_one_too_many():
    (found,) = findings(worlds.put(pair(), A, replace(alternate(B), name="standby")), "pairing.source-record")
    assert found.saw == "Its database has 2 alternate_master objects that mean nimb."


def test_a_record_of_somebody_else_is_no_record_of_the_peer():
    view = worlds.put(worlds.drop(pair(), A, B), A, alternate("nimc"))
    (found,) = findings(view, "pairing.source-record")
    assert found.evidence == ("nimc: master_net nimc 0",)


def test_niminfo_may_spell_the_peer_short():
    short = replace(worlds.own_niminfo(B, A), alternate_master="nima")
    assert not findings(worlds.change(pair(), B, niminfo=short), "pairing.niminfo")


def test_a_secure_nimsh_is_a_nimsh():
    assert not findings(worlds.put(pair(), B, alternate(A, connect="nimsh (secure)")), "pairing.protocol")


def test_a_record_without_a_protocol_is_told():
    (found,) = findings(worlds.put(pair(), B, alternate(A, connect="")), "pairing.protocol")
    assert found.saw == "The record of nima says no protocol."


def test_nimsh_is_not_wanted_where_the_masters_speak_rsh():
    view = worlds.put(worlds.put(pair(), A, alternate(B, connect="shell")), B, alternate(A, connect="shell"))
    view = worlds.change(view, A, subsystems=worlds.snapshot(A).subsystems[:1])
    assert not findings(view, "pairing.nimsh")


@pytest.mark.parametrize("clock", ["2026-01-06T02:05:00Z", "2026-01-06T01:55:00+00:00"])
def test_clocks_may_be_five_minutes_apart(clock):
    assert not findings(worlds.change(pair(), B, clock=clock), "surroundings.clock")


@pytest.mark.parametrize("clock", ["", "yesterday", "2026-01-06T02:00:00"])
def test_a_clock_that_cannot_be_read_is_told(clock):
    (found,) = findings(worlds.change(pair(), B, clock=clock), "surroundings.clock")
    assert found.saw == "A clock could not be read."


CRON = "/var/spool/cron/crontabs/root: 0 2 * * * /usr/local/bin/nim_sync_report"


@pytest.mark.parametrize("accepted", [CRON, "0 2 * * * /usr/local/bin/nim_sync_report"])
def test_a_crontab_line_that_a_person_accepted_is_let_pass(accepted):
    view = pair(policy=Policy(ignored_cron=frozenset({accepted})))
    assert not findings(worlds.change(view, A, cron=(CRON,)), "surroundings.cron")
    (found,) = findings(worlds.change(view, A, cron=(CRON, CRON + " -v")), "surroundings.cron")
    assert found.evidence == (CRON + " -v",)


def names(*answers: NameAnswer) -> PairView:
    return worlds.change(pair(), A, names=answers)


def test_a_peer_without_an_address_is_told():
    (found,) = findings(names(NameAnswer(HOST[B], (), ())), "surroundings.names")
    assert found.saw == "It knows no address for nimb.example.com, the interface of nimb."


def test_each_address_of_the_peer_has_to_lead_back_to_it():
    view = names(
        NameAnswer(HOST[B], (HOST[B],), ("10.1.1.2", "10.9.9.9")),
        NameAnswer("10.1.1.2", ("nimb",), ("10.1.1.2",)),
        NameAnswer("10.9.9.9", (), ()),
    )
    (found,) = findings(view, "surroundings.names")
    assert found.saw == "It resolves nimb.example.com to 10.9.9.9, but 10.9.9.9 to no name."


def test_an_address_that_nobody_asked_about_is_unknown_not_well():
    view = names(NameAnswer(HOST[B], (HOST[B],), ("10.1.1.2",)))
    assert not findings(view, "surroundings.names")
    (found,) = findings(view, "surroundings.names-known")
    assert found.evidence == ("10.1.1.2",)


def test_the_targets_own_former_record_is_no_record_of_the_source():
    view = worlds.put(worlds.drop(pair(), B, A), B, alternate(B))
    (found,) = findings(view, "pairing.target-record")
    assert found.evidence == ("nimb: master_net nimb.example.com 0",)


def test_an_earlier_snapshot_of_a_master_is_read_from_its_own_side():
    before = worlds.snapshot(B)
    facts = facts_of(worlds.drop(pair(), B, A))
    assert [record.name for record in facts.peer_records(before)] == [A]
