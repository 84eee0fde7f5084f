"""Every script that runs on a master is fit for the Korn shell of a stock AIX."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import nim_operators.remote
from tests.contract.ksh88 import RULES, Rule, offences

SCRIPTS = sorted(Path(nim_operators.remote.__file__).parent.glob("scripts/*.ksh"))
SHELLS = [shell for shell in ("mksh", "ksh93", "dash", "sh") if shutil.which(shell)]


def test_there_are_scripts_and_at_least_one_shell_to_try_them_in() -> None:
    assert len(SCRIPTS) > 8
    assert SHELLS


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.example)
def test_the_lint_refuses(rule: Rule) -> None:
    assert any(rule.instead in offence for offence in offences(rule.example))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_script_passes_the_ksh88_lint(script: Path) -> None:
    assert offences(script.read_text()) == []


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_script_is_read_by(script: Path, shell: str) -> None:
    read = subprocess.run([shell, "-n", str(script)], capture_output=True, text=True, check=False)
    errors = [line for line in read.stderr.splitlines() if "warning" not in line]  # ksh93 comments on style
    assert (read.returncode, errors) == (0, [])


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_script_says_what_it_is_and_what_it_is_given(script: Path) -> None:
    first = script.read_text().splitlines()[0]
    assert first.startswith(f"# {script.name} - ")
