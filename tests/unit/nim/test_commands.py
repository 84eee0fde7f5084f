from __future__ import annotations

import shlex

import pytest

from nim_operators.nim import commands
from nim_operators.nim.commands import AIX, CommandPaths, PeerRecord, Unsendable
from nim_operators.nim.objects import NimObject

A_MASTER = NimObject(
    "master",
    "machines",
    "master",
    (
        ("max_nimesis_threads", "20"),
        ("platform", "chrp"),
        ("netboot_kernel", "64"),
        ("if1", "master_net nima.example.com 00145EB74C7E ent0"),
        ("cable_type1", "tp"),
    ),
)


def test_a_sync_always_replicates_and_names_its_target_last():
    assert commands.sync(AIX, "nimb", force=False).argv == (
        "/usr/sbin/nim",
        "-o",
        "sync",
        "-a",
        "replicate=yes",
        "nimb",
    )


def test_a_sync_is_forced_only_when_asked_to():
    forced = commands.sync(AIX, "nimb", force=True)
    assert forced.line == "/usr/sbin/nim -F -o sync -a replicate=yes nimb"
    assert "-F" not in commands.sync(AIX, "nimb", force=False).argv


def test_what_writes_on_a_host_is_marked_as_changing():
    writes = [
        commands.sync(AIX, "nimb", force=False),
        commands.backup_database(AIX, "/var/adm/nim_operators/a.backup"),
        commands.define_peer(AIX, PeerRecord("nima", "nima.example.com")),
        commands.change_attribute(AIX, "master", "max_nimesis_threads", "60"),
    ]
    assert [command.changes for command in writes] == [True] * 4
    assert all(command.purpose.endswith(".") for command in writes)


def test_a_peer_is_defined_with_its_interface_as_one_word():
    assert commands.define_peer(AIX, PeerRecord("nima", "nima.example.com", cable_type="tp")).argv == (
        "/usr/sbin/nim",
        "-o",
        "define",
        "-t",
        "alternate_master",
        "-a",
        "platform=chrp",
        "-a",
        "netboot_kernel=64",
        "-a",
        "if1=find_net nima.example.com 0",
        "-a",
        "cable_type1=tp",
        "-a",
        "connect=nimsh",
        "nima",
    )


def test_a_remembered_peer_keeps_its_name_and_the_first_word_of_its_protocol():
    record = NimObject(
        "nima",
        "machines",
        "alternate_master",
        (
            ("connect", "nimsh (secure)"),
            ("platform", "chrp"),
            ("netboot_kernel", "mp"),
            ("if1", "net1 nima.example.com 0"),
        ),
    )
    assert PeerRecord.remembered(record) == PeerRecord(
        name="nima",
        host="nima.example.com",
        platform="chrp",
        netboot_kernel="mp",
        cable_type="N/A",
        connect="nimsh",
    )


def test_a_peer_never_seen_before_is_described_by_its_own_master_object():
    assert PeerRecord.of_master("nima", A_MASTER, "shell") == PeerRecord(
        name="nima",
        host="nima.example.com",
        platform="chrp",
        netboot_kernel="64",
        cable_type="tp",
        connect="shell",
    )


def test_a_record_without_interface_describes_no_host():
    with pytest.raises(Unsendable, match="has no interface"):
        PeerRecord.of_master("nima", NimObject("master", "machines", "master"), "nimsh")


@pytest.mark.parametrize("name", ["", "-F", "a b", "a;reboot", "$(id)", "x" * 40, "a*", "a\nb"])
def test_no_command_is_built_for_a_name_that_nim_could_not_hold(name):
    with pytest.raises(Unsendable):
        commands.sync(AIX, name, force=False)


@pytest.mark.parametrize("path", ["backup", "/tmp/../etc/passwd", "/tmp/a b", "/tmp/$x", "/", "/tmp/"])
def test_a_backup_goes_to_a_plain_absolute_path(path):
    with pytest.raises(Unsendable, match="plain absolute path"):
        commands.backup_database(AIX, path)


@pytest.mark.parametrize("host", ["", "a b", "-x", "$h"])
def test_a_peer_is_defined_only_for_a_host_name_or_address(host):
    with pytest.raises(Unsendable, match="neither a host name nor an address"):
        commands.define_peer(AIX, PeerRecord("nima", host))


@pytest.mark.parametrize(("attribute", "value"), [("a b", "x"), ("-F", "x"), ("comments", ""), ("comments", "a\nb")])
def test_an_attribute_is_set_only_to_what_nim_could_mean(attribute, value):
    with pytest.raises(Unsendable):
        commands.change_attribute(AIX, "master", attribute, value)


def test_words_with_blanks_and_quotes_survive_the_shell():
    command = commands.change_attribute(AIX, "master", "comments", "don't touch; $HOME `id`")
    assert shlex.split(command.line) == list(command.argv)
    assert command.argv[4] == "comments=don't touch; $HOME `id`"


def test_each_path_can_be_overridden():
    elsewhere = CommandPaths(nim="/opt/wrap/nim", m_backup_db="/opt/wrap/m_backup_db")
    assert commands.sync(elsewhere, "nimb", force=False).argv[0] == "/opt/wrap/nim"
    assert commands.backup_database(elsewhere, "/tmp/a").argv == ("/opt/wrap/m_backup_db", "/tmp/a")
