"""nim -o sync prints the text of nim.md 4.3, really moves definitions and bytes, and can be stopped anywhere."""

from __future__ import annotations

import asyncio
import re

import pytest

from .conftest import connect, ssh

SYNC = "nim -Fo sync -a replicate=yes nimb"

TEXT = """\
a ./etc/objrepos/nim_attr 8 blocks
a ./etc/objrepos/nim_attr.vc 8 blocks
a ./etc/objrepos/nim_object 8 blocks
a ./etc/objrepos/nim_object.vc 8 blocks
a ./etc/NIM.level 1 blocks
a ./etc/niminfo 1 blocks
The original NIM database was backed up to the
	following location prior to this operation:
	"/export/nim/backups/nimb.<stamp>.backup"

0513-044 The nimesis Subsystem was requested to stop.
0513-004 The Subsystem or Group, nimd, is currently inoperative.
0513-083 Subsystem has been Deleted.
0513-083 Subsystem has been Deleted.
5 objects deleted
48 objects deleted
Restoring the NIM database from /tmp/_nim_dir_<pid>/mnt0
x ./etc/NIM.level, 8 bytes, 1 tape blocks

The level of the NIM master fileset on this machine is: 7.3.2.0
The level of the NIM database backup is: 7.3.2.0

Level check is successful.

x ./etc/objrepos/nim_attr, 4096 bytes, 8 tape blocks
x ./etc/objrepos/nim_attr.vc, 8192 bytes, 16 tape blocks
x ./etc/objrepos/nim_object, 4096 bytes, 8 tape blocks
x ./etc/objrepos/nim_object.vc, 4096 bytes, 8 tape blocks
x ./etc/NIM.level, 8 bytes, 1 tape blocks
x ./etc/niminfo, 184 bytes, 1 tape blocks
0513-071 The nimesis Subsystem has been added.
0513-071 The nimd Subsystem has been added.
0513-059 The nimesis Subsystem has been started. Subsystem PID is <pid>.
Finished restoring the NIM database
Updating master definition in database from nimb definition
  Updated master attribute platform to chrp
  Updated master attribute netboot_kernel to 64
  Updated master attribute if1 to master_net nimb 00145EB74D02 ent0
  Updated master attribute cable_type1 to N/A
Finished updating master definition
Resetting machines
  Reset master
  Reset nimb
  Reset aix02
  Reset aix03
  Reset aix04
  Reset aix05
  Reset aix06
Finished resetting machines
Removing NIM client nimb
Finished removing nimb
Resetting NIM resources
Finished resetting NIM resources
Replicating NIM resources. Please wait, takes time....
Replicating resource lpp_7300_02
Replicated resource lpp_7300_02
Replicating resource spot_7300_02
version=7
release=3
mod=2
Replicated resource spot_7300_02
Replicating resource mksysb_aix01
Replicated resource mksysb_aix01
Replicating resource image_data_aix01
Replicated resource image_data_aix01
Replicating resource bosinst_ow
Replicated resource bosinst_ow
Finished Replicating NIM resources
Checking NIM resources
  Keeping lpp_7300_02
  Keeping spot_7300_02
  Keeping mksysb_aix01
  Keeping image_data_aix01
  Keeping bosinst_ow
Finished checking NIM resources
Checking NIM SPOTs
  checking spot_7300_02
Finished checking SPOTs
nim_master_recover Complete
"""


def scrub(text: str) -> str:
    text = re.sub(r"nimb\.\d{14}\.backup", "nimb.<stamp>.backup", text)
    text = re.sub(r"(_nim_dir_|PID is )\d+", r"\1<pid>", text)
    return re.sub(r"nim_attr(\.vc)?, \d+ bytes, \d+", r"nim_attr\1, N bytes, N", text)


def test_the_thirteen_phases_print_the_technotes_lines(lab):
    result = ssh(lab, "nima", SYNC)
    assert (result.status, result.stderr) == (0, "")
    assert scrub(result.stdout) == scrub(TEXT)
    phases = [r["text"] for r in lab.log(event="sync") if r["text"].startswith("phase")]
    assert phases == [f"phase={n}" for n in range(1, 14)]


