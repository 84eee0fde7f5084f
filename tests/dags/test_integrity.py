"""Every DAG keeps the rules that make it safe to trigger, clear and retry."""

from __future__ import annotations

import os
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization

from include.demo.purposes import PURPOSES
from nim_operators.nim.runbooks import Runbook, field_of_reason

REPOSITORY = Path(__file__).resolve().parents[2]
CHANGING = {"lock", "backup", "sync", "reconcile", "put_back"}


@pytest.fixture(scope="module")
def bag() -> Any:
    """The project's DAGs, loaded with the example estate and without any connection."""
    assert not [name for name in os.environ if name.startswith("AIRFLOW_CONN_")]
    os.environ["NIM_OPERATORS_ESTATE"] = str(REPOSITORY / "include" / "estate.yaml")
    yield DagBag(REPOSITORY / "dags")
    del os.environ["NIM_OPERATORS_ESTATE"]


@pytest.fixture(scope="module")
def dag(bag: Any) -> Any:
    return bag.dags["nim_nightly_sync__lab"]


def test_files_load_without_connections(bag: Any) -> None:
    assert bag.import_errors == {}
    assert set(bag.dags) == {
        "nim_nightly_sync__lab",
        "nim_setup__lab",
        "nim_planned_takeover__lab",
        "nim_give_back__lab",
        "nim_disaster_failover__lab",
        "nim_reprotect__lab",
        "nim_reattach__lab",
        "nim_watch__lab",
        "nim_rebuild_spot__lab",
        "nim_repair_client__lab",
        "nim_reset_clients__lab",
    }


@pytest.mark.parametrize("runbook", Runbook)
def test_a_refusal_names_the_field_that_the_form_has(bag: Any, runbook: Runbook) -> None:
    titles = [param.schema.get("title") for param in bag.dags[f"{runbook}__lab"].params.values()]
    assert field_of_reason(runbook) == ("Override" if "Override" in titles else "Reason")


def test_the_order_is_the_procedure(dag: Any) -> None:
    order = [
        "observe",
        "lock",
        "backup",
        "sync",
        "wait_nimesis",
        "reconcile",
        "verify",
        "put_back",
        "unlock",
        "verdict",
    ]
    assert [task.task_id for task in dag.topological_sort()] == order
    assert all(two in dag.task_dict[one].downstream_task_ids for one, two in pairwise(order))


def test_one_run_at_a_time_no_catchup_no_run_timeout(dag: Any) -> None:
    assert dag.max_active_runs == 1
    assert dag.catchup is False
    assert dag.dagrun_timeout is None
    assert {kind.value for kind in dag.allowed_run_types} == {"scheduled", "manual"}


def test_the_form_and_the_list_explain_themselves(dag: Any) -> None:
    assert {"nim", "pair:lab"} <= set(dag.tags)
    assert dag.dag_display_name == "NIM nightly sync: lab"
    params = [dag.params.get_param(name) for name in dag.params]
    assert all(param.schema.get("title") and param.description for param in params)


@pytest.mark.parametrize("runbook", Runbook)
def test_the_list_says_what_a_runbook_does_for_the_pair_in_one_sentence(bag: Any, runbook: Runbook) -> None:
    said = {other: bag.dags[f"{other}__lab"].description for other in Runbook}
    text = said.pop(runbook)
    assert "nima" in text
    assert text.endswith(".")
    assert ". " not in text
    assert text not in said.values()
    assert len(text) <= 130


def test_a_reattach_says_whether_it_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = (REPOSITORY / "include" / "estate.yaml").read_text()
    file = tmp_path / "estate.yaml"
    monkeypatch.setenv("NIM_OPERATORS_ESTATE", str(file))
    said = []
    for allowed in ("false", "true"):
        file.write_text(example.replace("reattach: false", f"reattach: {allowed}"))
        said.append(DagBag(REPOSITORY / "dags" / "nim_reattach.py").dags["nim_reattach__lab"].description)
    common = "Takes over the clients of nima and nimb that were off when their master changed, "
    assert said == [f"{common}which the estate file does not allow.", f"{common}unasked."]


