"""What a client checks before it obeys a master: names, ids, ports, certificates (nim.md 2.1, 3.4, 12.19, 12.21)."""

from __future__ import annotations

import pytest

from .conftest import METHODS, given_back, ssh

TAKEOVER = ("nim", "-o", "takeover", "-a", "async=no", "nima")


def c_rsh(lab, master, client, line="hostname"):
    return lab.admin(master, f"{METHODS}/c_rsh", client, line)


@pytest.fixture
def pair(pairs):
    with given_back(pairs):
        yield pairs


def test_plain_questions_are_answered_as_a_shell_answers_them(start):
    pair = start("synced_peer_kept", clients=2)
    line = "LC_ALL=C /usr/bin/oslevel -s; /usr/bin/uname -m; hostname 2>/dev/null; echo --; cat /etc/niminfo 2>&1"
    quick = c_rsh(pair, "nima", "aix02", line)
    assert not (pair.directory / "hosts/aix02/root").exists()
    shell = ssh(pair, "nima", f"{METHODS}/c_rsh aix02 '{line}; exit 0'")
    assert (pair.directory / "hosts/aix02/root").exists()
    assert quick["stdout"] == shell.stdout
    assert quick["stdout"].startswith("7300-02-01-2346\n00F700024C00\naix02.example.com\n--\n#----")


@pytest.mark.parametrize(
    ("line", "said", "status"),
    [
        ("uname -a", "AIX aix03.example.com 3 7 00F700034C00\n", 0),
        ("cat /etc/nothing", "", 1),
        ("hostname; false", "aix03.example.com\n", 1),
        ("echo $LOGNAME", "root\n", 0),
        ("echo a b | wc -w", "2\n", 0),
        ("echo -n x; uname -m >/tmp/x; cat /tmp/x", "x00F700034C00\n", 0),
    ],
)
def test_anything_else_runs_in_a_real_shell(pair, line, said, status):
    result = c_rsh(pair, "nima", "aix03", line)
    assert (result["stdout"], result["exit"]) == (said, status)
    assert (pair.directory / "hosts/aix03/root").exists()


def test_machine_id_is_the_recorded_cpuid_until_the_client_is_moved(pair):
    recorded = dict(map(tuple, pair.state()["masters"]["nima"]["objects"]["aix02"]["attrs"]))["cpuid"]
    assert ssh(pair, "aix02", "uname -m").stdout == f"{recorded}\n"
    pair.break_fault("wrong_cpuid", client="aix02")
    assert ssh(pair, "aix02", "uname -m").stdout == "00FA00024C00\n"
    assert "0042-008" in c_rsh(pair, "nima", "aix02")["stderr"]
    pair.heal()
    assert ssh(pair, "aix02", "uname -m").stdout == f"{recorded}\n"
    assert c_rsh(pair, "nima", "aix02")["exit"] == 0


def test_a_master_that_was_moved_is_not_the_one_its_clients_have_stored(pair):
    pair.break_fault("master_moved")
    assert ssh(pair, "nima", "uname -m").stdout == "00FB90DC4C00\n"
    assert "is not this client's master's" in c_rsh(pair, "nima", "aix02")["stderr"]
    assert pair.admin("nima", "nim", "-o", "lslpp", "aix02")["exit"] == 1
    pair.heal()
    assert c_rsh(pair, "nima", "aix02")["exit"] == 0


def test_takeover_stores_the_id_of_the_new_master(pair):
    pair.admin("nimb", *TAKEOVER)
    assert pair.state()["clients"]["aix02"]["niminfo"]["NIM_MASTERID"] == "00F690DD4C00"


@pytest.mark.parametrize(("value", "status"), [("allowed", 0), ("refused", 1)])
def test_a_stale_master_that_still_lists_filesets_is_a_switch(start, value, status):
    lab = start("returned_stale", clients=2)
    lab.switch("c_rsh_from_non_current", value)
    assert lab.admin("nima", "nim", "-o", "lslpp", "aix02")["exit"] == status
    assert lab.admin("nimb", "nim", "-o", "lslpp", "aix02")["exit"] == 0


def test_a_client_without_the_alternates_certificate_stays(pair):
    pair.break_fault("client_secure", client="aix02")
    assert "connect        = nimsh (secure)" in ssh(pair, "nimb", "lsnim -l aix02").stdout
    assert pair.state()["clients"]["aix02"]["certificates"] == ["nima"]
    assert c_rsh(pair, "nima", "aix02")["exit"] == 0
    result = pair.admin("nimb", *TAKEOVER)
    assert "SSL certificate verification failed" in result["stderr"]
    assert pair.state()["clients"]["aix02"]["current_master"] == "nima"


