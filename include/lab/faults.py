"""Faults that can be switched on and off while the lab runs (nim.md section 9 and 11.7)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.lab.estate import Estate


@dataclass(frozen=True)
class ActiveFault:
    """A fault in force: on one host, or on every host it applies to when `host` is None."""

    id: str
    host: str | None
    args: dict[str, str] = field(default_factory=dict)

    def number(self, name: str, default: int = 0) -> int:
        """Return a numeric argument."""
        return int(self.args.get(name, default))


class UnknownFaultError(ValueError):
    """A fault, host or argument that does not exist; the message lists what does."""


CONTROLLER = "controller"
"""What a link leads to when it is the way by SSH."""

_WHOLE = r"[1-9]\d*"
_SHAPES: Mapping[str, tuple[str, str]] = {
    "phase": (r"[1-9]|1[0-3]", "a phase of a sync, 1 to 13"),
    "nth": (_WHOLE, "a whole number from 1 on"),
    "count": (_WHOLE, "a whole number from 1 on"),
    "bytes": (_WHOLE, "a whole number from 1 on"),
    "seconds": (r"\d+(\.\d+)?|\.\d+", "a number of seconds, such as 0.3"),
    "at": (r"before|start|output|end", "before, start, output or end"),
    "silent": (r"yes|no", "yes or no"),
    "fs": (r"/.*", "a mount point, such as /export/nim"),
}
"""What the value of an argument looks like, for those that are not names."""


@dataclass(frozen=True)
class Fault:
    """Definition of a fault; `default_host` is first, second or none, `momentary` ones need no healing."""

    id: str
    meaning: str
    args: Mapping[str, str] = field(default_factory=dict)
    default_host: str = "none"
    momentary: bool = False
    on_break: Callable[[Estate, ActiveFault], None] | None = None
    on_heal: Callable[[Estate, ActiveFault], None] | None = None

    def target_host(self, estate: Estate, host: str | None) -> str | None:
        """Return the lab name of the host the fault is for."""
        if host is not None:
            found = estate.by_name.get(host)
            if found is None:
                raise UnknownFaultError(f"there is no host {host!r}; hosts are: {', '.join(list(estate.hosts)[:20])}")
            return found.name
        first, second = estate.masters
        return {"first": first.name, "second": second.name}.get(self.default_host)

    def check(self, args: Mapping[str, str]) -> None:
        """Refuse arguments the fault does not take, values that mean nothing, and missing ones that it needs."""
        for name, value in args.items():
            if name not in self.args:
                raise UnknownFaultError(f"fault {self.id} takes {', '.join(self.args) or 'no arguments'}, not {name!r}")
            shape, meaning = _SHAPES.get(name, (".+", "a name"))
            if not re.fullmatch(shape, value):
                raise UnknownFaultError(f"fault {self.id}: {name}= is {meaning}, not {value!r}")
        for name, doc in self.args.items():
            if "(required)" in doc and name not in args:
                raise UnknownFaultError(f"fault {self.id} needs {name}=: {doc}")


_REGISTRY: dict[str, Fault] = {}


def register(*faults: Fault) -> None:
    """Enter definitions; the modules that act on faults do so when they are imported."""
    for fault in faults:
        _REGISTRY[fault.id] = fault


def all_faults() -> list[Fault]:
    """Return every definition."""
    return list(_REGISTRY.values())


def find_fault(identity: str) -> Fault:
    """Return a definition by id."""
    fault = _REGISTRY.get(identity)
    if fault is None:
        raise UnknownFaultError(f"there is no fault {identity!r}; faults are: {', '.join(_REGISTRY)}")
    return fault
