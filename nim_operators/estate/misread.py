"""What YAML forbids, said in words of the file: where it stands, what is wrong there, what is allowed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import yaml

_INDENTED_BY_TAB = re.compile(r" *\t")
_BEGINS_WITH_SIGN = re.compile(r"(?:.*?:|\s*-)\s+([*%@`])")
_CLOSING = {"{": "}", "[": "]"}


@dataclass(frozen=True, slots=True)
class Misread:
    """Something that YAML forbids, at *path* (empty where the text itself is broken) and on *line*."""

    line: int
    path: tuple[str | int, ...]
    saw: str


class BrokenYaml(ValueError):
    """The text is no YAML document; carries the one place where reading stopped."""

    def __init__(self, misread: Misread) -> None:
        self.misread = misread
        super().__init__(misread.saw)


@dataclass(frozen=True, slots=True)
class _Place:
    """A character of the text: its line, 1-based, what stands on that line before it, and from it on."""

    line: int
    before: str
    rest: str

    @classmethod
    def of(cls, mark: yaml.Mark | None, text: str) -> _Place:
        """Return the place of a parser's mark; the end of the text is one too."""
        line, column = (mark.line, mark.column) if mark else (0, 0)
        lines = text.splitlines()
        whole = lines[line] if line < len(lines) else ""
        return cls(line + 1, whole[:column], whole[column:])

    @property
    def begins_its_line(self) -> bool:
        """Whether only spaces stand before it."""
        return not self.before.strip(" ")


def misread_of(error: yaml.YAMLError, text: str) -> Misread:
    """Turn a parser's error into one sentence: about the usual cause where the lines show it, else in its own words."""
    if not isinstance(error, yaml.MarkedYAMLError):
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        return Misread(line, (), "this is no valid YAML, a control character is not allowed")
    stopped = _Place.of(error.problem_mark or error.context_mark, text)
    begun = _Place.of(error.context_mark or error.problem_mark, text)
    shown = stopped.before + stopped.rest
    problem = (error.problem or "it cannot be read").removeprefix("but ")
    sign = _BEGINS_WITH_SIGN.match(shown)
    if _INDENTED_BY_TAB.match(shown):
        return Misread(stopped.line, (), "the line is indented by a tab, allowed are spaces")
    if sign:
        return Misread(stopped.line, (), f"a value that begins with {sign[1]} was given, allowed is one in quotes")
    if problem in _AT_ITS_BEGINNING:
        return Misread(begun.line, (), _AT_ITS_BEGINNING[problem](begun))
    if problem in _WHERE_IT_STOPPED:
        return Misread(stopped.line, (), _WHERE_IT_STOPPED[problem](stopped))
    return Misread(stopped.line, (), f"this is no valid YAML, {problem}")


def _no_key(_: _Place) -> str:
    return "the line has no key with a value, allowed is <key>: <value> with a space after the colon"


def _open_quote(begun: _Place) -> str:
    return f"the {begun.rest[:1]} on this line is not closed anywhere below, allowed is a text between two of them"


def _open_bracket(begun: _Place) -> str:
    sign = begun.rest[:1]
    return f"what opens with {sign} on this line lacks a comma, or the {_CLOSING[sign]} that closes it"


def _no_value(_: _Place) -> str:
    return "a value is missing here, or what opens with [ or { above is not closed"


def _second_colon(stopped: _Place) -> str:
    if ": " in stopped.before:
        return "a value that holds a colon and a space was given, allowed is one in quotes"
    return (
        "the line is indented deeper than the key above it, which has a value already, allowed is the indentation of "
        "the keys beside it"
    )


def _no_neighbour(stopped: _Place) -> str:
    if stopped.begins_its_line:
        return (
            f"the line is indented by {len(stopped.before)} spaces, as no key above it is, allowed is the indentation "
            "of the keys beside it"
        )
    return "something follows the value on this line, allowed is one value, in quotes where it holds quotes or brackets"


def _escape(_: _Place) -> str:
    return "a backslash stands for something else in double quotes, allowed is a text in single quotes"


_AT_ITS_BEGINNING: Mapping[str, Callable[[_Place], str]] = {
    "could not find expected ':'": _no_key,
    "found unexpected end of stream": _open_quote,
    "did not find expected ',' or '}'": _open_bracket,
    "did not find expected ',' or ']'": _open_bracket,
}
"""The words of libyaml for what is wrong where that began which it could not read to its end."""

_WHERE_IT_STOPPED: Mapping[str, Callable[[_Place], str]] = {
    "did not find expected node content": _no_value,
    "mapping values are not allowed in this context": _second_colon,
    "did not find expected key": _no_neighbour,
    "did not find expected '-' indicator": _no_neighbour,
    "found unknown escape character": _escape,
}
"""And for what is wrong where it stopped. Another parser's words are shown as they are."""
