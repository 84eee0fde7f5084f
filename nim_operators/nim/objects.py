"""Objects of a NIM database as ``lsnim -l`` prints them, and the values inside their attributes."""

from __future__ import annotations

import re
from dataclasses import dataclass

CLIENT_TYPES = frozenset({"standalone", "diskless", "dataless", "vios"})
"""Types that have a current master. Other machines and management objects have no owner (design section 3)."""

BUILT_IN = frozenset({"master", "boot", "nim_script"})
"""Objects that every configured master has and nobody defines (nim.md 1.1)."""

MAX_NAME_LENGTH = 39
_NAME = re.compile(r"[A-Za-z0-9_.+@-][A-Za-z0-9_.+@:-]*", re.ASCII)


def valid_name(name: str) -> bool:
    """Tell whether NIM could have accepted *name*.

    At most 39 characters, none of them a metacharacter of the shell, the file system or a regular expression
    (nim.md 1.1). Dot, plus and hyphen are kept, because host names serve as object names; a leading hyphen is
    refused, because it would be read as an option.
    """
    return len(name) <= MAX_NAME_LENGTH and not name.startswith("-") and bool(_NAME.fullmatch(name))


@dataclass(frozen=True, slots=True)
class Interface:
    """One ``if<n>`` value: ``<network> <hostname> <MAC or 0> [<adapter>]`` (nim.md 1.3)."""

    network: str
    hostname: str
    mac: str
    adapter: str


@dataclass(frozen=True, slots=True)
class NimObject:
    """One stanza of ``lsnim -l``: attributes in printed order, repeated keys kept, unknown ones kept.

    ``attributes`` holds every ``key = value`` pair except ``class`` and ``type``.
    """

    name: str
    cls: str
    type: str
    attributes: tuple[tuple[str, str], ...] = ()

    def get(self, key: str) -> str | None:
        """Return the first value of *key*, or None where the attribute is not set."""
        return next((value for found, value in self.attributes if found == key), None)

    def all(self, key: str) -> tuple[str, ...]:
        """Return every value of *key* in printed order (``serves`` of a master repeats)."""
        return tuple(value for found, value in self.attributes if found == key)

    def numbered(self, prefix: str) -> tuple[tuple[int, str], ...]:
        """Return ``(n, value)`` of each ``<prefix><n>`` attribute, by number: ``if1``, ``routing2``, ``member3``."""
        pattern = re.compile(rf"{re.escape(prefix)}(\d+)", re.ASCII)
        found = ((pattern.fullmatch(key), value) for key, value in self.attributes)
        return tuple(sorted((int(match[1]), value) for match, value in found if match))

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        """Every interface, by number. A value of fewer than two words is left out: it names no host."""
        words = [value.split() for _, value in self.numbered("if")]
        return tuple(
            Interface(parts[0], parts[1], parts[2] if len(parts) > 2 else "0", parts[3] if len(parts) > 3 else "")  # noqa: PLR2004
            for parts in words
            if len(parts) > 1
        )

    @property
    def is_client(self) -> bool:
        """Whether this object has a current master: standalone, diskless, dataless or VIOS."""
        return self.type in CLIENT_TYPES

    @property
    def location(self) -> str | None:
        """Where a resource lives on its server, or None for an object without a location."""
        return self.get("location")
