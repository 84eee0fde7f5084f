"""What must be true of a SPOT and of an lpp_source before one is rebuilt from the other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nim_operators.nim.commands import CommandPaths
from nim_operators.nim.objects import NimObject
from nim_operators.nim.plan import NoPlan
from nim_operators.nim.snapshot import FileSystem, Place
from nim_operators.nim.spot import plan_rebuild

from .worlds import B, snapshot

DISK = FileSystem("/dev/nim", 10_000, 4_000, "/export/nim")
LEVEL = (("version", "7"), ("release", "3"), ("mod", "2"), ("oslevel_r", "7300-02"))
READY = (("Rstate", "ready for use"), ("alloc_count", "0"), ("server", "master"))


def spot(name, **other):
    attributes = {**dict(READY), **dict(LEVEL), "location": f"/export/nim/spot/{name}/usr", **other}
    return NimObject(name, "resources", "spot", tuple(attributes.items()))


def source(name, **other):
    attributes = {**dict(READY), "location": f"/export/nim/lpp/{name}", "simages": "yes", **other}
    return NimObject(name, "resources", "lpp_source", tuple(attributes.items()))


def nimb(*objects, kb=1_000):
    """A master with these objects and their directories, each of that size."""
    places = {one.location: Place(one.location, "directory", kb, DISK) for one in objects if one.location}
    return replace(snapshot(B), objects={one.name: one for one in objects}, places=places)


@pytest.mark.parametrize(
    ("objects", "asked", "sentence"),
    [
        ((spot("s", location="/usr"), source("l")), "", "The location of s is /usr, not <directory>/s/usr"),
        ((spot("s", location="/export/../s/usr"), source("l")), "", "The location of s is /export/../s/usr"),
        ((spot("s", server="web1"), source("l")), "", "s lies on web1, not on nimb"),
        ((spot("s", alloc_count="2"), source("l")), "", "s is allocated (alloc_count = 2)"),
        ((spot("s"), source("l"), source("m")), "", "Several fit; enter the lpp_source to build from: l, m."),
        ((spot("s"), source("l", Rstate="unavailable for use")), "l", "l has Rstate = unavailable for use, wanted is"),
        ((spot("s"), source("l", simages="no")), "", "l has simages = no, wanted is yes"),
        ((spot("s"), source("l", server="web1")), "l", "l has no directory /export/nim/lpp/l on nimb"),
        ((spot("s"),), "", "nimb has no lpp_source, so there is nothing to build from"),
        ((spot("s"), source("l"), source("s_rebuild")), "l", "s_rebuild on nimb is no SPOT but a lpp_source"),
        ((spot("s" * 33), source("l")), "", "is too long a name"),
    ],
)
def test_what_stands_in_the_way_is_said_in_a_sentence(objects, asked, sentence):
    with pytest.raises(NoPlan, match="Nothing was sent") as refused:
        plan_rebuild(nimb(*objects), objects[0].name, asked, 10)
    assert sentence in str(refused.value)


def test_room_is_wanted_for_one_more_with_its_margin():
    assert plan_rebuild(nimb(spot("s"), source("l"), kb=3_636), "s", "", 10)
    with pytest.raises(NoPlan, match="nimb:/export/nim has 4000 KiB free, 4001 KiB are needed"):
        plan_rebuild(nimb(spot("s"), source("l"), kb=3_637), "s", "", 10)


def lines(own):
    found = plan_rebuild(own, "s", "", 10).all_commands(own, CommandPaths(nim="nim"))
    return [command.line.removeprefix("nim -o ").replace(" -t spot -a server=master", "") for command in found]


MAKES = "-a location=/export/nim/spot -a source=l"


def test_the_old_one_goes_only_after_another_was_built_and_checked():
    exchange = ["remove s", f"define {MAKES} s", "check s", "remove s_rebuild"]
    assert lines(nimb(spot("s"), source("l"))) == [f"define {MAKES} s_rebuild", "check s_rebuild", *exchange]


def test_what_an_earlier_rebuild_left_is_removed_unless_it_is_the_last_one():
    both = nimb(spot("s"), spot("s_rebuild"), source("l"))
    assert lines(both)[:2] == ["remove s_rebuild", f"define {MAKES} s_rebuild"]
    last = nimb(spot("s_rebuild"), source("l"))
    assert lines(last) == ["check s_rebuild", f"define {MAKES} s", "check s", "remove s_rebuild"]
    half_built = nimb(spot("s", Rstate="unavailable for use"), spot("s_rebuild"), source("l"))
    assert lines(half_built) == ["check s_rebuild", "remove s", *lines(last)[1:]]
    both_bad = nimb(
        spot("s", Rstate="unavailable for use"), spot("s_rebuild", Rstate="unavailable for use"), source("l")
    )
    assert lines(both_bad) == lines(both)


def test_what_is_half_built_and_says_no_version_is_to_be_what_was_checked_beside_it():
    half_built = spot("s", Rstate="unavailable for use", version="", release="", mod="", oslevel_r="")
    assert plan_rebuild(nimb(half_built, spot("s_rebuild"), source("l")), "s", "", 10).level == (
        "version=7 release=3 mod=2 oslevel_r=7300-02"
    )
