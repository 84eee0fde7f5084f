"""Every mistake in an estate file gives its own sentence, all of them at once."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from nim_operators.estate import EstateError, load_estate

GOOD = """\
version: 1
pairs:
  lab:
    masters:
      nima: {conn_id: nim_lab_a}
      nimb: {conn_id: nim_lab_b}
    source: nima
"""
CASES = yaml.safe_load(Path(__file__).with_name("bad_estates.yaml").read_text(encoding="utf-8"))
EMPTY = "line 1: nothing was given, allowed is a mapping with the fields version, evidence, pairs."


def complaints(file, content):
    file.write_bytes(content)
    with pytest.raises(EstateError) as caught:
        load_estate(file)
    return str(caught.value).splitlines()


@pytest.mark.parametrize("case", CASES, ids=[case["mistake"] for case in CASES])
def test_a_mistake_gives_exactly_its_sentences(tmp_path, case):
    file = tmp_path / "estate.yaml"
    content = case["file"] if "file" in case else f"{GOOD}    {case['add']}\n"
    assert complaints(file, content.encode()) == [f"{file}, {sentence}" for sentence in case["sentences"]]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", EMPTY),
        (b"\n# nothing yet\n", EMPTY),
        (b"version: 1\n# \xff\n", "line 2: byte 0xff on this line is not UTF-8, allowed is UTF-8 text."),
        (b"version: 1\n# \x07\n", "line 2: this is no valid YAML, a control character is not allowed."),
        (b"[" * 5000 + b"]" * 5000, "line 1: the file is nested too deeply to be read."),
    ],
    ids=["empty", "only a comment", "no UTF-8", "control character", "five thousand levels"],
)
def test_bytes_that_are_no_estate_give_one_sentence(tmp_path, content, sentence):
    file = tmp_path / "estate.yaml"
    assert complaints(file, content) == [f"{file}, {sentence}"]


def test_the_file_that_the_mistakes_are_made_in_is_good(tmp_path):
    file = tmp_path / "estate.yaml"
    file.write_text(GOOD)
    assert list(load_estate(file).pairs) == ["lab"]


def test_a_missing_file_says_where_estates_are_looked_for(tmp_path):
    file = tmp_path / "none.yaml"
    with pytest.raises(EstateError) as caught:
        load_estate(file)
    assert str(caught.value) == (
        f"{file}: there is no such file; NIM_OPERATORS_ESTATE names the estate file, "
        "without it $AIRFLOW_HOME/include/estate.yaml is read."
    )


def test_a_directory_is_no_estate(tmp_path):
    with pytest.raises(EstateError) as caught:
        load_estate(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: the file cannot be read (Is a directory), allowed is a text file that Airflow's user may read."
    )
