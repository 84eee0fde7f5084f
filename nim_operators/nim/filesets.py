"""``lslpp -Lqc``: the filesets that are installed and their levels (nim.md 4.10)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nim_operators.nim.errors import Unreadable
from nim_operators.nim.levels import fileset_order, is_fileset_level

NOT_INSTALLED = "0504-132"
"""The message for a fileset that is not installed."""

_COLONS = 17
_UNUSABLE = frozenset("B?O")
_RECORD = re.compile(
    r"(?P<package>[^:\s]+):(?P<fileset>[^:\s]+):\s*(?P<level>[A-Za-z]?\d[^:\s]*)\s*:(?P<state>[^:]{0,2}):[^:]*"
    r":(?P<fix_state>[^:]{0,2}):(?P<type>[^:]{0,2}):.*",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Record:
    number: int
    text: str

    @property
    def parts(self) -> re.Match[str] | None:
        return _RECORD.fullmatch(self.text)

    @property
    def is_whole(self) -> bool:
        return self.text.count(":") >= _COLONS


def parse_lslpp(host: str, text: str, command: str = "lslpp -Lqc") -> dict[str, str]:
    """Return the level of each fileset that is installed and usable, the highest where there are several.

    Real output (nim.md 4.10)::

        bos.sysmgt:bos.sysmgt.nim.master:7.2.5.200: : :C:F:Network Install Manager - Master Tools: : : : : : :0:0:/:2015
        bash:bash-4.2-5:4.2-5: : :C:R:The GNU Bourne Again shell (bash) version 4.2: :/bin/rpm -e bash: : : : :0: :(none):Mon Dec 14 22:34:32 2015

    A record has 18 fields; the last one of an RPM is a date with colons. A record that was broken over
    several lines is put together again. A ``#`` header and ``0504-132`` lines (not installed) are passed over.
    Applied, committed and locked filesets count; broken, inconsistent and obsolete ones do not.

    :raises Unreadable: at a record without its first seven fields, and at a level that is none.
    """  # noqa: E501 - records are quoted as they are printed
    levels: dict[str, str] = {}
    for record in _records(text):
        parts = record.parts
        if parts is None:
            raise Unreadable(host, command, record.number, record.text, "a fileset in 18 fields between colons")
        fileset, level = parts["fileset"], parts["level"]
        if parts["type"].strip() != "R" and not is_fileset_level(level):
            raise Unreadable(host, command, record.number, record.text, "a level such as 7.2.5.200")
        if {parts["state"].strip(), parts["fix_state"].strip()} & _UNUSABLE:
            continue
        if fileset not in levels or fileset_order(level) > fileset_order(levels[fileset]):
            levels[fileset] = level
    return levels


def _records(text: str) -> Iterator[_Record]:
    current: _Record | None = None
    for number, line in enumerate(text.split("\n"), 1):
        part = line.strip("\r")
        if not part.strip() or part.startswith("#") or NOT_INSTALLED in part:
            continue
        if current is not None and not current.is_whole and not _RECORD.fullmatch(part):
            current = _Record(current.number, current.text + part.lstrip())
            continue
        if current is not None:
            yield current
        current = _Record(number, part)
    if current is not None:
        yield current