def test_definitions_and_bytes_are_really_there_afterwards(lab):
    before = lab.state()["masters"]
    assert ssh(lab, "nimb", "ls /export/nim").stdout.split() == ["backups", "scripts"]
    ssh(lab, "nima", SYNC)
    after = lab.state()["masters"]
    assert after["nima"] == before["nima"]
    assert set(after["nimb"]["objects"]) == set(before["nima"]["objects"]) - {"nimb"}
    for name, resource in after["nima"]["resources"].items():
        assert resource["digest"] is not None
        assert after["nimb"]["resources"][name] == resource
    same = ssh(lab, "nimb", "csum -h SHA256 /export/nim/mksysb/aix01.mksysb").stdout
    assert same == ssh(lab, "nima", "csum -h SHA256 /export/nim/mksysb/aix01.mksysb").stdout


def test_target_keeps_its_own_niminfo_and_master_interface(lab):
    before = lab.state()["masters"]["nimb"]
    ssh(lab, "nima", SYNC)
    after = lab.state()["masters"]["nimb"]
    assert after["niminfo"] == before["niminfo"]
    attrs = dict(map(tuple, after["objects"]["master"]["attrs"]))
    assert attrs["if1"] == "master_net nimb 00145EB74D02 ent0"
    assert "if2" not in attrs
    assert after["subsystems"][0]["pid"] != before["subsystems"][0]["pid"]


def test_clients_are_not_touched_and_still_belong_to_the_source(lab):
    before = lab.state()["clients"]
    ssh(lab, "nima", SYNC)
    state = lab.state()
    assert state["clients"] == before
    attrs = dict(map(tuple, state["masters"]["nimb"]["objects"]["aix02"]["attrs"]))
    assert attrs["current_master"] == "nima"


def test_static_routes_are_lost_on_the_target(lab):
    ssh(lab, "nima", SYNC)
    masters = lab.state()["masters"]
    assert any(key == "routing2" for key, _ in masters["nima"]["objects"]["master_net"]["attrs"])
    assert not any(key == "routing2" for key, _ in masters["nimb"]["objects"]["master_net"]["attrs"])


def test_without_force_an_existing_database_is_not_overwritten(lab):
    before = lab.state_hash()
    result = ssh(lab, "nima", "nim -o sync -a replicate=yes nimb")
    assert result.status == 1
    assert result.stdout == ""
    assert "0042-001 nim: processing error" in result.stderr
    assert lab.state_hash() == before


@pytest.mark.parametrize(("value", "status"), [("yes", 0), ("no", 1)])
def test_force_attribute_is_a_switch(lab, value, status):
    lab.switch("force_attr_equals_F", value)
    assert ssh(lab, "nima", "nim -o sync -a force=yes nimb").status == status


def test_without_replicate_the_definitions_of_served_resources_vanish(lab):
    result = ssh(lab, "nima", "nim -Fo sync nimb")
    assert result.status == 0
    assert "Replicating" not in result.stdout
    assert lab.state()["masters"]["nimb"]["resources"] == {}


def test_only_missing_content_is_copied(start):
    lab = start("stale")
    digests = [lab.state()["masters"][m]["resources"]["mksysb_aix01"]["digest"] for m in ("nima", "nimb")]
    assert digests[0] != digests[1]
    ssh(lab, "nima", SYNC)
    assert lab.state()["masters"]["nimb"]["resources"]["mksysb_aix01"]["digest"] == digests[1]


def test_target_must_be_an_alternate_master(lab):
    for name, code in (("aix02", "0042-015"), ("nosuch", "0042-053")):
        result = ssh(lab, "nima", f"nim -Fo sync {name}")
        assert result.status == 1
        assert code in result.stderr


def test_a_target_that_is_off_is_refused_at_once(lab):
    lab.break_fault("host_down", host="nimb")
    result = ssh(lab, "nima", SYNC)
    assert (result.status, result.stdout) == (1, "")
    assert "Connection refused" in result.stderr


@pytest.mark.parametrize("phase", range(1, 14))
def test_sync_fails_in_any_phase(lab, phase):
    lab.break_fault("sync_fails", phase=phase)
    result = ssh(lab, "nima", SYNC)
    assert result.status == 1
    assert "0042-175" in result.stderr
    assert "nim_master_recover Complete" not in result.stdout
    nimesis = [row for row in lab.state()["masters"]["nimb"]["subsystems"] if row["name"] == "nimesis"]
    assert bool(nimesis) == (phase not in {4, 5, 6})


