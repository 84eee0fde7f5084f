from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nim_operators.nim.collector import build_snapshot, parse_sections
from nim_operators.nim.errors import Unreadable
from nim_operators.nim.levels import Level
from nim_operators.nim.snapshot import FileSystem, NameAnswer, Place, Section, Snapshot, SubsystemRow

VECTORS = Path(__file__).parent / "vectors"
NONCE = "nonce-5f2c91"

LSNIM = (
    "master machines master\nnimb machines alternate_master\nlpar1 machines standalone\n"
    "vios1 management vios\ncloud1 customers tenant\n"
)
PLACES = (
    "@ directory 1048576 /export/nim/spot/spot_72/usr\n"
    "Filesystem    1024-blocks      Free %Used    Iused %Iused Mounted on\n"
    "/dev/fslv01     10485760   8745124   17%     3206     1% /export/nim\n"
    "@ absent - /export/nim/new one\n"
    "Filesystem    1024-blocks      Free %Used    Iused %Iused Mounted on\n"
    "/dev/hd4         262144    126488   52%    11143    26% /\n"
    "@ file - /mnt/gone\n"
)
NAMES = (
    "@ nimb\nnimb.example.com is 10.1.1.2,  Aliases:   nimb\n"
    "@ nowhere\nhost: 0827-801 Host name nowhere does not exist.\n"
)
RPCINFO = (
    "@ nimb\n   program vers proto   port  service\n"
    "    100000    4   tcp    111  portmapper\n"
    "    100003    3   tcp   2049  nfs\n"
)
PING = "@ nimb\nPING nimb: (10.1.1.2): 56 data bytes\n1 packets transmitted, 1 packets received, 0% packet loss\n"
DEAD = "@ nimb\nPING nimb: (10.1.1.2): 56 data bytes\n1 packets transmitted, 0 packets received, 100% packet loss\n"
UNREACHED = "@ nimb\nrpcinfo: 1831-100 can't contact portmapper: RPC: Timed out\n"
NIMINFO = (
    "export NIM_CONFIGURATION=master\nexport NIM_MASTER_HOSTNAME=nima\n"
    'export NIM_ALTERNATE_MASTER="nimb.example.com nimb nimb-bk"\n'
)
OF_NIMB = 'export NIM_CONFIGURATION=master\nexport NIM_MASTER_HOSTNAME=nimb\nexport NIM_ALTERNATE_MASTER="nima"\n'
NOT_ON_FILE = "0513-085 The nimd Subsystem is not on file.\n"


def frame(section: Section, nonce: str = NONCE) -> str:
    """Print a section the way the collector's script does."""
    return (
        f"{nonce} begin {section.name}\n{section.stdout}\n"
        f"{nonce} stderr {section.name}\n{section.stderr}\n"
        f"{nonce} end {section.name} {section.exit}\n"
    )


def observed(**changes: Section) -> dict[str, Section]:
    """Return the sections of a healthy master, some of them changed."""
    stdout = {
        "identity": "clock=2026-01-06T02:00:00Z\nhostname=nima\nmachine_id=00F690DC4C00\nsystem=AIX\nuid=0\n",
        "oslevel": "7200-05-03-2148\n",
        "lslpp": (VECTORS / "lslpp.txt").read_text(),
        "niminfo": NIMINFO,
        "nim_level": "7.2.5.100\n",
        "lssrc_nimesis": " nimesis          nim              5243120      active\n",
        "lssrc_nimd": "",
        "lssrc_nimsh": " nimsh            nimclient                     inoperative\n",
        "lsnim": LSNIM,
        "lsnim_l": (VECTORS / "lsnim_long.txt").read_text(),
        "df": (VECTORS / "df_512.txt").read_text(),
        "places": PLACES,
        "names": NAMES,
        "nfs_of_peer": RPCINFO,
        "ping_of_peer": PING,
        "ps": (VECTORS / "ps.txt").read_text(),
        "crontabs": "/var/spool/cron/crontabs/root: 0 2 * * * /usr/sbin/nim -Fo sync nimb\n",
        "own_records": (VECTORS / "own_records.txt").read_text(),
        "clients": "lpar1 export NIM_MASTER_HOSTNAME=nima\nlpar1 @ 0\nvios1 @ 137\n",
    }
    sections = {name: Section(name, 0, text) for name, text in stdout.items()}
    sections["lssrc_nimd"] = Section("lssrc_nimd", 1, "", NOT_ON_FILE)
    return {**sections, **changes}


