"""Every script that runs on a master is fit for the Korn shell of a stock AIX."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nim_operators.remote
from nim_operators.nim.inventory import parse_inventory
from nim_operators.nim.running import parse_ps
from nim_operators.remote.script import build
from nim_operators.remote.text import bytes_of, text_of
from tests.contract.ksh88 import RULES, Rule, offences

SCRIPTS = sorted(Path(nim_operators.remote.__file__).parent.glob("scripts/*.ksh"))
SHELLS = [shell for shell in ("mksh", "ksh93", "dash", "sh") if shutil.which(shell)]


def test_there_are_scripts_and_at_least_one_shell_to_try_them_in() -> None:
    assert len(SCRIPTS) > 8
    assert SHELLS


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.example)
def test_the_lint_refuses(rule: Rule) -> None:
    assert any(rule.instead in offence for offence in offences(rule.example))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_script_passes_the_ksh88_lint(script: Path) -> None:
    assert offences(script.read_text()) == []


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_script_is_read_by(script: Path, shell: str) -> None:
    read = subprocess.run([shell, "-n", str(script)], capture_output=True, text=True, check=False)
    errors = [line for line in read.stderr.splitlines() if "warning" not in line]  # ksh93 comments on style
    assert (read.returncode, errors) == (0, [])


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_script_says_what_it_is_and_what_it_is_given(script: Path) -> None:
    first = script.read_text().splitlines()[0]
    assert first.startswith(f"# {script.name} - ")


LIMITS = """
direct=0
limited 3 sh -c 'sleep 20; true' || direct=$?
captured=$(limited 3 sh -c '(sleep 20; echo late) & echo early; sleep 20')
printf '%s %s %s\\n' "$direct" "$captured" "$(limited 20 echo quick)"
ps() {
    exec sleep 600
}
limited 1 ps -ef || echo $?
"""


@pytest.mark.parametrize("shell", SHELLS)
def test_a_limit_ends_a_command_and_all_below_it_and_a_ps_that_hangs(shell: str) -> None:
    common = next(script for script in SCRIPTS if script.name == "common.ksh").read_text()
    ran = subprocess.run([shell, "-s"], input=common + LIMITS, capture_output=True, text=True, timeout=60, check=False)
    assert ran.stdout == "137 early quick\n137\n"


PS = """\
     UID      PID     PPID   C    STIME    TTY  TIME CMD
    root  7340238        1   0   Jan 05      -  0:12 /usr/sbin/cron
   admin 10223626  7340238   0 02:00:00  pts/1  0:00 mysqldump -pcanary --all
   admin 10223627  7340238   0   Jan 05  pts/1  0:00 sh -c first
second canary line
    root 12058884  7340238   0 02:00:00      -  0:00 nim -Fo sync -a replicate=yes nimb
    root 12058886  7340238   0 02:00:00      -  0:00 /usr/bin/ksh /var/adm/nim_operators/jobs/change/run
"""
NEEDED = """\
     UID      PID     PPID   C    STIME    TTY  TIME CMD
root 7340238 1 0 Jan 05 - 0:12 /usr/sbin/cron
admin 10223626 7340238 0 02:00:00 pts/1 0:00 mysqldump
admin 10223627 7340238 0 Jan 05 pts/1 0:00 sh
    root 12058884  7340238   0 02:00:00      -  0:00 nim -Fo sync -a replicate=yes nimb
    root 12058886  7340238   0 02:00:00      -  0:00 /usr/bin/ksh /var/adm/nim_operators/jobs/change/run
