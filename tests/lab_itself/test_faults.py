"""Faults do what they say when switched on, and nothing any more when healed."""

from __future__ import annotations

import asyncio
import subprocess

import asyncssh
import pytest

from include.lab import LabError, launch, running_lab
from include.lab.cli import main

from .conftest import METHODS, connect, ssh

SYNC = "nim -Fo sync -a replicate=yes nimb"


def fails(lab, host, error=(OSError, asyncssh.Error)):
    with pytest.raises(error):
        ssh(lab, host, "true")


def test_unknown_fault_host_and_argument_are_named(shared):
    for args, text in (
        ({"fault": "nosuch"}, "there is no fault 'nosuch'"),
        ({"fault": "host_down", "host": "mars"}, "there is no host 'mars'"),
        ({"fault": "sync_fails"}, "needs phase="),
        ({"fault": "host_down", "colour": "red"}, "not 'colour'"),
    ):
        with pytest.raises(LabError, match=text):
            shared.break_fault(**args)


def test_ssh_refused_and_back_on_the_same_port(lab):
    lab.break_fault("ssh_refused")
    fails(lab, "nima", ConnectionRefusedError)
    assert ssh(lab, "nimb", "true").status == 0
    lab.heal("ssh_refused")
    assert ssh(lab, "nima", "true").status == 0


