"""Run every benchmark and print what it found, beside what is wanted; ``make bench``. A miss does not fail."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

SIZES = (50, 500, 5000)
PAIRS = 100
FILE_TIMEOUT = 50.0
"""Airflow's default ``[dag_processor] dag_file_processor_timeout`` in seconds."""


def run(benchmark: str, argument: int) -> list[dict[str, Any]]:
    """Run one benchmark in a process of its own, so that its memory and CPU are its own."""
    command = [sys.executable, "-m", f"benchmarks.{benchmark}", str(argument)]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]


def table(title: str, rows: Sequence[dict[str, Any]]) -> Table:
    """Return rows of equal keys as a table."""
    made = Table(*rows[0], title=title, title_justify="left")
    for row in rows:
        made.add_row(*(f"{value:.2f}" if isinstance(value, float) else str(value) for value in row.values()))
    return made


def main() -> None:
    """Measure and print."""
    console = Console(width=160)
    observed = [run("observe", size)[0] for size in SIZES]
    console.print(table("Observe, assess and record a pair (wanted at 5000: cpu_s < 1, rss_mb < 300)", observed))
    small, large = observed[-2], observed[-1]
    growth = large["cpu_s"] / small["cpu_s"]
    console.print(f"{large['clients'] // small['clients']} times the clients cost {growth:.1f} times the CPU.\n")
    parsed = run("dags", PAIRS)
    console.print(table(f"Parse and serialise the DAGs of {PAIRS} pairs, file by file", parsed))
    total = sum(row["wall_s"] for row in parsed)
    console.print(f"All files: {total:.1f} s (wanted: under {FILE_TIMEOUT / 4:g}, a quarter of one file's time-out).\n")
    asked = run("fanout", 1000)
    console.print(table("Ask 1000 clients with 512 ports, 5 % dead (wanted: no port failure, every living one)", asked))


if __name__ == "__main__":
    main()
