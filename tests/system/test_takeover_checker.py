"""The demo's checker of takeovers, on estates written by hand: it must see what a bad takeover leaves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import pytest

from include.demo.ground_truth import Call, Definition, Estate, Master
from include.demo.takeover_checker import check_takeover, check_untouched

TAKEOVER = Call(
    host="nimb",
    argv=("nim", "-o", "takeover", "-a", "async=no", "nima"),
    text="nim -o takeover -a async=no nima",
    is_changing=True,
    exit=0,
)


def master(name: str, of: str) -> Master:
    """One master, whose database says that *of* controls the only client."""
    client = Definition("aix01", "machines", "standalone", (("if1", "net aix01 0"), ("current_master", of)))
    return Master(
        name=name,
        host=name,
        definitions={"aix01": client},
        digests={"spot73": "1111"},
        niminfo={"NIM_CONFIGURATION": "master"},
        active_nimesis=1,
        locks=(),
    )


def named(owner: str, *masters: Master) -> Estate:
    nima, nimb = masters or (master("nima", owner), master("nimb", owner))
    return Estate((nima, nimb), {"aix01": {"NIM_MASTER_HOSTNAME": f"{owner}.example.com"}})


BEFORE, AFTER = named("nima"), named("nimb")


def untrue(after: Estate, calls: Sequence[Call] = (TAKEOVER,), away: Collection[str] = ()) -> dict[str, str]:
    findings = check_takeover(BEFORE, after, calls, "nimb", away=away)
    return {finding.claim: finding.saw for finding in findings if not finding.holds}


def test_a_true_takeover_passes():
    assert untrue(AFTER) == {}


def test_a_client_that_stayed_is_named():
    stayed = replace(AFTER, clients=BEFORE.clients)

    assert untrue(stayed) == {"every client's own /etc/niminfo names nimb": "aix01 names nima"}


def test_a_database_that_was_not_told_is_named_unless_its_master_was_off():
    stale = named("nimb", master("nima", "nima"), master("nimb", "nimb"))

    assert untrue(stale) == {"the database of nima and of nimb says the same": "nima says nima of aix01"}
    assert untrue(stale, away={"nima"}) == {}


@pytest.mark.parametrize(
    ("calls", "saw"),
    [
        ((), "none"),
        (
            (TAKEOVER, replace(TAKEOVER, exit=1)),
            "'nim -o takeover -a async=no nima' on nimb ended 0; 'nim -o takeover -a async=no nima' on nimb ended 1",
        ),
        ((replace(TAKEOVER, host="nima"),), "'nim -o takeover -a async=no nima' on nima ended 0"),
    ],
)
def test_anything_but_one_takeover_that_ended_well_is_named(calls: Sequence[Call], saw: str):
    assert untrue(AFTER, calls) == {"exactly one nim -o takeover ran, on nimb, and ended well": saw}


@pytest.mark.parametrize(
    ("nimb", "claim", "saw"),
    [
        (
            replace(master("nimb", "nimb"), digests={}),
            "every resource on nimb has the bytes it had",
            "spot73 has other content",
        ),
        (
            replace(master("nimb", "nimb"), active_nimesis=0),
            "exactly one nimesis is active on nimb",
            "0 on nimb",
        ),
        (replace(master("nimb", "nimb"), locks=("/var/adm/x/lock",)), "no lock is left", "/var/adm/x/lock on nimb"),
    ],
)
def test_a_new_master_that_is_not_whole_is_named(nimb: Master, claim: str, saw: str):
    assert untrue(named("nimb", master("nima", "nimb"), nimb)) == {claim: saw}


def test_a_look_that_changed_something_is_named():
    look = replace(TAKEOVER, argv=("lsnim",), text="lsnim", is_changing=False)

    assert [one for one in check_untouched(AFTER, AFTER, (look,)) if not one.holds] == []
    assert [one.saw for one in check_untouched(BEFORE, AFTER, (TAKEOVER,)) if not one.holds] == [
        "'nim -o takeover -a async=no nima' on nimb",
        "aix01",
        "nima, nimb",
    ]
