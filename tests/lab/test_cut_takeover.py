"""The link is cut in one command of a takeover; later tries reach the end that a run without a cut reaches.

The takeover is sent without the final sync: :mod:`tests.lab.test_cut_links` cuts those commands in a night. A few cuts
drawn from a seed by default; all of them with ``NIM_SWEEP=all`` (``make sweep``).
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable

import pytest

from include.lab import Lab, running_lab
from tests.lab.in_process import InProcess
from tests.lab.runbook import Installation

FORM = {"reason": "firmware update of nima", "change_ticket": "CHG0042", "final_sync": False}
COMMANDS = {"nima": 21, "nimb": 27}
"""At least as many commands as a takeover sends to each master; a cut past the last one cuts nothing."""

SEED = int(os.environ["DEMO_FAULT_SEED"])
EVERY = [
    (host, number, at) for host, last in COMMANDS.items() for number in range(1, last + 1) for at in ("start", "end")
]
DRAWN = EVERY if os.environ.get("NIM_SWEEP") == "all" else random.Random(SEED).sample(EVERY, 2)


@pytest.fixture(scope="module")
def uncut(metadata_database: None, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the digest of a pair's state after a takeover that nothing disturbed."""
    folder = tmp_path_factory.mktemp("uncut")
    with pytest.MonkeyPatch.context() as patch, running_lab("synced_peer_kept", folder / "lab", pace=0) as lab:
        assert InProcess(Installation(lab, folder, patch)).run("nim_planned_takeover", **FORM).verdict == "done"
        return lab.state_hash()


@pytest.mark.parametrize("cut", [pytest.param(cut, id=f"seed{SEED}-{cut[0]}-{cut[1]}-{cut[2]}") for cut in DRAWN])
def test_a_takeover_whose_link_is_cut_ends_like_any_other(
    start_lab: Callable[..., Lab], install: Callable[[Lab], Installation], uncut: str, cut: tuple[str, int, str]
) -> None:
    lab = start_lab("synced_peer_kept", pace=0)
    host, number, at = cut
    lab.break_fault("ssh_drop", host=host, nth=number, at=at)
    run = InProcess(install(lab)).run("nim_planned_takeover", **FORM, tries=4)
    assert run.verdict == "done", run.reason
    assert len([call for call in lab.calls("nim") if "takeover" in call["argv"]]) == 1
    assert lab.state_hash() == uncut
    assert not any((lab.tree(master) / "var/adm/nim_operators/lock").exists() for master in ("nima", "nimb"))
    kept = {(lab.tree(master) / "var/adm/nim_operators/direction").read_text() for master in ("nima", "nimb")}
    assert {text.partition("\n")[0] for text in kept} == {"source=nimb"}
