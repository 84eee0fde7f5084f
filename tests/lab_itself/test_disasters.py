"""Masters that die and return, parties that do not reach each other, and who can testify to that (nim.md 10)."""

from __future__ import annotations

import asyncio

import pytest

from include.lab import LabError

from .conftest import METHODS, given_back, ssh
from .test_takeover import TAKEOVER, own_words, owners

SYNC = "nim -Fo sync -a replicate=yes nimb"


@pytest.fixture
def pair(pairs):
    with given_back(pairs):
        yield pairs


# --- death and return -----------------------------------------------------------------------------


def test_a_master_that_dies_in_a_takeover_returns_with_what_it_had_written(pair):
    pair.hold("takeover:client=aix03")
    ssh(pair, "nimb", f"nohup {' '.join(TAKEOVER)} >/dev/null 2>&1 </dev/null &")
    pair.wait("held:takeover:client=aix03")
    pair.break_fault("host_down", host="nimb")
    with pytest.raises(ConnectionRefusedError):
        ssh(pair, "nimb", "true")
    assert ssh(pair, "aix03", "ping -c 1 -w 5 nimb").status == 1
    assert "Unable to contact the NIM master nimb" in ssh(pair, "aix02", "nimclient -l").stderr
    pair.release()
    pair.wait("takeover:end")
    half = {"vios1": "nimb", "aix02": "nimb", "aix03": "nima", "aix04": "nima"}
    assert own_words(pair) == half
    pair.heal()
    assert owners(pair, "nimb") == half
    assert set(owners(pair, "nima").values()) == {"nima"}
    assert "takeover" not in ssh(pair, "nimb", "ps -ef").stdout
    assert ssh(pair, "nimb", "lssrc -s nimesis").stdout.endswith("active\n")


def test_a_dead_master_that_returns_still_owns_everything_by_its_own_book(pair):
    pair.break_fault("host_down", host="nima")
    assert pair.admin("nimb", *TAKEOVER)["exit"] == 0
    pair.heal()
    assert set(owners(pair, "nima").values()) == {"nima"}
    assert set(own_words(pair).values()) == {"nimb"}
    pair.admin("nimb", *TAKEOVER)
    assert set(owners(pair, "nima").values()) == {"nimb"}


def test_a_master_dies_by_itself_where_it_was_told_to(pair):
    pair.break_fault("host_dies_at", host="nimb", point="takeover:client=aix03")
    assert ssh(pair, "nimb", f"{' '.join(TAKEOVER)}; true").status is None
    pair.wait("death:nimb")
    with pytest.raises(LabError, match="nimb is switched off"):
        pair.admin("nimb", "lsnim")
    pair.heal()
    half = {"vios1": "nimb", "aix02": "nimb", "aix03": "nima", "aix04": "nima"}
    assert (own_words(pair), owners(pair, "nimb")) == (half, half)
    assert [call["ended"] for call in pair.calls("nim")][-1] == "killed"


def test_a_target_that_dies_is_found_dead_by_whoever_updates_it(pair):
    pair.break_fault("host_dies_at", host="nima", point="takeover:update")
    result = pair.admin("nimb", *TAKEOVER)
    assert (result["exit"], result["stderr"][:17]) == (0, "warning: 0042-006")
    pair.heal()
    assert set(own_words(pair).values()) == {"nimb"}
    assert set(owners(pair, "nima").values()) == {"nima"}


@pytest.mark.parametrize(("value", "status"), [("starts", "active"), ("stays_down", "inoperative")])
def test_nimesis_after_a_boot_is_a_switch(pair, value, status):
    pair.switch("nimesis_at_boot", value)
    pair.break_fault("host_down", host="nima")
    pair.heal()
    assert ssh(pair, "nima", "lssrc -s nimesis").stdout.split()[-1] == status
    ssh(pair, "nima", "startsrc -s nimesis")


def test_a_source_that_dies_in_a_sync_leaves_the_target_without_nimesis(start):
    lab = start("synced_peer_kept", clients=2)
    lab.hold("sync:5")
    ssh(lab, "nima", f"nohup {SYNC} >/dev/null 2>&1 </dev/null &")
    lab.wait("held:sync:5")
    lab.break_fault("host_down", host="nima")
    lab.wait("sync:end")
    second = lab.state()["masters"]["nimb"]
    assert second["objects"] == {}
    assert "nimesis" not in {row["name"] for row in second["subsystems"]}
    lab.heal()
    assert set(owners(lab, "nima").values()) == {"nima"}


# --- a broken database ----------------------------------------------------------------------------


def test_a_broken_database_cannot_be_saved_by_nim_but_its_files_can(pair):
    whole = pair.state()["masters"]["nima"]["odm_hash"]
    pair.break_fault("database_broken", host="nima")
    assert pair.state()["masters"]["nima"]["database_error"]
    assert pair.admin("nima", "lsnim")["exit"] == 1
    assert pair.admin("nima", f"{METHODS}/m_backup_db", "/tmp/x")["exit"] == 1
    copied = ssh(pair, "nima", "cd / && tar -cf /tmp/six.tar ./etc/objrepos/nim_* ./etc/NIM.level ./etc/niminfo")
    assert copied.status == 0
    pair.switch("m_backup_db_of_broken", "copies")
    assert pair.admin("nima", f"{METHODS}/m_backup_db", "/tmp/x")["exit"] == 0
    pair.heal()
    assert pair.state()["masters"]["nima"]["odm_hash"] == whole


def test_a_takeover_from_a_master_with_a_broken_database_still_gets_the_clients(pair):
    pair.break_fault("database_broken", host="nima")
    assert pair.admin("nimb", *TAKEOVER)["exit"] == 0
    assert set(own_words(pair).values()) == {"nimb"}
    pair.heal()
    assert set(owners(pair, "nima").values()) == {"nima"}


