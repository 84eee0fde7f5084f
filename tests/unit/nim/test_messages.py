from __future__ import annotations

import pytest

from nim_operators.nim.messages import (
    FAMILIES,
    MEANINGS,
    Kind,
    Message,
    explain,
    innermost,
    messages_in,
)

ENVELOPE = '0042-001 nim: processing error encountered on "master":\n'
NOT_LISTED = "The client is not configured to allow this master to execute this command"


def test_the_innermost_code_decides():
    found = innermost(f"{ENVELOPE}   0042-372 c_switch_master: {NOT_LISTED}\n")
    assert found == Message("0042-372", "c_switch_master", NOT_LISTED)
    assert found.meaning.kind is Kind.FINAL


def test_a_code_of_the_command_that_nim_called_is_deeper_still():
    found = innermost(
        f"{ENVELOPE}"
        '  0042-175 c_script: An unexpected result was returned by the "/usr/sbin/mount" command:\n'
        "mount: 1831-011 access denied for nima:/export\n"
        "rc=175\n"
    )
    assert (found.code, found.method, found.text) == ("1831-011", "mount", "access denied for nima:/export")


def test_free_text_after_an_envelope_is_what_it_tells():
    found = innermost(f"{ENVELOPE}\n        There is no room\n        in /export\n")
    assert (found.code, found.meaning.kind, found.told) == (
        "0042-001",
        Kind.ENVELOPE,
        "There is no room in /export",
    )


@pytest.mark.parametrize("indent", ["", "        "])
def test_wrapped_lines_are_joined(indent):
    found = innermost(
        f'{ENVELOPE}0042-378 m_lslpp: The current master for "lpar1"\n'
        f'{indent}is "nimb". You must run the "takeover" operation\n'
    )
    assert found.text == 'The current master for "lpar1" is "nimb". You must run the "takeover" operation'


def test_warnings_never_decide():
    text = (
        "warning: 0042-355 nim: the SPOT is old\n        and will be kept\n"
        f"{ENVELOPE}0042-006 m_lslpp: (From_Master) connect Connection refused\nwarning: 0042-356 m_x: late\n"
    )
    assert innermost(text).code == "0042-006"
    assert [(found.code, found.text) for found in messages_in(text) if found.is_warning] == [
        ("0042-355", "the SPOT is old and will be kept"),
        ("0042-356", "late"),
    ]


def test_a_subsystem_that_was_not_running_is_no_failure():
    assert innermost("0513-004 The Subsystem or Group, nimd, is currently inoperative.\n") is None


def test_text_without_a_code_has_no_innermost_message():
    assert innermost("Connection refused\n") is None
    assert messages_in("2026-0042-0012 is no code") == ()


@pytest.mark.parametrize("code", ["0042-006", "0042-207"])
def test_what_may_pass_by_itself_is_retriable(code):
    assert MEANINGS[code].kind is Kind.RETRIABLE


@pytest.mark.parametrize(
    "code", ["0042-999", "0505-101", "0506-349", "0511-191", "0516-404", "1831-008", "0504-500", "0513-099"]
)
def test_an_unknown_code_is_final_and_keeps_its_text(code):
    found = innermost(f"{code} something: odd\n")
    assert (found.meaning.kind, found.text) == (Kind.FINAL, "odd")


def test_every_code_of_the_table_belongs_to_a_family():
    assert {code.split("-")[0] for code in MEANINGS} <= set(FAMILIES)


def test_an_explanation_names_code_meaning_remedy_and_text():
    assert explain(f"{ENVELOPE}0042-372 c_switch_master: {NOT_LISTED}") == (
        "0042-372: the client's list of masters does not hold this master. "
        "Trigger nim_repair_client for the client, or nim_reset_clients for every one. "
        f'It said: "{NOT_LISTED}"'
    )
    assert explain("\n  ksh: nim: not found\n") == "ksh: nim: not found"
    assert explain("\n") == "It printed nothing."


def test_a_command_that_told_its_progress_is_quoted_by_its_last_line():
    log = "a ./etc/NIM.level 1 blocks\nReplicating resource lpar1_spot\n\n"
    assert explain(log, last=True) == "Replicating resource lpar1_spot"
    assert explain(f"{ENVELOPE}0042-154 c_stat: gone\nmore\n", last=True).startswith("0042-154")
