from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nim_operators.nim.takeoverlog import parse_takeover_log

HEAD = """\
Updating the NIM database on the "alternate_master" "nima"...
+-----------------------------------------------------------------------------+
                      "update" Operation Summary
+-----------------------------------------------------------------------------+
 Target                                    Result
 ------                                    ------
"""
LPAR1 = " lpar1                                     SUCCESS\n"
LPAR2 = " lpar2                                     FAILURE\n"
VIOS1 = " vios1                                     SUCCESS\n"
LPAR2_REFUSED = """\
0042-001 nim: processing error encountered on "lpar2":
   0042-006 c_switch_master: (From_Master) connect Connection refused
"""


def test_each_client_has_the_word_of_its_row():
    log = parse_takeover_log(HEAD + LPAR1 + LPAR2 + VIOS1)
    assert log.rows == {"lpar1": "SUCCESS", "lpar2": "FAILURE", "vios1": "SUCCESS"}
    assert log.errors == ()


@pytest.mark.parametrize("word", ["FAILURE", "FAILED", "ERROR", "not done"])
def test_the_word_for_a_failure_may_be_any(word):
    assert parse_takeover_log(HEAD + LPAR1 + f" lpar2    {word}\n" + VIOS1).rows["lpar2"] == word


def test_a_row_without_a_word_ends_nothing():
    assert parse_takeover_log(HEAD + LPAR1 + " lpar2\n" + VIOS1).rows == {
        "lpar1": "SUCCESS",
        "lpar2": "",
        "vios1": "SUCCESS",
    }


def test_a_name_of_39_characters_leaves_its_word_alone():
    name = 39 * "n"
    assert parse_takeover_log(f"{HEAD} {name}   SUCCESS\n").rows == {name: "SUCCESS"}


def test_messages_between_the_rows_are_no_rows_and_hide_none():
    log = parse_takeover_log(HEAD + LPAR1 + LPAR2_REFUSED + LPAR2 + VIOS1)
    assert {name: log.rows.get(name) for name in ("lpar1", "lpar2", "vios1")} == {
        "lpar1": "SUCCESS",
        "lpar2": "FAILURE",
        "vios1": "SUCCESS",
    }
    assert [message.code for message in log.errors] == ["0042-001", "0042-006"]


@pytest.mark.parametrize("gap", ["\t", "\t\t", " \t", "\t ", " ", "  ", 40 * " "])
@pytest.mark.parametrize("edge", ["", " ", "\t"])
def test_columns_may_be_parted_by_tabs_and_blanks(edge, gap):
    table = "".join(f"{edge}{row.replace(' ', gap)}\n" for row in ("Target Result", "------ ------", "lpar1 SUCCESS"))
    assert parse_takeover_log(f"{table}{edge}lpar2{gap}FAILURE\r\n{edge}vios1\n").rows == {
        "lpar1": "SUCCESS",
        "lpar2": "FAILURE",
        "vios1": "",
    }


@pytest.mark.parametrize("head", ["TARGET RESULT", " Target\tResult"])
def test_a_table_may_have_no_line_of_dashes(head):
    assert parse_takeover_log(f"Updating lpar1\n{head}\nlpar1 SUCCESS\n").rows == {"lpar1": "SUCCESS"}


def test_a_word_after_a_tab_may_be_two():
    assert parse_takeover_log(HEAD + " lpar2\tnot done\n").rows == {"lpar2": "not done"}


@pytest.mark.parametrize(
    "sentence",
    ["lpar2 was reported a SUCCESS\n", " Please wait  for lpar2\n", "Updating lpar2 ...\tSUCCESS\n", " \n", "\t\n"],
)
def test_a_sentence_after_the_table_is_no_row(sentence):
    assert parse_takeover_log(HEAD + LPAR1 + sentence).rows == {"lpar1": "SUCCESS"}


def test_a_warning_is_no_error():
    text = 'warning: 0042-006 m_takeover: the database on "nima" was not updated: Connection refused\n'
    assert parse_takeover_log(text + HEAD + LPAR1).errors == ()


@pytest.mark.parametrize("text", ["", "Updating the NIM database on the alternate\n", LPAR1])
def test_without_a_table_nobody_has_a_row(text):
    assert parse_takeover_log(text).rows == {}


@settings(deadline=None)
@given(st.integers(0, len(HEAD + LPAR1 + LPAR2)))
def test_a_cut_anywhere_invents_no_success(at):
    rows = parse_takeover_log((HEAD + LPAR1 + LPAR2)[:at]).rows
    assert {name for name, word in rows.items() if word == "SUCCESS"} <= {"lpar1"}
    assert set(rows) <= {"lpar1"[:length] for length in range(6)} | {"lpar2"}


@settings(deadline=None)
@given(st.text())
def test_nothing_is_refused(text):
    assert parse_takeover_log(HEAD + text).rows is not None
