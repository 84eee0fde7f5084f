from __future__ import annotations

import pytest

from nim_operators.nim.drift import Kind, compare_definitions, compare_master, lost_routes
from nim_operators.nim.facts import facts_of
from nim_operators.nim.pair import PairView
from tests.unit.nim import worlds
from tests.unit.nim.worlds import HOST, A, B, alternate, client, master_object, network, obj, pair, resource


def differences(view: PairView) -> list[str]:
    side_of = facts_of(view).side_of
    return [str(found) for found in compare_definitions(worlds.seen(view, A), worlds.seen(view, B), side_of)]


def test_a_finished_sync_leaves_no_difference():
    assert differences(pair()) == []


def test_the_peer_records_may_be_there_or_not():
    assert differences(worlds.drop(pair(), B, A)) == []
    assert differences(worlds.drop(pair(), A, B)) == []
    assert differences(worlds.put(pair(), B, alternate(B))) == []


def test_a_record_of_a_third_master_is_an_object_like_any_other():
    third = alternate("nimc")
    assert differences(worlds.put(pair(), A, third)) == ["nimc (machines alternate_master) is only on the source"]


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("Cstate", "customization is being performed"),
        ("prev_state", "ready for a NIM operation"),
        ("Mstate", "not running"),
        ("Cstate_result", "success"),
        ("info", "Creating logical volume"),
        ("err_info", "0042-001 nim: x"),
        ("lock", "1234"),
        ("control", "master"),
        ("spot", "spot_73"),
        ("lpp_source", "lpp_73"),
        ("boot", "boot"),
    ],
)
def test_states_and_allocations_of_a_client_are_not_its_definition(attribute, value):
    assert differences(worlds.put(pair(), A, client("lpar1", **{attribute: value}))) == []


@pytest.mark.parametrize(
    ("attribute", "value"), [("Rstate", "unavailable for use"), ("alloc_count", "2"), ("simages", "yes")]
)
def test_states_of_a_resource_are_not_its_definition(attribute, value):
    _, location, _ = worlds.LOCATIONS["lpp_73"]
    changed = resource("lpp_73", "lpp_source", location, **{attribute: value})
    assert differences(worlds.put(pair(), A, changed)) == []


def test_a_dropped_resource_is_only_on_the_source():
    assert differences(worlds.drop(pair(), B, "spot_73")) == ["spot_73 (resources spot) is only on the source"]


def test_an_object_that_the_source_never_had_is_only_on_the_target():
    view = worlds.put(pair(), B, client("lpar9", HOST[B]))
    assert differences(view) == ["lpar9 (machines standalone) is only on the target"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            client("lpar1", comments="web"),
            "lpar1 (machines standalone) is defined differently: comments: not set / web",
        ),
        (
            resource("lpp_73", "lpp_source", "/elsewhere"),
            ("lpp_73 (resources lpp_source) is defined differently: location: /export/nim/lpp/lpp_73 / /elsewhere"),
        ),
        (
            resource("lpp_73", "lpp_source", "/export/nim/lpp/lpp_73", server="nimb"),
            "lpp_73 (resources lpp_source) is defined differently: server: master / nimb",
        ),
        (
            network(routing1="default 10.1.1.1"),
            ("master_net (networks ent) is defined differently: routing: default 10.1.1.254 / default 10.1.1.1"),
        ),
        (
            network(snm="255.255.0.0"),
            "master_net (networks ent) is defined differently: snm: 255.255.255.0 / 255.255.0.0",
        ),
    ],
)
def test_a_definition_that_differs_is_told_attribute_by_attribute(changed, told):
    assert differences(worlds.put(pair(), B, changed)) == [told]


def test_an_object_of_another_type_is_defined_differently():
    view = worlds.put(pair(), B, resource("lpp_73", "spot", "/export/nim/lpp/lpp_73"))
    assert differences(view) == ["lpp_73 (resources lpp_source) is defined differently: type: lpp_source / spot"]


def test_routes_may_be_numbered_anew():
    source = network(routing2="10.2.0.0 10.1.1.1 10.2.0.1")
    target = network(routing1="10.2.0.0 10.1.1.1 10.2.0.1", routing2="default 10.1.1.254")
    assert differences(worlds.put(worlds.put(pair(), A, source), B, target)) == []


