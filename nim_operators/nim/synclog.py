"""The output of ``nim -o sync``: how far it came and what it did (nim.md 4.3).

It is progress, never proof: what a sync really did is read back from both masters.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from nim_operators.nim.messages import Kind, Message, messages_in

PHASES: dict[int, str] = {
    1: "backing up the source's database",
    2: "keeping a copy of the target's old database",
    3: "stopping the target's NIM daemons",
    4: "beginning to restore on the target",
    5: "checking levels",
    6: "restoring the database and starting the daemons",
    7: "updating the master definition",
    8: "resetting machines",
    9: "removing the target's old object",
    10: "resetting resources",
    11: "replicating resources",
    12: "checking resources",
    13: "complete",
}
"""What each phase does, by the number that nim.md 4.3 gives it."""

_MARKS: tuple[tuple[int, re.Pattern[str]], ...] = tuple(
    (phase, re.compile(pattern))
    for phase, pattern in (
        (1, r"a \./etc/"),
        (2, r"The original NIM database was backed up"),
        (3, r"0513-(?:044|004|083) |\d+ objects deleted"),
        (4, r"Restoring the NIM database from "),
        (5, r"The level of the NIM |Level check "),
        (6, r"x \./etc/objrepos/|0513-0(?:71|59) |Finished restoring the NIM database"),
        (7, r"(?:Updating|Finished updating) master definition"),
        (8, r"(?:Resetting|Finished resetting) machines"),
        (9, r"Removing NIM client |Finished removing "),
        (10, r"(?:Resetting|Finished resetting) NIM resources"),
        (11, r"Replicating |Replicated |Finished Replicating "),
        (12, r"(?:Checking|Finished checking) (?:NIM )?(?:resources|SPOTs)"),
        (13, r"nim_master_recover Complete"),
    )
)
_COMPLETE = "nim_master_recover Complete"
_BACKUP = re.compile(r'"(?P<path>/.*?\.(?P<stamp>\d{14})\.backup)"')
_STAMP = "%H%M%S%m%d%Y"
_STAMP_LENGTH = 14
_BEGAN = re.compile(r"Replicating resource (?P<name>.+)")
_ENDED = re.compile(r"Replicated resource (?P<name>.+)")


@dataclass(frozen=True, slots=True)
class AutomaticBackup:
    """The copy that NIM itself took of the database it was about to replace.

    ``taken`` is the local time of the host that wrote it, so it has no time zone.
    """

    path: str
    taken: datetime


@dataclass(frozen=True, slots=True)
class SyncLog:
    """What one sync printed. A log that was cut off gives what there is of it.

    ``replicated`` and ``unfinished`` are resource names in the order in which they began; a resource is
    unfinished while it began more often than it ended. ``errors`` are the messages that are neither warnings
    nor harmless.
    """

    phases: tuple[int, ...]
    backup: AutomaticBackup | None
    replicated: tuple[str, ...]
    unfinished: tuple[str, ...]
    completed: bool
    errors: tuple[Message, ...]

    @property
    def is_whole(self) -> bool:
        """Whether it got to its end by its own words: the last line, and every resource that it began."""
        return self.completed and not self.unfinished


def decode_stamp(stamp: str) -> datetime:
    """Return the time in the name of an automatic backup: ``10073807242010`` is 2010-07-24 10:07:38.

    The stamp is HHMMSSMMDDYYYY in the local time of its host (nim.md 2.2).

    :raises ValueError: if *stamp* is not fourteen digits that form a time.
    """
    if len(stamp) != _STAMP_LENGTH or not (stamp.isascii() and stamp.isdigit()):
        raise ValueError(f"not the stamp of an automatic backup, HHMMSSMMDDYYYY: {stamp!r}")
    return datetime.strptime(stamp, _STAMP)  # noqa: DTZ007 - the host's own time, its zone is not known here


def parse_sync_log(text: str) -> SyncLog:
    """Read a sync's output, whole or cut off, in any order, with unknown lines between. Nothing is refused.

    Real output (nim.md 4.3)::

        Replicating resource lpar1_sysb
        Replicated resource lpar1_sysb

    ``completed`` holds if there is a line ``nim_master_recover Complete``. What comes after it may have been said
    before it, because which lines go to standard error is not known (nim.md 12.10).
    """
    lines = [line.strip() for line in text.split("\n")]
    began = Counter[str]()
    ended = Counter[str]()
    for line in lines:
        if found := _BEGAN.fullmatch(line):
            began[found["name"]] += 1
        elif found := _ENDED.fullmatch(line):
            ended[found["name"]] += 1
    said = [line for line in lines if line]
    return SyncLog(
        phases=tuple(phase for phase, mark in _MARKS if any(mark.match(line) for line in said)),
        backup=_backup(text),
        replicated=tuple(name for name in began if ended[name] >= began[name]),
        unfinished=tuple(name for name in began if ended[name] < began[name]),
        completed=_COMPLETE in said,
        errors=_errors(text),
    )


def _errors(text: str) -> tuple[Message, ...]:
    return tuple(
        message for message in messages_in(text) if not message.is_warning and message.meaning.kind is not Kind.HARMLESS
    )


def _backup(text: str) -> AutomaticBackup | None:
    for found in _BACKUP.finditer(text):
        try:
            return AutomaticBackup(found["path"], decode_stamp(found["stamp"]))
        except ValueError:
            continue
    return None
