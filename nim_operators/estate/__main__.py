"""Check an estate file before Airflow reads it: ``python -m nim_operators.estate [FILE]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nim_operators.estate.errors import EstateError, Problem
from nim_operators.estate.load import estate_path, evidence_base, load_estate
from nim_operators.estate.schema import Estate, Pair

USABLE, WRONG = 0, 1
_WIDTH_OF_A_FILE = 120
"""Columns of the table where it is not printed to a terminal."""


def main(arguments: Sequence[str]) -> int:
    """Check one file, say what it holds or what is wrong with it, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m nim_operators.estate",
        description="Check an estate file before Airflow reads it. Exit status 0: it can be used; 1: it cannot.",
    )
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="default: the file that Airflow reads")
    file = parser.parse_args(arguments).file or estate_path()
    try:
        estate = load_estate(file)
    except EstateError as error:
        _complain(error.problems)
        return WRONG
    _show(file, estate)
    return USABLE


def _complain(problems: Sequence[Problem]) -> None:
    """Print each problem as a line of its own, whole, so that it can be searched and copied."""
    console = Console(stderr=True)
    for problem in problems:
        _say(console, str(problem))
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    _say(console, f"{count}; while there is one, Airflow makes no DAG from this file.")


def _show(file: Path, estate: Estate) -> None:
    """Print the pairs as they were understood."""
    console = Console(width=None if sys.stdout.isatty() else _WIDTH_OF_A_FILE)
    table = Table(header_style="bold")
    for heading in ("pair", "copied from", "onto", "nightly sync", "may start", "time zone"):
        table.add_column(heading)
    for pair in estate.pairs.values():
        table.add_row(*map(Text, _row(pair)))
    console.print(table)
    _say(console, f"{file} can be used. Evidence goes to {evidence_base(estate)}.")


def _row(pair: Pair) -> tuple[str, ...]:
    window = pair.nightly_sync.window
    return (
        pair.name,
        _with_connection(pair, pair.source),
        _with_connection(pair, pair.peer(pair.source)),
        pair.nightly_sync.schedule or "by hand",
        f"{window.start:%H:%M} to {window.end:%H:%M}" if window else "at any time",
        pair.timezone,
    )


def _with_connection(pair: Pair, master: str) -> str:
    return f"{master} ({pair.masters[master].conn_id})"


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
