"""What clients said of themselves when a master asked them, one line at a time and side by side."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress

from nim_operators.nim.errors import Unreadable
from nim_operators.nim.levels import Level
from nim_operators.nim.messages import innermost
from nim_operators.nim.niminfo import parse_niminfo
from nim_operators.nim.snapshot import ClientAnswer

COMMAND = "oslevel -s; uname -m; cat /etc/niminfo (by c_rsh)"
"""What a client is asked."""

NO_ANSWER = "no answer within its limit"
KILLED = frozenset({137, 143})
"""Exit statuses of a command that was ended by its limit."""

NO_PORT = "the master that asked it had no privileged port free, for as long as any can be kept"

_CLOSING = re.compile(r"(?P<client>\S+) @ (?P<status>\d+)(?P<no_port> no port)?(?: as (?P<address>\S+))?", re.ASCII)
_NIMINFO = re.compile(r"(?:export +)?NIM_[A-Z0-9_]*=", re.ASCII)
_LEVEL = re.compile(r"(?!0042-)\d{4}-\d.*", re.ASCII)
_MACHINE_ID = re.compile(r"[0-9A-Fa-f]{12}", re.ASCII)
"""What ``uname -m`` prints on AIX, and what NIM records as ``cpuid`` (nim.md 1.3)."""


def parse_client_answers(host: str, asked_by: str, text: str, expected: Iterable[str] = ()) -> tuple[ClientAnswer, ...]:
    """Read what clients said: each line led by its client's name, ``<client> @ <status>`` the last one of it.

    A client that said nothing of its niminfo is silent for the reason it gave: its limit, a message, or none; or
    because the master could not ask it, where ``no port`` follows its status. ``as <host>`` follows that of one which
    ``c_rsh`` does not know by the name of its object.
    What one client says never hides another: an answer that makes no sense is that client's silence. Each of
    *expected* that no line is about is silent too. A last line that was cut off is left out. Example::

        lpar1 export NIM_MASTER_HOSTNAME=nima
        lpar1 @ 0

    :raises Unreadable: at a line with a single word, which no client can have sent.
    """
    *whole, rest = text.split("\n")
    if _CLOSING.fullmatch(rest.strip()):
        whole.append(rest)
    lines: dict[str, list[str]] = {}
    closings: dict[str, re.Match[str]] = {}
    for number, raw in enumerate(whole, 1):
        line = raw.strip()
        if not line:
            continue
        client, _, said = line.partition(" ")
        if not said:
            raise Unreadable(host, COMMAND, number, raw, "the name of a client and what it said")
        heard = lines.setdefault(client, [])
        if said.startswith("@") and (closing := _CLOSING.fullmatch(line)):
            closings[client] = closing
        else:
            heard.append(said)
    answers = [_answer(client, asked_by, said, closings.get(client)) for client, said in lines.items()]
    unheard = [client for client in expected if client not in lines]
    not_asked = "it was not asked before the time for asking was over"
    return (*answers, *(ClientAnswer(client, asked_by, silence=not_asked) for client in unheard))


def _answer(client: str, asked_by: str, said: list[str], closing: re.Match[str] | None) -> ClientAnswer:
    of_niminfo: list[str] = []
    others: list[str] = []
    for line in said:
        (of_niminfo if _NIMINFO.match(line) else others).append(line)
    silence = _silence(of_niminfo, others, closing)
    if silence is not None:
        return ClientAnswer(client, asked_by, silence=silence)
    try:
        niminfo = parse_niminfo(client, "\n".join(of_niminfo), COMMAND)
        level = _level(client, others)
    except Unreadable as unreadable:
        return ClientAnswer(client, asked_by, silence=str(unreadable))
    address = closing["address"] if closing is not None else None
    return ClientAnswer(
        client, asked_by, niminfo=niminfo, level=level, machine_id=_machine_id(others), asked_as=address
    )


def _silence(of_niminfo: list[str], others: list[str], closing: re.Match[str] | None) -> str | None:
    """Return why a client said nothing, None where its own words can be read."""
    if closing is None:
        return "its answer was cut off"
    if closing["no_port"]:
        return NO_PORT
    status = int(closing["status"])
    if status in KILLED:
        return NO_ANSWER
    message = innermost("\n".join(others))
    if message is not None:
        return str(message)
    if not of_niminfo:
        words = [line for line in others if not _LEVEL.fullmatch(line) and not _MACHINE_ID.fullmatch(line)]
        return words[-1] if words else f"it said nothing of its /etc/niminfo (exit status {status})"
    return None


def _level(client: str, said: list[str]) -> Level | None:
    """Return the last level among what was said: a notice that begins with a date may stand before it."""
    for line in reversed(said):
        with suppress(Unreadable):
            return Level.parse(client, line, COMMAND)
    return None


def _machine_id(said: list[str]) -> str | None:
    return next((line for line in said if _MACHINE_ID.fullmatch(line)), None)
