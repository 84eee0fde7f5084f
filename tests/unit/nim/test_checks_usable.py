"""The fine print of the checks whether the target could do the work of a master."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nim_operators.nim.checks import run_checks
from nim_operators.nim.findings import Finding, Severity
from nim_operators.nim.pair import PairView
from nim_operators.nim.runbooks import Runbook
from nim_operators.nim.snapshot import Place
from tests.unit.nim import worlds
from tests.unit.nim.worlds import A, B, obj, pair, resource

FILE = "/etc/ibm/hmc1"
HMC = obj("hmc1", "management", "hmc", ("passwd_file", FILE))
SPOT = "/export/nim/spot/spot_73/usr"


def findings(view: PairView, check: str, runbook: Runbook = Runbook.DISASTER_FAILOVER) -> list[Finding]:
    return [found for found in run_checks(view, runbook) if found.check == check]


def at(view: PairView, path: str, kind: str) -> PairView:
    places = {**worlds.seen(view, B).places, path: Place(path, kind, 1, worlds.ROOT)}
    return worlds.change(view, B, places=places)


@pytest.mark.parametrize(
    "runbook", [Runbook.PLANNED_TAKEOVER, Runbook.GIVE_BACK, Runbook.DISASTER_FAILOVER], ids=lambda one: one.value
)
def test_a_takeover_is_warned_of_a_target_that_can_boot_nobody(runbook: Runbook):
    view = worlds.put(pair(), B, resource("spot_73", "spot", SPOT, Rstate="unavailable for use"))
    (found,) = findings(view, "usable.spot", runbook)
    assert (found.subject, found.severity) == (B, Severity.WARNS)
    assert found.evidence == ("spot_73: unavailable for use",)


def test_one_spot_that_can_be_used_is_enough():
    view = worlds.put(pair(), B, resource("spot_72", "spot", "/gone", Rstate="unavailable for use"))
    assert findings(view, "usable.spot") == []


def test_a_spot_whose_directory_nobody_looked_at_is_not_taken_for_usable():
    kept = {path: place for path, place in worlds.seen(pair(), B).places.items() if path != SPOT}
    (found,) = findings(worlds.change(pair(), B, places=kept), "usable.spot")
    assert found.evidence == ("spot_73: nobody could tell whether its content is there",)


def test_a_spot_that_is_a_file_is_none():
    (found,) = findings(at(pair(), SPOT, "file"), "usable.spot")
    assert found.evidence == (f"spot_73: ready for use, but there is no directory {SPOT}",)


def test_a_target_without_any_spot_is_named_where_the_source_has_one():
    (found,) = findings(worlds.drop(pair(), B, "spot_73"), "usable.spot")
    assert found.evidence == ("its database has no SPOT",)


def test_a_pair_that_never_had_a_spot_and_a_target_before_its_first_sync_are_passed_over():
    without = worlds.drop(worlds.drop(pair(), A, "spot_73"), B, "spot_73")
    assert findings(without, "usable.spot") == []
    assert findings(worlds.first_sync(), "usable.spot", Runbook.NIGHTLY_SYNC) == []


def test_a_dead_source_hides_no_unusable_spot():
    view = worlds.lose(worlds.put(pair(), B, resource("spot_73", "spot", "/gone")), A)
    assert [found.subject for found in findings(view, "usable.spot")] == [B]


def test_fewer_threads_than_the_source_has_are_named_with_both_numbers_and_the_clients():
    (found,) = findings(worlds.put(pair(), A, worlds.master_object(A, max_nimesis_threads="60")), "usable.threads")
    assert found.saw == "Its max_nimesis_threads is 20, that of nima is 60; after a takeover it serves 3 clients."
    assert found.remedy == "Run nim -o change -a max_nimesis_threads=60 master on it."


@pytest.mark.parametrize(("source", "target"), [("20", "150"), ("many", "20"), ("20", "20")])
def test_as_many_threads_or_a_number_that_nobody_knows_are_passed_over(source: str, target: str):
    view = worlds.put(pair(), A, worlds.master_object(A, max_nimesis_threads=source))
    assert findings(worlds.put(view, B, worlds.master_object(B, max_nimesis_threads=target)), "usable.threads") == []


def test_threads_that_are_not_set_are_no_default_of_ours():
    bare = worlds.master_object(B)
    bare = replace(bare, attributes=tuple(one for one in bare.attributes if one[0] != "max_nimesis_threads"))
    (found,) = findings(worlds.put(pair(), B, bare), "usable.threads")
    assert found.saw.startswith("Its max_nimesis_threads is not set, that of nima is 20;")


def test_a_password_file_on_the_target_is_enough_and_what_the_source_names_alone_is_not_asked():
    assert findings(at(worlds.put(pair(), B, HMC), FILE, "file"), "usable.console-access") == []
    assert findings(worlds.put(pair(), A, HMC), "usable.console-access") == []


@pytest.mark.parametrize("kind", ["absent", "directory"])
def test_a_password_file_that_is_not_there_is_named_with_its_object(kind: str):
    (found,) = findings(at(worlds.put(pair(), B, HMC), FILE, kind), "usable.console-access")
    assert (found.subject, found.evidence) == (B, (f"hmc1: there is no file {FILE}",))


def test_a_password_file_that_nobody_looked_for_is_not_taken_for_present():
    (found,) = findings(worlds.put(pair(), B, HMC), "usable.console-access")
    assert found.evidence == (f"hmc1: nobody could tell whether {FILE} is there",)
