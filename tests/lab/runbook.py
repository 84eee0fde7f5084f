"""Run a runbook's DAG in this process against a lab, and look at what it left."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from include.lab import Lab

REPOSITORY = Path(__file__).resolve().parents[2]
ESTATE = """\
version: 1
pairs:
  lab:
    masters:
      nima: {conn_id: nim_lab_a}
      nimb: {conn_id: nim_lab_b}
    source: nima
"""


@dataclass(frozen=True)
class Finished:
    """A run that is over: its state, its tasks' states, and its evidence folder."""

    state: str
    tasks: dict[str, str]
    evidence: Path

    @property
    def verdict(self) -> str:
        return json.loads((self.evidence / "verdict.json").read_text())["verdict"]

    @property
    def reason(self) -> str:
        return json.loads((self.evidence / "verdict.json").read_text())["reason"]

    def records(self, kind: str) -> list[dict[str, Any]]:
        found = [json.loads(file.read_text()) for file in sorted(self.evidence.glob(f"records/*/*-{kind}.json"))]
        return [record["body"] for record in sorted(found, key=lambda record: record["at"])]

    def log_of(self, kind: str) -> str:
        names = [record["log_file"] for record in self.records("job") if record["kind"] == kind]
        return "".join((self.evidence / name).read_text() for name in names)


class Installation:
    """Estate file, connections and evidence store of one Airflow that looks after the lab's pair."""

    def __init__(
        self,
        lab: Lab,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        estate: str = ESTATE,
        *,
        evidence: Path | None = None,
    ) -> None:
        """:param evidence: the store of an installation whose estate file is now another one."""
        self.lab = lab
        self.evidence = evidence or folder / "evidence"
        self.evidence.mkdir(parents=True, exist_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "estate.yaml"
        file.write_text(estate)
        monkeypatch.setenv("NIM_OPERATORS_ESTATE", str(file))
        monkeypatch.setenv("NIM_OPERATORS_EVIDENCE", self.evidence.as_uri())
        for conn_id, connection in lab.connections.items():
            monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(connection))
        self._count = 0

    def run(self, runbook: str = "nim_nightly_sync", **params: Any) -> Finished:
        """Run the runbook once, to its end, as a person who pressed Trigger."""
        from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - importing Airflow's core is slow

        bag = DagBag(REPOSITORY / "dags" / f"{runbook}.py")
        assert bag.import_errors == {}
        dag_id = f"{runbook}__lab"
        run = bag.dags[dag_id].test(run_conf=params)
        folder = self.evidence / "lab" / "runs" / dag_id
        newest = max(folder.iterdir(), key=lambda found: found.stat().st_mtime)
        return Finished(run.state, {ti.task_id: ti.state for ti in run.get_task_instances()}, newest)
