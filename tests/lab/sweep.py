"""Run every test that has a long version to its end, and write down what was really run: ``make sweep``.

A test file has a long version if it reads ``NIM_SWEEP`` or marks tests with ``sweep``. Paths on the command line
restrict what is run; ``NIM_STEPS`` says how far the random walk goes. The report is ``docs/sweep.md``: a row for each
file, written when that file has ended, so that a sweep of many hours can be done in parts. Rows of files that are not
run now stay, each with the commit that it was true of.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from xml.etree import ElementTree as ET

REPOSITORY = Path(__file__).resolve().parents[2]
REPORT = REPOSITORY / "docs" / "sweep.md"
WALK = "test_a_random_walk_breaks_no_promise"
HEADING = """\
# The last sweep

<!-- Written by tests/lab/sweep.py; run `make sweep`. -->

`DEMO_FAULT_SEED=<seed> SWEEP=<file> make sweep` repeats a row.

| file | of commit | begun | seed | passed | failed | skipped | seconds |
|---|---|---|---|---|---|---|---|"""
ROW = re.compile(r"^\| `(?P<file>tests/\S+)` \|")
WALKED = "## The random walk"


def long_tests() -> list[str]:
    """Return the test files that have a long version."""
    files = sorted((REPOSITORY / "tests").rglob("test_*.py"))
    return [str(file.relative_to(REPOSITORY)) for file in files if re.search("NIM_SWEEP|mark.sweep", file.read_text())]


@dataclass
class Report:
    """What is known of every sweep so far: a row for each file, the cases that failed, what the walk came to."""

    rows: dict[str, str] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    walked: str = ""

    @classmethod
    def read(cls) -> Self:
        """Read what earlier sweeps have left."""
        table, mark, walked = REPORT.read_text().partition(WALKED) if REPORT.exists() else ("", "", "")
        lines = table.splitlines()
        rows = {found["file"]: line for line in lines if (found := ROW.match(line))}
        return cls(rows, [line for line in lines if line.startswith("- `tests/")], mark + walked)

    def write(self) -> None:
        """Write it anew."""
        failed = ["", "Failed:", "", *self.failed] if self.failed else []
        rows = (self.rows[file] for file in sorted(self.rows))
        text = "\n".join([HEADING, *rows, *failed, *(["", self.walked] if self.walked else [])])
        REPORT.write_text(text.rstrip() + "\n")


def main(arguments: list[str]) -> int:
    """Run one file after the other, report each, and return the worst of pytest's own statuses."""
    seed = os.environ.get("DEMO_FAULT_SEED") or str(secrets.randbelow(1_000_000))
    commit = _commit()
    return max(_sweep(file, commit, seed) for file in arguments or long_tests())


def _sweep(file: str, commit: str, seed: str) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {"NIM_SWEEP": "all", "DEMO_FAULT_SEED": seed, "NIM_SWEEP_TALLIES": name}
        began = time.time()
        found = f"--junitxml={folder / 'all.xml'}"
        status = subprocess.run(
            [sys.executable, "-m", "pytest", "-n", "2", "--dist", "worksteal", found, file],
            cwd=REPOSITORY,
            env=os.environ | environment,
            check=False,
        ).returncode
        cases = list(ET.parse(folder / "all.xml").getroot().iter("testcase"))
        tallies = {one.stem: json.loads(one.read_text()) for one in sorted(folder.glob("*.json"))}
    report = Report.read()
    report.rows[file] = _row(file, cases, commit, began, seed)
    report.failed = [line for line in report.failed if not line.startswith(f"- `{file}`")]
    report.failed += [f"- `{file}` `{case.get('name')}`" for case in cases if _outcome(case) == "failed"]
    if tallies:
        report.walked = "\n".join(_walks(tallies))
    report.write()
    return status


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.strip()


def _outcome(case: ET.Element) -> str:
    tags = {one.tag for one in case}
    return "failed" if tags & {"failure", "error"} else "skipped" if "skipped" in tags else "passed"


def _row(file: str, cases: list[ET.Element], commit: str, began: float, seed: str) -> str:
    counted = Counter(map(_outcome, cases))
    numbers = (counted["passed"], counted["failed"], counted["skipped"], round(time.time() - began))
    moment = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(began))
    return f"| {' | '.join([f'`{file}`', commit, moment, seed, *map(str, numbers)])} |"


def _walks(tallies: dict[str, dict[str, Any]]) -> Iterator[str]:
    """What the random walks did together, and after how many steps each defect put into the product was found."""
    walks = [tallies.pop(name) for name in sorted(tallies) if name.startswith(WALK)]
    if walks:
        yield from (WALKED, "", *_together(walks), "", "| what | how often |", "|---|---|")
    for title, key in (("step", "steps"), ("fault", "faults"), ("diagnosed", "states"), ("judged", "judged")):
        counted: Counter[str] = sum((Counter(walk[key]) for walk in walks), Counter())
        yield from (f"| {title}: {name} | {times} |" for name, times in sorted(counted.items()))
    if tallies:
        yield from ("", "## Defects put into the product", "", "| test | found | after steps | seconds |")
        yield "|---|---|---|---|"
    for name, tally in tallies.items():
        found = "; ".join(tally["violations"]) or "**not found**"
        yield f"| `{name}` | {found.replace('|', '/')} | {sum(tally['steps'].values())} | {tally['seconds']} |"


def _together(walks: list[dict[str, Any]]) -> Iterator[str]:
    steps = sum(sum(walk["steps"].values()) for walk in walks)
    lives = sum(walk["examples"] for walk in walks)
    seeds = ", ".join(str(walk["seed"]) for walk in walks)
    yield f"{steps} steps in {lives} lives of a pair, in {len(walks)} independent walks with the seeds {seeds}."
    broken = [(walk["seed"], found) for walk in walks for found in walk["violations"]]
    yield f"Promises broken: {'; '.join(f'{found} (seed {number})' for number, found in broken) or 'none'}."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
