"""Each row of ``docs/fault_table.md``, judged by the simulated hosts' own state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from include.lab import Lab
from tests.lab.in_process import InProcess
from tests.lab.runbook import REPOSITORY, Finished, Installation


def rows() -> list[Any]:
    table = (REPOSITORY / "docs" / "fault_table.md").read_text()
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith("| ")
    ]
    return [pytest.param(*row, id=" ".join(row)) for row in cells if row[0] != "fault"]


def arguments_of(text: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in text.split())


def own_state(lab: Lab, host: str) -> dict[str, Any]:
    """What makes a master itself: database, niminfo, level. Process ids of its daemons come and go."""
    facts = lab.state()["masters"][host]
    return {key: facts[key] for key in ("objects", "niminfo", "nim_level", "odm_hash")}


def active_nimesis(lab: Lab, host: str) -> int:
    rows = lab.state()["masters"][host]["subsystems"]
    return sum(1 for row in rows if row["name"] == "nimesis" and row["status"] == "active")


def changing(lab: Lab) -> list[str]:
    return [call["argv"][0] for call in lab.changing() if call["argv"][0] != "m_backup_db"]


def is_locked(lab: Lab) -> bool:
    return any((lab.tree(host) / "var/adm/nim_operators/lock/owner").exists() for host in ("nima", "nimb"))


def a_pair_in_step(start_lab: Callable[..., Lab]) -> Lab:
    """A pair whose alternate holds an earlier copy, with something new on the source, so that a sync is sent."""
    lab = start_lab("synced")
    attributes = ("platform=chrp", "netboot_kernel=64", "if1=master_net aix03 0", "cable_type1=N/A")
    words = [word for attribute in attributes for word in ("-a", attribute)]
    lab.admin("nima", "nim", "-o", "define", "-t", "standalone", *words, "new1")
    return lab


@pytest.mark.parametrize(("fault", "arguments", "outcome"), rows())
def test_night(
    start_lab: Callable[..., Lab], install: Callable[[Lab], Installation], fault: str, arguments: str, outcome: str
) -> None:
    later = fault.startswith("sync_fails") and int(arguments_of(arguments)["phase"]) % 2 == 0
    lab = a_pair_in_step(start_lab) if later else start_lab()
    installation = install(lab)
    for one in fault.split(" and "):
        given = arguments_of(arguments) if one != "restore_refuses" else {"host": "nimb"}
        lab.break_fault(one, **given)
    before = {host: own_state(lab, host) for host in ("nima", "nimb")}
    nights = InProcess(installation)
    run = nights.run()
    JUDGES[outcome](lab, run, before)
    assert own_state(lab, "nima") == before["nima"]
    if outcome == "unusable":
        lab.heal()
        assert nights.run().verdict == "refused"


def done(lab: Lab, run: Finished, before: dict[str, Any]) -> None:
    assert run.verdict == "done", run.reason
    assert own_state(lab, "nimb") != before["nimb"]
    assert not is_locked(lab)


def refused(lab: Lab, run: Finished, before: dict[str, Any]) -> None:
    assert run.verdict in {"refused", "failed", "incomplete"}, run.reason
    assert changing(lab) == []
    assert own_state(lab, "nimb") == before["nimb"]
    assert not is_locked(lab)


def untouched(lab: Lab, run: Finished, before: dict[str, Any]) -> None:
    assert run.verdict == "failed", run.reason
    assert [record["state"] for record in run.records("put_back")] == ["untouched"]
    assert "m_restore_db" not in changing(lab)
    assert own_state(lab, "nimb") == before["nimb"]
    assert active_nimesis(lab, "nimb") == 1
    assert not is_locked(lab)


def put_back(lab: Lab, run: Finished, before: dict[str, Any]) -> None:
    assert run.verdict == "failed", run.reason
    assert [record["state"] for record in run.records("put_back")] == ["put back"]
    assert own_state(lab, "nimb") == before["nimb"]
    assert active_nimesis(lab, "nimb") == 1
    assert run.records("recovery_point") == []
    assert not is_locked(lab)


def unusable(lab: Lab, run: Finished, before: dict[str, Any]) -> None:
    assert run.verdict == "failed", run.reason
    (record,) = run.records("put_back")
    assert record["state"] == "unusable"
    assert any("m_restore_db" in command for command in record["commands"])
    assert active_nimesis(lab, "nimb") == 0
    assert not [line for line in (lab.tree("nimb") / "etc/inittab").read_text().splitlines() if "-g nim " in line]


JUDGES = {"done": done, "refused": refused, "untouched": untouched, "put back": put_back, "unusable": unusable}
