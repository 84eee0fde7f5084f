from __future__ import annotations

from pathlib import Path

import pytest

from nim_operators.nim.errors import Unreadable
from nim_operators.nim.filesets import parse_lslpp

LSLPP = (Path(__file__).parent / "vectors" / "lslpp.txt").read_text()
ROW = "bos.sysmgt:bos.sysmgt.nim.master:7.2.5.0: : :{}:F:Master Tools: : : : : : :0:0:/:2148"


def read(text: str) -> dict[str, str]:
    return parse_lslpp("nima", text)


def test_the_highest_level_of_each_usable_fileset_counts():
    assert read(LSLPP) == {
        "bos.sysmgt.nim.client": "7.2.5.200",
        "bos.sysmgt.nim.master": "7.2.5.100",
        "bash-4.2-5": "4.2-5",
    }


def test_wrapped_lslpp_lines_are_put_together_again():
    for at in (12, 30, 45, 60):
        assert read(ROW.format("C")[:at] + "\n" + ROW.format("C")[at:]) == {"bos.sysmgt.nim.master": "7.2.5.0"}


@pytest.mark.parametrize("state", ["A", "C", "E", " "])
def test_applied_committed_and_locked_filesets_count(state):
    assert read(ROW.format(state)) == {"bos.sysmgt.nim.master": "7.2.5.0"}


@pytest.mark.parametrize("state", ["B", "?", "O"])
def test_broken_inconsistent_and_obsolete_filesets_do_not_count(state):
    assert read(ROW.format(state)) == {}


def test_a_fileset_that_is_not_installed_has_no_level():
    assert read("lslpp: 0504-132  Fileset bos.sysmgt.nim.spot not installed.\n") == {}


@pytest.mark.parametrize(
    "text",
    [
        "lslpp: something else\n",
        ROW.format("C")[:40],
        ROW.format("C").replace("7.2.5.0", "new"),
        "a:b:: : :C:R:d:",
    ],
)
def test_a_record_that_makes_no_sense_is_named(text):
    with pytest.raises(Unreadable) as error:
        read(LSLPP + text)
    assert (error.value.command, error.value.line_number) == ("lslpp -Lqc", 8)
