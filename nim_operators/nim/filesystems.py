"""``df``: file systems, their sizes and mount points (nim.md 4.10)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from nim_operators.nim.errors import Unreadable
from nim_operators.nim.snapshot import FileSystem

_HEADER = re.compile(r"\s*Filesystem\s+(\S+?)[ -]blocks\s+(.+?)\s+Mounted\s+on\s*", re.ASCII)
_VALUE = r"(?:-?\d+(?:\.\d+)?%?|-)"
_WHOLE = re.compile(rf"\s*Filesystem\s.*|\S.*?(?:\s+{_VALUE}){{4,}}\s+/.*", re.ASCII | re.DOTALL)
_KIB_PER_UNIT = {
    "512": Fraction(1, 2),
    "1024": Fraction(1),
    "1K": Fraction(1),
    "KB": Fraction(1),
    "MB": Fraction(1024),
    "1M": Fraction(1024),
    "GB": Fraction(1024**2),
    "1G": Fraction(1024**2),
}
_FREE = ("Free", "Available", "Avail")


@dataclass(frozen=True, slots=True)
class _Columns:
    """What a header promised: KiB in a unit, which value is free space, and the shape of a row."""

    unit: Fraction
    free: int
    row: re.Pattern[str]

    @classmethod
    def of(cls, line: str) -> _Columns | None:
        """Return the columns of a header line, or None where the line is no header that we know."""
        found = _HEADER.fullmatch(line)
        names = ["", *found[2].split()] if found else []
        free = next((names.index(name) for name in _FREE if name in names), None)
        if found is None or free is None or found[1] not in _KIB_PER_UNIT:
            return None
        row = re.compile(rf"(\S.*?)\s+((?:{_VALUE}\s+){{{len(names)}}})(/.*?)\s*", re.ASCII)
        return cls(_KIB_PER_UNIT[found[1]], free, row)

    def read(self, line: str) -> FileSystem | None:
        """Return the row in *line*, or None where it is not of the promised shape."""
        found = self.row.fullmatch(line)
        if found is None:
            return None
        values = found[2].split()
        return FileSystem(found[1], self._kib(values[0]), self._kib(values[self.free]), found[3])

    def _kib(self, value: str) -> int | None:
        """Return *value* in whole KiB, rounded down; None for the hyphen of a pseudo file system."""
        return None if value == "-" else int(Fraction(Decimal(value)) * self.unit)


def parse_df(host: str, text: str, command: str = "df -k") -> tuple[FileSystem, ...]:
    """Read the rows of ``df``, sizes in KiB whatever the unit of its header.

    The header tells the unit (512, 1024 and 1K blocks, MB, GB) and where the free space stands (``Free``, or
    ``Available`` where used and available are both shown). Real output (nim.md 4.10)::

        Filesystem    GB blocks      Free %Used    Iused %Iused Mounted on
        /dev/fslv01       10.00      8.34   17%     3206     1% /nim

    Rows of ``/proc`` hold hyphens, NFS rows begin with ``host:/path``, a long device may stand on a line of
    its own, and mount points may hold blanks. A header may be repeated.

    :raises Unreadable: at a row before a header, a header with an unknown unit, or a row of another shape.
    """
    rows: list[FileSystem] = []
    columns: _Columns | None = None
    for number, line in _unwrapped(text):
        is_header = line.split()[0] == "Filesystem"
        if is_header:
            columns = _Columns.of(line)
        if columns is None:
            raise Unreadable(host, command, number, line, "a header with the unit, such as 1024-blocks")
        if not is_header:
            row = columns.read(line)
            if row is None:
                raise Unreadable(host, command, number, line, "a device, its sizes and its mount point")
            rows.append(row)
    return tuple(rows)


def _unwrapped(text: str) -> list[tuple[int, str]]:
    """Return numbered lines that are not empty, each device that stood alone joined with its sizes."""
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        if line[0].isspace() and lines and not _WHOLE.fullmatch(lines[-1][1]):
            first, device = lines.pop()
            lines.append((first, device.rstrip() + line))
        else:
            lines.append((number, line))
    return lines
