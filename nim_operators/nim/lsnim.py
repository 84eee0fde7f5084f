"""``lsnim`` and ``lsnim -l``: the objects of a NIM database (nim.md 4.8)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from nim_operators.nim.errors import Unreadable
from nim_operators.nim.objects import NimObject, valid_name

Listing = tuple[tuple[str, str, str], ...]
"""Name, class and type of each object, in printed order."""

_ROW_WORDS = 3
_ATTRIBUTE = re.compile(r"""(\s+)([^\s=:"']+)\s+=(?!\S)(.*)""", re.ASCII)
_CLASS = re.compile(r"\s+class\s+=\s.*", re.ASCII)
_WORDS = ("class", "type")
_FREE_TEXT = frozenset({"err_info", "info", "comments"})


def parse_lsnim(host: str, text: str, command: str = "lsnim") -> Listing:
    """Read a plain listing: no header, three words a line, blanks and tabs of any width between them.

    Real output (nim.md 4.8)::

        master         machines       master
        nim_script     resources      nim_script

    :raises Unreadable: at a line that has not exactly three words (an object name holds no blanks), at a name that NIM
        could not have accepted, and at one listed twice.
    """
    rows: dict[str, tuple[str, str, str]] = {}
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split()
        if not words:
            continue
        if len(words) != _ROW_WORDS:
            raise Unreadable(host, command, number, line, "the name, class and type of an object")
        if not valid_name(words[0]):
            raise Unreadable(host, command, number, line, "a name that NIM accepts, without metacharacters")
        if words[0] in rows:
            raise Unreadable(host, command, number, line, f"no second object named {words[0]}")
        rows[words[0]] = (words[0], words[1], words[2])
    return tuple(rows.values())


@dataclass(slots=True)
class _Stanza:
    """A stanza being read; ``words`` are its class and type, ``blank`` counts empty lines since the last value."""

    name: str
    number: int
    header: str
    words: list[tuple[str, str]] = field(default_factory=list)
    attributes: list[tuple[str, str]] = field(default_factory=list)
    indentation: str | None = None
    last: str = ""
    blank: int = 0

    def take(self, line: str) -> bool:
        """Add one line of the stanza; False for a line that cannot belong to it.

        An empty value is kept as an empty text. What goes on with a value is appended after a newline, and
        after the empty lines that stood between; class and type are words, so nothing goes on with them.
        """
        found = _ATTRIBUTE.fullmatch(line)
        if found is not None and self._begins_here(found[1]):
            self.last = found[2]
            (self.words if self.last in _WORDS else self.attributes).append((self.last, found[3].strip()))
        elif not line.strip():
            self.blank += 1
            return True
        elif self.last in _WORDS:
            return False
        else:
            self.attributes[-1] = (self.last, self.attributes[-1][1] + "\n" * (self.blank + 1) + line.rstrip())
        self.blank = 0
        return True

    def _begins_here(self, indentation: str) -> bool:
        """Tell whether what looks like an attribute is one.

        Free text such as err_info may hold indented lines like ``rc = 1``. Only there an attribute has to
        begin in the column of the stanza's first one.
        """
        if self.indentation is None:
            self.indentation = indentation
        return indentation == self.indentation or self.last not in _FREE_TEXT


def parse_lsnim_long(host: str, text: str, command: str = "lsnim -l") -> dict[str, NimObject]:
    """Read stanzas, in printed order. Nothing is known in advance about attributes, classes or types.

    Real output (nim.md 1.3)::

        lpar1:
           class          = machines
           if1            = net1 lpar1.example.com 8EB220004002 ent0

    Empty lines between stanzas, the depth of indentation and a final newline do not matter. A value ends
    where the next attribute begins: lines in column 1 (err_info has them) belong to the value before them,
    joined by a newline. A line ``name:`` starts a stanza only if the next line that is not empty is an
    indented ``class =``.

    :raises Unreadable: before the first stanza, at a name with blanks, at a continuation of class or type,
        at a stanza without a type, with two of them, or with the name of an earlier one.
    """
    objects: dict[str, NimObject] = {}
    for stanza in _stanzas(host, text, command):
        if stanza.name in objects or len(stanza.name.split()) != 1:
            raise Unreadable(host, command, stanza.number, stanza.header, "the name of one more object")
        objects[stanza.name] = _object(host, command, stanza)
    return objects


def _stanzas(host: str, text: str, command: str) -> Iterator[_Stanza]:
    lines = text.split("\n")
    stanza: _Stanza | None = None
    for number, line in enumerate(lines, 1):
        if not line[:1].isspace() and _is_header(lines, number - 1):
            if stanza is not None:
                yield stanza
            stanza = _Stanza(line.rstrip()[:-1].rstrip(), number, line)
        elif stanza is not None:
            if not stanza.take(line):
                raise Unreadable(host, command, number, line, "an attribute such as Mstate = not running")
        elif line.strip():
            raise Unreadable(host, command, number, line, "the name of an object and a colon, then its class")
    if stanza is not None:
        yield stanza


def _is_header(lines: list[str], at: int) -> bool:
    if not lines[at].rstrip().endswith(":"):
        return False
    following = next((lines[below] for below in range(at + 1, len(lines)) if lines[below].strip()), "")
    return bool(_CLASS.fullmatch(following + " "))


def _object(host: str, command: str, stanza: _Stanza) -> NimObject:
    for wanted in _WORDS:
        values = [value for key, value in stanza.words if key == wanted]
        if len(values) != 1 or len(values[0].split()) != 1:
            raise Unreadable(host, command, stanza.number, stanza.header, f"a stanza with one {wanted} of one word")
    words = dict(stanza.words)
    return NimObject(stanza.name, words["class"], words["type"], tuple(stanza.attributes))


def assert_complete(host: str, listing: Listing, objects: Mapping[str, NimObject]) -> None:
    """Make sure that ``lsnim`` and ``lsnim -l`` told of the same objects with the same classes and types.

    A listing that was cut off looks like a smaller database, and that looks like objects to remove.

    :raises Unreadable: naming each object that only one of the two told of, or told differently.
    """
    listed = {name for name, _, _ in listing}
    for number, (name, cls, kind) in enumerate(listing, 1):
        row = f"{name} {cls} {kind}"
        found = objects.get(name)
        if found is None:
            missing = " ".join(sorted(listed - set(objects)))
            raise Unreadable(host, "lsnim", number, row, f"a stanza in lsnim -l of each: {missing}")
        if (found.cls, found.type) != (cls, kind):
            raise Unreadable(host, "lsnim", number, row, f"{found.cls} {found.type}, as lsnim -l says")
    for number, name in enumerate(objects, 1):
        if name not in listed:
            missing = " ".join(sorted(set(objects) - listed))
            raise Unreadable(host, "lsnim -l", number, f"{name}:", f"a row in lsnim of each: {missing}")
