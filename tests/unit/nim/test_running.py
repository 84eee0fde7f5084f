from __future__ import annotations

from pathlib import Path

import pytest

from nim_operators.nim.errors import Unreadable
from nim_operators.nim.running import parse_crontabs, parse_ps
from nim_operators.nim.snapshot import NimProcess

PS = (Path(__file__).parent / "vectors" / "ps.txt").read_text()
BASE = "/var/adm/nim_operators"
HEADER = PS.splitlines()[0]


def read(text: str) -> tuple[NimProcess, ...]:
    return parse_ps("nima", text, BASE)


def one(command: str) -> tuple[NimProcess, ...]:
    return read(f"{HEADER}\n    root  7340238        1   0 02:00:00      -  0:00 {command}\n")


def test_foreign_processes_that_work_on_nim_are_found_and_ours_are_not():
    assert [(found.pid, found.user, found.command) for found in read(PS)] == [
        (7340238, "root", "/usr/sbin/nim -Fo sync -a replicate=yes nimb"),
        (7340240, "root", "/bin/ksh /usr/sbin/nim_master_recover -s -r /tmp/x"),
        (8388810, "admin", "smitty nim"),
        (9437500, "root", "/usr/lpp/bos.sysmgt/nim/methods/m_restore_db /tmp/db"),
        (9437600, "root", "nim -o takeover nima"),
    ]


@pytest.mark.parametrize(
    "command",
    [
        "nim -o sync nimb",
        "nim -F -o sync nimb",
        "nim -osync nimb",
        "nim -o check spot_72",
        "sudo -n nim -Fo sync nimb",
        "niminit -a name=x",
        "/usr/bin/perl -w /usr/sbin/nim_master_recover -s",
    ],
)
def test_operations_that_write_are_found(command):
    assert [found.command for found in one(command)] == [command]


@pytest.mark.parametrize(
    "command",
    [
        "lsnim -l",
        "/usr/sbin/nimesis",
        "nimd",
        "nimsh",
        "vi nim",
        "nim -o showres lpp",
        "grep nim",
        "ksh",
        "[kproc]",
    ],
)
def test_daemons_and_readers_are_not_found(command):
    assert one(command) == ()


def test_a_job_below_our_directory_is_ours_however_deep_it_works():
    text = (
        f"{HEADER}\n"
        f" root 10 1 0 02:00 ? 00:00:00 ksh {BASE}/jobs/sync/run\n"
        " root 11 10 0 02:00 ? 00:00:00 nim -Fo sync nimb\n"
        " root 12 11 0 02:00 ? 00:00:00 ksh nim_master_recover -s\n"
        " root 13 13 0 02:00 ? 00:00:00 nim -Fo sync nimb\n"
    )
    assert [found.pid for found in read(text)] == [13]


@pytest.mark.parametrize("text", ["", "ps: 0652-100 something\n"])
def test_a_process_table_without_its_header_is_unreadable(text):
    with pytest.raises(Unreadable, match="the header UID PID PPID"):
        read(text)


@pytest.mark.parametrize("rows", ["", "\n \n", "1 root 00:00 nim -o sync nimb\n"])
def test_a_process_table_without_a_process_is_no_proof_that_nothing_runs(rows):
    with pytest.raises(Unreadable, match="process"):
        read(f"{HEADER}\n{rows}")


def test_a_process_that_just_begins_or_ends_shows_no_command_yet():
    bare = "    root      879        1   0 11:44:08      -  0:00  "
    busy = "    root  7340238        1   0   Jan 05      -  0:00 nim -o sync nimb"
    assert [found.command for found in read(f"{HEADER}\n{bare}\n{busy}\n{bare}\n")] == ["nim -o sync nimb"]


def test_active_crontab_lines_that_sync_or_take_over_are_found():
    assert parse_crontabs(
        "/var/spool/cron/crontabs/root: # nim sync is done by hand\n"
        "/var/spool/cron/crontabs/root: 0 2 * * * /usr/sbin/nim -Fo sync nimb >/dev/null 2>&1\n"
        "/var/spool/cron/crontabs/root: 0 3 * * * /opt/scripts/rsync_nimodm.pl\n"
        "/var/spool/cron/crontabs/root: 0 4 * * * /usr/bin/minimum_async\n"
        "/var/spool/cron/crontabs/root: 0 5 * * * /usr/sbin/lsnim -l >/tmp/nim.txt\n"
        "/var/spool/cron/crontabs/adm: 0 6 * * * /opt/NIM_Takeover.sh\n"
        "/var/spool/cron/crontabs/adm:\n"
        "/var/spool/cron/crontabs/adm: 0 7 * * * /usr/lpp/bos.sysmgt/nim/methods/m_restore_db /tmp/x\n"
    ) == (
        "/var/spool/cron/crontabs/root: 0 2 * * * /usr/sbin/nim -Fo sync nimb >/dev/null 2>&1",
        "/var/spool/cron/crontabs/root: 0 3 * * * /opt/scripts/rsync_nimodm.pl",
        "/var/spool/cron/crontabs/adm: 0 6 * * * /opt/NIM_Takeover.sh",
        "/var/spool/cron/crontabs/adm: 0 7 * * * /usr/lpp/bos.sysmgt/nim/methods/m_restore_db /tmp/x",
    )


def test_a_takeover_that_a_person_started_from_our_directory_is_foreign():
    rows = (
        f"    root  7340238        1   0 02:00:00      -  0:00 ksh {BASE}/break_glass.ksh",
        "    root  7340240  7340238   0 02:00:00      -  0:00 /usr/sbin/nim -o takeover -a async=no nima",
    )
    assert [found.pid for found in read("\n".join([HEADER, *rows, ""]))] == [7340240]
