from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nim_operators.nim.errors import Unreadable
from nim_operators.nim.lsnim import assert_complete, parse_lsnim, parse_lsnim_long
from nim_operators.nim.objects import Interface, NimObject

VECTORS = Path(__file__).parent / "vectors"
LONG = (VECTORS / "lsnim_long.txt").read_text()


def long(text: str) -> dict[str, NimObject]:
    return parse_lsnim_long("nima", text)


def stanza(*lines: str) -> NimObject:
    return long("\n".join(["lpar1:", "   class = machines", "   type = standalone", *lines]))["lpar1"]


def test_a_plain_listing_is_split_at_blanks_and_tabs_of_any_width():
    assert parse_lsnim("nima", (VECTORS / "lsnim_plain.txt").read_text()) == (
        ("master", "machines", "master"),
        ("boot", "resources", "boot"),
        ("nim_script", "resources", "nim_script"),
        ("master_net", "networks", "ent"),
        ("spot_72", "resources", "spot"),
        ("lpar1", "machines", "standalone"),
        ("hmc1", "management", "hmc"),
    )


@pytest.mark.parametrize("line", ["server B hostname machines alternate_master", "spot_72 resources", "lsnim:"])
def test_a_listing_line_without_three_words_is_unreadable(line):
    with pytest.raises(Unreadable) as error:
        parse_lsnim("nima", f"master machines master\n{line}\n")
    assert (error.value.line_number, error.value.line) == (2, line)


def test_a_name_listed_twice_is_unreadable():
    with pytest.raises(Unreadable, match="no second object named boot"):
        parse_lsnim("nima", "boot resources boot\nboot resources boot\n")


def test_objects_come_in_printed_order_with_class_and_type():
    assert [(found.name, found.cls, found.type) for found in long(LONG).values()] == [
        ("master", "machines", "master"),
        ("nimb", "machines", "alternate_master"),
        ("lpar1", "machines", "standalone"),
        ("vios1", "management", "vios"),
        ("cloud1", "customers", "tenant"),
    ]


def test_values_containing_equals_and_colons_and_quotes_are_kept():
    assert long(LONG)["lpar1"].get("comments") == 'owner: "web team"; note=a:b=c'


def test_continuation_lines_in_column_1_belong_to_the_value_before_them():
    lpar1 = long(LONG)["lpar1"]
    assert lpar1.get("err_info") == (
        '0042-001 nim: processing error encountered on "master":\n'
        "0042-006 m_lslpp: (From_Master) connect Connection refused\n"
        "\n"
        "lpar1: Connection refused"
    )
    assert lpar1.get("cpuid") == "00068A0AD700"


def test_a_continuation_line_that_ends_with_a_colon_is_no_object():
    found = stanza("   err_info = first", 'error encountered on "master":', "        rc = 1", "   cpuid = 1")
    assert found.get("err_info") == 'first\nerror encountered on "master":\n        rc = 1'
    assert found.get("cpuid") == "1"


def test_repeated_keys_are_kept():
    assert long(LONG)["master"].all("serves") == ("boot", "nim_script", "spot_72")


def test_several_if_lines_are_kept():
    assert long(LONG)["lpar1"].interfaces == (
        Interface("master_net", "lpar1", "8EB220004002", "ent0"),
        Interface("find_net", "lpar1-bk", "0", ""),
    )


def test_nimsh_secure_is_kept_as_one_value():
    assert long(LONG)["lpar1"].get("connect") == "nimsh (secure)"


def test_a_vios_is_of_class_management_and_still_a_client():
    vios = long(LONG)["vios1"]
    assert (vios.cls, vios.is_client) == ("management", True)


def test_unknown_attributes_types_and_classes_are_kept_as_they_are():
    objects = long(LONG)
    assert objects["vios1"].get("new_in_7_4") == "a value nobody knows"
    assert (objects["cloud1"].cls, objects["cloud1"].type) == ("customers", "tenant")


def test_an_empty_value_is_an_empty_text():
    assert long(LONG)["nimb"].get("prev_state") == ""


