from __future__ import annotations

import pytest

from nim_operators.nim.errors import Unreadable
from nim_operators.nim.names import is_address, parse_host, same_host
from nim_operators.nim.snapshot import NameAnswer


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("nima", "nima"),
        ("NIMA", "nima"),
        ("nima", "nima.example.com"),
        ("NIMA.Example.com.", "nima.example.com"),
        ("10.1.1.1", "10.1.1.1"),
    ],
)
def test_spellings_of_one_host_match_both_ways(one, other):
    assert same_host(one, other)
    assert same_host(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("nima", "nimb"),
        ("nima", "nima2"),
        ("nima.example.com", "nima.example.org"),
        ("nima.example.com", "nima.example.com.au"),
        ("nima", "x.nima"),
        ("10", "10.1.1.1"),
        ("10.1.1.1", "10.1.1.10"),
        ("", ""),
        ("", "nima"),
    ],
)
def test_different_hosts_never_match(one, other):
    assert not same_host(one, other)
    assert not same_host(other, one)


@pytest.mark.parametrize("text", ["10.1.1.1", "fe80::1", "2001:db8::1:2", "::1"])
def test_an_address_is_no_name(text):
    assert is_address(text)


@pytest.mark.parametrize("text", ["nima", "nima.example.com", "10", "a.b.c.d", ""])
def test_a_name_is_no_address(text):
    assert not is_address(text)


@pytest.mark.parametrize(
    ("asked", "printed", "names", "addresses"),
    [
        (
            "nima",
            "nima.example.com is 10.1.1.1,  Aliases:   nima\n",
            ("nima.example.com", "nima"),
            ("10.1.1.1",),
        ),
        (
            "m",
            "mephisto is 192.100.13.5, Aliases: engr, sarah",
            ("mephisto", "engr", "sarah"),
            ("192.100.13.5",),
        ),
        ("10.1.1.1", "nima.example.com is 10.1.1.1", ("nima.example.com",), ("10.1.1.1",)),
        ("nima", "nima is 10.1.1.1, 10.2.1.1", ("nima",), ("10.1.1.1", "10.2.1.1")),
        (
            "nima",
            "nima.e.com has address 10.1.1.1\nnima.e.com has IPv6 address fe80::1\n",
            ("nima.e.com",),
            ("10.1.1.1", "fe80::1"),
        ),
        (
            "nim",
            "nim.e.com is an alias for nima.e.com.\nnima.e.com has address 10.1.1.1\n",
            ("nim.e.com", "nima.e.com"),
            ("10.1.1.1",),
        ),
        (
            "10.1.1.1",
            "1.1.1.10.in-addr.arpa domain name pointer nima.e.com.\n",
            ("nima.e.com",),
            ("10.1.1.1",),
        ),
        (
            "nima",
            "Using domain server:\nName: ns\nAddress: 10.1.1.53#53\nAliases: \n\nnima.e.com has address 10.1.1.1\n",
            ("nima.e.com",),
            ("10.1.1.1",),
        ),
        (
            "e.com",
            "e.com has address 10.1.1.9\ne.com mail is handled by 10 mx.e.com.\n",
            ("e.com",),
            ("10.1.1.9",),
        ),
    ],
)
def test_an_answer_holds_every_name_and_address(asked, printed, names, addresses):
    assert parse_host("nima", asked, printed) == NameAnswer(asked, names, addresses)


@pytest.mark.parametrize(
    "printed",
    [
        "host: 0827-801 Host name nowhere does not exist.\n",
        "host: 0827-803 Cannot find address 10.1.1.9.\n",
        "Host nowhere not found: 3(NXDOMAIN)\n",
        "Using domain server:\nName: ns\nAddress: 10.1.1.53#53\nAliases:\n\nHost nowhere not found: 3(NXDOMAIN)\n",
    ],
)
def test_a_resolver_that_knows_nothing_answers_with_nothing(printed):
    assert parse_host("nima", "nowhere", printed) == NameAnswer("nowhere", (), ())


@pytest.mark.parametrize(
    "printed",
    [
        "",
        "\n",
        "ksh: host:  not found.\n",
        "sh: 12: host: not found\n",
        "bash: host: command not found\n",
        ";; connection timed out; no servers could be reached\n",
        "Using domain server:\nName: ns\nAddress: 10.1.1.53#53\nAliases:\n\n",
    ],
)
def test_a_resolver_that_was_not_heard_gives_no_answer(printed):
    assert parse_host("nima", "nimb", printed) is None


def test_what_is_no_answer_is_named():
    with pytest.raises(Unreadable, match="'host nimb' on nima: line 2 is 'usage: host name'"):
        parse_host("nima", "nimb", "nimb is 10.1.1.2\nusage: host name\n")
