from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nim_operators.nim.errors import Unreadable
from nim_operators.nim.lssrc import parse_lssrc
from nim_operators.nim.snapshot import SubsystemRow

HEADER = "Subsystem         Group            PID          Status\n"


def read(text: str) -> tuple[SubsystemRow, ...]:
    return parse_lssrc("nima", text)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            " nimesis          nim              36307360     active",
            SubsystemRow("nimesis", "nim", 36307360, "active"),
        ),
        (
            " nimsh            nimclient                     inoperative",
            SubsystemRow("nimsh", "nimclient", None, "inoperative"),
        ),
        (
            " nimhttp                                        inoperative ",
            SubsystemRow("nimhttp", "", None, "inoperative"),
        ),
        (
            " nimhttp                           7340238      active",
            SubsystemRow("nimhttp", "", 7340238, "active"),
        ),
        (
            " nimesis          nim              123          warned",
            SubsystemRow("nimesis", "nim", 123, "warned"),
        ),
    ],
)
def test_a_row_may_leave_group_and_process_id_empty(row, expected):
    assert read(f"{HEADER}{row}\n") == (expected,)
    assert read(row) == (expected,)


def test_a_subsystem_listed_twice_keeps_both_rows():
    rows = read(
        HEADER
        + " nimesis          nim              36307360     active\n"
        + " nimesis          nim                           inoperative\n"
    )
    assert [(row.pid, row.status) for row in rows] == [(36307360, "active"), (None, "inoperative")]


def test_a_subsystem_that_is_not_on_file_has_no_rows():
    assert read("0513-085 The nimd Subsystem is not on file.\n") == ()


@pytest.mark.parametrize(
    "line",
    [
        "nimesis",
        " nimhttp 1000000000000active",
        " nimesis nim nimd active",
        " nimesis nim 123",
        "0513-001 The System Resource Controller is down.",
    ],
)
def test_a_row_of_another_shape_is_unreadable(line):
    with pytest.raises(Unreadable) as error:
        read(HEADER + line)
    assert (error.value.line_number, error.value.line) == (2, line)


ROWS = st.builds(
    SubsystemRow,
    st.from_regex(r"[a-z][a-z0-9_.]{0,15}", fullmatch=True),
    st.from_regex(r"([a-z][a-z0-9]{0,15})?", fullmatch=True),
    st.one_of(st.none(), st.integers(1, 10**9)),
    st.sampled_from(["active", "inoperative", "stopping", "warned"]),
)


@settings(deadline=None)
@given(st.lists(ROWS))
def test_rows_in_the_fixed_columns_read_back_as_themselves(rows):
    text = HEADER + "".join(f" {row.name:<17}{row.group:<17}{row.pid or '':<13}{row.status}\n" for row in rows)
    assert read(text) == tuple(rows)
