"""Observe, assess and record a pair: ``python -m benchmarks.observe CLIENTS`` prints one JSON line."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.world import cost, endpoints, peak_rss_mb
from include.lab import running_lab
from nim_operators.nim.assess import assess
from nim_operators.nim.collector import build_snapshot
from nim_operators.nim.pair import PairView
from nim_operators.nim.runbooks import Runbook
from nim_operators.nim.snapshot import Observation, Snapshot
from nim_operators.remote.pair import Asking, Observed, observe_pair


def measure(clients: int, folder: Path) -> dict[str, float]:
    """Look at a synchronised pair that has so many clients, once, and return what it took."""
    with running_lab("synced", folder / "lab", clients=clients) as lab:
        mark = lab.mark()
        with cost() as looking:
            seen = asyncio.run(observe_pair("nima", "nimb", endpoints(lab), Asking(limit_seconds=60)))
        trips = len(lab.log(after=mark, event="command"))
    observations = {master: observed.observation for master, observed in seen.items()}
    source = observations["nima"]
    if not isinstance(source, Snapshot):
        raise TypeError(source.reason)
    with cost() as parsing:
        for master, observed in seen.items():
            build_snapshot(master, observed.sections)
    with cost() as judging:
        assess(PairView("nima", "nimb", observations), Runbook.NIGHTLY_SYNC)
    result = {
        "clients": clients,
        "answered": sum(answer.niminfo is not None for answer in source.clients),
        "trips": trips,
        "wall_s": looking.wall,
        "observe_cpu_s": looking.cpu,
        "parse_cpu_s": parsing.cpu,
        "assess_cpu_s": judging.cpu,
        "cpu_s": looking.cpu + judging.cpu,
        "rss_mb": peak_rss_mb(),
    }
    with cost() as writing:
        file_kb = _write_evidence(folder, seen, observations)
    return {**result, "evidence_cpu_s": writing.cpu, "evidence_kb": file_kb}


def _write_evidence(folder: Path, seen: Mapping[str, Observed], observations: Mapping[str, Observation]) -> float:
    from nim_operators.evidence.records import AssessmentRecord  # noqa: PLC0415 - brings Airflow, which is not measured
    from nim_operators.store import EvidenceStore  # noqa: PLC0415

    (folder / "evidence").mkdir()
    evidence = EvidenceStore((folder / "evidence").as_uri()).run("lab", "benchmark", "once")
    evidence.mask(["a-password-of-some-length"])
    for master, observed in seen.items():
        evidence.write_snapshot(master, observed.sections)
    assessment = assess(PairView("nima", "nimb", observations), Runbook.NIGHTLY_SYNC)
    evidence.write_record("observe", AssessmentRecord.KIND, AssessmentRecord(assessment.to_json()).to_json())
    return sum(file.stat().st_size for file in (folder / "evidence").rglob("*") if file.is_file()) / 1024


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        print(json.dumps(measure(int(sys.argv[1]), Path(place))))
