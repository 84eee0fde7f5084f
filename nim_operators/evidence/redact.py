"""Keep secrets out of everything that is written (promise S10)."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

MASK = "***"

_KEY_BEGINS = "PRIVATE KEY-----"
_SHORTEST = 5
"""Fewer letters are no secret but a word that any output is full of; Airflow draws the same line."""
_SHORT = 8
"""A secret with fewer letters is masked only where it stands alone, or it would eat parts of other words."""
_LONG_LINE = 16
"""A line of a private key this long is a secret by itself: logs arrive line by line."""

_SENSITIVE = r"(?:password|passwd|passphrase|secret|token|api[_-]?key|private[_-]?key|access[_-]?key)"
_IS_SENSITIVE = re.compile(_SENSITIVE, re.IGNORECASE)
_PATTERNS = (
    re.compile(
        r"()-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|\Z)",
        re.DOTALL,
    ),
    re.compile(
        rf"({_SENSITIVE}\w{{0,40}}[\"']?[ \t]*[:=][ \t]*)(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s\"',;&]+)",
        re.IGNORECASE,
    ),
    re.compile(rf"((?<!\S)--?[\w-]{{0,40}}{_SENSITIVE}[ \t]+)[^\s-]\S*", re.IGNORECASE),
    re.compile(r"((?<!\S)(?:-u|--user)[ \t=]?[\"']?[\w.@\\-]{1,80}:)[^\s:/]\S*"),
    re.compile(r"(\bauthorization[\"']?[ \t]*[:=][ \t]*)[^\n\"']+", re.IGNORECASE),
    re.compile(r"(\bbearer[ \t]+)[\w.~+/=-]{16,}", re.IGNORECASE),
    re.compile(r"()\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"),
    re.compile(r"(://[^\s/:@]*:)[^\s/@]+(?=@)"),
    re.compile(r"()\{s(?:sha\d*|md5|blowfish)\}\S+"),
)
"""What looks like a secret: private keys, named values, options, tokens, passwords in addresses, AIX password hashes.

The first group of each stays.
"""
_HINTS = ("pass", "secret", "token", "key", "authorization", "bearer", "eyj", "://", "{s", "-u")
"""A text without any of these, in small letters, matches no pattern: nearly all texts of a run are such."""


class Redactor:
    """Masks the secrets it was told, in the spellings a text may hold them, and whatever looks like one."""

    def __init__(self) -> None:
        self._known: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None

    def add(self, secrets: Iterable[str]) -> None:
        """Mask *secrets* too from now on: passwords, passphrases, private keys whole and by line."""
        known = self._known | {spelling for secret in secrets for spelling in _spellings(secret)}
        if known != self._known:
            self._known = known
            longest_first = sorted(known, key=lambda one: (-len(one), one))
            self._pattern = re.compile("|".join(map(_matching, longest_first)))

    def text(self, text: str) -> str:
        """Return *text* with every secret masked."""
        if self._pattern is not None:
            text = self._pattern.sub(MASK, text)
        small = text.lower()
        if any(hint in small for hint in _HINTS):
            for pattern in _PATTERNS:
                text = pattern.sub(rf"\1{MASK}", text)
        return text

    def json(self, value: Any) -> Any:
        """Return plain JSON with every secret masked, in values, in keys, and by the name of the key."""
        match value:
            case str():
                return self.text(value)
            case Mapping():
                return {self.text(str(key)): self._named(str(key), inner) for key, inner in value.items()}
            case list() | tuple():
                return self._items(list(value))
        return value

    def _named(self, key: str, value: Any) -> Any:
        is_secret = isinstance(value, str | list) and value and _IS_SENSITIVE.search(key)
        return MASK if is_secret else self.json(value)

    def _items(self, values: list[Any]) -> list[Any]:
        """Mask the items of a list; where lines of a private key are items, only the whole list shows it."""
        if all(isinstance(one, str) for one in values) and any(_KEY_BEGINS in one for one in values):
            return self.text("\n".join(values)).split("\n")
        return [self.json(one) for one in values]


def _spellings(secret: str) -> set[str]:
    """Return *secret* as it may stand in plain text, JSON, HTML and addresses, whole and line by line."""
    whole = secret.strip()
    if len(whole) < _SHORTEST:
        return set()
    lines = [line.strip() for line in whole.splitlines()]
    parts = {whole, *(line for line in lines[1:-1] if len(line) >= _LONG_LINE)}
    return {
        spelling
        for part in parts
        for spelling in (part, json.dumps(part)[1:-1], html.escape(part), quote(part), quote(part, safe=""))
    }


def _matching(secret: str) -> str:
    return re.escape(secret) if len(secret) >= _SHORT else rf"(?<!\w){re.escape(secret)}(?!\w)"
