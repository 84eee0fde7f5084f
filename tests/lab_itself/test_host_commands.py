"""The commands around NIM print what AIX prints."""

from __future__ import annotations

import re

import pytest

from .conftest import METHODS, ssh


def test_lssrc_rows_have_exact_blanks(shared):
    lines = ssh(shared, "nima", "lssrc -a").stdout.splitlines()
    assert lines[0] == "Subsystem         Group            PID          Status"
    pid = lines[1].split()[2]
    assert lines[1] == f" nimesis          nim              {pid:<13}active"
    assert lines[2] == " nimd             nim                           inoperative"
    assert lines[-1] == " nimhttp                                        inoperative"


def test_unknown_subsystem(shared):
    result = ssh(shared, "nima", "lssrc -s nosuch")
    assert (result.status, result.stderr) == (1, "0513-085 The nosuch Subsystem is not on file.\n")


def test_stop_and_start(lab):
    assert ssh(lab, "nima", "stopsrc -s nimesis").stdout == "0513-044 The nimesis Subsystem was requested to stop.\n"
    assert "0513-004" in ssh(lab, "nima", "stopsrc -s nimesis").stdout
    started = ssh(lab, "nima", "startsrc -s nimesis")
    assert re.fullmatch(r"0513-059 The nimesis Subsystem has been started\. Subsystem PID is \d+\.\n", started.stdout)
    again = ssh(lab, "nima", "startsrc -s nimesis")
    assert again.status == 1
    assert "0513-029" in again.stderr


def test_killing_the_daemon_stops_the_subsystem(lab):
    pid = lab.state()["masters"]["nima"]["subsystems"][0]["pid"]
    ssh(lab, "nima", f"kill -9 {pid}")
    lab.wait(f"process_end:{pid}")
    assert "inoperative" in ssh(lab, "nima", "lssrc -s nimesis").stdout


@pytest.mark.parametrize(
    ("flag", "title", "size"),
    [
        ("", "512-blocks", "20971520"),
        ("-k", "1024-blocks", "10485760"),
        ("-m", "MB blocks", "10240.00"),
        ("-g", "GB blocks", "10.00"),
    ],
)
def test_df_units(shared, flag, title, size):
    header, row = ssh(shared, "nima", f"df {flag} /export/nim/spot").stdout.splitlines()
    assert title in header
    assert header.split("Free")[1].split() == ["%Used", "Iused", "%Iused", "Mounted", "on"]
    assert row.split()[:2] == ["/dev/nimlv", size]
    assert row.split()[-1] == "/export/nim"


def test_df_lists_proc_with_dashes_and_refuses_what_is_not_there(shared):
    assert ssh(shared, "nima", "df").stdout.splitlines()[-1].split() == ["/proc", "-", "-", "-", "-", "-", "/proc"]
    assert ssh(shared, "nima", "df /nosuch").status == 1


def test_levels(shared):
    assert ssh(shared, "nima", "oslevel; oslevel -r; oslevel -s").stdout.split() == [
        "7.3.0.0", "7300-02", "7300-02-01-2346",
    ]  # fmt: skip


def test_lslpp_has_eighteen_fields(shared):
    line = ssh(shared, "nima", "lslpp -Lqc bos.sysmgt.nim.master").stdout
    assert len(line.rstrip("\n").split(":")) == 18
    assert line.startswith("bos.sysmgt.nim:bos.sysmgt.nim.master:7.3.2.0: :")
    missing = ssh(shared, "nima", "lslpp -Lqc bos.nosuch")
    assert missing.status == 1
    assert "0504-132" in missing.stderr


def test_csum(shared):
    text = ssh(shared, "nima", "printf abc >/tmp/abc; csum -h SHA256 /tmp/abc; csum /tmp/abc").stdout
    assert text.splitlines() == [
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  /tmp/abc",
        "900150983cd24fb0d6963f7d28e17f72  /tmp/abc",
    ]


def test_ps_shows_real_processes_of_this_host_only(shared):
    ssh(shared, "nimb", "nohup sleep 7777 >/dev/null 2>&1 </dev/null &")
    assert "sleep 7777" not in ssh(shared, "nima", "ps -ef").stdout
    text = ssh(shared, "nimb", "ps -e -o pid= -o user= -o args= | grep '[s]leep 7777'").stdout
    pid, user, *args = text.split()
    assert (user, args) == ("root", ["sleep", "7777"])
    assert ssh(shared, "nimb", f"ps -o args= -p {pid}; kill {pid}").stdout == "sleep 7777\n"
    assert ssh(shared, "nimb", "ps -p 999999999").status == 1


def test_ps_shows_the_daemons(shared):
    text = ssh(shared, "nima", "ps -ef").stdout
    assert "/usr/sbin/nimesis" in text
    assert "/usr/sbin/srcmstr" in text
    assert "dev/.lab" not in text


