"""
What a client answers to plain questions, without a file tree and a shell of its own.

Thousands of clients are asked for the same few words. A line that is nothing but such words is answered here, byte
for byte as the real shell of a tree would; every other line is none of this module's business.
"""

from __future__ import annotations

import re

from include.lab.host import NIMINFO, Host

_ASSIGNMENT = re.compile(r"(LC_ALL|LANG|LC_MESSAGES)=[\w.]+")
_ECHO_FLAG = re.compile(r"-[a-zA-Z]+")
_PLAIN = re.compile(r"[\w./=;,:@ \n-]+")
_ERRORS_ASIDE = re.compile(r"(?<=\s)2>(&1|/dev/null)(?=\s|;|$)")


def answer(client: Host, line: str) -> str | None:
    """Return stdout of a line of plain reads that all succeed, None for anything else."""
    line = _ERRORS_ASIDE.sub(" ", line)
    if client.materialised or not _PLAIN.fullmatch(line):
        return None
    told = []
    for part in re.split(r"[;\n]", line):
        words = part.split()
        while words and _ASSIGNMENT.fullmatch(words[0]):
            words.pop(0)
        if not words:
            continue
        text = _told(client, words)
        if text is None:
            return None
        told.append(text)
    return "".join(told)


def _told(client: Host, words: list[str]) -> str | None:
    directory, _, name = words[0].rpartition("/")
    if directory not in {"", "/usr/bin"}:
        return None
    level = client.oslevel
    match name, words[1:]:
        case "cat", [path] if path == NIMINFO:
            return client.read(NIMINFO)
        case "uname", ["-m"]:
            return f"{client.cpuid}\n"
        case "uname", ["-n"] | []:
            return f"{client.hostname if words[1:] else 'AIX'}\n"
        case "hostname", []:
            return f"{client.hostname}\n"
        case "oslevel", []:
            return f"{level[0]}.{level[1]}.0.0\n"
        case "oslevel", ["-s"]:
            return f"{level}\n"
        case "echo", [*rest] if not any(_ECHO_FLAG.fullmatch(word) for word in rest):
            return " ".join(rest) + "\n"
        case "true" | ":", []:
            return ""
    return None
