"""Parse and serialise each DAG file in a process of its own: ``python -m benchmarks.dags PAIRS`` prints JSON lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.world import cost

DAGS = Path(__file__).resolve().parents[1] / "dags"
ONE_FILE = "--file"


def estate_of(pairs: int) -> str:
    """Return an estate file of so many pairs, each with a schedule of its own."""
    lines = ["version: 1", "pairs:"]
    for number in range(1, pairs + 1):
        lines += [
            f"  site{number:03}:",
            "    masters:",
            f"      nim{number:03}a: {{conn_id: nim_{number:03}_a}}",
            f"      nim{number:03}b: {{conn_id: nim_{number:03}_b}}",
            f"    source: nim{number:03}a",
            f'    nightly_sync: {{schedule: "{number % 60} 2 * * *"}}',
        ]
    return "\n".join(lines) + "\n"


def measure_file(file: Path) -> dict[str, float | str]:
    """Parse the file and serialise its DAGs in this process; Airflow is imported before the clock starts."""
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - after the environment is set
    from airflow.serialization.serialized_objects import LazyDeserializedDAG  # noqa: PLC0415

    with cost() as spent:
        bag = DagBag(file)
        for dag in bag.dags.values():
            _ = LazyDeserializedDAG.from_dag(dag).hash
    if bag.import_errors:
        raise RuntimeError(str(bag.import_errors))
    return {"file": file.name, "dags": len(bag.dags), "wall_s": spent.wall, "cpu_s": spent.cpu}


def measure(pairs: int) -> list[dict[str, float | str]]:
    """Parse every DAG file for so many pairs, each in a process of its own, as the DAG processor does."""
    with tempfile.TemporaryDirectory() as folder:
        estate = Path(folder) / "estate.yaml"
        estate.write_text(estate_of(pairs))
        environment = os.environ | {
            "AIRFLOW_HOME": folder,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "NIM_OPERATORS_ESTATE": str(estate),
            "NIM_OPERATORS_EVIDENCE": f"file://{folder}",
        }
        results = []
        for file in sorted(DAGS.glob("*.py")):
            command = [sys.executable, "-m", "benchmarks.dags", ONE_FILE, str(file)]
            ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            results.append(json.loads(ran.stdout.splitlines()[-1]))
        return results


if __name__ == "__main__":
    if sys.argv[1] == ONE_FILE:
        print(json.dumps(measure_file(Path(sys.argv[2]))))
    else:
        for row in measure(int(sys.argv[1])):
            print(json.dumps(row))
