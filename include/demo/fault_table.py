"""What ``docs/fault_table.md`` promises of a night with a fault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

TABLE = Path(__file__).parents[2] / "docs" / "fault_table.md"


def promised(fault: str) -> str:
    """Return the outcome the table promises for a fault as the command line names it, empty where it has no row.

    Rows that hold the arguments given count, else every row of the fault; they have to agree.
    """
    identity, *arguments = fault.split()
    rows = [(words, outcome) for one, words, outcome in _rows() if one == identity]
    fitting = [outcome for words, outcome in rows if set(arguments) <= set(words.split())]
    outcomes = set(fitting or [outcome for _, outcome in rows])
    return outcomes.pop() if len(outcomes) == 1 else ""


def _rows() -> Iterator[tuple[str, str, str]]:
    """Yield the rows of the first table; what strikes in the middle of a sync is no fault that the demo begins with."""
    for line in TABLE.read_text().partition("\n| what ")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and cells[0] != "fault":
            yield cells[0], cells[1], cells[2]
