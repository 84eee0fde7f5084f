"""The demo's checker, on estates written by hand: it must see what a bad sync leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from include.demo.checker import check_nightly_sync
from include.demo.fault_table import promised
from include.demo.ground_truth import Call, Definition, Estate, Master
from include.demo.judgement import Exit, Finding, judge

SYNC = Call(
    host="nima",
    argv=("nim", "-Fo", "sync", "-a", "replicate=yes", "nimb"),
    text="nim -Fo sync -a replicate=yes nimb",
    is_changing=True,
    exit=0,
)


def definition(name: str, object_class: str, kind: str, **attributes: str) -> Definition:
    return Definition(name, object_class, kind, tuple(attributes.items()))


CLIENT = definition(
    "aix01", "machines", "standalone", if1="net aix01 0", current_master="nima", Cstate="ready", spot="spot73"
)
SPOT = definition("spot73", "resources", "spot", location="/export/nim/spot73", server="master", Rstate="ready for use")


OWNED = {"aix01": {"NIM_MASTER_HOSTNAME": "nima"}}


def nima(**changes: object) -> Master:
    master = Master(
        name="nima",
        host="nima",
        definitions=by_name(
            definition("master", "machines", "master", if1="net nima.example.com 0", platform="chrp"),
            definition("nimb", "machines", "alternate_master", if1="net nimb 0"),
            CLIENT,
            SPOT,
        ),
        digests={"spot73": "1111"},
        niminfo={"NIM_CONFIGURATION": "master"},
        active_nimesis=1,
        locks=(),
    )
    return replace(master, **changes)


def nimb(**changes: object) -> Master:
    master = Master(
        name="nimb",
        host="nimb",
        definitions=by_name(
            definition("master", "machines", "master", if1="net nimb 0", platform="chrp"),
            definition("nima", "machines", "alternate_master", if1="net nima.example.com 0"),
            # a sync resets states and allocations on the target
            definition("aix01", "machines", "standalone", if1="net aix01 0", current_master="nima"),
            SPOT,
        ),
        digests={"spot73": "1111"},
        niminfo={"NIM_CONFIGURATION": "master"},
        active_nimesis=1,
        locks=(),
    )
    return replace(master, **changes)


def by_name(*definitions: Definition) -> Mapping[str, Definition]:
    return {one.name: one for one in definitions}


def untrue(
    source: Master,
    target: Master,
    calls: Sequence[Call] = (SYNC,),
    clients: Mapping[str, Mapping[str, str]] = OWNED,
) -> dict[str, str]:
    before = Estate((nima(), nimb()), OWNED)
    findings = check_nightly_sync(before, Estate((source, target), clients), calls)
    return {finding.claim: finding.saw for finding in findings if not finding.holds}


def without(master: Master, name: str) -> Mapping[str, Definition]:
    return {key: one for key, one in master.definitions.items() if key != name}


def with_one(master: Master, one: Definition) -> Mapping[str, Definition]:
    return {**master.definitions, one.name: one}


def test_a_true_copy_passes_although_states_and_allocations_were_reset():
    assert untrue(nima(), nimb()) == {}


@pytest.mark.parametrize(
    ("target", "claim", "saw"),
    [
        (
            nimb(definitions=without(nimb(), "spot73")),
            "every definition of the source is on the target, identical",
            "spot73 is missing on nimb",
        ),
        (
            nimb(
                definitions=with_one(
                    nimb(),
                    definition("aix01", "machines", "standalone", if1="net aix02 0", current_master="nima"),
                )
            ),
            "every definition of the source is on the target, identical",
            "aix01 differs in if1",
        ),
        (
            nimb(definitions=with_one(nimb(), definition("old", "machines", "standalone"))),
            "the target has no definition of its own",
            "old is on nimb only",
        ),
        (
            nimb(digests={"spot73": "2222"}),
            "every resource has the same bytes on both",
            "spot73 has other content on nimb",
        ),
        (nimb(digests={}), "every resource has the same bytes on both", "spot73 has no content on nimb"),
        (
            nimb(definitions=without(nimb(), "nima")),
            "each master has the other as its only alternate_master",
            "nimb has as alternate_master nobody, not nima",
        ),
        (
            nimb(
                definitions=with_one(nimb(), definition("master", "machines", "master", if1="net nima.example.com 0"))
            ),
            "each master object is its own and as before",
            "the master object of nimb names nima",
        ),
        (
            nimb(niminfo={"NIM_CONFIGURATION": "standalone"}),
            "/etc/niminfo of each master is as before",
            "NIM_CONFIGURATION on nimb",
        ),
        (nimb(active_nimesis=2), "exactly one nimesis is active on each master", "2 on nimb"),
        (nimb(locks=("/var/adm/x/lock",)), "no lock is left", "/var/adm/x/lock on nimb"),
    ],
)
def test_a_target_that_is_not_a_copy_is_named(target: Master, claim: str, saw: str):
    assert untrue(nima(), target) == {claim: saw}


def test_a_resource_that_is_not_ready_is_named():
    broken = replace(SPOT, attributes=tuple({**dict(SPOT.attributes), "Rstate": "busy"}.items()))

    assert untrue(nima(), nimb(definitions=with_one(nimb(), broken))) == {
        "every resource on the target is ready for use": "spot73 is 'busy'"
    }


def test_a_source_that_changed_is_named():
    assert untrue(nima(digests={"spot73": "3333"}), nimb(digests={"spot73": "3333"})) == {
        "the source is as it was": "resources on nima changed"
    }


def test_a_client_that_was_pushed_to_is_named():
    assert untrue(nima(), nimb(), clients={"aix01": {"NIM_MASTER_HOSTNAME": "nimb"}}) == {
        "no client was touched": "aix01 has another niminfo"
    }


@pytest.mark.parametrize("calls", [(), (SYNC, SYNC), (replace(SYNC, host="nimb"),), (replace(SYNC, exit=1),)])
def test_anything_but_one_sync_that_ended_well_is_named(calls: Sequence[Call]):
    assert list(untrue(nima(), nimb(), calls)) == ["exactly one nim -o sync ran, on the source, and ended well"]


@pytest.mark.parametrize(
    "argv",
    [
        ("nim", "-o", "sync", "nimb"),
        ("/usr/sbin/nim", "-F", "-osync", "nimb"),
        ("nim", "-a", "replicate=yes", "-Fo", "sync", "nimb"),
    ],
)
def test_a_sync_is_recognised_however_its_flags_are_joined(argv: tuple[str, ...]):
    assert replace(SYNC, argv=argv).operation == "sync"


def test_a_lookup_of_the_word_sync_is_no_sync():
    assert replace(SYNC, argv=("lsnim", "-q", "sync", "nimb")).operation == ""


RESTORE = replace(SYNC, host="nimb", argv=("m_restore_db", "/var/x.backup"), text="m_restore_db /var/x.backup")
BACKUP = replace(RESTORE, argv=("m_backup_db", "/var/x.backup"), text="m_backup_db /var/x.backup")


@pytest.mark.parametrize(
    ("outcome", "calls"),
    [("refused", (BACKUP,)), ("untouched", (BACKUP, replace(SYNC, exit=1))), ("put back", (SYNC, RESTORE))],
)
def test_a_pair_that_is_as_before_is_what_was_promised(outcome: str, calls: Sequence[Call]):
    before = Estate((nima(), nimb()), OWNED)

    assert [one for one in check_nightly_sync(before, before, calls, outcome) if not one.holds] == []


@pytest.mark.parametrize(
    ("outcome", "target", "calls", "saw"),
    [
        ("refused", nimb(), (SYNC,), "'nim -Fo sync -a replicate=yes nimb' on nima"),
        ("refused", nimb(definitions=without(nimb(), "aix01")), (), "aix01 is gone on nimb"),
        ("refused", nimb(locks=("/var/adm/x/lock",)), (), "/var/adm/x/lock on nimb"),
        ("untouched", nimb(), (), "none"),
        ("put back", nimb(), (SYNC, replace(RESTORE, exit=1)), "'m_restore_db /var/x.backup' ended 1"),
        ("put back", nimb(active_nimesis=0), (SYNC, RESTORE), "0 on nimb"),
    ],
)
def test_a_pair_that_is_not_what_was_promised_is_named(outcome: str, target: Master, calls: Sequence[Call], saw: str):
    before, after = Estate((nima(), nimb()), OWNED), Estate((nima(), target), OWNED)

    assert [one.saw for one in check_nightly_sync(before, after, calls, outcome) if not one.holds] == [saw]


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("nimesis_down", "refused"),
        ("sync_fails phase=3", "untouched"),
        ("sync_fails phase=11", "put back"),
        ("client_down client=aix02", "done"),
        ("banner_noise host=nimb", "done"),
        ("host_down", "refused"),
        ("sync_hangs phase=4", ""),
        ("sync_fails", ""),
    ],
)
def test_the_fault_table_is_asked_what_it_promises(fault: str, outcome: str):
    assert promised(fault) == outcome


TRUE = [Finding("no lock is left", holds=True)]
FALSE = [Finding("no lock is left", holds=False, saw="/var/adm/x/lock on nimb")]


@pytest.mark.parametrize(
    ("ended", "findings", "fault", "promise", "expected"),
    [
        (("success", "done"), TRUE, None, "", Exit.DONE),
        (("success", "done"), FALSE, None, "", Exit.FALSE_GREEN),
        (("success", "done"), FALSE, "link_lost", "", Exit.FALSE_GREEN),
        (("success", "done"), TRUE, "link_lost", "", Exit.WITHSTOOD),
        (("success", "done"), TRUE, "link_lost", "done", Exit.WITHSTOOD),
        (("success", "done"), TRUE, "link_lost", "refused", Exit.BROKEN_PROMISE),
        (("success", "refused"), TRUE, None, "", Exit.NOT_DONE),
        (("success", ""), TRUE, None, "", Exit.NOT_DONE),
        (("failed", "failed"), FALSE, "link_lost", "", Exit.NOT_DONE),
        (("failed", "refused"), TRUE, "link_lost", "refused", Exit.AS_PROMISED),
        (("failed", "refused"), FALSE, "link_lost", "refused", Exit.BROKEN_PROMISE),
        (("failed", "refused"), TRUE, "link_lost", "done", Exit.BROKEN_PROMISE),
    ],
)
def test_only_a_run_that_is_done_and_true_without_a_fault_ends_with_zero(
    ended: tuple[str, str], findings: Sequence[Finding], fault: str | None, promise: str, expected: Exit
):
    exit_code, sentence = judge(*ended, findings, fault, promise)

    assert exit_code is expected
    assert (fault or "") in sentence