def test_ssh_mute_accepts_and_says_nothing(lab):
    lab.break_fault("ssh_mute")

    async def silent():
        reader, writer = await asyncio.open_connection(*lab.address("nima"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.3)
        await asyncio.to_thread(lab.heal)
        assert await reader.read(1) == b""
        writer.close()

    asyncio.run(silent())
    assert ssh(lab, "nima", "true").status == 0


def test_wrong_host_key(lab):
    lab.break_fault("wrong_host_key")
    fails(lab, "nima", asyncssh.HostKeyNotVerifiable)
    lab.heal()
    assert ssh(lab, "nima", "true").status == 0


def test_no_exit_status(lab):
    lab.break_fault("no_exit_status")
    result = ssh(lab, "nima", "echo out; exit 3")
    assert (result.status, result.stdout) == (None, "out\n")


def test_ssh_slow_is_late_but_right(lab):
    lab.break_fault("ssh_slow", seconds=0.01)
    assert ssh(lab, "nima", "echo out").stdout == "out\n"


def test_drop_after_bytes(lab):
    lab.break_fault("ssh_drop_after_bytes", bytes=20000)
    fails_reading = ssh_or_lost(lab, "lsnim -l; lsnim -l; lsnim -l; lsnim -l")
    assert fails_reading == "lost"


def ssh_or_lost(lab, command):
    try:
        result = ssh(lab, "nima", command)
    except (OSError, asyncssh.Error):
        return "lost"
    return "lost" if result.status is None else result.status


@pytest.mark.parametrize(
    ("at", "ran", "finished"),
    [("before", False, False), ("start", True, True), ("output", True, True), ("end", True, True)],
)
def test_drop_in_the_nth_command(lab, at, ran, finished):
    lab.break_fault("ssh_drop", nth=2, at=at)
    outcomes = [ssh_or_lost(lab, f"echo done >/tmp/{i}; echo x; lsnim -p >/dev/null") for i in range(3)]
    assert outcomes == [0, "lost", 0]
    lab.wait("command_end:*/tmp/1*")
    assert (lab.tree("nima") / "tmp/1").exists() == ran


def test_drop_of_a_matching_command_only(lab):
    lab.break_fault("ssh_drop", matches="oslevel", at="end")
    assert ssh_or_lost(lab, "lsnim -p") == 0
    assert ssh_or_lost(lab, "oslevel -s") == "lost"
    assert [r["exit"] for r in lab.log(event="command")] == [0, 0]


def test_acknowledgement_can_be_held_and_the_link_cut(lab):
    lab.hold("status:*start-job*")

    async def story():
        connection = await connect(lab, "nima")
        await connection.create_process("echo start-job >/tmp/started")
        await lab.wait_async("held:status:*start-job*")
        assert (lab.tree("nima") / "tmp/started").exists()
        await asyncio.to_thread(lab.break_fault, "ssh_cut")
        await connection.wait_closed()

    asyncio.run(story())


def test_banner_noise(lab):
    lab.break_fault("banner_noise")
    result = ssh(lab, "nima", "echo out")
    assert result.stdout.startswith("Last unsuccessful login")
    assert result.stdout.endswith("out\n")


def test_translated_unless_the_locale_is_c(lab):
    lab.break_fault("translated_messages")
    assert "es gibt kein NIM-Objekt" in ssh(lab, "nima", "lsnim nosuch").stderr
    assert "there is no NIM object" in ssh(lab, "nima", "LC_ALL=C lsnim nosuch").stderr
    assert " aktiv\n" in ssh(lab, "nima", "lssrc -s nimesis").stdout
    assert " active\n" in ssh(lab, "nima", "export LC_ALL=C; lssrc -s nimesis").stdout


def test_host_down_and_up_with_its_old_disk(lab):
    ssh(lab, "nima", SYNC)
    before = lab.state()["masters"]["nima"]
    lab.break_fault("host_down")
    fails(lab, "nima")
    assert ssh(lab, "nimb", "ping -c 1 nima").status == 1
    lab.heal("host_down")
    after = lab.state()["masters"]["nima"]
    assert after["odm_hash"] == before["odm_hash"]
    assert after["boot_time"] > before["boot_time"]
    assert "active" in ssh(lab, "nima", "lssrc -s nimesis").stdout


def test_reboot_kills_jobs_and_reuses_their_pids(lab):
    lab.hold("sync:6")
    started = ssh(lab, "nima", f"nohup {SYNC} >/tmp/out 2>&1 </dev/null & echo $!")
    pid = int(started.stdout)
    lab.wait("held:sync:6")
    boot = ssh(lab, "nima", "who -b").stdout
    lab.break_fault("reboot")
    lab.wait("sync:interrupted")
    assert "system boot" in boot
    listed = ssh(lab, "nima", f"ps -o pid= -o args= -p {pid}")
    assert listed.stdout.split() == [str(pid), "/usr/sbin/biod", "6"]
    assert ssh(lab, "nima", "lssrc -s nimesis").stdout.rstrip().endswith("active")


def test_stopped_nimesis_comes_back_at_boot_unless_fenced(lab):
    ssh(lab, "nima", "stopsrc -s nimesis")
    lab.break_fault("reboot")
    assert "active" in ssh(lab, "nima", "lssrc -s nimesis").stdout
    ssh(lab, "nima", "stopsrc -s nimesis; rmitab nim; mkitab 'nim:2:off:/usr/bin/startsrc -g nim'")
    lab.break_fault("reboot")
    assert "inoperative" in ssh(lab, "nima", "lssrc -s nimesis").stdout


def test_nimesis_down_cannot_be_started(lab):
    lab.break_fault("nimesis_down")
    assert "inoperative" in ssh(lab, "nima", "lssrc -s nimesis").stdout
    assert ssh(lab, "nima", "startsrc -s nimesis").status == 1
    lab.heal()
    assert "inoperative" not in ssh(lab, "nima", "lssrc -s nimesis").stdout


def test_nimesis_flapping_changes_until_healed(lab):
    lab.break_fault("nimesis_flapping", seconds=0.01)
    down = lab.wait("nimesis:down")
    lab.wait("nimesis:up", after=down["seq"])
    lab.heal()


def test_duplicate_row(lab):
    lab.break_fault("nimesis_duplicate_row")
    lines = ssh(lab, "nimb", "lssrc -s nimesis").stdout.splitlines()
    assert [line.split()[-1] for line in lines[1:]] == ["active", "inoperative"]


def test_levels_apart(lab):
    lab.break_fault("levels_apart")
    assert ssh(lab, "nimb", "oslevel -s").stdout == "7300-01-04-2320\n"
    assert ":7.3.1.4:" in ssh(lab, "nimb", "lslpp -Lqc bos.sysmgt.nim.master").stdout
    lab.heal()
    assert ssh(lab, "nimb", "oslevel -s").stdout == "7300-02-01-2346\n"


def test_truncated_lsnim(lab):
    full = ssh(lab, "nima", "lsnim -l").stdout
    lab.break_fault("lsnim_truncated")
    result = ssh(lab, "nima", "lsnim -l")
    assert result.status == 0
    assert full.startswith(result.stdout)
    assert len(result.stdout) < len(full)


def test_unmounted_file_system(lab):
    ssh(lab, "nimb", "echo kept >/export/nim/file")
    lab.break_fault("fs_unmounted")
    assert ssh(lab, "nimb", "df -g /export/nim").stdout.splitlines()[1].endswith(" /")
    assert ssh(lab, "nimb", "cat /export/nim/file").status != 0
    ssh(lab, "nimb", "echo lost >/export/nim/other")
    lab.heal()
    assert ssh(lab, "nimb", "cat /export/nim/file").stdout == "kept\n"
    assert ssh(lab, "nimb", "cat /export/nim/other").status != 0


def test_full_root(lab):
    lab.break_fault("root_full")
    assert "100%" in ssh(lab, "nimb", "df -k /").stdout
    assert ssh(lab, "nimb", f"{METHODS}/m_backup_db /file").status == 1
    lab.heal()
    assert ssh(lab, "nimb", f"{METHODS}/m_backup_db /file").status == 0


def test_names_broken_on_one_side(lab):
    lab.break_fault("name_resolution_broken")
    assert ssh(lab, "nimb", "host nima").status == 1
    assert ssh(lab, "nima", "host nimb").stdout == "nimb is 10.1.0.12,  Aliases:   nimb.example.com\n"


def test_partition_cuts_a_host_off_but_not_from_us(lab):
    lab.break_fault("partition")
    assert ssh(lab, "nima", "true").status == 0
    assert ssh(lab, "nimb", "ping -c 1 nima").status == 1
    assert "0042-006" in ssh(lab, "nima", f"{METHODS}/c_rsh aix02 date").stderr


def test_smit_stray_cron_and_lock_are_visible(lab):
    lab.break_fault("smit_running")
    lab.break_fault("stray_cron_sync")
    lab.break_fault("locked_object", object="nimb")
    assert "smitty nim_altmstr" in ssh(lab, "nima", "ps -ef").stdout
    assert "nim -Fo sync -a replicate=yes nima" in ssh(lab, "nimb", "crontab -l").stdout
    assert "lock" in ssh(lab, "nima", "lsnim -l nimb").stdout
    lab.heal("all")
    assert "smitty" not in ssh(lab, "nima", "ps -ef").stdout
    assert "sync" not in ssh(lab, "nimb", "crontab -l").stdout
    assert "lock" not in ssh(lab, "nima", "lsnim -l nimb").stdout


def test_busy_client(lab):
    lab.break_fault("cstate_busy", client="aix02")
    assert "Base Operating System installation" in ssh(lab, "nima", "lsnim -l aix02").stdout


def test_every_fault_can_be_switched_on_and_healed_without_a_trace(lab):
    needed = {
        "client": "aix03", "phase": "1", "fs": "/export/nim", "object": "nimb", "nth": "99", "resource": "bosinst_ow",
        "to": "nimb", "point": "sync:1", "command": "lssrc",
    }  # fmt: skip
    before = lab.state_hash()
    for fault in lab.request("faults"):
        args = {name: needed[name] for name, doc in fault["args"].items() if "(required)" in doc}
        lab.break_fault(fault["id"], **args)
        lab.heal("all")
        assert lab.state()["faults"] == []
    lab.wait("fault:*")
    for row in ("nima", "nimb"):
        ssh(lab, row, "startsrc -s nimesis")
    assert lab.state_hash() == before
    assert lab.log(event="lab_error") == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("sync_fails phase=99", "fault sync_fails: phase= is a phase of a sync, 1 to 13, not '99'"),
        ("sync_fails", "fault sync_fails needs phase=: 1..13 (required)"),
        ("sync_fails phas=1", "fault sync_fails takes phase, not 'phas'"),
        ("ssh_drop nth=0", "fault ssh_drop: nth= is a whole number from 1 on, not '0'"),
        ("ssh_drop at=noon", "fault ssh_drop: at= is before, start, output or end, not 'noon'"),
        ("nonsense", "there is no fault 'nonsense'; faults are: "),
    ],
)
def test_a_fault_that_means_nothing_is_refused_with_a_sentence_and_without_a_lab(words, sentence, tmp_path, capsys):
    assert main(["check", "--dir", str(tmp_path), *words.split()]) == 1
    assert sentence in capsys.readouterr().err