DMZ = "dmz_net 10.1.1.241 10.2.0.1"


@pytest.mark.parametrize(
    ("target", "lost"),
    [
        (network(), (DMZ,)),
        (network(routing1=DMZ), ("default 10.1.1.254",)),
        (network(routing2="other_net 10.1.1.9 10.9.0.1"), ()),
        (network(snm="255.255.0.0"), ()),
    ],
)
def test_routes_that_are_all_a_network_lacks_can_be_put_back(target, lost):
    view = worlds.put(worlds.put(pair(), A, network(routing2=DMZ)), B, target)
    side_of = facts_of(view).side_of
    (found,) = compare_definitions(worlds.seen(view, A), worlds.seen(view, B), side_of)
    assert lost_routes(found) == lost


def test_repeated_attributes_are_compared_as_a_set_of_values():
    group = [("member", "lpar1"), ("member", "lpar2")]
    view = worlds.put(pair(), A, obj("group", "groups", "mac_group", *group))
    assert differences(worlds.put(view, B, obj("group", "groups", "mac_group", *reversed(group)))) == []


@pytest.mark.parametrize("current", [None, "nima", HOST[A]])
def test_a_current_master_that_is_silent_or_spelled_differently_is_no_difference(current):
    assert differences(worlds.put(pair(), B, client("lpar1", current))) == []


@pytest.mark.parametrize("current", [HOST[B], "nimc.example.com"])
def test_a_current_master_that_contradicts_is_a_difference(current):
    view = worlds.put(pair(), B, client("lpar1", current))
    assert differences(view) == [
        f"lpar1 (machines standalone) is defined differently: current_master: {HOST[A]} / {current}"
    ]


def test_a_difference_is_plain_json():
    view = worlds.put(pair(), B, client("lpar1", comments="web"))
    side_of = facts_of(view).side_of
    found = compare_definitions(worlds.seen(view, A), worlds.seen(view, B), side_of)
    assert [one.kind for one in found] == [Kind.DIFFERENT]
    assert found[0].to_json() == {
        "name": "lpar1",
        "what": "machines standalone",
        "kind": "defined differently",
        "attributes": {"comments": [[], ["web"]]},
    }


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return [str(found) for found in compare_master(master_object(B, **before), master_object(B, **after))]


def test_a_master_record_that_came_back_whole_is_not_changed():
    assert changed({}, {}) == []
    assert changed({"serves": "boot"}, {"serves": "spot_73"}) == []
    assert changed({"Mstate": "currently running"}, {"Mstate": "not running"}) == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"max_nimesis_threads": "60"}, {}, "max_nimesis_threads: 60 / 20"),
        ({"comments": "site 2"}, {}, "comments: site 2 / not set"),
        ({}, {"comments": "of the source"}, "comments: not set / of the source"),
        ({"master_port": "2058"}, {}, "master_port: 2058 / 1058"),
        ({"if2": "net2 b2.example.com 0 ent1"}, {}, "if2: net2 b2.example.com 0 ent1 / not set"),
        (
            {"if1": "n1 nimb 00145EB74C7E ent2"},
            {"if1": "n1 nimb 0 ent2"},
            "if1: n1 nimb 00145EB74C7E ent2 / n1 nimb 0 ent2",
        ),
        (
            {"if1": "n1 nimb 00145EB74C7E ent2"},
            {"if1": "n1 nimb 00145EB74C7E"},
            "if1: n1 nimb 00145EB74C7E ent2 / n1 nimb 00145EB74C7E",
        ),
        ({"if1": "n1 nimb 0"}, {"if1": "n1 nima 0"}, "if1: n1 nimb 0 / n1 nima 0"),
    ],
)
def test_what_a_sync_took_from_the_targets_master_record_is_told(before, after, told):
    assert changed(before, after) == [told]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("net_b nimb 00145EB74C7E ent2", "master_net nimb 00145EB74C7E ent2"),
        ("net_b nimb 0", "net_b nimb 00145EB74C7E ent2"),
    ],
)
def test_an_interface_may_come_back_on_another_network_and_better_known(before, after):
    assert changed({"if1": before}, {"if1": after}) == []
