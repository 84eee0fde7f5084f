"""m_backup_db makes a real tar file and m_restore_db really brings the old definitions back."""

from __future__ import annotations

import io
import shutil
import tarfile

from .conftest import METHODS, ssh

BACKUP = f"{METHODS}/m_backup_db /tmp/nim.tar"
RESTORE = f"{METHODS}/m_restore_db /tmp/nim.tar"


def members(lab, host):
    raw = (lab.tree(host) / "tmp/nim.tar").read_bytes()
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        return archive.getnames()


def test_backup_is_a_tar_of_the_six_files_with_relative_names(lab):
    result = ssh(lab, "nima", BACKUP)
    assert result.status == 0
    assert result.stdout.splitlines()[0] == "a ./etc/objrepos/nim_attr 8 blocks"
    assert members(lab, "nima") == [
        "./etc/objrepos/nim_attr",
        "./etc/objrepos/nim_attr.vc",
        "./etc/objrepos/nim_object",
        "./etc/objrepos/nim_object.vc",
        "./etc/NIM.level",
        "./etc/niminfo",
    ]
    assert "./etc/niminfo" in ssh(lab, "nima", "tar -tf /tmp/nim.tar").stdout


def test_restore_brings_old_definitions_back(lab):
    before = lab.state()["masters"]["nimb"]
    ssh(lab, "nimb", BACKUP)
    ssh(lab, "nima", "nim -Fo sync -a replicate=yes nimb")
    assert lab.state()["masters"]["nimb"]["odm_hash"] != before["odm_hash"]
    result = ssh(lab, "nimb", RESTORE)
    assert result.status == 0
    assert "Level check is successful." in result.stdout
    after = lab.state()["masters"]["nimb"]
    assert after["odm_hash"] == before["odm_hash"]
    assert [row["name"] for row in after["subsystems"] if row["pid"]].count("nimesis") == 1


def test_restore_after_an_interrupted_sync_brings_nimesis_back(lab):
    ssh(lab, "nimb", BACKUP)
    lab.break_fault("sync_fails", phase=5)
    ssh(lab, "nima", "nim -Fo sync -a replicate=yes nimb")
    assert "0513-085" in ssh(lab, "nimb", "LC_ALL=C lssrc -s nimesis").stderr
    assert ssh(lab, "nimb", RESTORE).status == 0
    assert "active" in ssh(lab, "nimb", "lssrc -s nimesis").stdout


def test_automatic_backup_of_a_sync_can_be_restored(lab):
    before = lab.state()["masters"]["nimb"]["odm_hash"]
    ssh(lab, "nima", "nim -Fo sync -a replicate=yes nimb")
    result = ssh(lab, "nimb", f"{METHODS}/m_restore_db /export/nim/backups/nimb.*.backup")
    assert result.status == 0
    assert lab.state()["masters"]["nimb"]["odm_hash"] == before


def test_truncated_backup_ends_with_zero_and_cannot_be_restored(lab):
    lab.break_fault("backup_truncated", host="nimb")
    assert ssh(lab, "nimb", BACKUP).status == 0
    before = lab.state_hash()
    assert ssh(lab, "nimb", RESTORE).status != 0
    assert lab.state_hash() == before


def test_full_file_system_fails_the_backup(lab):
    lab.break_fault("backup_fs_full", host="nima")
    result = ssh(lab, "nima", BACKUP)
    assert result.status == 1
    assert "not enough space" in result.stderr


def test_restore_that_refuses_changes_nothing(lab):
    ssh(lab, "nimb", BACKUP)
    before = lab.state_hash()
    lab.break_fault("restore_refuses")
    assert ssh(lab, "nimb", RESTORE).status == 1
    lab.heal()
    lab.switch("restore_on_configured", "refuses")
    assert ssh(lab, "nimb", RESTORE).status == 1
    assert lab.state_hash() == before


def test_backup_of_a_missing_directory_or_database_fails(lab):
    assert ssh(lab, "nima", f"{METHODS}/m_backup_db /nosuch/x.tar").status == 1
    ssh(lab, "nima", "rm /etc/objrepos/nim_attr")
    assert ssh(lab, "nima", BACKUP).status == 1
    assert "ODM" in ssh(lab, "nima", "lsnim").stderr


def test_streams_of_the_backup_are_a_switch(lab):
    lab.switch("m_backup_db_stream", "stderr")
    assert ssh(lab, "nima", BACKUP).stdout == ""
    lab.switch("m_backup_db_stream", "silent")
    assert ssh(lab, "nima", BACKUP).stderr == ""


def test_a_backup_can_be_recovered_on_the_other_machine(lab):
    ssh(lab, "nima", BACKUP)
    shutil.copy(lab.tree("nima") / "tmp/nim.tar", lab.tree("nimb") / "tmp/nim.tar")
    result = ssh(lab, "nimb", "nim_master_recover -r /tmp/nim.tar -i en0 -s -u")
    assert result.status == 0
    assert result.stdout.endswith("nim_master_recover Complete\n")
    second = lab.state()["masters"]["nimb"]
    assert dict(map(tuple, second["objects"]["master"]["attrs"]))["if1"] == "master_net nimb 00145EB74D02 ent0"
    assert second["niminfo"]["NIM_MASTER_HOSTNAME"] == "nimb"
    assert "nimb" not in second["objects"]
    assert "Complete" in ssh(lab, "nimb", "cat /var/adm/ras/nim.recover").stdout


def test_restore_into_a_full_root_leaves_a_machine_without_nimesis(lab):
    ssh(lab, "nimb", BACKUP)
    lab.break_fault("root_full")
    result = ssh(lab, "nimb", RESTORE)
    assert result.status == 2
    assert "0511-191" in result.stderr
    lab.heal()
    assert ssh(lab, "nimb", "lssrc -s nimesis").status == 1
    assert ssh(lab, "nimb", RESTORE).status == 0
