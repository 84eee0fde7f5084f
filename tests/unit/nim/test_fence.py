from __future__ import annotations

import pytest

from nim_operators.nim.fence import Fence, read_fence
from nim_operators.nim.snapshot import Section

HEADER = "Subsystem         Group            PID          Status\n"
STOPPED = " nimesis          nim                           inoperative\n"
RUNNING = " nimesis          nim              7340238      active\n"
INITTAB = """\
init:2:initdefault:
:nim:2:wait:/usr/bin/startsrc -g nim >/dev/console 2>&1
nimsh:2:wait:/usr/bin/startsrc -g nimclient >/dev/console 2>&1
"""
RECORD = "run=r\nreason=why\nsince=2026-11-22T01:00:00Z\nbackup=/b\n"


def seen(*, lssrc: str = HEADER + STOPPED, inittab: str = INITTAB, bootptab: str = "", record: str = RECORD) -> Fence:
    sections = {"lssrc_nimesis": lssrc, "inittab": inittab, "bootptab": bootptab, "record": record}
    return read_fence("nimb", {name: Section(name, 0 if text else 1, text) for name, text in sections.items()})


def test_a_fence_stands_when_nimesis_is_stopped_and_nothing_starts_it_at_the_next_boot() -> None:
    assert seen() == Fence(())
    assert str(seen()).startswith("It is fenced: nimesis is stopped")


def test_a_subsystem_that_is_not_defined_cannot_answer() -> None:
    assert seen(lssrc="0513-085 The nimesis Subsystem is not on file.\n").gaps == ()


@pytest.mark.parametrize(
    "lssrc", [HEADER + RUNNING, HEADER + STOPPED + RUNNING, HEADER, "garbage in one line of it\n", ""]
)
def test_a_nimesis_that_runs_or_of_which_nobody_knows_is_a_gap(lssrc: str) -> None:
    assert seen(lssrc=lssrc).gaps


def test_a_request_to_stop_is_no_stop() -> None:
    assert seen(lssrc=HEADER + " nimesis          nim              7340238      stopping\n").gaps == (
        "nimesis is stopping",
    )


@pytest.mark.parametrize(
    ("entry", "starts"),
    [
        ("nim:2:wait:/usr/bin/startsrc -g nim >/dev/console 2>&1", True),
        ("nim:2:once:/usr/bin/startsrc -gnim>/dev/console 2>&1", True),
        ("mine:2:wait:sleep 60; startsrc -s nimesis", True),
        ("nim:2:off:/usr/bin/startsrc -g nim >/dev/console 2>&1", False),
        ("nimsh:2:wait:/usr/bin/startsrc -g nimclient", False),
    ],
)
def test_an_entry_of_inittab_that_starts_nimesis_is_a_gap(entry: str, *, starts: bool) -> None:
    assert bool(seen(inittab=f"{INITTAB}{entry}\n").gaps) is starts


def test_an_inittab_that_cannot_be_listed_is_a_gap() -> None:
    assert "nobody knows what starts at the next boot" in str(seen(inittab=""))


def test_a_record_that_could_not_be_written_is_a_gap() -> None:
    assert str(seen(record="")).startswith("It is NOT fenced: the record")


def test_prepared_network_boots_are_named_because_a_fence_leaves_them() -> None:
    bootptab = "# aix01 comment:\n.template:ht=ethernet:\naix02.example.com:bf=/tftpboot/aix02:ip=10.1.0.2:\n"
    assert seen(bootptab=bootptab).waiting == ("aix02.example.com",)
    assert "aix02.example.com in /etc/bootptab would still be answered" in str(seen(bootptab=bootptab))
