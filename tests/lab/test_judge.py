"""The judge of the random walk sees each of four defects, in the shortest story that lets it show.

That the walk itself comes upon three of them is part of ``make sweep``: it takes hundreds of steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.lab.defects import (
    a_sync_is_forced_over_whatever_is_there,
    nobody_asks_the_clients,
    the_last_spot_is_built_anew,
    the_lock_is_ignored,
)
from tests.lab.judge import Violation
from tests.lab.life import Pair, Tally
from tests.lab.mishaps import SPOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.usefixtures("metadata_database")]


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    with closing(Pair("synced_peer_kept", monkeypatch, Tally())) as opened:
        opened.finish(opened.begin("nim_setup", {"source": "nima"}))
        opened.define("nima")
        yield opened


def test_a_sync_onto_the_master_of_the_clients_is_seen(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody_asks_the_clients(monkeypatch)
    pair.by_hand("nimb", "nim", "-o", "takeover", "-a", "async=no", "nima")
    with pytest.raises(Violation, match=r"S1: 'nim -F -o sync .* named nimb"):
        pair.finish(pair.begin("nim_nightly_sync", {}))


def test_a_sync_over_what_only_the_target_has_is_seen(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    a_sync_is_forced_over_whatever_is_there(monkeypatch)
    pair.tally.steps["before"] += 1
    pair.define("nimb", "ent")
    with pytest.raises(Violation, match=r"S1: 'nim -F -o sync .* over new\d+, which only nimb had"):
        pair.finish(pair.begin("nim_nightly_sync", {}))


def test_two_runs_at_work_at_once_are_seen(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    the_lock_is_ignored(monkeypatch)
    pair.hold("sync:7")
    one, other = (pair.begin("nim_nightly_sync", {}) for _ in range(2))
    pair.step(one)
    pair.step(other)
    while not one.is_waiting:
        pair.step(one)
    with pytest.raises(Violation, match=r"S7: 'm_backup_db .* during 'nim -F -o sync"):
        pair.finish(other)


@pytest.mark.sweep
def test_the_removal_of_the_last_spot_that_can_be_used_is_seen(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    the_last_spot_is_built_anew(monkeypatch)
    form = {"spot": SPOT, "reason": "its boot kernel is gone"}
    pair.break_fault("host_dies_at", {"host": "nima", "point": f"spot:{SPOT}=*"})
    pair.finish(pair.begin("nim_rebuild_spot", form))
    pair.heal()
    again = {**form, "override": "nima has died in it", "break_lock_of": pair.holder()}
    with pytest.raises(Violation, match=f"SPOT: 'nim -o remove {SPOT}_rebuild' removed the last one of nima"):
        pair.finish(pair.begin("nim_rebuild_spot", again))
