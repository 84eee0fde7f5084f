"""Whether a fenced master really stays silent: nimesis now, inittab at the next boot, boots that wait."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nim_operators.nim.errors import Unreadable
from nim_operators.nim.lssrc import NOT_ON_FILE, parse_lssrc
from nim_operators.nim.snapshot import Section

_STARTS_NIMESIS = re.compile(r"startsrc\b.*(?:\bnimesis\b|-g *nim\b)", re.ASCII)
_ENTRY_FIELDS = 4
_OFF = "off"


@dataclass(frozen=True, slots=True)
class Fence:
    """What was seen of a fence: ``gaps`` is what it leaves open or nobody could read, empty where it stands.

    ``waiting`` are the machines with an entry in ``/etc/bootptab``: bootpd answers those whatever nimesis does.
    """

    gaps: tuple[str, ...]
    waiting: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say whether the fence stands, and what it does not keep from happening."""
        told = "It is fenced: nimesis is stopped, and no entry of inittab starts it at the next boot."
        if self.gaps:
            told = f"It is NOT fenced: {'; '.join(self.gaps)}."
        if self.waiting:
            told += (
                f" A fence leaves prepared network boots alone: {', '.join(self.waiting)} in /etc/bootptab would "
                "still be answered by bootpd."
            )
        return told


def read_fence(host: str, sections: Mapping[str, Section]) -> Fence:
    """Read what ``fenced.ksh`` printed. What cannot be read is a gap: nobody knows that it is closed.

    An entry of inittab begins with its identifier; a line that begins with a colon is a comment::

        nim:2:wait:/usr/bin/startsrc -g nim >/dev/console 2>&1
    """
    gaps = (*_running(host, sections["lssrc_nimesis"]), *_at_boot(sections["inittab"]), *_unmarked(sections["record"]))
    return Fence(gaps, _waiting(sections["bootptab"].stdout))


def _running(host: str, lssrc: Section) -> Iterator[str]:
    if NOT_ON_FILE in lssrc.stdout + lssrc.stderr:
        return
    try:
        rows = parse_lssrc(host, lssrc.stdout, "lssrc -s nimesis")
    except Unreadable as error:
        yield str(error).rstrip(".")
        return
    if lssrc.exit != 0 or not rows:
        yield f"nobody knows whether nimesis runs: lssrc ended with {lssrc.exit}"
    yield from (f"nimesis is {row.status}" for row in rows if row.status != "inoperative")


def _at_boot(inittab: Section) -> Iterator[str]:
    if inittab.exit != 0 or not inittab.stdout.strip():
        yield f"nobody knows what starts at the next boot: lsitab ended with {inittab.exit}"
    for line in inittab.stdout.splitlines():
        fields = line.split(":", _ENTRY_FIELDS - 1)
        if len(fields) == _ENTRY_FIELDS and fields[0] and fields[2] != _OFF and _STARTS_NIMESIS.search(fields[3]):
            yield f"inittab starts nimesis at the next boot: {line}"


def _unmarked(record: Section) -> Iterator[str]:
    if record.exit != 0 or not record.stdout.strip():
        yield "the record that makes every runbook refuse could not be written on it"


def _waiting(bootptab: str) -> tuple[str, ...]:
    """Return the machines of bootptab; a line that begins with ``#`` is a comment, one with a dot a template."""
    lines = (line.strip() for line in bootptab.splitlines())
    return tuple(line.partition(":")[0] for line in lines if line and line[0] not in "#.:" and ":" in line)