def test_inittab_commands(lab):
    assert ssh(lab, "nima", "lsitab nim").stdout.startswith("nim:2:wait:")
    ssh(lab, "nima", "chitab 'nim:2:off:/usr/bin/startsrc -g nim >/dev/console 2>&1'")
    assert ssh(lab, "nima", "lsitab nim").stdout.startswith("nim:2:off:")
    assert ssh(lab, "nima", "rmitab nim; lsitab nim").status == 1


def test_mount_and_unmount_by_hand(lab):
    assert ssh(lab, "nima", "umount /export/nim; df /export/nim").stdout.splitlines()[-1].endswith(" /")
    assert ssh(lab, "nima", "lsfs -c /export/nim").stdout.splitlines()[1].startswith("/export/nim:/dev/nimlv:jfs2:")
    assert ssh(lab, "nima", "mount /export/nim; ls /export/nim/mksysb").stdout == "aix01.mksysb\n"


def test_names_and_nfs(shared):
    assert ssh(shared, "nima", "host 10.1.0.12").stdout.startswith("nimb is 10.1.0.12")
    assert ssh(shared, "nima", "host mars").stderr == "host: 0827-801 Host name mars does not exist.\n"
    assert "mountd" in ssh(shared, "nima", "rpcinfo -p nimb").stdout
    assert ssh(shared, "nima", "showmount -e nimb").status == 0


def test_define_change_and_remove(lab):
    define = "nim -o define -t standalone -a platform=chrp -a if1='find_net aix02.example.com 0' -a netboot_kernel=64"
    result = ssh(lab, "nima", f"{define} fresh")
    assert (result.status, result.stdout, result.stderr) == (0, "", "")
    listing = ssh(lab, "nima", "lsnim -l fresh").stdout
    assert "if1            = master_net aix02.example.com 0\n" in listing
    assert "sync_required  = yes" in listing
    assert "0042-032" in ssh(lab, "nima", f"{define} fresh").stderr
    assert "0042-021" in ssh(lab, "nima", "nim -o define -t standalone -a platform=chrp other").stderr
    ssh(lab, "nima", "nim -o change -a comments='a b' fresh")
    assert "comments       = a b" in ssh(lab, "nima", "lsnim -l fresh").stdout
    ssh(lab, "nima", "nim -o change -a routing3='default 10.1.0.9' master_net")
    assert "routing3   = default 10.1.0.9" in ssh(lab, "nima", "lsnim -l master_net").stdout
    ssh(lab, "nima", "nim -o allocate -a spot=spot_7300_02 fresh")
    assert "0042-052" in ssh(lab, "nima", "nim -o remove fresh").stderr
    assert ssh(lab, "nima", "nim -Fo deallocate -a subclass=all fresh; nim -o remove fresh").status == 0
    assert ssh(lab, "nima", "lsnim fresh").status == 53


def test_resources_can_be_made_checked_and_shown(lab):
    make = "nim -o define -t spot -a server=master -a location=/export/nim/spot -a source=lpp_7300_02 spot_new"
    assert ssh(lab, "nima", make).status == 0
    assert " = /export/nim/spot/spot_new/usr\n" in ssh(lab, "nima", "lsnim -l spot_new").stdout
    assert ssh(lab, "nima", "nim -o check spot_new").status == 0
    ssh(lab, "nima", "rm -r /export/nim/spot/spot_new")
    assert "0042-154" in ssh(lab, "nima", "nim -o check spot_new").stderr
    assert "Rstate        = unavailable for use" in ssh(lab, "nima", "lsnim -l spot_new").stdout
    assert "installp/ppc/.toc" in ssh(lab, "nima", "nim -o showres lpp_7300_02").stdout
    taken = "nim -o define -t bosinst_data -a server=master -a location=/export/nim/bosinst_data/bosinst_ow b2"
    assert "0042-081" in ssh(lab, "nima", taken).stderr


def test_bare_nim_prints_usage(shared):
    result = ssh(shared, "nima", "nim")
    assert result.status == 1
    assert result.stderr.startswith("usage:")


def test_unconfigured_master_is_none_any_more(lab):
    ssh(lab, "nimb", f"{METHODS}/m_backup_db /tmp/b.tar")
    before = lab.state()["masters"]["nimb"]["odm_hash"]
    lab.switch("restore_on_configured", "refuses")
    assert ssh(lab, "nimb", f"{METHODS}/m_restore_db /tmp/b.tar").status == 1
    assert ssh(lab, "nimb", "nim -Fo unconfig master").status == 0
    assert ssh(lab, "nimb", "lsnim").status != 0
    assert ssh(lab, "nimb", f"{METHODS}/m_restore_db /tmp/b.tar").status == 0
    assert lab.state()["masters"]["nimb"]["odm_hash"] == before


def test_nimconfig_rebuilds_niminfo(lab):
    before = ssh(lab, "nima", "cat /etc/niminfo").stdout
    assert ssh(lab, "nima", "rm /etc/niminfo; nimconfig -r; cat /etc/niminfo").stdout == before
