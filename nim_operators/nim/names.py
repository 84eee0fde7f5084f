"""Host names: when two spellings mean one host, and what a master's resolver says about a name."""

from __future__ import annotations

import re

from nim_operators.nim.errors import Unreadable
from nim_operators.nim.snapshot import NameAnswer

_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.%\w]*", re.ASCII)
_AIX = re.compile(r"(?P<name>\S+) is (?P<addresses>[^A-Z]*?)(?:,?\s*Aliases:(?P<aliases>.*))?", re.ASCII)
_FORWARD = re.compile(r"(?P<name>\S+) has (?:IPv6 )?address (?P<address>\S+)", re.ASCII)
_ALIAS = re.compile(r"(?P<alias>\S+) is an alias for (?P<name>\S+)", re.ASCII)
_REVERSE = re.compile(r"\S+ domain name pointer (?P<name>\S+)", re.ASCII)
_NOTHING = re.compile(r"0827-80[13]\b|not found: \d|NXDOMAIN|has no (?:A|AAAA|PTR) record")
_NO_ANSWER = re.compile(r"not found|0403-\d{3}|cannot execute|timed out|no servers could be reached|0827-\d{3}")
_PREAMBLE = "Using domain server:"
_SERVER = re.compile(r"(?:Name|Address|Addresses|Aliases):")
_ELSEWHERE = re.compile(r"\S+ mail is handled by ")


def is_address(text: str) -> bool:
    """Tell whether *text* is written as an IPv4 or IPv6 address, not as a name."""
    return bool(_ADDRESS.fullmatch(text))


def same_host(one: str, other: str) -> bool:
    """Tell whether two spellings can mean one host, without asking a resolver.

    Case and a final dot do not matter. A short name fits a fully qualified one with that first label, two
    fully qualified names fit only if they are equal, and so do addresses. Nothing fits an empty name.
    """
    a, b = one.strip().rstrip(".").lower(), other.strip().rstrip(".").lower()
    if not a or not b:
        return False
    if is_address(a) or is_address(b) or ("." in a) == ("." in b):
        return a == b
    return a.partition(".")[0] == b.partition(".")[0]


def parse_host(host: str, asked: str, text: str) -> NameAnswer | None:
    """Read what ``host <asked>`` printed: the names and addresses, none where the resolver knows nothing.

    None means that the resolver was not heard: the command is not installed, no server answered, or it
    printed nothing before its limit. AIX (man page) and BIND both print one line per fact; BIND may first say which
    server it asked, and ends that with an empty line::

        mephisto is 192.100.13.5,  Aliases:   engr, sarah
        1.1.1.10.in-addr.arpa domain name pointer nima.example.com.

    :raises Unreadable: at a line of another kind.
    """
    lines = [(number, line) for number, line in _without_preamble(text) if line]
    names: list[str] = []
    addresses: list[str] = []
    for number, line in lines:
        if facts := _facts(line):
            names += facts[0]
            addresses += facts[1]
        elif not any(known.search(line) for known in (_NOTHING, _NO_ANSWER, _ELSEWHERE)):
            raise Unreadable(host, f"host {asked}", number, line, "a name, its address and its aliases")
    if not names and not any(_NOTHING.search(line) for _, line in lines):
        return None
    if names and is_address(asked):
        addresses.insert(0, asked)
    return NameAnswer(asked, tuple(dict.fromkeys(names)), tuple(dict.fromkeys(addresses)))


def _without_preamble(text: str) -> list[tuple[int, str]]:
    """Return the numbered lines but for those in which BIND names the server that it asked."""
    lines = [(number, line.strip()) for number, line in enumerate(text.split("\n"), 1)]
    first = next((at for at, (_, line) in enumerate(lines) if line), 0)
    if lines[first][1] != _PREAMBLE:
        return lines
    rest = lines[first + 1 :]
    told = next((at for at, (_, line) in enumerate(rest) if not _SERVER.match(line)), len(rest))
    return rest[told:]


def _facts(line: str) -> tuple[list[str], list[str]] | None:
    """Return the names and addresses in one line, or None where it states none."""
    if found := _FORWARD.fullmatch(line):
        return [_name(found["name"])], [found["address"]]
    if found := _ALIAS.fullmatch(line):
        return [_name(found["alias"]), _name(found["name"])], []
    if found := _REVERSE.fullmatch(line):
        return [_name(found["name"])], []
    found = _AIX.fullmatch(line)
    addresses = re.split(r"[,\s]+", found["addresses"].strip(", ")) if found else [""]
    if found is None or not all(is_address(address) for address in addresses):
        return None
    return [_name(name) for name in [found["name"], *_words(found["aliases"])]], addresses


def _words(text: str | None) -> list[str]:
    return [word for word in re.split(r"[,\s]+", text or "") if word]


def _name(text: str) -> str:
    return text.rstrip(".")
