"""No secret survives being written (S10), and what is no secret stays as it is."""

from __future__ import annotations

import html
import json
import time
from urllib.parse import quote

import pytest

from nim_operators.evidence.redact import Redactor

KEY = "OPENSSH PRIVATE KEY"  # in two pieces, or the commit hook takes it for a real one
PEM = "\n".join(
    [
        f"-----BEGIN {KEY}-----",
        "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU",
        "AAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtz",
        f"-----END {KEY}-----",
    ]
)


def knowing(*secrets):
    redactor = Redactor()
    redactor.add(secrets)
    return redactor


@pytest.mark.parametrize("spell", [str, html.escape, quote, lambda text: json.dumps(text)[1:-1]])
def test_a_known_secret_is_masked_in_every_spelling(spell):
    secret = 'Tr0ub"4d/or & <3>'
    assert knowing(secret).text(f"login with {spell(secret)} failed") == "login with *** failed"


def test_a_secret_inside_another_does_not_leave_its_rest():
    assert knowing("hunter22", "hunter22-extended").text("hunter22-extended hunter22") == "*** ***"


def test_secrets_may_become_known_later():
    redactor = knowing("first-one")
    redactor.add(["second-one"])
    assert redactor.text("first-one second-one") == "*** ***"


def test_a_private_key_is_masked_whole_and_line_by_line():
    redactor = knowing(PEM)
    for text in (PEM, json.dumps(PEM), "12: AAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtz"):
        assert "AAAA" not in redactor.text(text)
        assert "b3Blbn" not in redactor.text(text)


def test_a_short_secret_is_masked_where_it_stands_alone():
    assert knowing("admin").text("admin: administrator of admin") == "***: administrator of ***"


@pytest.mark.parametrize("secret", ["", "   ", "root", "\n"])
def test_what_any_output_is_full_of_is_no_secret(secret):
    assert knowing(secret).text("root may do all this") == "root may do all this"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"key:\n{PEM}\nend", "key:\n***\nend"),
        (f"cut: -----BEGIN RSA {KEY[8:]}-----\nMIIEow", "cut: ***"),
        ("password=hunter2 user=ada", "password=*** user=ada"),
        ("backup --password hunter2 --all", "backup --password *** --all"),
        ("curl -u ada:hunter2 https://a.example", "curl -u ada:*** https://a.example"),
        ("ROOT_PASSWORD: 'two words' x", "ROOT_PASSWORD: *** x"),
        ('{"api_key": "abc", "n": 1}', '{"api_key": ***, "n": 1}'),
        ("aws_secret_access_key = abc/def+1", "aws_secret_access_key = ***"),
        ("Authorization: Basic YWRhOnB3", "Authorization: ***"),
        ("sent bearer abcdefghijklmnop.q", "sent bearer ***"),
        ("jwt eyJhbGciOiJIUzI1.eyJzdWIiOiIx.c2ln", "jwt ***"),
        ("ssh://ada:hunter2@nima:22/", "ssh://ada:***@nima:22/"),
        ("password:\nnext line", "password:\nnext line"),
        ("root:{ssha512}06$salt$hash:0", "root:***"),
    ],
)
def test_what_looks_like_a_secret_is_masked_whoever_it_belongs_to(text, masked):
    assert Redactor().text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "spot_72:\n   class = resources\n   Rstate = ready for use\n   location = /export/spot/spot_72/usr",
        'NIM_MASTER_HOSTNAME_LIST="nima.example.com nimb.example.com"',
        '0042-001 nim: processing error encountered on "master"',
        "Filesystem    1024-blocks      Free %Used    Iused %Iused Mounted on",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "file:///var/lib/nim_operators/evidence/lab: 12:30:45 ada@nima",
        "the password was refused",
        "printf '%s' \"$(date -u '+%Y-%m-%dT%H:%M:%SZ')\"",
    ],
)  # fmt: skip
def test_what_a_host_prints_stays_as_it_is(text):
    assert knowing("Tr0ub4dor&3").text(text) == text


def test_json_is_masked_in_values_in_keys_and_by_the_name_of_the_key():
    redactor = knowing("Tr0ub4dor&3")
    assert redactor.json(
        {
            "password": "anything",
            "passphrase": "",
            "tokens": ["one", "two"],
            "of Tr0ub4dor&3": ["Tr0ub4dor&3", {"deep": ("x Tr0ub4dor&3",)}],
            "secrets": 3,
            "count": 7,
            "none": None,
            "flag": True,
        }
    ) == {
        "password": "***",
        "passphrase": "",
        "tokens": "***",
        "of ***": ["***", {"deep": ["x ***"]}],
        "secrets": 3,
        "count": 7,
        "none": None,
        "flag": True,
    }


def test_lines_of_an_unknown_key_in_a_list_are_one_text():
    assert Redactor().json(["before", *PEM.splitlines(), "after"]) == ["before", "***", "after"]


def test_masking_twice_changes_nothing_more():
    redactor = knowing("Tr0ub4dor&3")
    once = redactor.text("password=Tr0ub4dor&3 Tr0ub4dor&3")
    assert redactor.text(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "web0001:\n   class          = machines\n   if1 = net1 web0001.example.com 0\n" * 40_000,
        "A" * 3_000_000,
        "a-" * 500_000,
        "a." * 500_000,
        "." * 1_000_000,
        "://a" * 200_000,
    ],
    ids=["lsnim", "one word", "hyphens", "dots", "only dots", "addresses"],
)
def test_megabytes_of_output_are_masked_in_a_moment(text):
    began = time.process_time()
    assert knowing("Tr0ub4dor&3").text(text) == text
    assert time.process_time() - began < 5
