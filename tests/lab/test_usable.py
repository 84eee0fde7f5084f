"""A plan warns of what would keep the new master from doing its work."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from include.lab import Lab
from tests.lab.in_process import InProcess
from tests.lab.runbook import Installation

FORM = {"reason": "patches on nima", "change_ticket": "CHG0042", "rehearsal": True}
PASSWORD_FILE = "etc/ibm/sysmgt/dsm/config/hmc1"
SPOT = "export/nim/spot/spot_7300_02/usr"


def test_a_lost_password_file_and_a_lost_spot_are_seen_on_the_host_itself(
    start_lab: Callable[..., Lab], install: Callable[[Lab], Installation]
) -> None:
    lab = start_lab("synced_peer_kept")
    (lab.tree("nimb") / PASSWORD_FILE).unlink()
    shutil.rmtree(lab.tree("nimb") / SPOT)
    plan = InProcess(install(lab)).run("nim_planned_takeover", **FORM)
    (assessment,) = plan.records("assessment")
    seen = [
        (found["check"], found["severity"], found["subject"], found["evidence"])
        for found in assessment["findings"]
        if found["check"].startswith("usable.")
    ]
    assert seen == [
        ("usable.spot", "warns", "nimb", [f"spot_7300_02: ready for use, but there is no directory /{SPOT}"]),
        ("usable.console-access", "warns", "nimb", [f"hmc1: there is no file /{PASSWORD_FILE}"]),
    ]
