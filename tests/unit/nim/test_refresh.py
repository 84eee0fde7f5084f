from __future__ import annotations

from dataclasses import replace

import pytest

from nim_operators.nim.pair import PairView
from nim_operators.nim.refresh import Renewal, choose
from nim_operators.nim.runbooks import Runbook
from nim_operators.nim.snapshot import Aside, FileSystem, OwnRecords
from tests.unit.nim.worlds import (
    EXPORT,
    LOCATIONS,
    A,
    B,
    armed,
    change,
    drop,
    pair,
    places,
    put,
    resource,
    say,
    seen,
    silence,
)

IMAGE = Renewal("lpar1_sysb", "/export/nim/mksysb/lpar1.sysb", "c0ffee")
SPOT = Renewal("spot_73", "/export/nim/spot/spot_73/usr", "beef")


def chosen(view: PairView, *names: str) -> list[str]:
    return [one.resource for one in choose(view, Runbook.NIGHTLY_SYNC, "run-1", dict.fromkeys(names, "c0ffee"))[0]]


def why(view: PairView, name: str = "lpar1_sysb") -> str:
    renewals, kept = choose(view, Runbook.NIGHTLY_SYNC, "run-1", {name: "c0ffee"})
    assert renewals == ()
    (one,) = kept
    return one.why


def image(**more: str):
    return resource("lpar1_sysb", "mksysb", IMAGE.location, **more)


def test_stale_content_of_a_healthy_pair_may_be_moved():
    stale = {"lpar1_sysb": "c0ffee", "spot_73": "beef"}
    assert choose(pair(), Runbook.NIGHTLY_SYNC, "run-1", stale) == ((IMAGE, SPOT), ())


@pytest.mark.parametrize("master", [A, B])
def test_what_is_allocated_in_either_database_stays(master):
    assert why(put(pair(), master, image(alloc_count="1"))) == f"on {master} it is allocated 1 times"


def test_what_is_defined_otherwise_on_the_target_stays():
    assert why(drop(pair(), B, "lpar1_sysb")) == "it is not defined at the same location on both masters"
    moved = resource("lpar1_sysb", "mksysb", "/export/nim/other")
    assert why(put(pair(), B, moved)) == "it is not defined at the same location on both masters"


def test_what_the_target_does_not_serve_itself_stays():
    assert why(put(pair(), B, image(server="nimstore"))) == "nimb does not serve it itself"


def test_what_is_not_ready_on_the_source_stays():
    assert why(put(pair(), A, image(Rstate="unavailable for use"))) == "on nima it is unavailable for use"


def test_a_mount_point_stays():
    own = FileSystem("/dev/fslv07", 50_000_000, 20_000_000, SPOT.location)
    at = {**places(), SPOT.location: replace(places()[SPOT.location], file_system=own)}
    assert why(change(pair(), B, places=at), "spot_73") == f"{SPOT.location} is a mount point; refresh it by hand"


def test_what_holds_a_mounted_file_system_stays():
    inside = FileSystem("/dev/fslv07", 50_000_000, 20_000_000, f"{SPOT.location}/lib")
    view = change(pair(), B, file_systems=(*seen(pair(), B).file_systems, inside))
    assert why(view, "spot_73") == f"a file system is mounted at {SPOT.location}/lib, inside of it"


@pytest.mark.parametrize("master", [A, B])
@pytest.mark.parametrize("location", ["/export/nim/spot/spot_73/image", "/export/nim/spot", "/export/nim/spot/spot_73"])
def test_what_lies_in_or_around_another_resource_stays(master, location):
    view = put(pair(), master, resource("other", "file_res", location))
    if master == A:
        view = put(view, B, resource("other", "file_res", location))
    assert why(view, "spot_73") == "its location and that of other lie one in the other"


def test_a_neighbour_whose_name_begins_alike_is_no_hindrance():
    for master in (A, B):
        view = put(pair(), master, resource("other", "mksysb", f"{IMAGE.location}.old"))
    assert chosen(drop(view, B, "other"), "lpar1_sysb") == ["lpar1_sysb"]


def test_a_location_that_no_script_can_handle_stays():
    odd = resource("lpar1_sysb", "mksysb", "/images")
    assert why(put(put(pair(), A, odd), B, odd)) == "/images is no plain path of at least two names"


def test_room_is_needed_for_all_that_is_copied_at_once():
    size = LOCATIONS["lpar1_sysb"][2] + LOCATIONS["spot_73"][2]
    tight = replace(EXPORT, free_kb=size)
    at = {path: replace(place, file_system=tight) for path, place in places().items()}
    view = change(pair(), B, places=at)
    assert chosen(view, "lpar1_sysb", "spot_73") == ["lpar1_sysb"]
    _, (kept,) = choose(view, Runbook.NIGHTLY_SYNC, "run-1", {"lpar1_sysb": "c0ffee", "spot_73": "beef"})
    assert str(kept) == (
        "spot_73 is stale and stays as it is: 3900000 KiB are free, 4290000 KiB are needed "
        "(10 percent margin included)."
    )


def test_what_would_be_copied_into_the_root_file_system_stays():
    root = FileSystem("/dev/hd4", 90_000_000, 50_000_000, "/")
    at = {path: replace(place, file_system=root) for path, place in places().items()}
    assert "/" in why(change(pair(), B, places=at))


def test_content_whose_copy_was_not_equal_is_not_tried_again_until_it_changes():
    tried = Aside("lpar1_sysb", IMAGE.location, "/export/nim/mksysb/.a", "c0ffee", "night/7", "2026-01-05", "refused")
    view = change(pair(), B, own=OwnRecords(direction=armed(), asides=(tried,)))
    assert why(view) == (
        "a copy of this very content was not equal in run night/7; "
        "to try again remove /var/adm/nim_operators/aside/lpar1_sysb on nimb"
    )
    other = change(pair(), B, own=OwnRecords(direction=armed(), asides=(replace(tried, content="older"),)))
    assert chosen(other, "lpar1_sysb") == ["lpar1_sysb"]


def test_nothing_is_moved_where_a_sync_would_not_be_allowed():
    view = say(pair(), *(silence(name) for name in ("lpar1", "lpar2", "vios1")))
    assert chosen(view, "lpar1_sysb") == []