def failed(name: str, code: int = 1, stderr: str = "", stdout: str = "") -> dict[str, Section]:
    return {name: Section(name, code, stdout, stderr)}


def build(**changes: Section) -> Snapshot:
    return build_snapshot("A", observed(**changes))


def test_a_snapshot_holds_everything_that_was_observed():
    found = build()
    assert (found.master, found.clock, found.hostname) == ("A", "2026-01-06T02:00:00Z", "nima")
    assert found.machine_id == "00F690DC4C00"
    assert found.level == Level(7200, 5, 3, 2148)
    assert found.nim_level == "7.2.5.100"
    assert found.filesets["bos.sysmgt.nim.master"] == "7.2.5.100"
    assert found.niminfo.master_hostname == "nima"
    assert found.subsystems == (
        SubsystemRow("nimesis", "nim", 5243120, "active"),
        SubsystemRow("nimsh", "nimclient", None, "inoperative"),
    )
    assert list(found.objects) == ["master", "nimb", "lpar1", "vios1", "cloud1"]
    assert found.file_systems[0].mount_point == "/"
    assert found.nfs_of_peer is True
    assert found.peer_answers is True
    assert [process.pid for process in found.processes] == [7340238, 7340240, 8388810, 9437500, 9437600]
    assert found.cron == ("/var/spool/cron/crontabs/root: 0 2 * * * /usr/sbin/nim -Fo sync nimb",)
    assert found.own.lock.run == "scheduled__2026-01-06"
    assert found.raw["oslevel"].stdout == "7200-05-03-2148\n"


def test_each_place_has_the_file_system_below_its_line():
    assert build().places == {
        "/export/nim/spot/spot_72/usr": Place(
            "/export/nim/spot/spot_72/usr",
            "directory",
            1048576,
            FileSystem("/dev/fslv01", 10485760, 8745124, "/export/nim"),
        ),
        "/export/nim/new one": Place(
            "/export/nim/new one", "absent", None, FileSystem("/dev/hd4", 262144, 126488, "/")
        ),
        "/mnt/gone": Place("/mnt/gone", "file", None, None),
    }


def test_names_that_nobody_knows_are_answers_and_an_unheard_resolver_is_none():
    assert build().names == (
        NameAnswer("nimb", ("nimb.example.com", "nimb"), ("10.1.1.2",)),
        NameAnswer("nowhere", (), ()),
    )
    assert build(**failed("names", 127, stdout="@ nimb\nksh: host:  not found.\n")).names == ()


@pytest.mark.parametrize(
    ("printed", "answered"),
    [
        (RPCINFO, True),
        ("@ nimb-bk\nrpcinfo: can't contact portmapper\n" + RPCINFO, True),
        ("@ nimb\nrpcinfo: 1831-100 can't contact portmapper: RPC: Timed out\n", False),
        ("@ nimb\n    100000    4   tcp    111  portmapper\n", False),
        ("@ nimb\n", False),
        ("@ nimb\nksh: rpcinfo:  not found.\n", None),
        ("", None),
    ],
)
def test_nfs_of_the_peer_answered_or_did_not_or_could_not_be_asked(printed, answered):
    assert build(**failed("nfs_of_peer", 1, stdout=printed)).nfs_of_peer is answered


@pytest.mark.parametrize(
    ("ping", "rpcinfo", "answers"),
    [
        (PING, UNREACHED, True),
        (DEAD, RPCINFO, True),
        (DEAD, UNREACHED, False),
        ("@ nimb\nksh: ping:  not found.\n", UNREACHED, None),
        ("@ nimb\n0821-062 ping: host name nimb NOT FOUND\n", UNREACHED, None),
        ("", "", None),
    ],
)
def test_the_peer_answers_or_is_silent_or_could_not_be_tried(ping, rpcinfo, answers):
    printed = {**failed("ping_of_peer", 1, stdout=ping), **failed("nfs_of_peer", 1, stdout=rpcinfo)}
    assert build(**printed).peer_answers is answers


