"""A simulated pair for each state that a pair can be in, brought about by what brings it about in real life."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.lab.life import Pair
from tests.lab.mishaps import CLIENTS

Makes = Callable[[Pair], None]


def _faults(*faults: tuple[str, dict[str, str]]) -> Makes:
    def make(pair: Pair) -> None:
        for fault, arguments in faults:
            pair.break_fault(fault, arguments)

    return make


def _take_over(pair: Pair, host: str, peer: str) -> None:
    pair.by_hand(host, "nim", "-o", "takeover", "-a", "async=no", peer)


def _taken_over_unheard(pair: Pair) -> None:
    """The alternate took over while the active master was cut off, which came back and was never told."""
    pair.break_fault("partition", {"host": "nima"})
    _take_over(pair, "nimb", "nima")
    pair.lab.heal()


def _split(pair: Pair) -> None:
    _taken_over_unheard(pair)
    pair.break_fault("client_down", {"client": "aix02"})
    _take_over(pair, "nima", "nimb")
    pair.lab.heal()


def _not_armed(pair: Pair) -> None:
    """A client that is away is given to one master by one database, and to the other by the other."""
    _split(pair)
    _take_over(pair, "nimb", "nima")
    pair.break_fault("client_down", {"client": "aix02"})
    _take_over(pair, "nima", "nimb")


def _strangers(pair: Pair) -> None:
    for host, peer in (("nima", "nimb"), ("nimb", "nima")):
        pair.by_hand(host, "nim", "-o", "remove", peer)


def _held_in_a_sync(pair: Pair) -> None:
    pair.hold("sync:7")
    run = pair.begin("nim_nightly_sync", {})
    while not run.is_waiting:
        pair.step(run)
    pair.open.remove(run)


def _died_in_a_sync(pair: Pair) -> None:
    _held_in_a_sync(pair)
    pair.break_fault("reboot", {"host": "nima"})
    pair.release()


def die_in_a_takeover(pair: Pair) -> None:
    pair.hold("takeover:client=aix02")
    form = {"reason": "maintenance", "change_ticket": "CHG1", "final_sync": False}
    run = pair.begin("nim_planned_takeover", form)
    while not run.is_waiting:
        pair.step(run)
    pair.open.remove(run)
    pair.break_fault("reboot", {"host": "nimb"})
    pair.release()


def _reversed(pair: Pair) -> None:
    """Another Airflow has armed the other direction, and nobody can be asked whose clients they are."""
    _take_over(pair, "nimb", "nima")
    pair.finish(pair.begin("nim_setup", {"source": "nimb"}))
    (pair.process.installation.evidence / "lab" / "direction.json").unlink()
    for client in CLIENTS:
        pair.break_fault("client_down", {"client": client})


def _nimesis_down(host: str) -> Makes:
    return lambda pair: pair.by_hand(host, "stopsrc", "-s", "nimesis")


WORLDS: Mapping[str, tuple[str, Makes]] = {
    "all is well": ("synced_peer_kept", lambda pair: None),
    "never synchronised": ("fresh", lambda pair: None),
    "nimb is off": ("synced_peer_kept", _faults(("host_down", {"host": "nimb"}))),
    "nima refuses SSH": ("synced_peer_kept", _faults(("ssh_refused", {"host": "nima"}))),
    "nima lets nobody's command begin": ("synced_peer_kept", _faults(("shell_hangs", {"host": "nima"}))),
    "nima is off": ("synced_peer_kept", _faults(("host_down", {"host": "nima"}))),
    "both are off": ("synced_peer_kept", _faults(("host_down", {"host": "nima"}), ("host_down", {"host": "nimb"}))),
    "nimesis of nima is down": ("synced_peer_kept", _nimesis_down("nima")),
    "/ of nima is full": ("synced_peer_kept", _faults(("root_full", {"host": "nima"}))),
    "/var of nima is full": ("synced_peer_kept", _faults(("fs_full", {"host": "nima", "fs": "/var"}))),
    "the database of nima is damaged": ("synced_peer_kept", _faults(("database_broken", {"host": "nima"}))),
    "nimesis of nimb is down": ("synced_peer_kept", _nimesis_down("nimb")),
    "a sync is running": ("fresh", _held_in_a_sync),
    "nima rebooted in a sync": ("fresh", _died_in_a_sync),
    "nimb rebooted in a takeover": ("synced_peer_kept", die_in_a_takeover),
    "neither knows the other": ("synced_peer_kept", _strangers),
    "each has some clients": ("synced_peer_kept", _split),
    "nima was never told of the takeover": ("synced_peer_kept", _taken_over_unheard),
    "nimb has all clients": ("synced_peer_kept", lambda pair: _take_over(pair, "nimb", "nima")),
    "the direction is armed the other way and all clients are off": ("synced_peer_kept", _reversed),
    "all clients are off": (
        "synced_peer_kept",
        _faults(*(("client_down", {"client": client}) for client in CLIENTS)),
    ),
    "the databases disagree on a client that is off": ("synced_peer_kept", _not_armed),
}
"""What happened, the world in which it did, and how."""

FIRST: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "nim_nightly_sync": ("observe", {}),
    "nim_setup": ("observe", {"source": "nima"}),
    "nim_planned_takeover": ("plan", {"reason": "maintenance", "change_ticket": "CHG1", "rehearsal": True}),
    "nim_give_back": ("plan", {"reason": "maintenance", "change_ticket": "CHG1", "rehearsal": True}),
    "nim_disaster_failover": ("plan", {"reason": "nima is lost", "rehearsal": True}),
    "nim_reprotect": ("plan", {"reason": "nima is back", "rehearsal": True}),
    "nim_reattach": ("plan", {"reason": "clients were off"}),
    "nim_rebuild_spot": ("plan", {"spot": "spot_7300_02", "reason": "its boot kernel is gone", "rehearsal": True}),
    "nim_repair_client": ("plan", {"client": "aix02", "reason": "0042-372 in the last drill", "rehearsal": True}),
    "nim_reset_clients": ("plan", {"reason": "nimb is new", "rehearsal": True}),
}
"""Every runbook that a person triggers: the task that decides, and what is filled into its form."""
