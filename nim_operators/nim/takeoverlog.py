"""The output of ``nim -o takeover``: progress, never proof (nim.md 4.4).

What a takeover did is read from the clients' own files. Its table tells only whom it tried.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nim_operators.nim.messages import Kind, Message, messages_in

_TABLE = re.compile(r"\s*-+\s+-+\s*|\s*target\s+result\s*", re.IGNORECASE)
"""What stands above the rows: the names of the columns, and a line of dashes on the level of NIM that is known."""
_GAP = re.compile(r"\s{2,}|\t")
"""Between columns, which are further apart than words."""
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

    How the columns are parted is known of one level of NIM only; a tab, or one blank between two words, does it too.
    The line of dashes may be missing.
    """
    rows: dict[str, str] = {}
    in_table = False
    for line in text.split("\n"):
        if _TABLE.fullmatch(line):
            in_table = True
        elif in_table and "0042-" not in line and line.strip("- ") and (row := _row(line)):
            client, word = row
            rows[client] = word
    errors = (one for one in messages_in(text) if not one.is_warning and one.meaning.kind is not Kind.HARMLESS)
    return TakeoverLog(rows, tuple(errors))


def _row(line: str) -> tuple[str, str] | None:
    """Return client and word of a row, None where a line is no row: a sentence has more words, one blank apart."""
    columns = _GAP.split(line.strip(), maxsplit=1)
    if len(columns) == 1:
        columns = line.split()
    match columns:
        case [client]:
            return client, ""
        case [client, word] if " " not in client:
            return client, word.strip()
    return None