def test_a_master_with_the_files_of_its_peer_does_not_take_its_own_answer_for_that_of_its_peer():
    of_itself = PING.replace("nimb", "nima") + DEAD, RPCINFO.replace("nimb", "nima") + UNREACHED
    sections = {**failed("ping_of_peer", 1, stdout=of_itself[0]), **failed("nfs_of_peer", 1, stdout=of_itself[1])}
    half = build(**failed("niminfo", 0, stdout=OF_NIMB), **sections)
    assert (half.peer_answers, half.nfs_of_peer) == (False, False)
    assert (build(**sections).peer_answers, build().peer_answers) == (False, True)


def test_every_client_that_was_asked_has_an_answer_or_a_silence():
    answers = {answer.client: answer for answer in build().clients}
    assert list(answers) == ["lpar1", "vios1"]
    assert answers["lpar1"].niminfo.master_hostname == "nima"
    assert answers["vios1"].silence == "no answer within its limit"


def test_clients_that_the_limit_of_all_left_unasked_hide_no_answer():
    cut = Section("clients", 137, "lpar1 export NIM_MASTER_HOSTNAME=nima\nlpar1 @ 0\nvios1 export NIM_NA")
    answer = build(clients=cut).clients
    assert [found.client for found in answer if found.niminfo] == ["lpar1"]


def test_clients_that_were_not_to_be_asked_have_neither():
    sections = observed()
    del sections["clients"]
    assert build_snapshot("A", sections).clients == ()


def test_a_host_without_niminfo_is_a_value():
    assert build(**failed("niminfo", 2)).niminfo is None


def test_a_host_without_a_database_level_is_a_value():
    assert build(**failed("nim_level", 2, "cat: 0652-050 Cannot open /etc/NIM.level.\n")).nim_level is None


def test_filesets_that_are_not_installed_are_a_value():
    missing = "lslpp: 0504-132  Fileset bos.sysmgt.nim.master not installed.\n"
    assert build(**failed("lslpp", 1, missing)).filesets == {}


def test_a_stale_mount_does_not_hide_the_other_file_systems():
    df = observed()["df"]
    assert len(build(df=replace(df, exit=1, stderr="df: /mnt: stale NFS handle\n")).file_systems) == 5


@pytest.mark.parametrize("name", ["identity", "oslevel", "niminfo", "df", "ps", "lssrc_nimsh", "lslpp"])
def test_a_command_that_failed_is_named_with_what_it_said_and_what_that_means(name):
    stderr = '0042-001 nim: processing error encountered on "master":\n   0042-006 m_x: connect refused\n'
    with pytest.raises(Unreadable) as error:
        build(**failed(name, 6, stderr))
    text = str(error.value)
    assert error.value.host == "A"
    assert "exit status 0, not 6" in text
    assert "0042-006: the host could not be reached by nimsh or rsh" in text
    assert error.value.line == '0042-001 nim: processing error encountered on "master":'


@pytest.mark.parametrize("name", ["places", "df", "niminfo", "nim_level", "lslpp", "crontabs"])
@pytest.mark.parametrize("status", [137, 143])
def test_a_command_that_was_ended_by_its_limit_is_named(name, status):
    with pytest.raises(Unreadable, match="within the collector's limit"):
        build(**failed(name, status))


def test_a_stale_mount_that_hangs_does_not_hide_the_file_systems_that_were_listed_before_it():
    df = observed()["df"]
    assert len(build(df=replace(df, exit=137)).file_systems) == 5


