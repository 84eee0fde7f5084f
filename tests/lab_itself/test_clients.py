"""c_rsh, nimclient, niminit and takeover: what masters may do to clients, and what clients think of it."""

from __future__ import annotations

import pytest

from .conftest import METHODS, ssh

C_RSH = f"{METHODS}/c_rsh"
TAKEOVER = "nim -o takeover -a async=no nima"


def rows(text):
    lines = text.split(" ------                                    ------\n")[1].splitlines()
    return {line.split()[0]: line.split()[1] for line in lines}


def owner(lab, master, client):
    return dict(map(tuple, lab.state()["masters"][master]["objects"][client]["attrs"])).get("current_master")


@pytest.fixture
def synced(start):
    return start("synced_peer_kept")


def test_c_rsh_runs_a_command_on_the_client(shared):
    result = ssh(shared, "nima", f"{C_RSH} aix02 'cat /etc/niminfo; oslevel -s; hostname; exit 5'")
    assert result.status == 5
    assert "export NIM_NAME=aix02\n" in result.stdout
    assert 'export NIM_MASTER_HOSTNAME_LIST="nima nimb"\n' in result.stdout
    assert result.stdout.endswith("7300-02-01-2346\naix02.example.com\n")


def test_c_rsh_also_knows_host_names(shared):
    assert ssh(shared, "nima", f"{C_RSH} aix03.example.com hostname").stdout == "aix03.example.com\n"


def test_lslpp_is_the_probe_of_control(synced):
    assert "bos.sysmgt.nim.client" in ssh(synced, "nima", "nim -o lslpp aix02").stdout
    result = ssh(synced, "nimb", "nim -o lslpp aix02")
    assert result.status == 1
    assert result.stderr == (
        '0042-001 nim: processing error encountered on "master":\n'
        '0042-378 m_lslpp: The current master for "aix02"\n'
        'is "nima". You must run the "takeover" operation to\n'
        'become the current master before you can execute the "/usr/lpp/bos.sysmgt/nim/methods/c_ckspot"\n'
        "operation on this client.\n"
    )


def test_a_client_that_is_off_refuses_the_connection(lab):
    lab.break_fault("client_down", client="aix02")
    result = ssh(lab, "nima", "nim -o lslpp aix02")
    assert result.stderr.startswith(
        '0042-001 nim: processing error encountered on "master":\n'
        "0042-006 m_lslpp: (From_Master) connect Connection refused\n\naix02.example.com: Connection refused\n"
    )
    result = ssh(lab, "nima", f"{C_RSH} aix02 date")
    assert (result.status, result.stdout) == (6, "")
    assert "0042-006 c_rsh: (exec_nimsh_cmd) exec_cmd Connection refused" in result.stderr


@pytest.mark.parametrize(("value", "status"), [("allowed", 0), ("refused", 8)])
def test_c_rsh_from_the_other_master_is_a_switch(synced, value, status):
    synced.switch("c_rsh_from_non_current", value)
    assert ssh(synced, "nimb", f"{C_RSH} aix02 true").status == status


def test_what_a_client_refuses(lab):
    ssh(lab, "aix02", "nimclient -P")
    assert "0042-008" in ssh(lab, "nima", f"{C_RSH} aix02 true").stderr
    assert "control" in ssh(lab, "nima", "lsnim -l aix02").stdout
    ssh(lab, "aix02", "nimclient -p")
    assert ssh(lab, "nima", f"{C_RSH} aix02 true").status == 0
    lab.break_fault("wrong_cpuid", client="aix03")
    assert "0042-008" in ssh(lab, "nima", f"{C_RSH} aix03 true").stderr


def test_nimclient_lists_the_masters_database(shared):
    assert "nimb" in ssh(shared, "aix02", "nimclient -l -t alternate_master").stdout


def test_a_client_registers_again_after_its_file_was_removed(lab):
    before = lab.state()["clients"]["aix02"]["niminfo"]
    assert ssh(lab, "aix02", "niminit -a name=aix02 -a master=nima").status != 0
    result = ssh(lab, "aix02", "rm /etc/niminfo; niminit -a name=aix02 -a master=nima -a master_port=1058")
    assert result.status == 0
    assert result.stdout.startswith("nimsh:2:wait:/usr/bin/startsrc -g nimclient >/dev/console 2>&1\n0513-077")
    assert lab.state()["clients"]["aix02"]["niminfo"] == before


def test_removing_a_client_wipes_its_file(lab):
    ssh(lab, "nima", "nim -o remove aix02")
    assert lab.state()["clients"]["aix02"]["niminfo"] == {}


def test_takeover_switches_every_client_and_both_databases(synced):
    result = ssh(synced, "nimb", TAKEOVER)
    assert result.status == 0
    assert result.stdout.startswith(
        'Updating the NIM database on the "alternate_master" "nima"...\n'
        "+-----------------------------------------------------------------------------+\n"
        '                      "update" Operation Summary\n'
        "+-----------------------------------------------------------------------------+\n"
        " Target                                    Result\n"
        " ------                                    ------\n"
        " vios1                                     SUCCESS\n"
    )
    clients = synced.state()["clients"]
    assert all(client["masters"] == ["nimb", "nima"] for client in clients.values())
    assert all(client["current_master"] == "nimb" for client in clients.values())
    assert owner(synced, "nima", "aix02") == owner(synced, "nimb", "aix02") == "nimb"
    assert ssh(synced, "nimb", "nim -o lslpp aix02").status == 0
    assert "0042-378" in ssh(synced, "nima", "nim -o lslpp aix02").stderr


