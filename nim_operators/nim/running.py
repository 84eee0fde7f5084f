"""What works on NIM besides us: processes now, and crontab lines later."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from nim_operators.nim.errors import Unreadable
from nim_operators.nim.snapshot import NimProcess

_ROW = re.compile(
    r"\s*(?P<user>\S+)\s+(?P<pid>\d+)\s+(?P<ppid>\d+)\s+\d+\s+"
    r"(?:[A-Z][a-z]{2} +\d{1,2}|\S+)\s+\S+\s+(?P<time>[\d:-]*:\d\d)(?:\s+(?P<command>\S.*)|\s*)",
    re.ASCII,
)
_HEADER = re.compile(r"\s*(?:UID|USER)\s+PID\s+PPID\s.*(?:CMD|COMMAND)\s*", re.ASCII)
_GONE = re.compile(r"<(?:defunct|exiting|idle)>")
_INTERPRETERS = frozenset({"sh", "ksh", "ksh93", "ksh88", "mksh", "dash", "bash", "bsh", "sudo", "perl"})
_WORKERS = frozenset({"smit", "smitty", "msmit", "nim_master_recover", "niminit", "nimconfig"})
_METHODS = re.compile(r"(?:m|c)_\w+", re.ASCII)
_OPERATION = re.compile(r"-F?o(\w*)", re.ASCII)
_READ_ONLY = frozenset({"lslpp", "showres", "showlog", "fix_query", "rsh"})
_CRON = re.compile(
    r"(?=.*(?<![a-z])nim)(?=.*(?:sync|takeover))|.*nim_master_recover|.*m_restore_db",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class _Row:
    parent: int
    process: NimProcess


def parse_ps(host: str, text: str, base: str, command: str = "ps -ef") -> tuple[NimProcess, ...]:
    """Return the processes that work on NIM and are not ours, in printed order.

    Such are ``nim`` with any operation that writes, NIM's methods, a SMIT session, ``nim_master_recover`` and
    the initialisations. Ours are the jobs under *base*, our directory on the host, and all their descendants; what a
    person starts there by hand (``break_glass.ksh``) is none of ours.
    Real output; a process started on another day shows the day, with a blank in it::

            root  7340238        1   0   Jan 05      -  0:12 /usr/sbin/cron
            root 12058884  7340238   0 02:00:00      -  0:00 nim -Fo sync -a replicate=yes nimb

    Arguments may hold newlines, so a line that is no row goes on with the command before it.

    :raises Unreadable: if the output does not begin with the header of ``ps -ef`` and a process below it: a table in
        which nothing is seen is no proof that nothing runs.
    """
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    number, header = lines[0] if lines else (1, "")
    if not _HEADER.fullmatch(header):
        raise Unreadable(host, command, number, header, "the header UID PID PPID ... CMD")
    rows = _rows(host, command, lines[1:])
    if not rows:
        raise Unreadable(host, command, number, header, "at least one process below it, that of ps itself")
    working = [row for row in rows.values() if _works_on_nim(row.process.command)]
    return tuple(row.process for row in working if not _is_ours(row, rows, base))


def parse_crontabs(text: str) -> tuple[str, ...]:
    """Return the active crontab lines that mention a NIM sync, takeover or restore, as they were printed.

    Each line is led by the crontab's path. A script is known only by its name, so the lines are those in
    which a word begins with ``nim`` and that hold ``sync`` or ``takeover``; a person decides what they do.
    Nothing is refused::

        /var/spool/cron/crontabs/root: 0 2 * * * /usr/sbin/nim -Fo sync -a replicate=yes nimb >/dev/null 2>&1
    """
    found = []
    for line in text.split("\n"):
        entry = line.partition(": ")[2].strip()
        if entry and not entry.startswith("#") and _CRON.match(entry):
            found.append(line.strip())
    return tuple(found)


def _rows(host: str, command: str, lines: list[tuple[int, str]]) -> dict[int, _Row]:
    """Return the rows below the header by process id."""
    rows: dict[int, _Row] = {}
    last: int | None = None
    for number, line in lines:
        row = _row(line)
        if row is not None:
            last = row.process.pid
            rows[last] = row
        elif _GONE.search(line) or _ROW.fullmatch(line):
            continue
        elif last is None:
            raise Unreadable(host, command, number, line, "a process: its user, pid, parent, times and command")
        else:
            rows[last] = _longer(rows[last], line)
    return rows


def _row(line: str) -> _Row | None:
    """Return the row; None for a line that is none, and for a process that is just beginning or ending."""
    found = _ROW.fullmatch(line)
    if found is None or found["command"] is None or _GONE.search(found["command"]):
        return None
    process = NimProcess(int(found["pid"]), found["user"], found["command"].strip())
    return _Row(int(found["ppid"]), process)


def _longer(row: _Row, line: str) -> _Row:
    joined = f"{row.process.command} {line.strip()}"
    return _Row(row.parent, NimProcess(row.process.pid, row.process.user, joined))


def _works_on_nim(command: str) -> bool:
    words = command.split()
    while words and (_basename(words[0]) in _INTERPRETERS or words[0].startswith("-")):
        words.pop(0)
    if not words:
        return False
    name = _basename(words[0])
    if name == "nim":
        return _operation(words) not in _READ_ONLY
    if _METHODS.fullmatch(name) and "/nim/" in words[0]:
        return name[2:] not in _READ_ONLY
    return name in _WORKERS


def _operation(words: list[str]) -> str:
    for option, value in pairwise([*words, ""]):
        if found := _OPERATION.fullmatch(option):
            return found[1] or value
    return ""


def _basename(word: str) -> str:
    return word.rpartition("/")[2]


def _is_ours(row: _Row, rows: Mapping[int, _Row], base: str) -> bool:
    """Tell whether the process or any of its ancestors is a job of ours."""
    seen: set[int] = set()
    current: _Row | None = row
    while current is not None and current.process.pid not in seen:
        if f"{base}/jobs/" in current.process.command:
            return True
        seen.add(current.process.pid)
        current = rows.get(current.parent)
    return False
