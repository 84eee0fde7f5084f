"""``lssrc``: the subsystems of a host and whether they run (nim.md 3.1)."""

from __future__ import annotations

from nim_operators.nim.errors import Unreadable
from nim_operators.nim.snapshot import SubsystemRow

NOT_ON_FILE = "0513-085"
"""The message for a subsystem that is not defined on the host."""

_HEADER = ["Subsystem", "Group", "PID", "Status"]
_LEAST_WORDS = 2
_MOST_WORDS = 4


def parse_lssrc(host: str, text: str, command: str = "lssrc -a") -> tuple[SubsystemRow, ...]:
    """Read the rows of ``lssrc``, in printed order; a subsystem listed twice keeps both rows.

    The group, the process id and both may be left empty, so a word in the middle is a process id only if it
    is all digits. The header may be missing. Real output (nim.md 3.1)::

        Subsystem         Group            PID          Status
         nimhttp                                        inoperative

    ``0513-085 The nimd Subsystem is not on file.`` gives no rows. Any status word is kept.

    :raises Unreadable: at a line that has not two to four words, or four with a process id that is no number.
    """
    rows: list[SubsystemRow] = []
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split()
        if not words or words == _HEADER or words[0] == NOT_ON_FILE:
            continue
        row = _row(words)
        if row is None:
            raise Unreadable(host, command, number, line, "a subsystem, its group, its process id and its status")
        rows.append(row)
    return tuple(rows)


def _row(words: list[str]) -> SubsystemRow | None:
    if not _LEAST_WORDS <= len(words) <= _MOST_WORDS or words[-1][0].isdigit():
        return None
    middle = words[1:-1]
    pid = int(middle.pop()) if middle and middle[-1].isascii() and middle[-1].isdigit() else None
    if len(middle) > 1:
        return None
    return SubsystemRow(words[0], middle[0] if middle else "", pid, words[-1])
