"""Traits of clients that no master sees beforehand, dealt out by a seed."""

from __future__ import annotations

from collections import Counter

import pytest

from include.lab import LabError
from include.lab.traits import TRAITS

from .conftest import METHODS, ssh
from .test_takeover import TAKEOVER, own_words, rows

# what a first takeover makes of a client with that trait: the word in its row, and whom its own niminfo names then
OUTCOMES = {
    "plain": ("SUCCESS", "nimb"),
    "vios": ("SUCCESS", "nimb"),
    "off": ("FAILURE", "nima"),
    "late": ("FAILURE", "nima"),
    "list_missing": ("FAILURE", "nima"),
    "push_off": ("FAILURE", "nima"),
    "busy": ("SUCCESS", "nimb"),
    "secure": ("FAILURE", "nima"),
    "silent_success": ("SUCCESS", "nima"),
    "false_failure": ("FAILURE", "nimb"),
    "wrong_cpuid": ("FAILURE", "nima"),
}


@pytest.fixture
def pair(start):
    return start("synced_peer_kept", clients=40)


def test_a_deal_tells_the_truth_about_every_client(pair):
    truth = pair.draw_traits(2026, share=0.5)
    assert set(truth) == set(pair.state()["clients"])
    assert set(TRAITS) < set(truth.values())
    assert sum(trait in TRAITS for trait in truth.values()) == 20
    table = rows(pair.admin("nimb", *TAKEOVER)["stdout"])
    words = own_words(pair)
    assert {name: (table[name], words[name]) for name in truth} == {
        name: OUTCOMES[trait] for name, trait in truth.items()
    }


def test_the_same_seed_deals_the_same_and_another_seed_does_not(pair, start):
    assert pair.draw_traits(1, kinds=["off"]) == start("synced_peer_kept", clients=40).draw_traits(1, kinds=["off"])
    first = {name for name, trait in pair.draw_traits(1, kinds=["off"]).items() if trait == "off"}
    second = {name for name, trait in pair.draw_traits(2, kinds=["off"]).items() if trait == "off"}
    assert len(first) == len(second) == 12
    assert first != second


def test_kinds_come_up_equally_often(pair):
    truth = pair.draw_traits(5, share=0.75, kinds=["off", "secure", "silent_success"])
    assert Counter(trait for trait in truth.values() if trait in TRAITS) == {
        "off": 10,
        "secure": 10,
        "silent_success": 10,
    }


def test_a_trait_that_does_not_exist_is_named(pair):
    with pytest.raises(LabError, match="there is no trait 'lazy'; traits are: off, late"):
        pair.draw_traits(1, kinds=["lazy"])


def test_a_late_client_comes_up_when_the_takeover_has_ended_and_is_got_by_the_next(pair):
    pair.break_fault("client_late", client="aix02")
    assert pair.state()["clients"]["aix02"]["up"] is False
    assert rows(pair.admin("nimb", *TAKEOVER)["stdout"])["aix02"] == "FAILURE"
    pair.wait("heal:client_late")
    assert pair.state()["clients"]["aix02"]["up"] is True
    assert rows(pair.admin("nimb", *TAKEOVER)["stdout"])["aix02"] == "SUCCESS"


def test_one_of_several_clients_is_healed_by_its_name(pair):
    for name in ("aix02", "aix03"):
        pair.break_fault("client_down", client=name)
    assert pair.heal("client_down", client="aix02") == 1
    assert [name for name, client in pair.state()["clients"].items() if not client["up"]] == ["aix03"]


def test_a_client_that_is_off_refuses_ssh_too_and_boots_with_its_old_file(pair):
    before = pair.state()["clients"]["aix02"]["niminfo"]
    pair.break_fault("client_down", client="aix02")
    with pytest.raises(ConnectionRefusedError):
        ssh(pair, "aix02", "true")
    assert ssh(pair, "nima", "ping -c 1 -w 5 aix02").status == 1
    pair.heal()
    assert ssh(pair, "aix02", "lssrc -s nimsh").stdout.endswith("active\n")
    assert pair.state()["clients"]["aix02"]["niminfo"] == before
    assert ssh(pair, "nima", f"{METHODS}/c_rsh aix02 hostname").status == 0


def test_a_thousand_clients_get_their_traits_in_seconds(start):
    lab = start("synced_peer_kept", clients=1000)
    truth = lab.draw_traits(11)
    assert Counter(trait in TRAITS for trait in truth.values())[True] == 300
    states = lab.state()["clients"]
    assert {name for name, trait in truth.items() if trait in {"off", "late"}} == {
        name for name, client in states.items() if not client["up"]
    }
