"""nim -o takeover: its attributes, its table and status, and what it leaves in both databases (nim.md 4.4)."""

from __future__ import annotations

import pytest

from .conftest import given_back, ssh

TAKEOVER = ("nim", "-o", "takeover", "-a", "async=no", "nima")
HEAD = " ------                                    ------\n"


def rows(text):
    """Return client and result of each row; the result of a row without one is empty."""
    return {line[1:43].strip(): line[43:] for line in text.split(HEAD)[1].splitlines()}


def owners(lab, master):
    objects = lab.state()["masters"][master]["objects"]
    found = {name: dict(map(tuple, item["attrs"])).get("current_master") for name, item in objects.items()}
    return {name: found[name] for name in lab.state()["clients"] if name in found}


def own_words(lab):
    return {name: client["current_master"] for name, client in lab.state()["clients"].items()}


def alternates(lab, master):
    objects = lab.state()["masters"][master]["objects"]
    return [name for name, item in objects.items() if item["type"] == "alternate_master"]


@pytest.fixture
def pair(pairs):
    with given_back(pairs):
        yield pairs


def test_attributes_that_do_not_exist_change_nothing(pair):
    before = pair.state_hash()
    for words, code in (
        (("-a", "async=maybe", "nima"), "0042-023"),
        (("-a", "verbose=6", "nima"), "0042-023"),
        (("-a", "show_progress=1", "nima"), "0042-023"),
        (("-a", "replicate=yes", "nima"), "0042-022"),
        (("aix02",), 'the "takeover" operation is not supported'),
        (("master",), 'the "takeover" operation is not supported'),
        (("mars",), "0042-053"),
    ):
        result = pair.admin("nimb", "nim", "-o", "takeover", *words)
        assert result["exit"] == 1
        assert code in result["stderr"]
    assert pair.state_hash() == before


def test_without_progress_nothing_is_printed_and_all_is_done(pair):
    result = pair.admin("nimb", "nim", "-o", "takeover", "-a", "async=no", "-a", "show_progress=no", "nima")
    assert (result["exit"], result["stdout"], result["stderr"]) == (0, "", "")
    assert set(own_words(pair).values()) == {"nimb"}


def test_asynchronous_it_returns_before_a_client_has_switched(pair):
    pair.hold("takeover:start")
    result = pair.admin("nimb", "nim", "-o", "takeover", "nima")
    assert result["exit"] == 0
    assert set(rows(result["stdout"]).values()) == {"SUCCESS"}
    assert set(own_words(pair).values()) == {"nima"}
    assert "/usr/lpp/bos.sysmgt/nim/methods/m_takeover" in ssh(pair, "nimb", "ps -ef").stdout
    pair.release()
    pair.wait("takeover:end")
    assert set(own_words(pair).values()) == {"nimb"}
    assert "m_takeover" not in ssh(pair, "nimb", "ps -ef").stdout


def test_asynchronous_it_may_hide_its_process_and_print_no_row(pair):
    pair.switch("async_processes", "hidden")
    pair.switch("async_rows", "none")
    pair.hold("takeover:start")
    result = pair.admin("nimb", "nim", "-o", "takeover", "nima")
    assert result["stdout"] == 'Updating the NIM database on the "alternate_master" "nima"...\n'
    assert "m_takeover" not in ssh(pair, "nimb", "ps -ef").stdout


def test_its_background_process_killed_stops_in_the_middle(pair):
    pair.hold("takeover:client=aix03")
    pair.admin("nimb", "nim", "-o", "takeover", "nima")
    pair.wait("held:takeover:client=aix03")
    ssh(pair, "nimb", "kill -9 $(ps -e -o pid= -o args= | awk '/[m]_takeover/ {print $1}')")
    pair.wait("process_end:*")
    pair.release()
    pair.wait("takeover:end")
    assert own_words(pair) == {"vios1": "nimb", "aix02": "nimb", "aix03": "nima", "aix04": "nima"}
    assert owners(pair, "nimb") == own_words(pair)
    assert set(owners(pair, "nima").values()) == {"nima"}


def test_the_database_follows_client_by_client(pair):
    pair.hold("takeover:client=aix03")
    pair.admin("nimb", "nim", "-o", "takeover", "nima")
    pair.wait("held:takeover:client=aix03")
    assert owners(pair, "nimb") == {"vios1": "nimb", "aix02": "nimb", "aix03": "nima", "aix04": "nima"}
    pair.release()


@pytest.mark.parametrize(("value", "status"), [("zero", 0), ("one", 1), ("code", 372 & 0xFF)])
def test_status_of_a_mixed_table(pair, value, status):
    pair.switch("takeover_exit", value)
    pair.break_fault("client_list_missing", client="aix02")
    pair.break_fault("client_down", client="aix03")
    result = pair.admin("nimb", *TAKEOVER)
    assert result["exit"] == status
    assert rows(result["stdout"])["aix04"] == "SUCCESS"


@pytest.mark.parametrize(
    ("value", "word"), [("FAILURE", "FAILURE"), ("FAILED", "FAILED"), ("ERROR", "ERROR"), ("empty", "")]
)
def test_word_of_a_client_that_failed(pair, value, word):
    pair.switch("failing_word", value)
    pair.break_fault("client_down", client="aix02")
    assert rows(pair.admin("nimb", *TAKEOVER)["stdout"]) == {
        "vios1": "SUCCESS",
        "aix02": word,
        "aix03": "SUCCESS",
        "aix04": "SUCCESS",
    }


