"""Worlds, the command line, scale, and both ways of confining processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from include.lab import LabError, WorldError, load_world, running_lab, tree, world_names

from .conftest import SHELLS, ssh

REPOSITORY = Path(__file__).resolve().parents[2]


def owner(lab, master, client="aix02"):
    objects = lab.state()["masters"][master]["objects"]
    return dict(map(tuple, objects[client]["attrs"])).get("current_master") if client in objects else None


def test_the_worlds_that_come_along():
    assert world_names() == [
        "default", "interrupted_sync", "mixed_names", "returned_stale", "rsh", "split", "stale", "sudo", "synced",
        "synced_peer_kept", "taken_over",
    ]  # fmt: skip


def test_a_world_that_does_not_exist_or_hold_together_is_one_sentence(tmp_path):
    with pytest.raises(WorldError, match="there is no world 'mars'"):
        load_world("mars")
    path = tmp_path / "bad.yaml"
    path.write_text("clients: many\n")
    with pytest.raises(WorldError, match="clients: Input should be a valid integer"):
        load_world(path)
    path.write_text("colour: red\n")
    with pytest.raises(WorldError, match="colour: Extra inputs are not permitted"):
        load_world(path)


def test_default_pair_is_before_its_first_sync(shared):
    state = shared.state()
    assert list(state["masters"]["nimb"]["objects"]) == ["master", "boot", "nim_script", "master_net", "nima"]
    types = {item["type"] for item in state["masters"]["nima"]["objects"].values()}
    assert types == {
        "master", "alternate_master", "standalone", "vios", "hmc", "cec", "ent", "boot", "nim_script", "spot",
        "lpp_source", "mksysb", "image_data", "bosinst_data", "mac_group", "res_group",
    }  # fmt: skip
    assert {c["current_master"] for c in state["clients"].values()} == {"nima"}


@pytest.mark.parametrize(
    ("world", "peer", "owner_on_b"),
    [
        ("synced", False, "nima"),
        ("synced_peer_kept", True, "nima"),
        ("stale", True, "nima"),
        ("taken_over", True, "nimb"),
    ],
)
def test_later_points_of_the_story(start, world, peer, owner_on_b):
    lab = start(world)
    assert ("nima" in lab.state()["masters"]["nimb"]["objects"]) == peer
    assert owner(lab, "nimb") == owner_on_b
    assert lab.log() == []


def test_an_old_master_that_returned_believes_it_owns_the_clients(start):
    lab = start("returned_stale")
    assert (owner(lab, "nima"), owner(lab, "nimb")) == ("nima", "nimb")
    assert {client["current_master"] for client in lab.state()["clients"].values()} == {"nimb"}
    assert lab.state()["faults"] == []


def test_split_control(start):
    owners = [client["current_master"] for client in start("split").state()["clients"].values()]
    assert (owners.count("nima"), owners.count("nimb")) == (3, 3)


def test_an_interrupted_sync(start):
    second = start("interrupted_sync").state()["masters"]["nimb"]
    assert second["objects"] == {}
    assert "nimesis" not in {row["name"] for row in second["subsystems"]}
    assert second["automatic_backups"]


def test_mixed_names(start):
    lab = start("mixed_names")
    assert ssh(lab, "nima", "hostname").stdout == "nima.example.com\n"
    assert ssh(lab, "nimb", "hostname").stdout == "nimb\n"
    assert "nim_b" in ssh(lab, "nima", "lsnim -t alternate_master").stdout
    assert ssh(lab, "nima", "sudo -n nim -Fo sync -a replicate=yes nim_b").status == 0
    define = "sudo -n nim -o define -t alternate_master -a if1='find_net nima.example.com 0' nim_a"
    assert ssh(lab, "nimb", define).status == 0
    assert ssh(lab, "nimb", "sudo -n nim -o takeover -a async=no nim_a").status == 0
    assert lab.state()["clients"]["aix02"]["masters"] == ["nimb", "nima.example.com"]


def test_rsh_clients(start):
    lab = start("rsh")
    assert 'export NIM_SHELL="shell"' in ssh(lab, "aix02", "cat /etc/niminfo").stdout
    assert "connect        = shell" in ssh(lab, "nima", "lsnim -l aix02").stdout


def test_a_world_of_ones_own(start, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("clients: 2\nvios: 0\nswitches: {nimd: absent}\nfaults: ['sync_fails phase=3']\n")
    lab = start(path)
    assert list(lab.state()["clients"]) == ["aix01", "aix02"]
    assert "nimd" not in ssh(lab, "nima", "lssrc -a").stdout
    assert lab.state()["faults"] == [{"id": "sync_fails", "host": None, "args": {"phase": "3"}}]


def test_thousands_of_clients_start_quickly(tmp_path):
    begun = time.monotonic()
    with running_lab("default", tmp_path / "lab", clients=2000, pace=0) as lab:
        assert time.monotonic() - begun < 20
        assert len(ssh(lab, "nima", "lsnim -t standalone").stdout.splitlines()) == 1999
        assert ssh(lab, "nima", "nim -Fo sync -a replicate=yes nimb").status == 0
        assert (
            ssh(lab, "nima", "/usr/lpp/bos.sysmgt/nim/methods/c_rsh aix1999 'hostname | cat'").stdout
            == "aix1999.example.com\n"
        )
        trees = [path for path in (lab.directory / "hosts").iterdir() if (path / "root/usr").exists()]
        assert len(trees) == 3


def test_nothing_is_left_running(tmp_path):
    with running_lab("default", tmp_path / "lab", pace=0) as lab:
        ssh(lab, "nima", "nohup sleep 4242 >/dev/null 2>&1 </dev/null &")
        pid = lab.about["pid"]
    assert not Path(f"/proc/{pid}").exists()
    rest = subprocess.run(["ps", "-ef"], capture_output=True, text=True, check=True).stdout
    assert "sleep 4242" not in rest


def test_a_second_lab_in_the_same_place_is_refused(shared):
    with pytest.raises(FileExistsError, match="already running"), running_lab("default", shared.directory):
        pass


def test_a_shell_that_is_missing_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", os.environ["PATH"])
    monkeypatch.setattr(tree, "LOOKUP", str(tmp_path))
    with pytest.raises(tree.ShellMissingError, match="is not installed here"):
        tree.choose_shell("mksh")


def test_a_switch_that_does_not_exist(shared):
    with pytest.raises(LabError, match="there is no switch 'nosuch'"):
        shared.switch("nosuch", "x")
    with pytest.raises(LabError, match="takes dropped or kept, not 'maybe'"):
        shared.switch("peer_record_after_sync", "maybe")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_user_namespace_serves_as_well_as_root(tmp_path, shell):
    try:
        with running_lab("default", tmp_path / "lab", pace=0, sandbox="userns", shell=shell) as lab:
            assert lab.state()["sandbox"] == "userns"
            assert ssh(lab, "nima", "nim -Fo sync -a replicate=yes nimb; echo x >/dev/null").status == 0
            lab.break_fault("reboot")
            assert ssh(lab, "nima", "ps -ef; lsnim -t spot").stdout.endswith("spot\n")
    except LabError as error:
        pytest.skip(str(error))


PROGRAM = """
import tempfile
from include.lab import running_lab
with tempfile.TemporaryDirectory() as place, running_lab("default", place, pace=0) as lab:
    print(lab.state()["sandbox"], lab.admin("nima", "nim", "-Fo", "sync", "nimb")["exit"])