@pytest.mark.parametrize("runbook", Runbook)
def test_the_documentation_of_a_dag_begins_with_what_the_estate_says_of_the_pair(bag: Any, runbook: Runbook) -> None:
    pair, steps = bag.dags[f"{runbook}__lab"].doc_md.split("\n### ", 1)
    assert pair == "**Pair lab**: Two simulated NIM masters on this machine\n"
    assert steps.strip()


def test_the_demo_says_of_each_step_it_plays_what_it_is_for(bag: Any) -> None:
    played = {
        "nim_nightly_sync",
        "nim_planned_takeover",
        "nim_give_back",
        "nim_disaster_failover",
        "nim_watch",
        "nim_reprotect",
    }
    assert set(PURPOSES) == {task for runbook in played for task in bag.dags[f"{runbook}__lab"].task_ids}


def test_a_task_does_not_repeat_the_form_of_its_dag(bag: Any) -> None:
    own = {task.task_id: list(task.params) for dag in bag.dags.values() for task in dag.tasks if task.params}
    assert own == {"approve": ["comment"]}


def test_whatever_changes_a_master_stands_between_lock_and_unlock(dag: Any) -> None:
    for task_id in CHANGING - {"lock"}:
        task = dag.task_dict[task_id]
        assert "lock" in {upstream.task_id for upstream in task.get_flat_relatives(upstream=True)}
        assert "unlock" in {downstream.task_id for downstream in task.get_flat_relatives(upstream=False)}
    assert dag.task_dict["lock"].is_setup
    assert dag.task_dict["unlock"].is_teardown
    assert dag.task_dict["unlock"].on_failure_fail_dagrun


def test_the_verdict_is_given_whatever_a_person_marks(bag: Any) -> None:
    judged = {name: dag for name, dag in bag.dags.items() if name != "nim_watch__lab"}  # one task that only looks
    for dag in judged.values():
        verdict = dag.task_dict["verdict"]
        assert not verdict.downstream_list
        assert verdict.is_teardown
        assert verdict.on_failure_fail_dagrun
        assert verdict.trigger_rule == "all_done_setup_success"
        assert not [task for task in verdict.upstream_list if task.is_setup]


def test_every_task_fails_at_once_unless_a_host_was_away_or_a_person_is_asked_again(dag: Any) -> None:
    for task in dag.tasks:
        rules = task.retry_policy.serialize()["rules"]
        assert [rule["action"] for rule in rules] == ["retry", "fail"]
        assert rules[0]["exception"] == [
            "nim_operators.remote.errors.HostAway",
            "nim_operators.remote.errors.OutcomeUnknown",
            "nim_operators.nim.errors.AskAgain",
        ]
        assert rules[1]["exception"] == "builtins.Exception"
        assert task.retries == 3


def test_every_wait_has_a_limit(dag: Any) -> None:
    waiting = [task for task in dag.tasks if hasattr(task, "wait_limit")]
    assert {task.task_id for task in waiting} == {"backup", "sync", "wait_nimesis", "reconcile", "verify", "put_back"}
    assert all(timedelta(0) < task.wait_limit <= timedelta(hours=48) for task in waiting)


def test_two_parses_serialise_to_the_same_bytes(dag: Any) -> None:
    again = DagBag(REPOSITORY / "dags").dags["nim_nightly_sync__lab"]
    first, second = (DagSerialization.to_dict(found)["dag"] for found in (dag, again))
    assert {**first, "fileloc": ""} == {**second, "fileloc": ""}


def test_a_wrong_estate_file_is_shown_as_its_own_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "estate.yaml"
    broken.write_text("version: 1\npairs:\n  lab:\n    mastres: {}\n")
    monkeypatch.setenv("NIM_OPERATORS_ESTATE", str(broken))
    texts = DagBag(REPOSITORY / "dags").import_errors.values()
    assert len(texts) == 11
    assert all("line 4" in text and "masters" in text for text in texts)
