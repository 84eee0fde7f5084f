"""The lab as it was at one moment, by its own state: what the judge of the random walk compares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from include.lab.state import state_hash

CLIENTS = frozenset({"standalone", "diskless", "dataless", "vios"})

State = dict[str, Any]
Record = dict[str, Any]


def attribute(found: Record, key: str) -> str | None:
    """Return an attribute of an object."""
    return next((value for name, value in found["attrs"] if name == key), None)


@dataclass(frozen=True)
class Moment:
    """The lab at one moment: its state, the directions that are armed on the hosts, the newest record of its log."""

    state: State
    armed: dict[str, str]
    seq: int

    @property
    def digest(self) -> str:
        return f"{state_hash(self.state)} {sorted(self.armed.items())}"

    @property
    def masters(self) -> dict[str, State]:
        found: dict[str, State] = self.state["masters"]
        return found

    @property
    def boots(self) -> dict[str, tuple[bool, float]]:
        """Whether each master is up, and when it was booted."""
        return {host: (one["up"], one["boot_time"]) for host, one in self.masters.items()}

    def master_called(self, name: str | None) -> str | None:
        """Return the master that a host name means."""
        short = (name or "").split(".", 1)[0]
        return next((host for host, facts in self.masters.items() if short in {host, facts["hostname"]}), None)

    def named_by(self, client: str) -> str | None:
        """Return the master that the own niminfo names of the machine which a client object means."""
        machine = self._machine_of(client)
        return self.master_called(machine["current_master"]) if machine else None

    def listed_by(self, client: str) -> list[str | None]:
        """Return the masters that this machine lists, its current one first."""
        machine = self._machine_of(client)
        return [self.master_called(name) for name in machine["masters"]] if machine else []

    def _machine_of(self, client: str) -> State | None:
        """Return the machine that an object means, by the first database that can be read and defines it."""
        found = (master["objects"][client] for master in self.masters.values() if client in master["objects"])
        hosts = [words[1] for one in found if (words := (attribute(one, "if1") or "").split())[1:]]
        machines: Iterator[State] = iter(self.state["clients"].values())
        return next((one for one in machines if one["hostname"] in hosts), None)

    def usable_spots(self, host: str) -> set[str]:
        """Return the SPOTs of a master that NIM calls ready for use."""
        objects = self.masters[host]["objects"].items()
        return {name for name, one in objects if one["type"] == "spot" and attribute(one, "Rstate") == "ready for use"}

    def defined(self, host: str, types: frozenset[str] = CLIENTS) -> set[str]:
        """Return the names of a master's objects of some types."""
        return {name for name, found in self.masters[host]["objects"].items() if found["type"] in types}
