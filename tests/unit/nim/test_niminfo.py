from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nim_operators.nim.errors import Unreadable
from nim_operators.nim.niminfo import Niminfo, parse_niminfo

CLIENT = (Path(__file__).parent / "vectors" / "niminfo_client.txt").read_text()


def read(text: str) -> Niminfo:
    return parse_niminfo("lpar1", text)


def test_a_client_names_its_current_master_first():
    found = read(CLIENT)
    assert found.name == "lpar1"
    assert found.hostname == "lpar1.example.com"
    assert found.configuration == "standalone"
    assert found.master_hostname == "nima"
    assert found.master_hostnames == ("nima", "nimb")
    assert (found.master_port, found.registration_port) == (1058, 1059)
    assert (found.shell, found.master_id) == ("shell", "00F690DC4C00")
    assert found.alternate_master is None


def test_lists_keep_their_leading_and_double_blanks_as_they_are():
    found = read(CLIENT).variables
    assert found["NIM_HOSTS"] == " 127.0.0.1:loopback:localhost  10.1.1.21:lpar1  10.1.1.1:nima"
    assert found["ROUTES"] == " default:0:10.1.1.254 "
    assert found["NIM_MOUNTS"] == ""


def test_a_master_with_an_alternate_is_a_master_like_any_other():
    found = read('export NIM_CONFIGURATION=master\nexport NIM_ALTERNATE_MASTER="nimb.example.com"\n')
    assert found.configuration == "master"
    assert found.alternate_master == "nimb.example.com"
    assert found.master_hostnames == ()


def test_the_last_line_may_have_no_newline():
    assert read(CLIENT.rstrip("\n")) == read(CLIENT)


def test_carriage_returns_do_not_matter():
    assert read(CLIENT.replace("\n", "\r\n")) == read(CLIENT)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("NIM_NAME=lpar1", "lpar1"),
        ("  export   NIM_NAME='lpar1'", "lpar1"),
        ('export NIM_NAME="lpar1"            # or "lpar2"', "lpar1"),
        ("export NIM_NAME=a=b:c#d", "a=b:c#d"),
        ('export NIM_NAME="a"#b', "a#b"),
        ('export NIM_NAME="say \\"hi\\" for \\$5 \\n"', 'say "hi" for $5 \\n'),
        ("export NIM_NAME=a\\ b", "a b"),
        ("export NIM_NAME=\"a\"'b'c", "abc"),
        ("export NIM_NAME=", ""),
    ],
)
def test_values_are_read_as_a_shell_would_read_them(line, value):
    assert read(line).variables == {"NIM_NAME": value}


def test_the_last_of_two_equal_names_counts():
    assert read("NIM_NAME=one\nNIM_NAME=two").name == "two"


@pytest.mark.parametrize(
    "line",
    [
        'export NIM_ALTERNATE_MASTER="nimb”',
        "export NIM_ALTERNATE_MASTER=“nimb”",
        'export NIM_NAME="lpar1',
        "export NIM_NAME=server B",
        "export NIM_NAME",
        "cat: 0652-050 Cannot open /etc/niminfo.",
        "export NIM_MASTER_PORT=http",
        "export NIM_REGISTRATION_PORT=70000",
    ],
    ids=str,
)
def test_a_line_that_makes_no_sense_is_named(line):
    with pytest.raises(Unreadable) as error:
        read(f"# comment\nexport NIM_CONFIGURATION=master\n{line}\n")
    assert (error.value.host, error.value.command) == ("lpar1", "cat /etc/niminfo")
    assert (error.value.line_number, error.value.line) == (3, line)


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n"])
def test_a_file_that_assigns_nothing_is_unreadable(text):
    with pytest.raises(Unreadable, match="at least one line"):
        read(text)


NAMES = st.from_regex(r"NIM_X[A-Z0-9_]{0,20}", fullmatch=True)
VALUES = st.text(st.characters(codec="ascii", exclude_characters="\0\r\n'", categories=["L", "N", "P", "S", "Zs"]))


@settings(deadline=None)
@given(st.dictionaries(NAMES, VALUES, min_size=1), st.sampled_from(["export ", "  export\t", ""]))
def test_whatever_stands_between_single_quotes_is_kept(variables, export):
    text = "\n".join(f"{export}{name}='{value}'" for name, value in variables.items())
    assert read(text).variables == variables
