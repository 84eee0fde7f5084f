from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nim_operators.nim.synclog import PHASES, AutomaticBackup, decode_stamp, parse_sync_log

COMPLETE = (Path(__file__).parent / "vectors" / "sync_complete.txt").read_text()
TAKEN = datetime(2010, 7, 24, 10, 7, 38)  # noqa: DTZ001 - a stamp has no time zone


def test_a_whole_sync_reaches_thirteen_phases_and_completes():
    log = parse_sync_log(COMPLETE)
    assert log.phases == tuple(range(1, 14)) == tuple(PHASES)
    assert log.completed
    assert log.replicated == ("lpar1_sysb", "lpar1_spot", "lpar1_im")
    assert log.unfinished == ()
    assert log.errors == ()


def test_the_automatic_backup_is_found_with_its_time():
    path = "/export/nim/backups/nimb.10073807242010.backup"
    assert parse_sync_log(COMPLETE).backup == AutomaticBackup(path, TAKEN)


def test_a_path_without_a_real_stamp_is_no_automatic_backup():
    assert parse_sync_log('        "/export/nim/backups/nimb.99073807242010.backup"\n').backup is None


def test_a_stamp_is_time_then_day():
    assert decode_stamp("10073807242010") == TAKEN


@pytest.mark.parametrize(
    "stamp", ["", "1007380724201", "100738072420100", "99073807242010", "10073813242010", "1007380724201x"]
)
def test_what_is_no_stamp_is_refused(stamp):
    with pytest.raises(ValueError, match=r"."):
        decode_stamp(stamp)


def test_a_sync_cut_off_while_it_copies_names_the_resource():
    log = parse_sync_log(COMPLETE[: COMPLETE.index("version=5") + 3])
    assert log.phases == tuple(range(1, 12))
    assert (log.replicated, log.unfinished, log.completed) == (("lpar1_sysb",), ("lpar1_spot",), False)


def test_a_copy_that_began_again_is_unfinished_until_it_ends_again():
    again = "Replicating resource a\nReplicated resource a\nReplicating resource a\n"
    assert parse_sync_log(again).unfinished == ("a",)
    assert parse_sync_log(f"{again}Replicated resource a\n").replicated == ("a",)


@pytest.mark.parametrize("after", ["", "\n\n", "  \n"])
def test_empty_lines_after_the_last_line_do_not_matter(after):
    assert parse_sync_log(COMPLETE.rstrip("\n") + after).completed


@pytest.mark.parametrize(
    "after", ["warning: 0042-175 c_ch_nfsexp: odd\n", "0513-044 The nimesis Subsystem...\n", "Bye\n"]
)
def test_a_word_after_the_last_line_that_is_no_error_does_not_matter(after):
    assert parse_sync_log(COMPLETE + after).completed


def test_an_error_after_the_last_line_may_be_older_than_that_and_is_told():
    log = parse_sync_log(COMPLETE + '0042-001 nim: processing error encountered on "nimb":\n   0042-006 m_sync: lost\n')
    assert log.is_whole
    assert [message.code for message in log.errors] == ["0042-001", "0042-006"]


def test_unknown_lines_and_another_order_lose_nothing():
    lines = [*COMPLETE.splitlines(), "a line of a newer level", "Resource lpar9: 40% copied"]
    random.Random(1).shuffle(lines)
    log = parse_sync_log("\n".join(lines))
    assert log.phases == tuple(range(1, 14))
    assert set(log.replicated) == {"lpar1_sysb", "lpar1_spot", "lpar1_im"}


@settings(deadline=None)
@given(st.integers(0, len(COMPLETE)))
def test_a_cut_anywhere_never_invents_anything(at):
    log = parse_sync_log(COMPLETE[:at])
    assert log.phases == tuple(range(1, len(log.phases) + 1))
    assert set(log.replicated) <= {"lpar1_sysb", "lpar1_spot", "lpar1_im"}
    assert log.completed == (at >= len(COMPLETE) - 1)


@settings(deadline=None)
@given(st.text())
def test_nothing_is_refused(text):
    assert parse_sync_log(text).completed in {True, False}
