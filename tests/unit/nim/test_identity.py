from __future__ import annotations

from dataclasses import replace

import pytest

from nim_operators.nim.facts import takes_for
from nim_operators.nim.identity import Identity, hosts_of_peer, identity_of
from nim_operators.nim.niminfo import Niminfo
from nim_operators.nim.objects import NimObject
from nim_operators.nim.snapshot import NameAnswer, OwnRecords, Snapshot


def master(name, *, hostname, machine_id="", interfaces=(), peers=(), names=(), master_hostname=None) -> Snapshot:
    """Return a snapshot of a master that knows only what its identity is made of."""
    attributes = tuple((f"if{n}", f"master_net {host} 0") for n, host in enumerate(interfaces, 1))
    objects = [NimObject("master", "machines", "master", attributes), *peers]
    return Snapshot(
        master=name,
        clock="2026-01-06T02:00:00Z",
        hostname=hostname,
        machine_id=machine_id,
        niminfo=Niminfo(configuration="master", master_hostname=master_hostname),
        nim_level=None,
        level=None,
        filesets={},
        subsystems=(),
        objects={found.name: found for found in objects},
        file_systems=(),
        places={},
        names=tuple(names),
        nfs_of_peer=None,
        processes=(),
        cron=(),
        clients=(),
        own=OwnRecords(),
    )


def alternate(name: str, hostname: str, cpuid: str | None = None) -> NimObject:
    known = (("if1", f"master_net {hostname} 0"), *((("cpuid", cpuid),) if cpuid else ()))
    return NimObject(name, "machines", "alternate_master", known)


A = master(
    "A",
    hostname="nima.example.com",
    machine_id="00F690DC4C00",
    interfaces=("nima.example.com", "nima-bk"),
    master_hostname="nima",
    peers=(alternate("b_object", "nimb"),),
    names=(
        NameAnswer("nima", ("nima.example.com", "nimserver"), ("10.1.1.1",)),
        NameAnswer("10.9.1.1", ("nima-mgmt.example.com",), ("10.9.1.1", "10.1.1.1")),
        NameAnswer("loopback", ("loopback", "localhost"), ("127.0.0.1",)),
        NameAnswer("nimb", ("nimb.example.com",), ("10.1.1.2", "127.0.0.1")),
        NameAnswer("gone", (), ()),
    ),
)
B = master("B", hostname="nimb", machine_id="00F690DC5D00", peers=(alternate("a_object", "nima", "00f690dc4c00"),))


def named_by(text: str, identities: list[Identity]) -> tuple[str, ...]:
    return tuple(identity.master for identity in identities if identity.is_named_by(text))


@pytest.mark.parametrize(
    "text",
    [
        "nima",
        "nima.example.com",
        "NIMA.EXAMPLE.COM",
        "nima-bk",
        "nima-bk.example.com",
        "a_object",
        "nimserver",
        "10.1.1.1",
        "10.9.1.1",
        "nima-mgmt",
        "00F690DC4C00",
        " nima ",
    ],
)
def test_a_master_is_named_by_everything_that_means_it(text):
    assert identity_of(A, B).is_named_by(text)
    assert not identity_of(B, A).is_named_by(text)


@pytest.mark.parametrize(
    "text", ["", "master", "localhost", "127.0.0.1", "gone", "nima.example.org", "00F690DC4C01", "nim"]
)
def test_what_every_host_calls_itself_and_what_others_are_called_names_nobody(text):
    assert named_by(text, [identity_of(A, B), identity_of(B, A)]) == ()


def test_the_object_in_the_peers_database_may_have_any_name():
    assert named_by("b_object", [identity_of(A, B), identity_of(B, A)]) == ("B",)


def test_a_master_whose_peer_was_not_observed_still_knows_itself():
    alone = identity_of(A)
    assert alone.is_named_by("nima")
    assert not alone.is_named_by("a_object")


def test_of_several_alternate_masters_only_the_one_that_fits_is_taken():
    peer = master("B", hostname="nimb", peers=(alternate("third", "nimc"), alternate("second", "nima")))
    assert identity_of(A, peer).is_named_by("second")
    assert not identity_of(A, peer).is_named_by("third")


def test_of_two_alternate_masters_that_fit_by_name_the_cpuid_decides():
    east, west = alternate("east", "nima.east.com"), alternate("west", "nima.west.com")
    short = master("A", hostname="nima", machine_id="00F690DC4C00")
    unclear = identity_of(short, master("B", hostname="nimb", peers=(east, west)))
    assert not unclear.is_named_by("east")
    assert not unclear.is_named_by("west")
    marked = alternate("west", "nima.west.com", "00F690DC4C00")
    clear = identity_of(short, master("B", hostname="nimb", peers=(east, marked)))
    assert (clear.is_named_by("east"), clear.is_named_by("west")) == (False, True)


def test_a_short_name_that_another_resolver_means_otherwise_does_not_join_two_hosts():
    one = master("A", hostname="nim.east.com", names=[NameAnswer("nim", ("nim.west.com",), ("10.2.1.1",))])
    assert not identity_of(one).is_named_by("10.2.1.1")
    assert not identity_of(one).is_named_by("nim.west.com")


def test_a_name_that_fits_both_masters_is_ambiguous():
    east, west = master("A", hostname="nim.east.com"), master("B", hostname="nim.west.com")
    pair = [identity_of(east, west), identity_of(west, east)]
    assert named_by("nim", pair) == ("A", "B")


def test_an_identity_is_a_value():
    assert identity_of(A, B) == identity_of(A, B)
    assert isinstance(hash(identity_of(A, B)), int)
    assert identity_of(A, B) != Identity("A", frozenset(), frozenset(), frozenset())


def test_hosts_that_share_a_short_name_are_told_apart_by_their_domains():
    east = master("A", hostname="nim", master_hostname="nim.east.com")
    west = master("B", hostname="nim", master_hostname="nim.west.com")
    pair = [identity_of(east, west), identity_of(west, east)]
    assert named_by("nim.east.com", pair) == ("A",)
    assert named_by("nim.north.com", pair) == ()
    assert named_by("nim", pair) == ("A", "B")
    own = replace(
        master("B", hostname="nim", peers=(alternate("east", "nim.east.com"),)),
        niminfo=Niminfo(master_hostname="nim.west.com", alternate_master="nim.east.com"),
        names=(NameAnswer("nim", ("nim.west.com", "nim"), ("10.2.1.1",)),),
    )
    assert (hosts_of_peer(own), takes_for(own, None)) == (("nim.east.com",), None)


def test_the_other_master_is_known_by_the_database_where_no_file_names_it():
    named = replace(A, niminfo=Niminfo(master_hostname="nima", alternate_master="nimb-adm nimb2"))
    assert hosts_of_peer(named) == ("nimb-adm", "nimb2")
    assert hosts_of_peer(A) == ("nimb",)
    assert hosts_of_peer(replace(A, niminfo=None)) == ("nimb",)
    third = replace(A, niminfo=None, objects={**A.objects, "old": alternate("old", "nimc")})
    assert hosts_of_peer(third) == ()
