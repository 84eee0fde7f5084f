"""Run benchmarks and print what they found, beside what is wanted: ``python -m benchmarks [SECTION...]``.

A miss does not fail: a busy machine is no defect. Each row is measured in processes of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

SIZES = (50, 500, 5000)
ESTATES = (10, 100, 1000)
PAIRS = 100
FILE_TIMEOUT = 50.0
"""Airflow's default ``[dag_processor] dag_file_processor_timeout`` in seconds."""

Rows = Sequence[dict[str, Any]]


def run(benchmark: str, *arguments: int) -> list[dict[str, Any]]:
    """Run one benchmark for each of some sizes, in a process of its own, so that memory and CPU are its own."""
    rows = []
    for argument in arguments:
        command = [sys.executable, "-m", f"benchmarks.{benchmark}", str(argument)]
        ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        rows += [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    return rows


def table(title: str, rows: Rows) -> Table:
    """Return rows as a table; where one lacks a value, its cell is empty."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    made = Table(*columns, title=title, title_justify="left")
    for row in rows:
        cells = (row.get(column, "") for column in columns)
        made.add_row(*(f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in cells))
    return made


def observe(console: Console) -> None:
    """Measure one look at a pair."""
    rows = run("observe", *SIZES)
    console.print(table("Observe, assess and record a pair (wanted at 5000: cpu_s < 1, rss_mb < 300)", rows))
    small, large = rows[-2], rows[-1]
    growth = large["cpu_s"] / small["cpu_s"]
    console.print(f"{large['clients'] // small['clients']} times the clients cost {growth:.1f} times the CPU.\n")


def dags(console: Console) -> None:
    """Measure what the DAG processor does."""
    rows = run("dags", PAIRS)
    console.print(table(f"Parse and serialise the DAGs of {PAIRS} pairs, file by file", rows))
    total = sum(row["cpu_s"] for row in rows)
    wanted = f"under {FILE_TIMEOUT / 4:g}, a quarter of one file's time-out"
    console.print(f"All files: {total:.1f} s of CPU (wanted: {wanted}).\n")


def ports(console: Console) -> None:
    """Measure a planned takeover with few ports."""
    rows = run("ports", ESTATES[-1])
    console.print(table("Hand over 1000 clients with 512 ports, 5 % dead (wanted: no port failure, 950 moved)", rows))


def handover(console: Console) -> None:
    """Measure a planned takeover beside its rivals."""
    rows = run("handover", *ESTATES)
    console.print(table("Hand every client over (wanted: own < 30 at 1000, growing slower than the others')", rows))
    _print_ratios(console, rows, "own", "own time")


def disaster(console: Console) -> None:
    """Measure a failover beside a script."""
    rows = run("disaster", *ESTATES)
    console.print(table("Rescue the clients of a dead master, 5 % of them off", rows))
    _print_ratios(console, rows, "seconds", "time to the last client read back")


def _print_ratios(console: Console, rows: Rows, key: str, what: str) -> None:
    """Print what the numbers of one run say of each other: the rivals beside the product, the growth of each."""
    found = {(row["by"], row["clients"]): row for row in rows if key in row}
    contestants = list(dict.fromkeys(who for who, _ in found))
    first, last = min(ESTATES), max(ESTATES)
    for who in contestants:
        parts = []
        for size in ESTATES:
            own, ours = found.get((who, size)), found.get((contestants[0], size))
            if own and ours and own is not ours:
                parts.append(f"{_at_least(own)}{own[key] / ours[key]:.1f} times the product's at {size}")
        one, other = found.get((who, first)), found.get((who, last))
        if one and other:
            parts.append(f"{_at_least(other)}{other[key] / one[key]:.1f} times from {first} to {last} clients")
        console.print(f"{who}: {what} {'; '.join(parts)}.")
    console.print()


def _at_least(row: Mapping[str, Any]) -> str:
    return "more than " if row["ended"] == "stopped" else ""


SECTIONS: Mapping[str, Callable[[Console], None]] = {
    "observe": observe,
    "dags": dags,
    "ports": ports,
    "handover": handover,
    "disaster": disaster,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}; all by default")
    wanted = parser.parse_args().sections or list(SECTIONS)
    if unknown := set(wanted) - set(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    console = Console(width=160)
    for section in wanted:
        began = time.monotonic()
        SECTIONS[section](console)
        load = os.getloadavg()[0]
        console.print(f"[{section} took {time.monotonic() - began:.0f} s; load average {load:.1f}]\n", markup=False)


if __name__ == "__main__":
    main()
