"""``/etc/niminfo``: what a master or client believes of its own place in NIM (nim.md 2.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from nim_operators.nim.errors import Unreadable

_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.ASCII)
_SEGMENT = re.compile(
    r""" "(?P<double>(?:[^"\\]|\\.)*)" | '(?P<single>[^']*)' | (?P<bare>(?:[^\s"'\\]|\\.)+) """,
    re.VERBOSE,
)
_PLAIN = re.compile(r"""[^\s"'\\\u2018-\u201f]+|"[^"\\$`\u2018-\u201f]*\"""")
"""Nearly every value: one bare word, or words in double quotes, of which nothing is left to be read."""
_ESCAPED = re.compile(r'\\(["\\$`])')
_TYPOGRAPHIC = re.compile("[\u2018-\u201f]")
_PORTS = ("NIM_MASTER_PORT", "NIM_REGISTRATION_PORT")
_HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Niminfo:
    """The variables of one niminfo file; None or empty where a variable is not set.

    ``configuration`` is ``master`` on both masters of a pair, so it never tells which one is active.
    ``master_hostnames`` is a client's ``NIM_MASTER_HOSTNAME_LIST``, its current master first; empty on a
    master and on a client that knows one master only. ``variables`` holds every variable, known or not, as
    the shell would read it: quotes removed, leading and inner blanks kept.
    """

    name: str | None = None
    configuration: str | None = None
    hostname: str | None = None
    master_hostname: str | None = None
    alternate_master: str | None = None
    master_hostnames: tuple[str, ...] = ()
    master_port: int | None = None
    registration_port: int | None = None
    shell: str | None = None
    master_id: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


def parse_niminfo(host: str, text: str, command: str = "cat /etc/niminfo") -> Niminfo:
    """Read a niminfo file: ``NAME=value`` with or without ``export``; the last of two equal names counts.

    Values are bare, double-quoted or single-quoted. Comments, empty lines, carriage returns and a missing
    final newline do not matter. Real lines (nim.md 2.1)::

        export NIM_MASTER_HOSTNAME_LIST="nima.example.com nimb.example.com"
        export NIM_HOSTS=" 127.0.0.1:loopback:localhost  10.1.1.21:lpar1  10.1.1.1:nima"

    Typographic quotes, which web pages make of straight ones, are refused: a shell would not take them for
    quotes, so the file does not say what its author meant.

    :raises Unreadable: at a line that is no assignment, a quote that is not closed, words after a value, a
        port that is no number, or if the text assigns nothing at all.
    """
    variables: dict[str, str] = {}
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        found = _ASSIGNMENT.fullmatch(line)
        value = _value(found[2]) if found else None
        if found is None or value is None:
            raise Unreadable(host, command, number, raw, "an assignment such as export NIM_NAME=master")
        if found[1] in _PORTS and not _is_port(value):
            raise Unreadable(host, command, number, raw, "a port number")
        variables[found[1]] = value
    if not variables:
        raise Unreadable(host, command, 1, text[:80], "at least one line such as export NIM_NAME=master")
    return _niminfo(variables)


def _value(text: str) -> str | None:
    """Return what a shell would assign, or None where *text* is more or less than one word and a comment."""
    if _PLAIN.fullmatch(text):
        return text.strip('"')
    value = ""
    at = 0
    while found := _SEGMENT.match(text, at):
        if found["single"] is not None:
            value += found["single"]
        elif found["double"] is not None:
            value += _ESCAPED.sub(r"\1", found["double"])
        else:
            value += re.sub(r"\\(.)", r"\1", found["bare"])
        at = found.end()
    rest = text[at:].lstrip()
    separated = at < len(text) and text[at].isspace()
    if rest and not (separated and rest.startswith("#")):
        return None
    return None if _TYPOGRAPHIC.search(value) else value


def _is_port(value: str) -> bool:
    return value.isascii() and value.isdigit() and 0 < int(value) <= _HIGHEST_PORT


def _niminfo(variables: Mapping[str, str]) -> Niminfo:
    def word(name: str) -> str | None:
        return variables.get(name, "").strip() or None

    ports = [int(variables[name]) if name in variables else None for name in _PORTS]
    return Niminfo(
        name=word("NIM_NAME"),
        configuration=word("NIM_CONFIGURATION"),
        hostname=word("NIM_HOSTNAME"),
        master_hostname=word("NIM_MASTER_HOSTNAME"),
        alternate_master=word("NIM_ALTERNATE_MASTER"),
        master_hostnames=tuple(variables.get("NIM_MASTER_HOSTNAME_LIST", "").split()),
        master_port=ports[0],
        registration_port=ports[1],
        shell=word("NIM_SHELL"),
        master_id=word("NIM_MASTERID"),
        variables=variables,
    )
