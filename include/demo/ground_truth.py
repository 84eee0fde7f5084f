"""The lab's state and log, read into values the checker compares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from getopt import GetoptError, gnu_getopt
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Definition:
    """One NIM object as a database holds it; attribute keys may repeat."""

    name: str
    object_class: str
    type: str
    attributes: tuple[tuple[str, str], ...]

    def value(self, key: str) -> str:
        """Return the first value of an attribute, empty if unset."""
        return next((value for name, value in self.attributes if name == key), "")

    @property
    def interface_host(self) -> str:
        """Return the host name of the first interface, empty if there is none."""
        words = self.value("if1").split()
        return words[1] if len(words) > 1 else ""


@dataclass(frozen=True, slots=True)
class Master:
    """One master of the lab: names, database, bytes of its resources, what runs and what is locked."""

    name: str
    names: frozenset[str]
    definitions: Mapping[str, Definition]
    digests: Mapping[str, str | None]
    active_nimesis: int
    locks: tuple[str, ...]

    @property
    def own_record(self) -> Definition | None:
        """Return the object of type master."""
        return next((one for one in self.definitions.values() if one.type == "master"), None)


@dataclass(frozen=True, slots=True)
class Estate:
    """Both masters at one moment, the source of the nightly sync first."""

    masters: tuple[Master, Master]

    def master(self, name: str) -> Master:
        """Return a master by name."""
        return next(master for master in self.masters if master.name == name)


@dataclass(frozen=True, slots=True)
class Call:
    """One NIM command the lab ran: on which host, as typed, whether it changes anything, its exit status."""

    host: str
    argv: tuple[str, ...]
    text: str
    is_changing: bool
    exit: int | None

    @property
    def operation(self) -> str:
        """Return the operation of a ``nim`` command line, empty for other commands."""
        if self.argv[0].rsplit("/", 1)[-1] != "nim":
            return ""
        try:
            options, _ = gnu_getopt(list(self.argv[1:]), "Fo:a:t:")
        except GetoptError:
            return ""
        return next((value for letter, value in options if letter == "-o"), "")


def calls_since(log: Sequence[Json], count: int) -> list[Call]:
    """Return the NIM commands among the records of the lab's log after the first *count*."""
    return [
        Call(
            host=record["host"],
            argv=tuple(record["argv"]),
            text=record["text"],
            is_changing=record["changing"],
            exit=record.get("exit"),
        )
        for record in log[count:]
        if record["event"] == "call"
    ]


def estate(state: Json) -> Estate:
    """Read both masters out of the lab's state."""
    source, target = (_master(name, state) for name in state["masters"])
    return Estate((source, target))


def _master(name: str, state: Json) -> Master:
    host = state["hosts"][name]
    definitions = [
        Definition(one["name"], one["class"], one["type"], tuple((key, value) for key, value in one["attrs"]))
        for one in host["objects"]
    ]
    return Master(
        name=name,
        names=frozenset(host["names"]),
        definitions={one.name: one for one in definitions},
        digests=host["digests"],
        active_nimesis=sum(row["name"] == "nimesis" and row["pid"] is not None for row in host["subsystems"]),
        locks=tuple(host["locks"]),
    )
