"""The link is cut in one command of a night; later tries reach the same end with one sync.

A few cuts drawn from a seed by default; all of them with ``NIM_SWEEP=all`` (``make sweep``).
"""

from __future__ import annotations

import os
import random

import pytest

from include.lab import Lab
from tests.lab.in_process import InProcess
from tests.lab.runbook import Installation

COMMANDS = {"nima": 27, "nimb": 28}
"""At least as many commands as a night sends to each master; a cut past the last one cuts nothing."""

SEED = int(os.environ["DEMO_FAULT_SEED"])
EVERY = [
    (host, number, at) for host, last in COMMANDS.items() for number in range(1, last + 1) for at in ("start", "end")
]
DRAWN = EVERY if os.environ.get("NIM_SWEEP") == "all" else random.Random(SEED).sample(EVERY, 2)


@pytest.mark.parametrize(
    ("host", "number", "at"), [pytest.param(*cut, id=f"seed{SEED}-{cut[0]}-{cut[1]}-{cut[2]}") for cut in DRAWN]
)
def test_a_night_whose_link_is_cut_ends_like_any_other(
    installation: Installation, host: str, number: int, at: str
) -> None:
    lab = installation.lab
    lab.break_fault("ssh_drop", host=host, nth=number, at=at)
    run = InProcess(installation).run(tries=4)
    assert run.verdict == "done", run.reason
    assert len([call for call in lab.calls("nim") if "sync" in call["argv"]]) == 1
    assert unlocked(lab)
    (log,) = [record for record in run.records("job") if record["kind"] == "sync"]
    assert (run.evidence / log["log_file"]).read_text() == log_on_host(lab)


def unlocked(lab: Lab) -> bool:
    return not any((lab.tree(host) / "var/adm/nim_operators/lock").exists() for host in ("nima", "nimb"))


def log_on_host(lab: Lab) -> str:
    (log,) = lab.tree("nima").glob("var/adm/nim_operators/done/sync.*/log")
    return log.read_text()