"""


def as_tester(program):
    """Run a program as the user tester, with a Python and packages that user may read."""
    packages = [path for path in sys.path if path.endswith("site-packages")]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *packages])}
    argv = ["su", "tester", "-c", "cd / && exec /usr/bin/python3 -"]
    return subprocess.run(argv, input=program, env=environment, capture_output=True, text=True, check=False)


def test_an_ordinary_user_needs_nothing_special():
    if os.geteuid() != 0 or as_tester("import asyncssh, pydantic, tomllib").returncode != 0:
        pytest.skip("needs root, a user tester, and a Python that tester may run")
    done = as_tester(PROGRAM)
    assert done.stdout == "userns 0\n", done.stderr


# --- command line ---------------------------------------------------------------------------------


def lab_cli(directory, *words):
    argv = [sys.executable, "-m", "include.lab", "--dir", str(directory), *words]
    return subprocess.run(argv, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60)


def test_the_command_line_from_up_to_down(tmp_path):
    place = tmp_path / "lab"
    up = lab_cli(place, "up", "--detach", "--clients", "2", "--pace", "0", "--switch", "nimd=absent")
    assert up.returncode == 0, up.stderr
    assert "nim_lab_a" in up.stdout
    try:
        connections = json.loads((place / "connections.json").read_text())
        assert connections["nim_lab_b"]["conn_type"] == "ssh"
        assert connections["nim_lab_b"]["extra"]["host_key"].startswith("ssh-ed25519 ")
        before = lab_cli(place, "state", "--hash").stdout
        assert "sync_fails is on" in lab_cli(place, "break", "sync_fails", "phase=3").stdout
        assert "1 fault(s) healed" in lab_cli(place, "heal", "all").stdout
        assert lab_cli(place, "switch", "peer_record_after_sync=kept").returncode == 0
        assert "nimd=absent" in lab_cli(place, "switches").stdout
        if shutil.which("ssh"):
            assert lab_cli(place, "ssh", "nima", "nim", "-Fo", "sync", "nimb").returncode == 0
            assert lab_cli(place, "wait", "sync:complete", "--timeout", "5").returncode == 0
            assert '"event": "call"' in lab_cli(place, "log").stdout
            assert lab_cli(place, "state", "--hash").stdout != before
        assert list(json.loads(lab_cli(place, "state").stdout)["masters"]) == ["nima", "nimb"]
    finally:
        assert lab_cli(place, "down").returncode == 0
    gone = lab_cli(place, "state")
    assert gone.returncode == 1
    assert gone.stderr == f"lab: no lab is running in {place}\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("break", "nosuch"), "there is no fault 'nosuch'"),
        (("break", "host_down", "nima"), "'nima' is not of the form name=value"),
        (("switch", "a=b"), "there is no switch 'a'"),
        (("wait", "never", "--timeout", "0.1"), "the lab saw no 'never'"),
    ],
)
def test_mistakes_end_in_one_sentence(shared, words, sentence):
    done = lab_cli(shared.directory, *words)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_lists_need_no_running_lab(tmp_path):
    assert "sync_hangs" in lab_cli(tmp_path, "faults").stdout
    assert len(json.loads(lab_cli(tmp_path, "switches", "--json").stdout)) > 30