"""


@pytest.mark.parametrize("shell", SHELLS)
def test_of_processes_that_are_not_nims_no_argument_is_read(shell: str) -> None:
    functions = next(one for one in SCRIPTS if one.name == "observe.ksh").read_text().partition("\nmust identity")[0]
    script = f"BASE=/var/adm/nim_operators\n{functions}\nps() {{ cat <<'END'\n{PS}END\n}}\nprocesses\n"
    ended = subprocess.run([shell], input=script, capture_output=True, text=True, check=True)
    assert ended.stdout == NEEDED
    assert [one.pid for one in parse_ps("nima", ended.stdout, "/var/adm/nim_operators")] == [12058884]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_job_that_wakes_in_the_slot_of_another_one_never_begins(shell: str, tmp_path: Path) -> None:
    base = tmp_path / "base"
    slot = base / "jobs/change"
    base.mkdir(mode=0o700)
    given = {"BASE": str(base), "SLOT": "change", "JOB": "fence.1", "KIND": "fence", "RUN": "one", "TOKEN": "1"}
    given |= {"KSH": shutil.which(shell) or shell, "NEEDS_LOCK": "no", "ATTACH_TO": ""}
    start = build("job_start", given, {"print_command": [f"echo began >>{tmp_path}/began"]}).text
    subprocess.run([shell], input=start, text=True, check=True, capture_output=True)
    late = (slot / "run").read_text()
    while not (slot / "status").exists():
        time.sleep(0.05)
    assert ((tmp_path / "began").stat().st_mode & 0o777, (slot / "log").stat().st_mode & 0o777) == (0o644, 0o600)
    slot.rename(base / "called_off")
    slot.mkdir()
    (slot / "job").write_text("job=restore.2\n")
    assert subprocess.run([shell], input=late, text=True, check=False, capture_output=True).returncode == 1
    assert ([file.name for file in slot.iterdir()], (tmp_path / "began").read_text()) == (["job"], "began\n")


def _locked(base: Path) -> dict[str, str]:
    """Return what a script is given where the run named one holds the lock."""
    (base / "lock").mkdir(parents=True)
    base.chmod(0o700)
    (base / "lock/owner").write_text("run=one\ntoken=1\ntaken_at=then\n")
    return {"BASE": str(base), "RUN": "one", "TOKEN": "1"}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_job_whose_lock_is_given_back_while_it_makes_its_slot_never_begins(shell: str, tmp_path: Path) -> None:
    base = tmp_path / "base"
    given = {**_locked(base), "SLOT": "change", "JOB": "sync.1", "KIND": "sync", "KSH": shutil.which(shell) or shell}
    given |= {"NEEDS_LOCK": "yes", "ATTACH_TO": ""}
    start = build("job_start", given, {"print_command": [f"echo began >>{tmp_path}/began"]}).text
    meanwhile = f'mkdir() {{ case $1 in */jobs/change) rm -r "{base}/lock" ;; esac; command mkdir "$@"; }}\n'
    ended = subprocess.run([shell], input=meanwhile + start, text=True, check=False, capture_output=True)
    assert (ended.returncode, "nothing may be changed here" in ended.stdout) == (25, True)
    assert list((base / "jobs").iterdir()) == []
    assert not (tmp_path / "began").exists()


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("action", ["release", "break"])
def test_a_lock_stays_where_a_job_began_while_it_was_taken_away(shell: str, action: str, tmp_path: Path) -> None:
    base = tmp_path / "base"
    given = {**_locked(base), "ACTION": action, "HELD_BY": "one"}
    script = build("lock", given).text
    slot = base / "jobs/change"
    (tmp_path / "run").write_text(f"echo $$ >{tmp_path}/pid && mv {tmp_path}/pid {slot}/pid\nsleep 60\nexit\n")
    begin = f"mkdir -p {slot}; cp {tmp_path}/run {slot}; echo job=sync.1 >{slot}/job"
    begin += f"; {shell} {slot}/run >/dev/null 2>&1 & until [ -f {slot}/pid ]; do :; done"
    meanwhile = f'mv() {{ if [ ! -d {slot} ]; then {begin}; fi; command mv "$@"; }}\n'
    wide = {**os.environ, "COLUMNS": "300"}  # here ps would cut the long path of the job
    ended = subprocess.run([shell], input=meanwhile + script, env=wide, text=True, check=False, capture_output=True)
    os.kill(int((slot / "pid").read_text()), signal.SIGKILL)
    assert (ended.returncode, "still held by job sync.1 (running)" in ended.stdout) == (21, True), ended
    assert (base / "lock/owner").read_text() == "run=one\ntoken=1\ntaken_at=then\n"
    assert sorted(path.name for path in base.iterdir()) == ["jobs", "lock"]


def full_file_system() -> None:
    """Let no file grow, as where the file system is full: the write fails, and nobody is killed."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


