"""SSH sessions behave as sshd's do: streams, status, signals, drops, logins and sudo."""

from __future__ import annotations

import asyncio
import hashlib
import os

import asyncssh
import pytest

from include.lab import LabError, running_lab

from .conftest import SHELLS, connect, ssh

ABSENT = (
    "bash stat setsid timeout mktemp readlink realpath seq tac python python3 perl sha256sum md5sum nproc flock "
    "pgrep pkill"
)


async def drop(lab, connection):
    """Break the link and wait until this end has noticed."""
    await asyncio.to_thread(lab.break_fault, "ssh_cut", host="nima")
    await connection.wait_closed()


def test_command_lines_run_in_a_ksh_of_the_hosts_own_tree(shared):
    result = ssh(shared, "nima", "echo $PATH; pwd; echo $SHELL; uname -a; hostname; id -un")
    assert result.stdout.splitlines() == [
        "/usr/bin:/etc:/usr/sbin:/usr/ucb:/usr/bin/X11:/sbin",
        "/",
        "/usr/bin/ksh",
        "AIX nima 3 7 00F690DC4C00",
        "nima",
        "root",
    ]


def test_a_terminal_takes_more_than_it_has_room_for(tmp_path):
    async def listed(lab):
        async with await connect(lab, "nima") as connection:
            return str((await connection.run("lsnim -l", term_type="xterm")).stdout)

    with running_lab("default", tmp_path, clients=800, pace=0) as lab:
        text = asyncio.run(asyncio.wait_for(listed(lab), 60))
        assert text.replace("\r", "") == ssh(lab, "nima", "lsnim -l").stdout
        assert len(text) > 200_000


def test_what_aix_does_not_have_is_not_there(shared):
    directories = "/usr/bin /etc /usr/sbin /usr/ucb /sbin /opt/freeware/bin"
    loop = f"for d in {directories}; do for c in {ABSENT}; do ls $d/$c; done; done 2>/dev/null"
    assert ssh(shared, "nima", loop).stdout == ""


def test_hosts_have_trees_of_their_own(shared):
    ssh(shared, "nima", "echo here >/tmp/only-a")
    assert ssh(shared, "nimb", "cat /tmp/only-a").status != 0


@pytest.mark.parametrize("code", [0, 1, 3, 127, 255])
def test_exit_status_arrives(shared, code):
    assert ssh(shared, "nima", f"exit {code}").status == code


def test_streams_are_separate(shared):
    result = ssh(shared, "nima", "echo out; echo err >&2")
    assert (result.stdout, result.stderr) == ("out\n", "err\n")


def test_death_by_signal_is_reported(shared):
    assert ssh(shared, "nima", "kill -9 $$").signal[0] == "KILL"


def test_a_script_on_stdin_runs_and_its_text_is_kept(lab):
    script = "x=1\nwhile read line; do echo got $line; done <<EOF\na\nEOF\nexit 7\n"
    result = ssh(lab, "nima", "/usr/bin/ksh -s", script=script)
    assert (result.status, result.stdout) == (7, "got a\n")
    record = lab.log(event="command")[-1]
    assert record["stdin_sha256"] == hashlib.sha256(script.encode()).hexdigest()
    assert lab.script(record["seq"]) == script
    assert record["exit"] == 7


def test_a_shell_without_a_command_reads_its_commands(shared):
    assert ssh(shared, "nima", None, script="echo a; exit 4\n").stdout == "a\n"


def test_megabytes_pass_both_ways(shared):
    data = "0123456789abcdef" * 200_000
    result = ssh(shared, "nima", "tee /tmp/big | cksum; cat /tmp/big", script=data)
    assert result.stdout.endswith(data)


def test_lab_commands_append_to_the_file_their_stdout_is(shared):
    command = (
        "{ lsnim -p; lsnim -p; echo end; } >/tmp/f; lsnim -p >>/tmp/f; wc -l </tmp/f; lsnim | head -1; lsnim >/dev/null"
    )
    lines = ssh(shared, "nima", command).stdout.split("\n")
    assert lines[0].strip() == "19"
    assert lines[1].startswith("master ")


def test_a_dropped_session_does_not_kill_a_nohup_job(lab):
    lab.hold("sync:7")

    async def story():
        connection = await connect(lab, "nima")
        command = "nohup nim -Fo sync -a replicate=yes nimb >/tmp/job.out 2>&1 </dev/null & echo started; wait"
        running = await connection.create_process(command)
        assert await running.stdout.readline() == "started\n"
        await lab.wait_async("held:sync:7")
        await drop(lab, connection)

    asyncio.run(story())
    lab.release()
    lab.wait("sync:complete")
    assert ssh(lab, "nima", "tail -1 /tmp/job.out").stdout == "nim_master_recover Complete\n"


def test_without_nohup_nim_dies_of_its_broken_pipe(lab):
    lab.hold("sync:7")

    async def story():
        connection = await connect(lab, "nima")
        await connection.create_process("nim -Fo sync -a replicate=yes nimb")
        await lab.wait_async("held:sync:7")
        await drop(lab, connection)

    asyncio.run(story())
    lab.release()
    lab.wait("sync:interrupted")
    assert lab.calls("nim")[0]["ended"] == "broken pipe"


def test_hangup_of_dropped_sessions_is_a_switch(lab):
    lab.switch("session_drop_signal", "hup")

    async def story():
        connection = await connect(lab, "nima")
        await connection.create_process("sleep 1000")
        await lab.wait_async("command:sleep 1000")
        await drop(lab, connection)

    asyncio.run(story())
    assert lab.wait("command_end:sleep 1000")["ended"] == "signal 1"