def test_stanzas_with_blank_lines_between_are_the_same():
    spaced = LONG.replace("nimb:\n", "\n\nnimb:\n\n").replace("vios1:\n", "\nvios1:\n")
    assert long(spaced) == long(LONG)


def test_a_missing_final_newline_does_not_matter():
    assert long(LONG.rstrip("\n")) == long(LONG)


def test_carriage_returns_do_not_matter_to_stanzas():
    assert long(LONG.replace("\n", "\r\n")) == long(LONG)


def test_nothing_printed_is_an_empty_database():
    assert long("\n") == {}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("   class = machines\n   type = standalone\n", 1),
        ("lpar1:\n", 1),
        ("lpar1:\n   class = machines\n", 1),
        ("lpar1:\n   class = machines\n   type = standalone\nlpar1:\n   class = a\n   type = b\n", 4),
        ("server B hostname:\n   class = machines\n   type = standalone\n", 1),
        ("lpar1:\n   class = machines\nnoise\n   type = standalone\n", 3),
        ("lpar1:\n   class = machines\n   type = standalone\n   type = vios\n", 1),
        ("lpar1:\n   class =\n   type = standalone\n", 1),
        ("0042-053 lsnim: there is no NIM object\n", 1),
    ],
    ids=["no name", "no class", "no type", "twice", "blanks", "noise", "two types", "empty", "message"],
)
def test_a_stanza_that_makes_no_sense_is_named(text, number):
    with pytest.raises(Unreadable) as error:
        long(text)
    assert (error.value.host, error.value.command, error.value.line_number) == ("nima", "lsnim -l", number)


LISTING = (("master", "machines", "master"), ("lpar1", "machines", "standalone"))
OBJECTS = {name: NimObject(name, cls, kind) for name, cls, kind in LISTING}


def test_listings_that_agree_are_complete():
    assert_complete("nima", LISTING, OBJECTS)


def test_a_stanza_that_is_missing_is_named():
    with pytest.raises(Unreadable, match=r"line 2 is 'lpar1 machines standalone'.*of each: lpar1"):
        assert_complete("nima", LISTING, {"master": OBJECTS["master"]})


def test_a_row_that_is_missing_is_named():
    with pytest.raises(Unreadable, match=r"'lsnim -l' on nima: line 2 is 'lpar1:'.*of each: lpar1"):
        assert_complete("nima", LISTING[:1], OBJECTS)


def test_a_type_told_differently_is_named():
    with pytest.raises(Unreadable, match="machines vios, as lsnim -l says"):
        assert_complete("nima", LISTING, {**OBJECTS, "lpar1": NimObject("lpar1", "machines", "vios")})


WORD = st.from_regex(r"[A-Za-z0-9_.+-]{1,20}", fullmatch=True)
KEY = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,15}", fullmatch=True).filter(lambda key: key not in {"class", "type"})
LINE = st.from_regex(r"[!-~]([ -~]{0,30}[!-~])?", fullmatch=True)
CONTINUATION = LINE.filter(lambda line: not line.endswith(":"))
VALUE = st.one_of(
    st.just(""),
    LINE,
    st.lists(CONTINUATION, min_size=1, max_size=3).map("\n".join),
)
OBJECT = st.builds(NimObject, WORD, WORD, WORD, st.lists(st.tuples(KEY, VALUE), max_size=6).map(tuple))
INDENT = st.from_regex(r"[ \t]{1,8}", fullmatch=True)


@settings(deadline=None)
@given(st.lists(st.tuples(OBJECT, INDENT, st.booleans()), unique_by=lambda drawn: drawn[0].name), st.booleans())
def test_stanzas_printed_in_any_legal_shape_read_back_as_themselves(drawn, newline):
    lines: list[str] = []
    for found, indent, blank in drawn:
        width = max([5, *(len(key) for key, _ in found.attributes)])
        pairs = [("class", found.cls), ("type", found.type), *found.attributes]
        lines += [f"{found.name}:", *(f"{indent}{key:<{width}} = {value}" for key, value in pairs)]
        lines += [""] * blank
    text = "\n".join(lines) + "\n" * newline
    assert list(long(text).values()) == [found for found, _, _ in drawn]
