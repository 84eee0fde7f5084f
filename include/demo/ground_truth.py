"""The lab's state and log, read into values the checker compares."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from getopt import GetoptError, gnu_getopt
from pathlib import Path
from typing import Any

Json = Mapping[str, Any]

BASE = "var/adm/nim_operators"
"""Where the product keeps its files on a master, below the root of the tree."""


def short(host: str) -> str:
    """Return a host name without its domain; the lab has only one."""
    return host.partition(".")[0]


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
        """Return the short host name of the first interface, empty if there is none."""
        words = self.value("if1").split()
        return short(words[1]) if len(words) > 1 else ""


@dataclass(frozen=True, slots=True)
class Master:
    """One master of the lab: host name, database, bytes of its resources, what runs and what is locked."""

    name: str
    host: str
    definitions: Mapping[str, Definition]
    digests: Mapping[str, str | None]
    niminfo: Mapping[str, str]
    active_nimesis: int
    locks: tuple[str, ...]

    @property
    def own_record(self) -> Definition | None:
        """Return the object of type master."""
        return next((one for one in self.definitions.values() if one.type == "master"), None)


@dataclass(frozen=True, slots=True)
class Estate:
    """Both masters at one moment, the source of the nightly sync first, and each client's own niminfo."""

    masters: tuple[Master, Master]
    clients: Mapping[str, Mapping[str, str]]

    def master(self, name: str) -> Master:
        """Return a master by name."""
        return next(master for master in self.masters if master.name == name)

    @property
    def owners(self) -> Mapping[str, str]:
        """Return the short name of the master that each client's own niminfo names, empty where it names none."""
        return {name: short(niminfo.get("NIM_MASTER_HOSTNAME", "")) for name, niminfo in self.clients.items()}

    def turned(self) -> Estate:
        """Return the same with the other master first: the direction is turned."""
        return Estate((self.masters[1], self.masters[0]), self.clients)


@dataclass(frozen=True, slots=True)
class Call:
    """One NIM command the lab ran: on which host, as typed, whether it changes anything, its exit status."""

    host: str
    argv: tuple[str, ...]
    text: str
    is_changing: bool
    exit: int | None

    @property
    def generic_text(self) -> str:
        """Return the command line, without the client's name where a client is asked to run something."""
        name, *words = self.argv
        return shlex.join([name, "CLIENT", *words[1:]]) if name == "c_rsh" else self.text

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


def calls(log: Sequence[Json]) -> list[Call]:
    """Return the NIM commands among the records of the lab's log."""
    return [
        Call(
            host=record["host"],
            argv=tuple(record["argv"]),
            text=record["text"],
            is_changing=record["changing"],
            exit=record.get("exit"),
        )
        for record in log
        if record["event"] == "call"
    ]


def estate(state: Json, trees: Mapping[str, Path]) -> Estate:
    """Read both masters out of the lab's state and, for locks, out of their file trees."""
    source, target = (_master(name, value, trees[name]) for name, value in state["masters"].items())
    clients = {name: value["niminfo"] for name, value in state["clients"].items()}
    return Estate((source, target), clients)


def _master(name: str, value: Json, tree: Path) -> Master:
    definitions = {
        key: Definition(key, one["class"], one["type"], tuple((word, text) for word, text in one["attrs"]))
        for key, one in value["objects"].items()
    }
    return Master(
        name=name,
        host=short(value["hostname"]),
        definitions=definitions,
        digests={key: one["digest"] for key, one in value["resources"].items()},
        niminfo=value["niminfo"],
        active_nimesis=sum(row["name"] == "nimesis" and row["status"] == "active" for row in value["subsystems"]),
        locks=tuple(f"/{place.relative_to(tree)}" for place in sorted((tree / BASE).glob("lock*"))),
    )