def test_give_back_is_a_takeover_by_the_first_master(synced):
    ssh(synced, "nimb", TAKEOVER)
    ssh(synced, "nima", "nim -o takeover -a async=no nimb")
    assert owner(synced, "nimb", "aix02") == "nima"
    assert synced.state()["clients"]["aix02"]["masters"] == ["nima", "nimb"]


def test_takeover_names_what_did_not_switch(synced):
    synced.break_fault("client_down", client="aix02")
    synced.break_fault("client_list_missing", client="aix03")
    synced.break_fault("client_silent_success", client="aix04")
    synced.break_fault("client_push_off", client="aix05")
    synced.break_fault("client_secure", client="aix06")
    result = ssh(synced, "nimb", TAKEOVER)
    assert rows(result.stdout) == {
        "vios1": "SUCCESS",
        "aix02": "FAILURE",
        "aix03": "FAILURE",
        "aix04": "SUCCESS",
        "aix05": "FAILURE",
        "aix06": "FAILURE",
    }
    assert "0042-372 c_switch_master: The client is not configured to allow this master" in result.stderr
    moved = [name for name, client in synced.state()["clients"].items() if client["current_master"] == "nimb"]
    assert moved == ["vios1"]


def test_takeover_works_with_the_old_master_down(synced):
    synced.break_fault("host_down", host="nima")
    result = ssh(synced, "nimb", TAKEOVER)
    assert result.status == 0
    assert "warning: 0042-006" in result.stderr
    synced.heal()
    assert owner(synced, "nimb", "aix02") == "nimb"
    assert owner(synced, "nima", "aix02") == "nima"


def test_takeover_is_asynchronous_unless_told_otherwise(synced):
    synced.hold("takeover:client=aix02")
    result = ssh(synced, "nimb", "nim -o takeover nima")
    assert set(rows(result.stdout).values()) == {"SUCCESS"}
    assert "m_takeover" in ssh(synced, "nimb", "ps -ef").stdout
    assert synced.state()["clients"]["aix02"]["current_master"] == "nima"
    synced.release()
    synced.wait("takeover:end")
    assert synced.state()["clients"]["aix06"]["current_master"] == "nimb"


def test_switches_of_takeover(synced):
    synced.break_fault("client_down", client="aix02")
    for name, value in (("failing_word", "FAILED"), ("takeover_exit", "one"), ("takeover_reaches_vios", "no")):
        synced.switch(name, value)
    synced.switch("takeover_line_names", "local")
    result = ssh(synced, "nimb", TAKEOVER)
    assert result.status == 1
    assert result.stdout.startswith('Updating the NIM database on the "alternate_master" "nimb"...\n')
    assert rows(result.stdout)["aix02"] == "FAILED"
    assert "vios1" not in rows(result.stdout)


def test_takeover_needs_the_peers_record(start):
    lab = start("synced")
    before = lab.state_hash()
    assert "0042-053" in ssh(lab, "nimb", TAKEOVER).stderr
    assert lab.state_hash() == before
    define = "nim -o define -t alternate_master -a platform=chrp -a if1='find_net nima 0' -a netboot_kernel=64 nima"
    assert ssh(lab, "nimb", define).status == 0
    assert ssh(lab, "nimb", TAKEOVER).status == 0


def test_an_interrupted_takeover_leaves_control_split(synced):
    synced.hold("takeover:client=aix04")
    ssh(synced, "nimb", f"nohup {TAKEOVER} >/tmp/out 2>&1 </dev/null &")
    synced.wait("held:takeover:client=aix04")
    synced.break_fault("reboot", host="nimb")
    synced.wait("call_end:nim -o takeover*")
    owners = {name: client["current_master"] for name, client in synced.state()["clients"].items()}
    assert owners == {
        "vios1": "nimb",
        "aix02": "nimb",
        "aix03": "nimb",
        "aix04": "nima",
        "aix05": "nima",
        "aix06": "nima",
    }


def test_first_setup_by_niminit_from_both_sides(lab):
    result = ssh(
        lab, "nimb", "rm -f /etc/niminfo /etc/objrepos/nim_*; stopsrc -s nimesis; rmssys -s nimesis; rmssys -s nimd"
    )
    assert "0513-044" in result.stdout
    command = "niminit -a is_alternate=yes -a name={0} -a pif_name=en0 -a master={1} -a platform=chrp -a connect=nimsh"
    result = ssh(lab, "nimb", command.format("nimb", "nima"))
    assert result.status == 0
    assert result.stdout.startswith(
        "0513-071 The nimesis Subsystem has been added.\n0513-071 The nimd Subsystem has been added.\n0513-059"
    )
    assert 'NIM_ALTERNATE_MASTER="nima"' in ssh(lab, "nimb", "cat /etc/niminfo").stdout
    assert ssh(lab, "nima", command.format("nima", "nimb")).status == 0
    assert "nima" in ssh(lab, "nimb", "lsnim -t alternate_master").stdout
    assert ssh(lab, "nima", "nim -Fo sync -a replicate=yes nimb").status == 0