@pytest.mark.parametrize("value", ["other-until-update", "own"])
def test_whose_niminfo_between_restore_and_update_is_a_switch(lab, value):
    lab.switch("niminfo_after_restore", value)
    lab.break_fault("sync_fails", phase=7)
    ssh(lab, "nima", SYNC)
    name = lab.state()["masters"]["nimb"]["niminfo"]["NIM_MASTER_HOSTNAME"]
    assert name == {"other-until-update": "nima", "own": "nimb"}[value]


@pytest.mark.parametrize("value", ["dropped", "kept"])
def test_peer_record_is_a_switch(lab, value):
    lab.switch("peer_record_after_sync", value)
    ssh(lab, "nima", SYNC)
    assert ("nima" in lab.state()["masters"]["nimb"]["objects"]) == (value == "kept")


@pytest.mark.parametrize("value", ["target", "source"])
def test_where_the_automatic_backup_lands_is_a_switch(lab, value):
    lab.switch("backup_lands_on", value)
    ssh(lab, "nima", SYNC)
    found = {name: bool(m["automatic_backups"]) for name, m in lab.state()["masters"].items()}
    assert found == {"nima": value == "source", "nimb": value == "target"}


def test_level_check_fails_after_the_old_database_is_gone(lab):
    lab.break_fault("levels_apart")
    result = ssh(lab, "nima", SYNC)
    assert result.status == 1
    assert "The level of the NIM master fileset on this machine is: 7.3.1.4" in result.stdout
    state = lab.state()["masters"]["nimb"]
    assert state["objects"] == {}
    assert not any(row["name"] == "nimesis" for row in state["subsystems"])


def test_unmounted_file_system_lets_replication_write_into_root(lab):
    lab.break_fault("fs_unmounted", fs="/export/nim")
    result = ssh(lab, "nima", SYNC)
    assert result.status == 0
    assert "/dev/hd4" in ssh(lab, "nimb", "df -m /export/nim/mksysb").stdout
    lab.heal("fs_unmounted")
    assert ssh(lab, "nimb", "ls /export/nim/mksysb").status != 0


def test_a_full_target_loses_resources_and_says_so(lab):
    lab.break_fault("fs_full", fs="/export/nim")
    result = ssh(lab, "nima", "nim -Fo sync -a replicate=yes nimb")
    assert result.status == 1
    assert "0511-191" in result.stderr


def test_half_copied_and_unreplicated_resources_end_with_status_zero(lab):
    lab.break_fault("sync_half_copied", resource="mksysb_aix01")
    lab.break_fault("sync_unreplicated", resource="bosinst_ow")
    result = ssh(lab, "nima", SYNC)
    assert result.status == 0
    assert "Replicating resource bosinst_ow\nFinished" in result.stdout
    masters = lab.state()["masters"]
    assert masters["nimb"]["resources"]["bosinst_ow"]["digest"] is None
    assert masters["nimb"]["resources"]["mksysb_aix01"] != masters["nima"]["resources"]["mksysb_aix01"]


def test_a_sync_that_complains_has_done_all_its_work(lab):
    lab.break_fault("sync_complains")
    result = ssh(lab, "nima", SYNC)
    assert result.status == 1
    assert result.stdout.endswith("nim_master_recover Complete\n")
    assert "1831-187" in result.stderr
    masters = lab.state()["masters"]
    assert masters["nimb"]["resources"] == masters["nima"]["resources"]


def test_nfs_blocked_stops_in_phase_four(lab):
    lab.break_fault("nfs_blocked")
    result = ssh(lab, "nima", SYNC)
    assert result.status == 1
    assert "1831-011" in result.stderr


def test_reset_clients_rebuilds_their_lists(lab):
    lab.break_fault("client_list_missing", client="aix02")
    lab.break_fault("client_down", client="aix03")
    ssh(lab, "nima", f"{SYNC.replace('replicate=yes', 'replicate=yes -a reset_clients=yes')}")
    state = lab.state()
    assert state["clients"]["aix02"]["masters"] == ["nima", "nimb"]
    attrs = dict(map(tuple, state["masters"]["nima"]["objects"]["aix03"]["attrs"]))
    assert attrs["sync_required"] == "yes"


