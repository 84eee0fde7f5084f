"""The reference pages say what the code does."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["law.md", "checks.md", "messages.md", "estate.md"])
def test_page_is_what_the_generator_writes(name: str) -> None:
    assert (DOCS / "reference" / name).read_text() == generator().pages()[name]


CITED = re.compile(r"nim\.md (?:section )?(hazards? )?(\d+(?:\.\d+)?)")


def numbers_in(part: str) -> set[str]:
    return set(re.findall(r"^\| (\d+(?:\.\d+)?) \|", part, re.MULTILINE))


def test_every_citation_is_explained() -> None:
    sections, _, rest = (DOCS / "reference" / "sources.md").read_text().partition("## Hazards")
    hazards, _, uncertain = rest.partition("## What is uncertain")
    explained = numbers_in(sections) | numbers_in(uncertain)
    files = [
        file
        for folder in ("nim_operators", "include", "tests", "dags", "docs")
        for kind in ("*.py", "*.ksh", "*.md")
        for file in (DOCS.parent / folder).rglob(kind)
    ]
    cited = {found for file in files for found in CITED.findall(file.read_text())}
    assert len(cited) > 40
    assert {number for hazard, number in cited if number not in (numbers_in(hazards) if hazard else explained)} == set()
