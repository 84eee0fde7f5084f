from __future__ import annotations

import pytest

from nim_operators.nim.clients import parse_client_answers
from nim_operators.nim.errors import Unreadable
from nim_operators.nim.levels import Level
from nim_operators.nim.snapshot import ClientAnswer

ANSWERED = (
    "lpar1 7200-05-03-2148\n"
    "lpar1 00068A0AD700\n"
    "lpar1 export NIM_NAME=lpar1\n"
    "lpar1 export NIM_CONFIGURATION=standalone\n"
    "lpar1 export NIM_MASTER_HOSTNAME=nima\n"
    'lpar1 export NIM_MASTER_HOSTNAME_LIST="nima nimb"\n'
    "lpar1 @ 0\n"
)


def read(text: str, *expected: str) -> dict[str, ClientAnswer]:
    return {answer.client: answer for answer in parse_client_answers("nima", "A", text, expected)}


def test_a_client_speaks_for_itself():
    answer = read(ANSWERED)["lpar1"]
    assert (answer.asked_by, answer.silence) == ("A", None)
    assert answer.level == Level(7200, 5, 3, 2148)
    assert answer.machine_id == "00068A0AD700"
    assert (answer.niminfo.name, answer.niminfo.master_hostname) == ("lpar1", "nima")
    assert answer.niminfo.master_hostnames == ("nima", "nimb")


def test_lines_of_several_clients_may_be_mixed():
    mixed = "".join(f"{one}\n{one.replace('lpar1', 'lpar2')}\n" for one in ANSWERED.splitlines())
    answers = read(mixed)
    assert answers["lpar1"].niminfo.name == "lpar1"
    assert answers["lpar2"].niminfo.name == "lpar2"


@pytest.mark.parametrize("status", [137, 143])
def test_a_client_that_was_cut_by_its_limit_is_silent_even_if_it_began_to_speak(status):
    answer = read(ANSWERED.replace("@ 0", f"@ {status}"))["lpar1"]
    assert (answer.niminfo, answer.silence) == (None, "no answer within its limit")


def test_a_message_of_nim_is_never_the_word_of_the_client():
    answer = read(
        'lpar1 0042-001 nim: processing error encountered on "master":\n'
        'lpar1 0042-378 m_lslpp: The current master for "lpar1" is "nimb".\n'
        "lpar1 @ 1\n"
    )["lpar1"]
    assert answer.niminfo is None
    assert answer.silence.startswith("0042-378: another master is the current master of this client.")


def test_a_refused_connection_is_a_silence_with_its_words():
    assert read("lpar1 lpar1: Connection refused\nlpar1 @ 1\n")["lpar1"].silence == "lpar1: Connection refused"


def test_a_client_that_could_not_be_asked_for_want_of_a_port_is_not_called_unreachable():
    said = "lpar1 0042-006 c_rsh: (From_Master) rresvport: no privileged port is free\nlpar1 @ 6 no port\n"
    assert read(said)["lpar1"].silence == (
        "the master that asked it had no privileged port free, for as long as any can be kept"
    )


def test_a_client_that_was_asked_by_its_host_says_so():
    answer = read(ANSWERED.replace("@ 0", "@ 0 as lpar1-adm.example.com"))["lpar1"]
    assert (answer.asked_as, answer.niminfo.name, answer.silence) == ("lpar1-adm.example.com", "lpar1", None)
    assert read(ANSWERED)["lpar1"].asked_as is None


def test_a_client_without_a_niminfo_is_silent():
    assert read("lpar1 7200-05-03-2148\nlpar1 00068A0AD700\nlpar1 @ 2\n")["lpar1"].silence == (
        "it said nothing of its /etc/niminfo (exit status 2)"
    )
    assert read("lpar1 @ 0\n")["lpar1"].silence == "it said nothing of its /etc/niminfo (exit status 0)"


def test_a_client_whose_level_was_not_told_still_speaks():
    answer = read(ANSWERED.replace("lpar1 7200-05-03-2148\n", ""))["lpar1"]
    assert (answer.level, answer.machine_id, answer.silence) == (None, "00068A0AD700", None)


@pytest.mark.parametrize("notice", ["2026-11-27 18:00 maintenance tonight", "2026-11-27", "1234-5678-AB owned by IT"])
def test_a_notice_that_looks_like_a_level_silences_no_client(notice: str):
    answer = read(f"lpar1 {notice}\n{ANSWERED}")["lpar1"]
    assert (answer.level, answer.silence) == (Level(7200, 5, 3, 2148), None)
    assert answer.niminfo.master_hostname == "nima"


@pytest.mark.parametrize("said", ["", "lpar1 00068A0AD7\n", "lpar1 beef\n", "lpar1 /usr/bin/uname: not found\n"])
def test_a_client_whose_machine_id_was_not_told_still_speaks(said: str):
    answer = read(ANSWERED.replace("lpar1 00068A0AD700\n", said))["lpar1"]
    assert (answer.machine_id, answer.silence) == (None, None)
    assert answer.niminfo.master_hostname == "nima"


def test_the_master_that_a_client_was_installed_with_is_told_where_its_niminfo_says_so():
    answer = read(ANSWERED.replace("lpar1 @ 0\n", "lpar1 export NIM_MASTERID=00F690DC4C00\nlpar1 @ 0\n"))["lpar1"]
    assert answer.niminfo.master_id == "00F690DC4C00"


def test_an_answer_that_makes_no_sense_is_that_clients_silence_and_hides_no_other():
    answers = read(ANSWERED + 'lpar2 export NIM_NAME="lpar2\nlpar2 @ 0\n')
    assert answers["lpar1"].niminfo is not None
    assert "Cannot read the output" in answers["lpar2"].silence
    assert "on lpar2: line 1" in answers["lpar2"].silence


def test_clients_that_were_not_reached_in_time_are_silent():
    answers = read(f"{ANSWERED}lpar2 export NIM_NAME=lpar2\nlpa", "lpar1", "lpar2", "lpar3")
    assert list(answers) == ["lpar1", "lpar2", "lpar3"]
    assert answers["lpar2"].silence == "its answer was cut off"
    assert answers["lpar3"].silence == "it was not asked before the time for asking was over"


def test_a_missing_final_newline_hides_no_answer():
    assert read(ANSWERED.rstrip("\n")) == read(ANSWERED)


def test_a_line_without_words_is_unreadable():
    with pytest.raises(Unreadable, match=r"line 1 is 'lpar1'"):
        read("lpar1\nlpar1 @ 0\n")
