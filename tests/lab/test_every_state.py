"""Every state that a pair can be diagnosed with is reached on simulated hosts, by what brings it about in real life."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from nim_operators.nim.diagnosis import State
from tests.lab.life import Pair, Tally
from tests.lab.mishaps import CLIENTS
from tests.lab.verdict_worlds import die_in_a_takeover

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.usefixtures("metadata_database")]


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def pair(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tally: Tally) -> Iterator[Pair]:
    with closing(Pair(request.param, monkeypatch, tally)) as opened:
        yield opened


def seen(pair: Pair, runbook: str = "nim_nightly_sync", **params: str) -> State:
    """The state that a new run calls the pair; it goes no further."""
    run = pair.begin(runbook, params)
    pair.step(run)
    pair.open.remove(run)
    (record,) = run.finished().records("assessment")
    return State(record["diagnosis"]["state"])


def take_over(pair: Pair, host: str, peer: str) -> None:
    pair.by_hand(host, "nim", "-o", "takeover", "-a", "async=no", peer)


@pytest.mark.parametrize("pair", ["synced_peer_kept"], indirect=True)
def test_every_state_of_a_pair_in_use_is_reached(pair: Pair) -> None:
    lab = pair.lab
    reached = [seen(pair)]
    pair.break_fault("host_down", {"host": "nimb"})
    reached.append(seen(pair))
    lab.heal()
    pair.break_fault("ssh_refused", {"host": "nima"})
    reached.append(seen(pair))
    lab.heal()
    pair.break_fault("host_down", {"host": "nima"})
    reached.append(seen(pair))
    pair.break_fault("host_down", {"host": "nimb"})
    reached.append(seen(pair))
    lab.heal()
    for host in ("nima", "nimb"):
        pair.by_hand(host, "stopsrc", "-s", "nimesis")
        reached.append(seen(pair))
        pair.by_hand(host, "startsrc", "-s", "nimesis")
    for client in CLIENTS:
        pair.break_fault("client_down", {"client": client})
    reached.append(seen(pair))
    lab.heal()
    pair.finish(pair.begin("nim_setup", {"source": "nima"}))
    for client in CLIENTS:
        pair.break_fault("client_down", {"client": client})
    reached.append(seen(pair, "nim_setup", source="nimb"))
    assert reached == [
        State.HEALTHY,
        State.STANDBY_DOWN,
        State.ACTIVE_UNREACHABLE_UNCONFIRMED,
        State.ACTIVE_DEAD,
        State.BOTH_UNREACHABLE,
        State.ACTIVE_NOT_SERVING,
        State.UNUSABLE_ALTERNATE,
        State.OWNERSHIP_UNKNOWN,
        State.ROLES_REVERSED,
    ]


@pytest.mark.parametrize("pair", ["synced_peer_kept"], indirect=True)
def test_every_state_of_a_pair_whose_clients_move_is_reached(pair: Pair) -> None:
    lab = pair.lab
    pair.break_fault("partition", {"host": "nima"})
    take_over(pair, "nimb", "nima")
    lab.heal()
    reached = [seen(pair)]
    pair.break_fault("client_down", {"client": "aix02"})
    take_over(pair, "nima", "nimb")
    lab.heal()
    reached.append(seen(pair))
    take_over(pair, "nimb", "nima")
    reached.append(seen(pair))
    pair.break_fault("client_down", {"client": "aix02"})
    take_over(pair, "nima", "nimb")
    reached.append(seen(pair))
    lab.heal()
    take_over(pair, "nima", "nimb")
    pair.by_hand("nima", "nim", "-o", "remove", "nimb")
    pair.by_hand("nimb", "nim", "-o", "remove", "nima")
    reached.append(seen(pair))
    assert reached == [
        State.RETURNED_STALE,
        State.SPLIT,
        State.TAKEN_OVER,
        State.NOT_ARMED,
        State.NOT_A_PAIR,
    ]


@pytest.mark.parametrize("pair", ["fresh"], indirect=True)
def test_every_state_around_a_sync_is_reached(pair: Pair) -> None:
    reached = [seen(pair)]
    pair.hold("sync:7")
    run = pair.begin("nim_nightly_sync", {})
    while not run.is_waiting:
        pair.step(run)
    reached.append(seen(pair))
    pair.break_fault("reboot", {"host": "nima"})
    pair.release()
    reached.append(seen(pair))
    assert reached == [State.FIRST_SYNC, State.STANDBY_SYNCING, State.INTERRUPTED_SYNC]


@pytest.mark.parametrize("pair", ["synced_peer_kept"], indirect=True)
def test_a_takeover_of_which_nobody_knows_the_end_is_a_state(pair: Pair) -> None:
    die_in_a_takeover(pair)
    assert seen(pair) is State.INTERRUPTED_TAKEOVER


def test_no_state_is_forgotten_here() -> None:
    """A new state needs a line above."""
    named = {
        State.HEALTHY, State.STANDBY_DOWN, State.ACTIVE_UNREACHABLE_UNCONFIRMED, State.BOTH_UNREACHABLE,
        State.ACTIVE_NOT_SERVING, State.UNUSABLE_ALTERNATE, State.OWNERSHIP_UNKNOWN, State.SPLIT,
        State.ROLES_REVERSED, State.NOT_ARMED, State.NOT_A_PAIR, State.FIRST_SYNC, State.STANDBY_SYNCING,
        State.INTERRUPTED_SYNC, State.INTERRUPTED_TAKEOVER, State.RETURNED_STALE, State.TAKEN_OVER, State.ACTIVE_DEAD,
    }  # fmt: skip
    assert named == set(State)