@pytest.mark.parametrize(
    ("value", "listed"), [("successes", ["vios1", "aix03", "aix04"]), ("half", ["vios1", "aix02"])]
)
def test_rows_that_are_missing(pair, value, listed):
    pair.switch("takeover_rows", value)
    pair.break_fault("client_down", client="aix02")
    assert list(rows(pair.admin("nimb", *TAKEOVER)["stdout"])) == listed
    assert own_words(pair) == {"vios1": "nimb", "aix02": "nima", "aix03": "nimb", "aix04": "nimb"}


@pytest.mark.parametrize(("value", "recorded"), [("kept", "nima"), ("taken", "nimb")])
def test_record_of_a_client_that_was_off(pair, value, recorded):
    pair.switch("takeover_record_of_failed", value)
    pair.break_fault("client_down", client="aix02")
    pair.admin("nimb", *TAKEOVER)
    expected = {"vios1": "nimb", "aix02": recorded, "aix03": "nimb", "aix04": "nimb"}
    assert (owners(pair, "nima"), owners(pair, "nimb")) == (expected, expected)
    pair.heal()
    assert own_words(pair)["aix02"] == "nima"


def test_a_second_takeover_gets_the_client_that_came_back(pair):
    pair.break_fault("client_down", client="aix02")
    pair.admin("nimb", *TAKEOVER)
    pair.heal()
    result = pair.admin("nimb", *TAKEOVER)
    assert set(rows(result["stdout"]).values()) == {"SUCCESS"}
    assert set(own_words(pair).values()) == {"nimb"}
    assert {tuple(client["masters"]) for client in pair.state()["clients"].values()} == {("nimb", "nima")}


def test_success_without_a_switch_and_a_switch_without_success(pair):
    pair.break_fault("client_silent_success", client="aix02")
    pair.break_fault("client_false_failure", client="aix03")
    result = pair.admin("nimb", *TAKEOVER)
    assert rows(result["stdout"]) == {"vios1": "SUCCESS", "aix02": "SUCCESS", "aix03": "FAILURE", "aix04": "SUCCESS"}
    assert own_words(pair) == {"vios1": "nimb", "aix02": "nima", "aix03": "nimb", "aix04": "nimb"}
    assert owners(pair, "nimb") == {"vios1": "nimb", "aix02": "nimb", "aix03": "nima", "aix04": "nimb"}


@pytest.mark.parametrize(("value", "word"), [("switched", "SUCCESS"), ("refused", "FAILURE")])
def test_a_busy_client(pair, value, word):
    pair.switch("takeover_of_busy", value)
    pair.break_fault("cstate_busy", client="aix02")
    assert rows(pair.admin("nimb", *TAKEOVER)["stdout"])["aix02"] == word
    assert own_words(pair)["aix02"] == ("nimb" if word == "SUCCESS" else "nima")


def test_a_dead_target_costs_a_delay_and_is_not_updated(pair):
    pair.break_fault("host_down", host="nima")
    pair.switch("dead_master_wait", "1")
    result = pair.admin("nimb", *TAKEOVER)
    took = next(call["end"] - call["time"] for call in pair.calls("nim")[-1:])
    assert 1 <= took < 30
    assert result["exit"] == 0
    assert result["stderr"].startswith("warning: 0042-006")
    assert set(owners(pair, "nimb").values()) == {"nimb"}
    assert set(owners(pair, "nima").values()) == {"nima"}


def test_the_target_may_be_updated_first_and_then_is_ahead_of_the_clients(pair):
    pair.switch("takeover_updates_target", "before_clients")
    pair.hold("takeover:client=aix02")
    pair.admin("nimb", "nim", "-o", "takeover", "nima")
    pair.wait("held:takeover:client=aix02")
    assert set(owners(pair, "nima").values()) == {"nimb"}
    assert own_words(pair) == {"vios1": "nimb", "aix02": "nima", "aix03": "nima", "aix04": "nima"}


def test_force_replaces_what_the_target_had(pair):
    define = ("nim", "-o", "define", "-t", "standalone", "-a", "if1=master_net aix02 0", "only_on_nima")
    assert pair.admin("nima", *define)["exit"] == 0
    pair.admin("nimb", *TAKEOVER)
    assert "only_on_nima" in pair.state()["masters"]["nima"]["objects"]
    pair.admin("nimb", "nim", "-F", *TAKEOVER[1:])
    objects = pair.state()["masters"]["nima"]["objects"]
    assert "only_on_nima" not in objects
    assert dict(map(tuple, objects["master"]["attrs"]))["if1"].startswith("master_net nima ")
    assert alternates(pair, "nima") == ["nimb"]


def test_a_target_known_by_niminfo_alone_is_a_switch(start):
    lab = start("synced", clients=2)
    assert alternates(lab, "nimb") == []
    assert "0042-053" in lab.admin("nimb", *TAKEOVER)["stderr"]
    lab.switch("takeover_target", "niminfo")
    assert lab.admin("nimb", *TAKEOVER)["exit"] == 0
    assert alternates(lab, "nimb") == ["nima"]
    assert set(own_words(lab).values()) == {"nimb"}


@pytest.mark.parametrize(("value", "left"), [("kept", []), ("added", ["nimb"])])
def test_a_target_that_lost_its_alternate(start, value, left):
    pair = start("synced_peer_kept", clients=2)
    pair.switch("takeover_keeps_alternate", value)
    pair.admin("nima", "nim", "-o", "remove", "nimb")
    pair.admin("nimb", *TAKEOVER)
    assert alternates(pair, "nima") == left


def test_a_thousand_clients(start):
    lab = start("synced_peer_kept", clients=1000)
    lab.admin("nimb", *TAKEOVER)
    call = lab.calls("nim")[0]
    assert call["end"] - call["time"] < 10
    assert set(owners(lab, "nima").values()) == set(owners(lab, "nimb").values()) == {"nimb"}
    assert set(own_words(lab).values()) == {"nimb"}