@pytest.mark.parametrize("name", ["lsnim", "lsnim_l"])
def test_a_database_that_cannot_be_listed_is_a_value_that_says_why(name):
    broken = build(**failed(name, 1, "lsnim: ODM error: a database file is damaged\n"))
    assert (broken.objects, broken.hostname) == ({}, "nima")
    assert broken.database_fault.startswith("'lsnim")
    assert "a database file is damaged" in broken.database_fault
    hung = build(**failed(name, 137))
    assert hung.database_fault.endswith("did not end within its limit and was killed")


def test_a_cut_listing_is_never_taken_for_a_smaller_database():
    short = Section("lsnim_l", 0, (VECTORS / "lsnim_long.txt").read_text().partition("vios1:")[0])
    with pytest.raises(Unreadable, match=r"of each: cloud1 vios1"):
        build(lsnim_l=short)


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("identity", "hostname=nima\nuid=0\nmachine_id=00\n"),
        ("nim_level", "garbage\n"),
        ("places", "noise\n"),
        (
            "places",
            PLACES + "Filesystem    1024-blocks      Free %Used Mounted on\n/a 1 1 1% /a\n/b 1 1 1% /b\n",
        ),
        ("names", "noise\n@ nimb\n"),
    ],
)
def test_output_that_makes_no_sense_is_named(name, printed):
    with pytest.raises(Unreadable) as error:
        build(**{name: Section(name, 0, printed)})
    assert error.value.host == "A"


def test_a_missing_section_is_named():
    sections = observed()
    del sections["df"]
    with pytest.raises(Unreadable, match="a section df"):
        build_snapshot("A", sections)


def test_sections_are_taken_apart_exactly():
    sections = [
        Section("one", 0, "a\n", ""),
        Section("two", 137, "no newline", "err\n"),
        Section("three", 2, "", "\n"),
    ]
    text = "".join(frame(section) for section in sections) + f"{NONCE} complete\n"
    assert list(parse_sections("A", NONCE, text).values()) == sections


def test_banners_before_between_and_after_frames_are_passed_over():
    text = (
        f"*** Welcome to nima ***{frame(Section('one', 0, 'x'))}You have mail.\nbegin two\n"
        f"{frame(Section('two', 0, 'y'))}Killed\n{NONCE} complete\nlogout\n"
    )
    assert {name: section.stdout for name, section in parse_sections("A", NONCE, text).items()} == {
        "one": "x",
        "two": "y",
    }


TWO = frame(Section("one", 0, "x")) + frame(Section("two", 0, "y\n", "z\n"))


def test_carriage_returns_of_the_link_change_nothing():
    text = "".join(map(frame, observed().values())) + f"{NONCE} complete\n"
    snapshot = build_snapshot("A", parse_sections("A", NONCE, text.replace("\n", "\r\n")))
    assert replace(snapshot, raw={}) == replace(build(), raw={})


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("Welcome\n", "before the first section"),
        (TWO, "after section two"),
        (TWO[: TWO.index("y")], "in section two"),
        (TWO[: TWO.index(f"{NONCE} end two") + len(NONCE) + 3], "in section two"),
        (frame(Section("one", 0, "x")) + f"{NONCE} compl", "after section one"),
    ],
)
def test_a_text_that_was_cut_off_says_in_which_section_it_ended(text, where):
    with pytest.raises(Unreadable, match=f"it ended {where}"):
        parse_sections("A", NONCE, text)


def test_a_section_that_comes_twice_is_unreadable():
    with pytest.raises(Unreadable, match="section one only once"):
        parse_sections("A", NONCE, frame(Section("one", 0, "")) * 2 + f"{NONCE} complete\n")


SECTIONS = st.lists(
    st.builds(
        Section,
        st.from_regex(r"[a-z_]{1,12}", fullmatch=True),
        st.integers(0, 255),
        st.text(),
        st.text(),
    ),
    unique_by=lambda section: section.name,
)


@settings(deadline=None)
@given(SECTIONS, st.text().filter(lambda noise: NONCE not in noise))
def test_whatever_commands_print_is_given_back_unchanged(sections, noise):
    text = noise + "".join(frame(section) for section in sections) + f"{noise}\n{NONCE} complete\n"
    assert list(parse_sections("A", NONCE, text).values()) == sections
