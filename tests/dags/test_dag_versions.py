"""Parsing the same files again makes no new DAG version, whichever process does it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PARSE = """
import json, sys
from airflow.utils.db import initdb
from airflow.utils.session import create_session

if sys.argv[1] == "first":
    initdb()

from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.models.dag_version import DagVersion
from airflow.models.serialized_dag import SerializedDagModel
from sqlalchemy import select

DagBundlesManager().sync_bundles_to_db()
bag = DagBag(sys.argv[2], bundle_path=sys.argv[2], bundle_name="dags-folder")
assert bag.import_errors == {}, bag.import_errors
sync_bag_to_db(bag, "dags-folder", None)
with create_session() as session:
    hashes = sorted(session.execute(select(SerializedDagModel.dag_id, SerializedDagModel.dag_hash)).all())
    versions = sorted(session.execute(select(DagVersion.dag_id, DagVersion.version_number)).all())
    written = sorted(session.execute(select(SerializedDagModel.dag_id, SerializedDagModel.last_updated)).all())
print(json.dumps([list(map(list, hashes)), list(map(list, versions)), [str(one) for one in written]]))
"""


def parse(which: str, home: Path, hash_seed: str) -> tuple[list[list[str]], list[list[object]], list[str]]:
    """Parse the DAG files into the metadata database of *home* in a process of its own."""
    environment = os.environ | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "0",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "NIM_OPERATORS_ESTATE": str(REPOSITORY / "include" / "estate.yaml"),
        "PYTHONHASHSEED": hash_seed,
    }
    command = [sys.executable, "-c", PARSE, which, str(REPOSITORY / "dags")]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    hashes, versions, written = json.loads(ran.stdout.splitlines()[-1])
    return hashes, versions, written


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_processes_that_parse_the_same_files_write_one_version(tmp_path: Path) -> None:
    first = parse("first", tmp_path, "1")
    again = parse("again", tmp_path, "2")
    assert len(first[0]) >= 4
    assert again == first
    assert {number for _, number in first[1]} == {1}
