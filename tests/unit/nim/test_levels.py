from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nim_operators.nim.errors import Unreadable
from nim_operators.nim.levels import Level, fileset_order, is_fileset_level


def level(text: str) -> Level:
    return Level.parse("nima", text)


def test_a_level_is_version_technology_level_service_pack_and_build():
    assert level("7300-01-02-2246") == Level(7300, 1, 2, 2246)


@pytest.mark.parametrize("printed", ["7200-05-00-0000  \n", "\n7200-05-00-0000", "7200-05-00-0000\r\n"])
def test_blanks_and_empty_lines_around_a_level_do_not_matter(printed):
    assert level(printed) == Level(7200, 5, 0, 0)


def test_a_service_pack_of_zero_is_not_complete():
    assert not level("7200-05-00-0000").is_complete
    assert level("6100-09-04-1441").is_complete


@pytest.mark.parametrize("printed", ["5300-05-CSP-0000", "5300-05-csp-0000"])
def test_a_concluding_service_pack_is_above_every_other_of_its_technology_level(printed):
    assert level("5300-05-12-0920") < level(printed) < level("5300-06-01-0722")
    assert str(level(printed)) == "5300-05-CSP-0000"


def test_an_old_level_without_a_build_is_kept():
    assert level("5300-04-02") == Level(5300, 4, 2, 0)


def test_levels_are_ordered_by_version_then_technology_level_then_service_pack_then_build():
    printed = ["6100-09-12-1846", "7100-01-01-1141", "7100-01-02-1150", "7100-01-02-1216", "7300-00-00-0000"]
    mixed = [printed[at] for at in (3, 0, 4, 2, 1)]
    assert sorted(mixed, key=level) == printed


def test_same_technology_level_ignores_the_service_pack():
    assert level("7200-05-03-2148").same_technology_level(level("7200-05-00-0000"))
    assert not level("7200-05-03-2148").same_technology_level(level("7200-04-03-2148"))
    assert not level("7200-05-03-2148").same_technology_level(level("7300-05-03-2148"))


@pytest.mark.parametrize("printed", ["", "7200", "7200-05", "07200-05-00-0000", "7200-05-00-0000-1", "7.2.0.0"])
def test_what_is_no_level_is_unreadable(printed):
    with pytest.raises(Unreadable, match=r"oslevel -s.*nima.*7300-01-01-2246"):
        level(printed)


def test_a_second_line_is_unreadable_and_named():
    with pytest.raises(Unreadable) as error:
        level("7200-05-00-0000\noslevel: something went wrong\n")
    assert (error.value.line_number, error.value.line) == (2, "oslevel: something went wrong")


@settings(deadline=None)
@given(st.tuples(*(st.integers(0, top) for top in (9999, 99, 98, 9999))))
def test_a_printed_level_reads_back_as_itself(parts):
    assert level(str(Level(*parts))) == Level(*parts)


def test_fileset_levels_compare_number_by_number():
    assert fileset_order("5.3.9.0") < fileset_order("5.3.10.0") < fileset_order("7.2.0.0")
    assert fileset_order("7.2.5.0") == fileset_order("7.2.05.0")
    assert fileset_order("4.2-5") < fileset_order("4.2-10")


def test_a_fileset_level_has_four_numbers():
    assert is_fileset_level("5.3.9.0")
    assert not any(map(is_fileset_level, ["5.3.9", "5.3.9.0.1", "4.2-5", "", "a.b.c.d"]))
