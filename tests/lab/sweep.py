"""Run every test that has a long version to its end, and write down what was really run: ``make sweep``.

A test file has a long version if it reads ``NIM_SWEEP``. Paths on the command line restrict what is run; ``NIM_STEPS``
says how far the random walk goes. The report is ``docs/sweep.md``.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

REPOSITORY = Path(__file__).resolve().parents[2]
REPORT = REPOSITORY / "docs" / "sweep.md"
WALK = "test_a_random_walk_breaks_no_promise"


def long_tests() -> list[str]:
    """Return the test files that have a long version."""
    files = sorted((REPOSITORY / "tests").rglob("test_*.py"))
    return [str(file.relative_to(REPOSITORY)) for file in files if "NIM_SWEEP" in file.read_text()]


def main(arguments: list[str]) -> int:
    """Run, report, and return pytest's own status."""
    chosen = arguments or long_tests()
    seed = os.environ.get("DEMO_FAULT_SEED") or str(secrets.randbelow(1_000_000))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {"NIM_SWEEP": "all", "DEMO_FAULT_SEED": seed, "NIM_SWEEP_TALLIES": name}
        began = time.time()
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-n",
            "2",
            "--dist",
            "worksteal",
            f"--junitxml={folder / 'all.xml'}",
        ]
        status = subprocess.run(
            [*command, *chosen], cwd=REPOSITORY, env=os.environ | environment, check=False
        ).returncode
        cases = list(ET.parse(folder / "all.xml").getroot().iter("testcase"))
        tallies = {file.stem: json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))}
    lines = [*_heading(began, seed, status), *_matrix(cases), *_walks(tallies)]
    REPORT.write_text("\n".join(lines) + "\n")
    return status


def _heading(began: float, seed: str, status: int) -> Iterator[str]:
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    yield "# The last sweep"
    yield ""
    yield "<!-- Written by tests/lab/sweep.py; run `make sweep`. -->"
    yield ""
    minutes = (time.time() - began) / 60
    yield f"- begun {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime(began))}, took {minutes:.0f} minutes"
    yield f"- of commit {commit.stdout.strip()}, seed {seed} (`DEMO_FAULT_SEED={seed} make sweep` repeats it)"
    yield f"- {'everything passed' if status == 0 else f'**NOT everything passed**, pytest ended with {status}'}"


def _matrix(cases: list[ET.Element]) -> Iterator[str]:
    """What was run, by file: an outcome is pytest's own."""
    files: dict[str, Counter[str]] = {}
    for case in cases:
        outcome = next((one.tag for one in case if one.tag in {"failure", "error", "skipped"}), "passed")
        counted = files.setdefault(case.get("classname", "").replace(".", "/") + ".py", Counter())
        counted[outcome] += 1
        counted["seconds"] += round(float(case.get("time", "0")))
    yield from ("", "## Cases", "", "| file | passed | failed | skipped | seconds |", "|---|---|---|---|---|")
    for file, counted in sorted(files.items()):
        failed = counted["failure"] + counted["error"]
        yield f"| `{file}` | {counted['passed']} | {failed} | {counted['skipped']} | {counted['seconds']} |"
    bad = [case for case in cases if any(one.tag in {"failure", "error"} for one in case)]
    if bad:
        yield from ("", "Failed:", "")
        yield from (f"- `{case.get('name')}`" for case in bad)


def _walks(tallies: dict[str, dict[str, Any]]) -> Iterator[str]:
    """What the random walks did together, and after how many steps each defect put into the product was found."""
    walks = [tallies.pop(name) for name in sorted(tallies) if name.startswith(WALK)]
    if walks:
        yield from ("", "## The random walk", "", *_together(walks), "", "| what | how often |", "|---|---|")
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