def test_a_fault_of_a_client_that_does_not_exist_is_refused(lab):
    with pytest.raises(LabError, match="there is no host 'aix99'; hosts are: nima, nimb"):
        lab.break_fault("client_down", client="aix99")
    assert lab.state()["faults"] == []


def test_a_fault_switched_on_twice_is_healed_at_once(lab):
    for _ in range(2):
        lab.break_fault("levels_apart")
        lab.break_fault("root_full")
    assert lab.heal() == 2
    assert ssh(lab, "nimb", "oslevel -s").stdout == "7300-02-01-2346\n"
    assert "100%" not in ssh(lab, "nimb", "df /").stdout


def test_faults_of_clients_need_no_readable_database(lab):
    ssh(lab, "nima", "rm /etc/objrepos/nim_attr")
    lab.break_fault("cstate_busy", client="aix02")
    assert ssh(lab, "nima", "lsnim").status == 1
    assert lab.heal() == 1
    assert lab.state()["masters"]["nima"]["database_error"] == "a database file is missing"


def test_a_killed_lab_leaves_nothing_to_its_successor(tmp_path):
    first, server = launch("default", tmp_path / "lab", pace=0)
    ssh(first, "nima", "nohup sleep 5151 >/dev/null 2>&1 </dev/null &")
    server.kill()
    server.wait()
    with running_lab("default", tmp_path / "lab", pace=0) as lab:
        assert ssh(lab, "nima", "hostname").stdout == "nima\n"
    assert "sleep 5151" not in subprocess.run(["ps", "-ef"], capture_output=True, text=True, check=True).stdout