# --- links ----------------------------------------------------------------------------------------


def sees(lab, here, there):
    return ssh(lab, here, f"ping -c 1 -w 5 {there}").status == 0


@pytest.mark.parametrize(
    ("host", "to", "blind"),
    [
        ("nima", "nimb", {("nima", "nimb"), ("nimb", "nima")}),
        ("nimb", "aix02", {("nimb", "aix02"), ("aix02", "nimb")}),
        ("nima", "nimb,aix02", {("nima", "nimb"), ("nimb", "nima"), ("nima", "aix02"), ("aix02", "nima")}),
    ],
)
def test_a_cut_link_lies_between_two_parties_alone(pair, host, to, blind):
    pair.break_fault("link_cut", host=host, to=to)
    names = ("nima", "nimb", "aix02")
    assert {(a, b) for a in names for b in names if not sees(pair, a, b)} == blind
    pair.heal()
    assert sees(pair, "nima", "nimb")


def test_masters_that_do_not_reach_each_other_split_the_books_and_not_the_clients(pair):
    pair.break_fault("link_cut", host="nimb", to="nima")
    assert pair.admin("nimb", *TAKEOVER)["exit"] == 0
    assert set(own_words(pair).values()) == {"nimb"}
    assert set(owners(pair, "nima").values()) == {"nima"}


def test_a_master_without_a_way_to_a_client_does_not_get_it(pair):
    pair.break_fault("link_cut", host="nimb", to="aix03")
    assert "0042-006" in pair.admin("nimb", *TAKEOVER)["stderr"]
    assert own_words(pair) == {"vios1": "nimb", "aix02": "nimb", "aix03": "nima", "aix04": "nimb"}


def test_without_a_way_for_the_controller_ssh_gets_no_answer_and_the_pair_works_on(pair):
    pair.break_fault("link_cut", host="nima", to="controller")

    async def silent():
        reader, writer = await asyncio.open_connection(*pair.address("nima"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.3)
        writer.close()

    asyncio.run(silent())
    assert sees(pair, "nimb", "nima")
    assert pair.admin("nimb", *TAKEOVER)["exit"] == 0
    pair.heal()
    assert ssh(pair, "nima", "true").status == 0


# --- witnesses ------------------------------------------------------------------------------------


def test_what_ping_prints(pair):
    alive = ssh(pair, "aix02", "ping -c 2 -w 5 nima")
    assert alive.status == 0
    assert "2 packets transmitted, 2 packets received, 0% packet loss" in alive.stdout
    pair.break_fault("host_down", host="nima")
    dead = ssh(pair, "aix02", "ping -c 1 -w 5 nima")
    assert dead.status == 1
    assert "1 packets transmitted, 0 packets received, 100% packet loss" in dead.stdout
    assert ssh(pair, "aix02", "ping -c 1 mars").stderr == "0821-062 ping: host name mars NOT FOUND\n"
    assert ssh(pair, "aix02", "ping -c one nima").stderr.startswith("usage: ping")
    assert ssh(pair, "aix02", "ping").status == 1


def test_rpcinfo_tells_a_dead_host_from_one_without_nfs(pair):
    assert "mountd" in ssh(pair, "nimb", "rpcinfo -p nima").stdout
    ssh(pair, "nima", "stopsrc -s rpc.mountd")
    listed = ssh(pair, "nimb", "rpcinfo -p nima")
    assert listed.status == 0
    assert "portmapper" in listed.stdout
    assert "mountd" not in listed.stdout
    assert ssh(pair, "nimb", "rpcinfo -t nima mountd").status == 1
    assert ssh(pair, "nimb", "rpcinfo -t nima nfs").status == 0
    ssh(pair, "nima", "startsrc -s rpc.mountd")
    pair.break_fault("host_down", host="nima")
    assert "cannot contact the portmapper on nima" in ssh(pair, "nimb", "rpcinfo -p nima").stderr


def test_a_client_testifies_by_asking_for_the_list(pair):
    assert ssh(pair, "aix02", "nimclient -l -t alternate_master").status == 0
    pair.break_fault("link_cut", host="nima", to="aix02")
    assert "Unable to contact the NIM master nima" in ssh(pair, "aix02", "nimclient -l").stderr
    assert ssh(pair, "aix03", "nimclient -l -t alternate_master").status == 0


# --- nim_master_recover ---------------------------------------------------------------------------


def test_recovery_of_the_dead_masters_database_on_the_other(start):
    lab = start("synced_peer_kept", clients=2)
    assert ssh(lab, "nima", f"{METHODS}/m_backup_db /tmp/a.backup").status == 0
    (lab.tree("nimb") / "tmp/a.backup").write_bytes((lab.tree("nima") / "tmp/a.backup").read_bytes())
    lab.break_fault("host_down", host="nima")
    result = ssh(lab, "nimb", "nim_master_recover -r /tmp/a.backup -i en0 -s -u")
    assert result.status == 0
    assert result.stdout.endswith("nim_master_recover Complete\n")
    second = lab.state()["masters"]["nimb"]
    attributes = dict(map(tuple, second["objects"]["master"]["attrs"]))
    assert attributes["if1"].startswith("master_net nimb ")
    assert "if2" not in attributes
    assert second["niminfo"]["NIM_MASTER_HOSTNAME"] == "nimb"
    assert [row["status"] for row in second["subsystems"] if row["name"] == "nimesis"] == ["active"]
    assert "nimb" not in second["objects"]
    assert "nim_master_recover Complete" in ssh(lab, "nimb", "cat /var/adm/ras/nim.recover").stdout
