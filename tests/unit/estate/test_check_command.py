"""``python -m nim_operators.estate`` says of a file what Airflow would make of it, before Airflow reads it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[3] / "include" / "estate.yaml"
THREE_MISTAKES = """\
version: 1
pairs:
  lab:
    masters: {nima: {conn_id: nim_lab_a}, nimb: {conn_id: nim_lab_b}}
    timezone: Europe/Berlin
    clients: {width: 0}
    source: nimc
    backups: {keep: 0}
"""


def check(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", "nim_operators.estate", *map(str, arguments)),
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_good_file_shows_its_pairs():
    done = check(EXAMPLE)

    assert (done.returncode, done.stderr) == (0, "")
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.stdout.splitlines() if "nima" in line]
    assert rows == [["lab", "nima (nim_lab_a)", "nimb (nim_lab_b)", "0 2 * * *", "01:00 to 05:00", "Europe/Berlin"]]
    assert f"{EXAMPLE} can be used. Evidence goes to file:///var/lib/nim_operators/evidence." in done.stdout


def test_every_mistake_is_a_line_that_says_where_it_is_and_what_is_allowed(tmp_path):
    file = tmp_path / "estate.yaml"
    file.write_text(THREE_MISTAKES)

    done = check(file)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"{file}, line 6, pair 'lab', field 'clients.width': 0 was given, allowed is a whole number from 1 to 128.",
        f"{file}, line 7, pair 'lab', field 'source': 'nimc' is no master of this pair, allowed is one of nima, nimb.",
        f"{file}, line 8, pair 'lab', field 'backups.keep': 0 was given, allowed is a whole number from 1 to 1000.",
        "3 problems; while there is one, Airflow makes no DAG from this file.",
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"version: 1\n\tpairs: {}\n", "line 2: the line is indented by a tab, allowed are spaces."),
        (b"version: 1\n# \xff\n", "line 2: byte 0xff on this line is not UTF-8, allowed is UTF-8 text."),
    ],
    ids=["tab", "no UTF-8"],
)
def test_a_file_that_is_no_yaml_gives_its_sentence(tmp_path, content, sentence):
    file = tmp_path / "estate.yaml"
    file.write_bytes(content)

    done = check(file)

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"{file}, {sentence}",
        "1 problem; while there is one, Airflow makes no DAG from this file.",
    ]


def test_without_a_name_the_file_that_airflow_reads_is_checked(tmp_path):
    done = check(NIM_OPERATORS_ESTATE=str(tmp_path / "none.yaml"))

    assert done.returncode == 1
    assert done.stderr.startswith(f"{tmp_path / 'none.yaml'}: there is no such file; NIM_OPERATORS_ESTATE names")