def test_a_secure_world_has_certificates_of_both_masters(start, tmp_path):
    world = tmp_path / "secure.yaml"
    world.write_text("connect: nimsh (secure)\nclients: 2\nstart: synced_peer_kept\n")
    lab = start(world)
    assert lab.state()["clients"]["aix02"]["certificates"] == ["nima", "nimb"]
    assert lab.admin("nimb", *TAKEOVER)["exit"] == 0
    assert lab.state()["clients"]["aix02"]["current_master"] == "nimb"


def test_a_client_takes_the_certificate_of_its_current_master(pair):
    assert ssh(pair, "aix02", "nimclient -c").status == 0
    assert pair.state()["clients"]["aix02"]["certificates"] == ["nima"]
    assert "nimsh (secure)" in ssh(pair, "nima", "lsnim -l aix02").stdout
    assert "SSL" in c_rsh(pair, "nimb", "aix02")["stderr"]
    assert ssh(pair, "aix02", "nimclient -C").status == 0
    assert c_rsh(pair, "nimb", "aix02")["exit"] == 0


def test_each_master_spends_ports_of_its_own(pair):
    pair.switch("port_budget", "on")
    spent = [c_rsh(pair, "nima", "aix02")["exit"] for _ in range(257)]
    assert (spent.count(0), spent[256]) == (256, 6)
    assert "rresvport" in c_rsh(pair, "nima", "aix02")["stderr"]
    assert c_rsh(pair, "nimb", "aix02")["exit"] == 0


def test_a_client_that_forbids_pushes_says_so_to_itself_alone_while_its_master_is_away(pair):
    pair.break_fault("host_down", host="nima")
    assert ssh(pair, "aix02", "nimclient -P").status == 0
    assert pair.state()["clients"]["aix02"]["push_off"] is True
    pair.heal()
    assert "control" not in ssh(pair, "nima", "lsnim -l aix02").stdout
    assert "push operations are not permitted" in c_rsh(pair, "nima", "aix02")["stderr"]
    ssh(pair, "aix02", "nimclient -p")
    assert c_rsh(pair, "nima", "aix02")["exit"] == 0


def test_a_client_asks_its_master_only_while_it_is_there(pair):
    assert ssh(pair, "aix02", "nimclient -l -t spot").stdout.split()[0] == "spot_7300_02"
    assert ssh(pair, "aix02", "nimclient -d").status == 0
    pair.break_fault("host_down", host="nima")
    for flag in ("-l", "-d", "-c"):
        result = ssh(pair, "aix02", f"nimclient {flag}")
        assert result.status == 1
        assert "Unable to contact the NIM master nima" in result.stderr


def test_a_push_to_a_client_that_hangs_waits_until_it_is_given_up(pair):
    pair.break_fault("client_hangs", client="aix02", seconds="0.01")
    assert "did not respond within the timeout" in c_rsh(pair, "nima", "aix02")["stderr"]
    assert c_rsh(pair, "nima", "aix03")["exit"] == 0
    pair.heal()
    assert c_rsh(pair, "nima", "aix02")["exit"] == 0


def test_masters_command_each_other(pair):
    assert ssh(pair, "nimb", f"{METHODS}/c_rsh nima hostname").stdout == "nima\n"
    pair.break_fault("host_down", host="nima")
    assert "0042-006" in c_rsh(pair, "nimb", "nima")["stderr"]


@pytest.mark.parametrize(
    ("line", "changing"),
    [
        ("cat /etc/niminfo 2>/dev/null; uname -m 2>&1", False),
        ("LC_ALL=C /usr/bin/oslevel -s && hostname || echo no", False),
        ("date && rm /etc/niminfo", True),
        ("date || rm /etc/niminfo", True),
        ("echo x >/etc/niminfo", True),
        ("nimclient -P", True),
    ],
)
def test_what_counts_as_a_change_of_a_client(shared, line, changing):
    mark = shared.mark()
    shared.break_fault("client_down", client="aix02")
    c_rsh(shared, "nima", "aix02", line)
    shared.heal()
    assert [call["changing"] for call in shared.calls("c_rsh", after=mark)] == [changing]
