"""A pair whose stale content is refreshed has two tasks more, between lock and unlock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag

REPOSITORY = Path(__file__).resolve().parents[2]
ESTATE = """\
version: 1
pairs:
  lab:
    masters:
      nima: {conn_id: nim_lab_a}
      nimb: {conn_id: nim_lab_b}
    source: nima
    nightly_sync: {stale: %s}
"""


def dag_of(policy: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    file = folder / "estate.yaml"
    file.write_text(ESTATE % policy)
    monkeypatch.setenv("NIM_OPERATORS_ESTATE", str(file))
    bag = DagBag(REPOSITORY / "dags" / "nim_nightly_sync.py")
    assert bag.import_errors == {}
    return bag.dags["nim_nightly_sync__lab"]


def test_a_pair_that_only_lists_has_no_task_that_moves_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {"refresh", "remove_aside"}.isdisjoint(dag_of("list", tmp_path, monkeypatch).task_ids)


def test_content_is_moved_before_the_sync_and_removed_after_it_was_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dag = dag_of("refresh", tmp_path, monkeypatch)
    refresh, remove = dag.task_dict["refresh"], dag.task_dict["remove_aside"]
    assert (refresh.upstream_task_ids, refresh.downstream_task_ids) == ({"backup"}, {"sync"})
    assert (remove.upstream_task_ids, remove.downstream_task_ids) == ({"verify"}, {"unlock"})
    assert {"refresh", "remove_aside"} <= set(dag.task_dict["verdict"].required)


def test_a_failed_removal_never_puts_anything_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "remove_aside" not in dag_of("refresh", tmp_path, monkeypatch).task_dict["put_back"].upstream_task_ids
