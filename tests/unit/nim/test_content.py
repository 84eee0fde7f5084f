from __future__ import annotations

import pytest

from nim_operators.nim.content import Condition, ContentDifference, compare_content

SOURCE = {"a": (10, "c1"), "dir/b": (20, "c2")}
UNSUMMED = {"a": (10, None), "dir/b": (20, None)}


def compare(source, target, **known) -> ContentDifference:
    (found,) = compare_content({"lpp_73": source}, {"lpp_73": target}, **known)
    return found


def test_equal_files_are_equal_and_it_is_said_how_they_were_compared():
    assert compare(SOURCE, dict(SOURCE)) == ContentDifference("lpp_73", Condition.EQUAL, (), by_checksum=True)
    assert compare(UNSUMMED, UNSUMMED) == ContentDifference("lpp_73", Condition.EQUAL, (), by_checksum=False)
    assert compare(SOURCE, UNSUMMED).by_checksum is False


def test_nothing_at_all_on_the_target_is_missing():
    assert compare(SOURCE, {}).condition is Condition.MISSING
    assert compare(SOURCE, {}).files == ("none of 2 files is on the target",)


@pytest.mark.parametrize(
    ("source", "target", "side"), [(None, SOURCE, "source"), (SOURCE, None, "target"), (None, None, "source")]
)
def test_content_that_could_not_be_read_is_unreadable(source, target, side):
    found = compare(source, target)
    assert (found.condition, found.files) == (Condition.UNREADABLE, (f"could not be read on the {side}",))


def test_content_without_an_inventory_is_unreadable():
    (found,) = compare_content({"lpp_73": SOURCE}, {})
    assert found.condition is Condition.UNREADABLE


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ({"a": (10, "c1")}, "dir/b: not on the target"),
        ({"a": (10, "c1"), "dir/b": (12, "c9")}, "dir/b: 12 of 20 bytes"),
    ],
)
def test_what_a_cut_copy_looks_like_is_partial(target, told):
    assert compare(SOURCE, target).condition is Condition.PARTIAL
    assert compare(SOURCE, target).files == (told,)


def test_the_same_is_stale_where_an_earlier_run_proved_the_copy_whole():
    found = compare(SOURCE, {"a": (10, "c1")}, verified_before=frozenset({"lpp_73"}))
    assert found.condition is Condition.STALE


def test_a_copy_that_was_cut_after_it_was_proved_whole_is_partial_again():
    found = compare(
        SOURCE,
        {"a": (10, "c1")},
        unfinished=frozenset({"lpp_73"}),
        verified_before=frozenset({"lpp_73"}),
    )
    assert found.condition is Condition.PARTIAL


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ({"a": (10, "c9"), "dir/b": (20, "c2")}, "a: same size, other checksum"),
        ({"a": (11, "c9"), "dir/b": (20, "c2")}, "a: 11 bytes instead of 10"),
        ({**SOURCE, "old": (5, "c3")}, "old: only on the target"),
    ],
)
def test_what_no_cut_copy_explains_is_stale(target, told):
    assert (compare(SOURCE, target).condition, compare(SOURCE, target).files) == (Condition.STALE, (told,))


def test_an_unfinished_copy_is_believed_only_if_every_checksum_agrees():
    unfinished = frozenset({"lpp_73"})
    assert compare(SOURCE, dict(SOURCE), unfinished=unfinished).condition is Condition.EQUAL
    assert compare(UNSUMMED, UNSUMMED, unfinished=unfinished).condition is Condition.PARTIAL
    longer = {"a": (11, "c9"), "dir/b": (20, "c2")}
    assert compare(SOURCE, longer, unfinished=unfinished).condition is Condition.PARTIAL


def test_an_empty_resource_equals_an_empty_copy():
    assert compare({}, {}).condition is Condition.EQUAL


def test_only_stale_and_equal_content_does_not_block():
    blocks = {condition: condition.blocks for condition in Condition}
    assert blocks == {
        Condition.EQUAL: False,
        Condition.STALE: False,
        Condition.PARTIAL: True,
        Condition.MISSING: True,
        Condition.UNREADABLE: True,
    }


def test_resources_are_told_by_name_and_as_plain_json():
    found = compare_content({"b": {}, "a": SOURCE}, {"a": {"a": (10, "c1")}, "b": {}})
    assert [one.resource for one in found] == ["a", "b"]
    assert found[0].to_json() == {
        "resource": "a",
        "condition": "partial",
        "blocks": True,
        "by_checksum": True,
        "files": ["dir/b: not on the target"],
    }
