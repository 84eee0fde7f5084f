from __future__ import annotations

from pathlib import Path

import pytest

from nim_operators.nim.errors import Unreadable
from nim_operators.nim.filesystems import parse_df
from nim_operators.nim.snapshot import FileSystem

DF_512 = (Path(__file__).parent / "vectors" / "df_512.txt").read_text()


def read(text: str) -> tuple[FileSystem, ...]:
    return parse_df("nima", text)


def test_blocks_of_512_bytes_are_halved_and_rounded_down():
    root, proc, nim, *_ = read(DF_512)
    assert root == FileSystem("/dev/hd4", 262144, 126488, "/")
    assert proc == FileSystem("/proc", None, None, "/proc")
    assert nim == FileSystem("/dev/fslv01", 10485760, 8745124, "/export/nim")


def test_a_device_on_a_line_of_its_own_belongs_to_the_sizes_below_it():
    wrapped = read(DF_512)[3]
    assert wrapped == FileSystem("nimstore.example.com:/vol/mksysb", 5242880, 1048576, "/export/nim/mksysb")


def test_a_mount_point_may_hold_blanks():
    assert read(DF_512)[4].mount_point == "/export/old images"


@pytest.mark.parametrize(
    ("header", "values", "size", "free"),
    [
        ("Filesystem    512-blocks Free %Used Iused %Iused Mounted on", "200 100 50% 9 1%", 100, 50),
        ("Filesystem    1024-blocks Free %Used Iused %Iused Mounted on", "200 100 50% 9 1%", 200, 100),
        ("Filesystem    MB blocks Free %Used Iused %Iused Mounted on", "2.50 1.00 60% 9 1%", 2560, 1024),
        (
            "Filesystem    GB blocks Free %Used Iused %Iused Mounted on",
            "10.00 8.34 17% 9 1%",
            10485760,
            8745123,
        ),
        ("Filesystem    512-blocks      Used Available Capacity Mounted on", "200 60 140 30%", 100, 70),
        ("Filesystem    1024-blocks      Used Available Capacity Mounted on", "200 60 140 30%", 200, 140),
        ("Filesystem     1K-blocks    Used Available Use% Mounted on", "200 60 140 30%", 200, 140),
        ("Filesystem    512-blocks      Used      Free %Used Mounted on", "200 60 140 30%", 100, 70),
    ],
)
def test_the_header_tells_the_unit_and_where_the_free_space_stands(header, values, size, free):
    assert read(f"{header}\n/dev/fslv01 {values} /nim") == (FileSystem("/dev/fslv01", size, free, "/nim"),)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("/dev/hd4 1 1 1% 1 1% /\n", 1),
        ("Filesystem Size Used Avail Use% Mounted on\n/dev/sda 1G 1G 1G 1% /\n", 1),
        ("Filesystem 77-blocks Free %Used Iused %Iused Mounted on\n", 1),
        (DF_512 + "df: something else\n", 8),
        (DF_512 + "/dev/fslv09 12 12 /cut\n", 8),
        (DF_512 + "nimstore.example.com:/vol/cut\n", 8),
        (DF_512.replace("50% ", "half"), 7),
        (DF_512 + "   100 50 50% 1 1% /nobody\n", 8),
    ],
    ids=["no header", "human units", "odd unit", "noise", "columns", "cut", "word", "no device"],
)
def test_what_is_no_row_is_named(text, number):
    with pytest.raises(Unreadable) as error:
        read(text)
    assert error.value.line_number == number