def test_sync_can_be_held_watched_and_released(lab):
    lab.hold("sync:7")

    async def story():
        async with await connect(lab, "nima") as connection:
            running = await connection.create_process(SYNC)
            await lab.wait_async("held:sync:7")
            processes = (await connection.run("ps -ef")).stdout
            assert "m_sync" in processes
            assert "nim -Fo sync" in processes
            assert "nim_master_recover" in ssh_text(await remote(lab, "ps -ef"))
            lab.release("sync:7")
            assert (await running.wait()).exit_status == 0

    async def remote(lab, command):
        async with await connect(lab, "nimb") as connection:
            return await connection.run(command)

    def ssh_text(result):
        return result.stdout

    asyncio.run(story())
    assert "nim_master_recover" not in ssh(lab, "nimb", "ps -ef").stdout


def test_killing_nim_interrupts_the_sync_where_it_stands(lab):
    lab.hold("sync:copying=mksysb_aix01")

    async def story():
        async with await connect(lab, "nima") as connection:
            running = await connection.create_process(SYNC)
            await lab.wait_async("held:sync:copying=mksysb_aix01")
            await connection.run("kill -9 $(ps -e -o pid,args | awk '/nim -Fo sync/ && !/awk/ {print $1}')")
            done = await running.wait()
            assert done.exit_status == 137 or done.exit_signal[0] == "KILL"

    asyncio.run(story())
    lab.wait("sync:interrupted")
    masters = lab.state()["masters"]
    assert masters["nimb"]["resources"]["mksysb_aix01"]["digest"] not in {
        None, masters["nima"]["resources"]["mksysb_aix01"]["digest"],
    }  # fmt: skip
    assert masters["nimb"]["resources"]["bosinst_ow"]["digest"] is None
    call = lab.calls("nim")[0]
    assert (call["ended"], call["exit"], call["changing"]) == ("killed", None, True)


def test_sync_hangs_until_healed(lab):
    lab.break_fault("sync_hangs", phase=5)

    async def story():
        async with await connect(lab, "nima") as connection:
            running = await connection.create_process(SYNC)
            await lab.wait_async("sync:phase=5")
            lab.heal("sync_hangs")
            assert (await running.wait()).exit_status == 0

    asyncio.run(story())


def test_log_counts_exactly_one_sync(lab):
    mark = lab.mark()
    ssh(lab, "nima", "lsnim; lssrc -s nimesis; oslevel -s; df -k /tmp")
    assert lab.changing(after=mark) == []
    ssh(lab, "nima", SYNC)
    assert [r["text"] for r in lab.changing(after=mark)] == [SYNC]


def background(lab):
    ssh(lab, "nima", f"nohup {SYNC} >/tmp/out 2>&1 </dev/null &")


def test_killing_nim_may_leave_the_target_working(lab):
    lab.switch("killed_sync_remote", "continues")
    lab.hold("sync:8")
    background(lab)
    lab.wait("held:sync:8")
    ssh(lab, "nima", "kill -9 $(ps -e -o pid,args | awk '/[/]usr.sbin.nim -Fo/ {print $1}')")
    lab.wait("call_end:nim*")
    assert "nim_master_recover" in ssh(lab, "nimb", "ps -ef").stdout
    lab.release()
    lab.wait("sync:complete")
    assert "nim_master_recover" not in ssh(lab, "nimb", "ps -ef").stdout


def test_killing_the_recover_process_on_the_target_fails_the_sync(lab):
    lab.break_fault("sync_hangs", phase=9)
    background(lab)
    lab.wait("sync:phase=9")
    ssh(lab, "nimb", "kill -9 $(ps -e -o pid,args | awk '/nim_master_recove[r]/ {print $1}')")
    lab.wait("sync:failed")
    assert "Killed" in ssh(lab, "nima", "tail -1 /tmp/out").stdout


def test_a_target_that_reboots_in_the_middle_fails_the_sync(lab):
    lab.hold("sync:9")
    background(lab)
    lab.wait("held:sync:9")
    lab.break_fault("reboot", host="nimb")
    lab.release()
    lab.wait("sync:failed")
