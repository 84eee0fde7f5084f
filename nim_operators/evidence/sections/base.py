"""What every section of a page is made of: the run that is told, and rows that can be rendered in any form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nim_operators.evidence.records import Stored

MOST_ROWS = 200
"""A table shows this many rows; a page is read in two minutes, and the records hold every row."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table; ``tone`` is ``good``, ``bad``, ``warn`` or empty."""

    cells: tuple[str, ...]
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, sentences, and perhaps a table, whose column number *toned* shows the tone of each row.

    A folded section is opened by a reader who needs it. The cells of a linked one are files beside the page.
    """

    heading: str
    sentences: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    toned: int = 0
    folded: bool = False
    linked: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """The run that a page tells of: its verdict, and every record in the order of its writing."""

    verdict: Mapping[str, Any]
    records: Sequence[Stored]

    def of(self, kind: str) -> list[Stored]:
        """Return the records of that kind."""
        return [record for record in self.records if record.kind == kind]

    def last(self, kind: str) -> Stored | None:
        """Return the last record of that kind, None where there is none."""
        return next(reversed(self.of(kind)), None)

    def after_takeover(self) -> Stored | None:
        """Return the assessment that was made of the clients' words after the last takeover, in its own direction."""
        came_to = self.last("takeover")
        made = [one for one in self._of_takeover() if came_to and one.number < came_to.number]
        return made[-1] if made else None

    def in_new_direction(self) -> Stored | None:
        """Return the assessment of the same clients' words in the direction that the takeover has armed, if it has."""
        came_to = self.last("takeover")
        made = [one for one in self._of_takeover() if came_to and one.number > came_to.number]
        return made[-1] if made else None

    def _of_takeover(self) -> list[Stored]:
        came_to = self.last("takeover")
        return [one for one in self.of("assessment") if came_to and one.task_id == came_to.task_id]


def capped(rows: Sequence[Row], file: str) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """Return the rows to show and a sentence where that is not all of them."""
    left = len(rows) - MOST_ROWS
    return tuple(rows[:MOST_ROWS]), (f"{left} more rows are in {file}.",) if left > 0 else ()