def test_signals_of_the_client_reach_the_process_group(shared):
    async def story():
        async with await connect(shared, "nima") as connection:
            loop = "trap 'echo caught; exit 9' TERM; echo ready; while :; do sleep 0.02; done"
            running = await connection.create_process(loop)
            await running.stdout.readline()
            running.send_signal("TERM")
            return await running.wait()

    done = asyncio.run(asyncio.wait_for(story(), 30))
    assert (done.exit_status, done.stdout) == (9, "caught\n")


def test_login_needs_the_labs_key(shared):
    async def story():
        key = asyncssh.generate_private_key("ssh-ed25519")
        address, port = shared.address("nima")
        with pytest.raises(asyncssh.PermissionDenied):
            await asyncssh.connect(
                address, port, username="root", client_keys=[key], known_hosts=None, config=None, agent_path=None
            )

    asyncio.run(story())


def test_sftp_shows_the_tree(shared):
    async def story():
        async with await connect(shared, "nima") as connection, connection.start_sftp_client() as sftp:
            async with sftp.open("/etc/niminfo") as file:
                text = await file.read()
            await sftp.put("/etc/hostname", "/tmp/put")
            return text

    assert "NIM_MASTER_HOSTNAME=nima" in asyncio.run(story())
    assert ssh(shared, "nima", "ls /tmp/put").status == 0


# --- ordinary logins ------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["root", "userns"])
def sudo_lab(request, tmp_path_factory):
    if request.param == "root" and os.geteuid() != 0:
        pytest.skip("needs root")
    try:
        with running_lab("sudo", tmp_path_factory.mktemp("lab"), pace=0, sandbox=request.param) as lab:
            yield lab
    except LabError as error:
        pytest.skip(str(error))


def test_an_ordinary_login_is_not_root(sudo_lab):
    assert ssh(sudo_lab, "nima", "id -u; id -un; pwd; echo $HOME").stdout.split() == [
        "301", "nimadm", "/home/nimadm", "/home/nimadm",
    ]  # fmt: skip


def test_an_ordinary_login_may_look_but_not_operate(sudo_lab):
    assert ssh(sudo_lab, "nima", "lsnim -t master").status == 0
    mark = sudo_lab.mark()
    result = ssh(sudo_lab, "nima", "nim -o sync nimb")
    # dash calls a command it may not execute 127
    assert result.status in {126, 127}
    assert sudo_lab.log(after=mark, event="sync") == []


def test_sudo_makes_it_root(sudo_lab):
    result = ssh(sudo_lab, "nima", "sudo -n id -u; echo one | sudo -n /usr/bin/cat; sudo -n sh -c 'exit 9'; echo $?")
    assert result.stdout.split() == ["0", "one", "9"]
    assert ssh(sudo_lab, "nima", "sudo -n nim -o lslpp aix02").status == 0
    assert sudo_lab.calls("nim")[-1]["login"] == "nimadm"


def test_sudo_of_a_script_on_stdin(sudo_lab):
    assert ssh(sudo_lab, "nima", "sudo -n /usr/bin/ksh -s", script="id -u; echo $# end\n").stdout == "0\n0 end\n"


def test_root_may_not_log_in_there(sudo_lab):
    with pytest.raises(asyncssh.PermissionDenied):
        ssh(sudo_lab, "nima", "id", login="root")


def test_sudo_can_be_denied(sudo_lab):
    sudo_lab.switch("sudo", "denied")
    try:
        result = ssh(sudo_lab, "nima", "sudo -n id")
        assert (result.status, result.stderr) == (1, "sudo: a password is required\n")
    finally:
        sudo_lab.switch("sudo", "allowed")


def test_files_of_root_are_closed_to_it(sudo_lab):
    if sudo_lab.about["sandbox"] != "root":
        pytest.skip("one uid only: the kernel cannot tell the logins apart")
    ssh(sudo_lab, "nima", "sudo -n sh -c 'umask 077; echo x >/tmp/secret'")
    assert ssh(sudo_lab, "nima", "cat /tmp/secret").status != 0

    async def story():
        async with await connect(sudo_lab, "nima") as connection, connection.start_sftp_client() as sftp:
            with pytest.raises(asyncssh.SFTPPermissionDenied):
                await sftp.open("/tmp/secret")

    asyncio.run(story())


def test_a_nohup_job_under_sudo_survives_the_drop(sudo_lab):
    sudo_lab.hold("sync:3")

    async def story():
        connection = await connect(sudo_lab, "nima")
        command = (
            "sudo -n sh -c 'nohup nim -Fo sync -a replicate=yes nimb >/tmp/job.out 2>&1 </dev/null & echo started'"
        )
        assert (await connection.run(command)).stdout == "started\n"
        await sudo_lab.wait_async("held:sync:3")
        await drop(sudo_lab, connection)

    asyncio.run(story())
    sudo_lab.release()
    sudo_lab.wait("sync:complete")


# --- shells ---------------------------------------------------------------------------------------

PROGRAM = """
set -u
f() { typeset x=$1; print -r -- "$x" 2>/dev/null || printf '%s\\n' "$x"; }
f 'a\\b'
trap 'echo trapped' EXIT
lsnim -t master >/tmp/$$.out || exit 1
read first rest </tmp/$$.out
echo "$first"
(exit 3); echo $?
"""


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_serves_as_ksh(start, shell):
    lab = start(shell=shell)
    program = PROGRAM if shell != "dash" else PROGRAM.replace("typeset x=$1; print", "x=$1; false")
    result = ssh(lab, "nima", "/usr/bin/ksh", script=program)
    assert (result.stdout, result.stderr) == ("a\\b\nmaster\n3\ntrapped\n", "")
    assert ssh(lab, "nima", "nim -Fo sync -a replicate=yes nimb").stdout.endswith("nim_master_recover Complete\n")
