from __future__ import annotations

from pathlib import Path

import pytest

from nim_operators.nim.errors import Unreadable
from nim_operators.nim.records import parse_own_records
from nim_operators.nim.snapshot import ArmedDirection, Aside, LockOwner, OpenJob, OwnRecords

RECORDS = (Path(__file__).parent / "vectors" / "own_records.txt").read_text()


def read(text: str, uid: str = "0") -> OwnRecords:
    return parse_own_records("nima", text, uid)


def test_direction_lock_and_jobs_are_read():
    assert read(RECORDS) == OwnRecords(
        direction=ArmedDirection("nima", "nimb", "setup__2026-01-05", "2026-01-05T10:00:00Z"),
        lock=LockOwner("scheduled__2026-01-06", "7f3a", "2026-01-06T02:00:00Z"),
        jobs=(OpenJob("sync-1", "sync", "scheduled__2026-01-06", "change", "running"),),
        fault=None,
    )


def test_what_lies_aside_is_read():
    aside = "resource=img\nlocation=/n/img\naside=/n/.a.img\ncontent=c0\nrun=night/1\nsince=2026-01-05\nstate=aside\n"
    assert read(f"{RECORDS}@ record aside/img\n{aside}").asides == (
        Aside("img", "/n/img", "/n/.a.img", "c0", "night/1", "2026-01-05", "aside"),
    )


def test_no_directory_means_no_records():
    assert read("") == OwnRecords()


def test_a_directory_open_to_others_is_a_fault():
    opened = RECORDS.replace("drwx------ ", "drwxr-x--- ")
    assert read(opened).fault == "The directory is open to other users: drwxr-x---."
    listed = RECORDS.replace("drwx------ ", "drwx------+")
    assert read(listed).fault == "The directory is open to other users: drwx------+."


def test_a_directory_of_somebody_else_is_a_fault():
    assert read(RECORDS, uid="207").fault == "The directory belongs to user 0, not to user 207."


def test_a_symbolic_link_is_a_fault():
    assert read("@ fault /var/adm/nim_operators is not a directory\n").fault == (
        "/var/adm/nim_operators is not a directory."
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("noise\n", "noise"),
        ("@ job running\njob=a\nkind=sync\n", "@ job running"),
        ("@ job asleep\njob=a\nkind=sync\nrun=r\n", "@ job asleep"),
        ("@ record direction\nsource=nima\n", "@ record direction"),
        ("@ record other\na=b\n", "@ record other"),
        ("@ record aside/img\nresource=img\n", "@ record aside/img"),
        ("@ listing total 8\n", "@ listing total 8"),
    ],
)
def test_a_record_that_makes_no_sense_is_named(text, line):
    with pytest.raises(Unreadable) as error:
        read(text)
    assert error.value.line == line
