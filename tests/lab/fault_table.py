"""The tables of ``docs/fault_table.md``, and what each outcome means for the simulated hosts themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from include.lab import Lab
from tests.lab.runbook import REPOSITORY, Finished

HOSTS = ("nima", "nimb")


def rows(heading: str) -> Iterator[list[str]]:
    """Yield the cells of each row of the table whose first column is *heading*."""
    inside = False
    for line in (REPOSITORY / "docs" / "fault_table.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            inside = False
        elif cells[0] == heading:
            inside = True
        elif inside and not line.startswith("|--"):
            yield cells


def arguments_of(text: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in text.split())


@dataclass(frozen=True)
class Before:
    """What the hosts were before the night."""

    own: dict[str, Any]
    whole: str
    log: int

    @classmethod
    def of(cls, lab: Lab) -> Before:
        return cls({host: own_state(lab, host) for host in HOSTS}, lab.state_hash(), lab.mark())


def own_state(lab: Lab, host: str) -> dict[str, Any]:
    """What makes a master itself: database, niminfo, level. Process ids of its daemons come and go."""
    facts = lab.state()["masters"][host]
    return {key: facts[key] for key in ("objects", "niminfo", "nim_level", "odm_hash")}


def active_nimesis(lab: Lab, host: str) -> int:
    rows_of = lab.state()["masters"][host]["subsystems"]
    return sum(1 for row in rows_of if row["name"] == "nimesis" and row["status"] == "active")


def changing(lab: Lab, before: Before) -> list[str]:
    return [call["argv"][0] for call in lab.changing(after=before.log) if call["argv"][0] != "m_backup_db"]


def syncs(lab: Lab, before: Before) -> list[list[str]]:
    return [call["argv"] for call in lab.calls("nim", after=before.log) if "sync" in call["argv"]]


def is_locked(lab: Lab) -> bool:
    return any((lab.tree(host) / "var/adm/nim_operators/lock/owner").exists() for host in HOSTS)


def starts_at_boot(lab: Lab, host: str) -> bool:
    return any("-g nim " in line for line in lab.state()["masters"][host]["inittab"])


def last_put_back(run: Finished) -> dict[str, Any]:
    return run.records("put_back")[-1]


def judge(outcome: str, lab: Lab, run: Finished, before: Before) -> None:
    """Fail unless the night came to *outcome*; the source's own database is what it was, whatever happens."""
    JUDGES[outcome](lab, run, before)
    assert own_state(lab, "nima") == before.own["nima"]


def done(lab: Lab, run: Finished, before: Before) -> None:
    assert run.verdict == "done", run.reason
    assert own_state(lab, "nimb") != before.own["nimb"]
    assert run.records("recovery_point")
    assert active_nimesis(lab, "nimb") == 1
    assert not is_locked(lab)


def resumed(lab: Lab, run: Finished, before: Before) -> None:
    done(lab, run, before)
    assert len(syncs(lab, before)) == 1
    assert "m_restore_db" not in changing(lab, before)


def refused(lab: Lab, run: Finished, before: Before) -> None:
    assert run.verdict in {"refused", "failed", "incomplete"}, run.reason
    assert changing(lab, before) == []
    assert lab.state_hash() == before.whole
    assert not is_locked(lab)


def untouched(lab: Lab, run: Finished, before: Before) -> None:
    assert run.verdict in {"failed", "incomplete"}, run.reason
    assert last_put_back(run)["state"] == "untouched"
    assert "m_restore_db" not in changing(lab, before)
    assert own_state(lab, "nimb") == before.own["nimb"]
    assert active_nimesis(lab, "nimb") == 1
    assert not is_locked(lab)


def put_back(lab: Lab, run: Finished, before: Before) -> None:
    assert run.verdict in {"failed", "incomplete"}, run.reason
    assert last_put_back(run)["state"] == "put back"
    assert own_state(lab, "nimb") == before.own["nimb"]
    assert active_nimesis(lab, "nimb") == 1
    assert starts_at_boot(lab, "nimb")
    assert run.records("recovery_point") == []
    assert not is_locked(lab)


def unusable(lab: Lab, run: Finished, before: Before) -> None:
    assert run.verdict in {"failed", "incomplete"}, run.reason
    record = last_put_back(run)
    assert record["state"] == "unusable"
    assert "It is fenced" in record["reason"]
    assert any("m_restore_db" in command for command in record["commands"])
    assert active_nimesis(lab, "nimb") == 0
    assert not starts_at_boot(lab, "nimb")
    assert run.records("recovery_point") == []


def left_alone(lab: Lab, run: Finished, before: Before) -> None:
    assert run.verdict in {"failed", "incomplete"}, run.reason
    assert run.records("put_back") == []
    assert set(changing(lab, before)) == {"nim"}
    assert len(syncs(lab, before)) == 1
    assert run.records("recovery_point") == []
    assert is_locked(lab)


JUDGES = {
    "done": done,
    "resumed": resumed,
    "refused": refused,
    "untouched": untouched,
    "put back": put_back,
    "unusable": unusable,
    "left alone": left_alone,
}
