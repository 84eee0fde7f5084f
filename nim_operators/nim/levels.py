"""Levels of an operating system and of a fileset, and their order (nim.md 4.10)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nim_operators.nim.errors import Unreadable

CONCLUDING = 99
"""Number for ``CSP``, the concluding service pack of an old technology level: above every other."""

_LEVEL = re.compile(r"(\d{4})-(\d{2})-(\d{2}|CSP)(?:-(\d{4}))?", re.ASCII | re.IGNORECASE)
_FILESET_LEVEL = re.compile(r"\d+\.\d+\.\d+\.\d+", re.ASCII)
_AFTER_NUMBERS = 10**9
_PART = re.compile(r"(\d+)|([^\d.\-]+)", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Level:
    """One level as ``oslevel -s`` prints it: ``VVVV-TT-SS-YYWW``, ordered by these four in this order.

    ``version`` is the number as printed (7300), ``build`` the year and week of the service pack (2246), 0
    where the system printed zeros or, on old levels, left it out.
    """

    version: int
    technology_level: int
    service_pack: int
    build: int

    @classmethod
    def parse(cls, host: str, text: str, command: str = "oslevel -s") -> Level:
        """Read what ``oslevel -s`` printed; blanks and empty lines around it do not matter.

        Real output (nim.md 4.10)::

            6100-09-04-1441
            7300-01-01-2246

        Old systems print ``5300-05-CSP-0000`` or no build at all; both are kept.

        :raises Unreadable: if the text is anything but one level.
        """
        lines = [(number, line.strip()) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
        number, line = lines[0] if lines else (1, "")
        found = _LEVEL.fullmatch(line)
        if found is None or len(lines) != 1:
            number, line = lines[1] if found and len(lines) > 1 else (number, line)
            raise Unreadable(host, command, number, line, "one level such as 7300-01-01-2246")
        version, technology_level, service_pack, build = found.groups()
        return cls(
            int(version),
            int(technology_level),
            CONCLUDING if service_pack.upper() == "CSP" else int(service_pack),
            int(build or 0),
        )

    @property
    def is_complete(self) -> bool:
        """Whether a service pack is known; ``7200-05-00-0000`` says that none is complete."""
        return self.service_pack > 0

    def same_technology_level(self, other: Level) -> bool:
        """Tell whether both are of one version and technology level, whatever their service packs."""
        return (self.version, self.technology_level) == (other.version, other.technology_level)

    def __str__(self) -> str:
        service_pack = "CSP" if self.service_pack == CONCLUDING else f"{self.service_pack:02d}"
        return f"{self.version:04d}-{self.technology_level:02d}-{service_pack}-{self.build:04d}"


def is_fileset_level(text: str) -> bool:
    """Tell whether *text* is a level of a fileset, ``V.R.M.F`` such as ``5.3.9.0``."""
    return bool(_FILESET_LEVEL.fullmatch(text))


def fileset_order(level: str) -> tuple[tuple[int, str], ...]:
    """Return a key that puts fileset levels in order, each part compared as a number: 5.3.9.0 < 5.3.10.0.

    Two levels are equal if and only if their keys are. Letters, which only RPM levels have, come after
    numbers.
    """
    parts = _PART.findall(level)
    return tuple((int(digits), "") if digits else (_AFTER_NUMBERS, letters) for digits, letters in parts)