# A Korn shell puts here-documents and what it captures into files, which nobody could write either.
@pytest.mark.parametrize("shell", [shell for shell in SHELLS if "ksh" not in shell])
def test_a_lock_that_cannot_be_written_is_refused_as_a_want_of_room(shell: str, tmp_path: Path) -> None:
    base = tmp_path / "nim_operators"
    base.mkdir(mode=0o700)
    given = f"BASE='{base}' NONCE=@ ACTION=acquire RUN=run-1 TOKEN=t HELD_BY=\n"
    text = given + "\n".join((SCRIPTS[0].parent / f"{name}.ksh").read_text() for name in ("common", "say", "lock"))
    ran = subprocess.run(
        [shell, "-s"], input=text, capture_output=True, text=True, check=False, preexec_fn=full_file_system
    )
    assert ran.returncode == 23
    assert ran.stdout.startswith("@ refused the lock could not be written; look at the file system that holds")
    assert list(base.iterdir()) == []


@pytest.mark.parametrize("shell", SHELLS)
def test_a_clock_that_was_wrong_costs_no_backup_on_the_host(shell: str, tmp_path: Path) -> None:
    base = tmp_path / "base"
    given = {**_locked(base), "KEEP": "1", "LATEST": "20261127T020000Z"}
    stamps = ("20200101T020003Z", "20261125T020003Z", "20261126T020003Z", "20261127T020000Z", "20310101T020003Z")
    (base / "backups").mkdir()
    for stamp in stamps:
        (base / f"backups/nimdb.{stamp}.backup").touch()
    prune = build("prune", given, {"list_made": [f"nimdb.{stamps[0]}.backup"]}).text
    subprocess.run([shell], input=prune, text=True, check=True, capture_output=True)
    left = sorted(file.name for file in (base / "backups").iterdir())
    assert left == [f"nimdb.{stamp}.backup" for stamp in (stamps[0], *stamps[3:])]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_list_reaches_the_script_where_the_shell_can_keep_no_scratch_file(shell: str, tmp_path: Path) -> None:
    items = ["aix02", "", "it's \\n $HOME `id` \\\\", "-n", "= x"]
    script = build("write_break_glass", {"BASE": str(tmp_path / "base")}, {"list_lines": items}).text
    nowhere = {**os.environ, "TMPDIR": str(tmp_path / "nowhere")}
    subprocess.run([shell], input=script, env=nowhere, text=True, check=True, capture_output=True)
    assert (tmp_path / "base/break_glass.ksh").read_text() == "".join(f"{item}\n" for item in items)


@given(st.binary(max_size=40).filter(lambda data: b"\xf4\x8f" not in data))  # the private plane itself
def test_every_byte_of_a_host_is_kept_and_given_back(data: bytes) -> None:
    assert bytes_of(text_of(data)) == data
    assert text_of(data).encode().decode() == text_of(data)  # as any evidence is written and read


@pytest.mark.parametrize("shell", SHELLS)
def test_a_value_in_the_code_set_of_a_host_reaches_it_as_it_was(shell: str, tmp_path: Path) -> None:
    comment = b"f\xfcr M\xfcnchen, f\xc3\xbcr Z\xc3\xbcrich"
    script = build("write_break_glass", {"BASE": str(tmp_path / "base")}, {"list_lines": [text_of(comment)]}).text
    subprocess.run([shell], input=bytes_of(script), check=True, capture_output=True)
    assert (tmp_path / "base/break_glass.ksh").read_bytes() == comment + b"\n"


def test_names_that_differ_in_one_byte_of_another_code_set_are_two_files() -> None:
    listed = text_of(b"@ r directory\n1 2 ./\xe4\n1 2 ./\xfc\n@ end r 0\n")
    assert len(parse_inventory("nima", listed)["r"] or ()) == 2


@pytest.mark.parametrize("shell", SHELLS)
def test_a_location_with_a_blank_is_not_taken_for_its_first_word(shell: str, tmp_path: Path) -> None:
    location = tmp_path / "aix 73"
    (tmp_path / "aix").mkdir()
    location.mkdir()
    (location / "bos.1").write_text("kernel")
    stanza = f"lpp73:\n   class    = resources\n   location = {location}\n   server   = master\n"
    lsnim = tmp_path / "lsnim"
    lsnim.write_text(f"#!/bin/sh\ncat <<EOT\n{stanza}EOT\n")
    lsnim.chmod(0o755)
    script = build("inventory", {"CONTENT": "size", "LSNIM": str(lsnim), "ONLY": ""}).text
    listed = subprocess.run([shell], input=script, text=True, check=True, capture_output=True).stdout
    assert parse_inventory("nima", listed) == {"lpp73": {"./bos.1": (6, None)}}
