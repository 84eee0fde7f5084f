"""The output of ``nim -o takeover``: progress, never proof (nim.md 4.4).

What a takeover did is read from the clients' own files. Its table tells only whom it tried.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nim_operators.nim.messages import Kind, Message, messages_in

_TABLE = re.compile(r"\s*-+\s+-+\s*")
_ROW = re.compile(r"\s*(?P<client>\S+)(?:\s{2,}(?P<word>\S.*?))?\s*")
"""The columns of the table are further apart than words of a sentence; no client's name fills the first one."""
SUCCESS = "SUCCESS"


@dataclass(frozen=True, slots=True)
class TakeoverLog:
    """What one takeover printed: the word of each client's row, and the messages that are errors."""

    rows: dict[str, str]
    errors: tuple[Message, ...]


def parse_takeover_log(text: str) -> TakeoverLog:
    """Read a takeover's output, whole or cut off. Nothing is refused.

    Real output (nim.md 4.4), one row per client after the line of dashes; the word for a failure is not known, a row
    may have none, and messages may stand between the rows::

         Target                                    Result
         ------                                    ------
         lpar1                                     SUCCESS
    """
    rows: dict[str, str] = {}
    in_table = False
    for line in text.split("\n"):
        if _TABLE.fullmatch(line):
            in_table = True
        elif in_table and (found := _ROW.fullmatch(line)) and "0042-" not in line:
            rows[found["client"]] = found["word"] or ""
    errors = (one for one in messages_in(text) if not one.is_warning and one.meaning.kind is not Kind.HARMLESS)
    return TakeoverLog(rows, tuple(errors))
