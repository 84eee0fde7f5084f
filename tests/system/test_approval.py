"""The demo's client answers a question of a DAG as one named user; nobody else may."""

from __future__ import annotations

from datetime import timedelta

import pytest

from include.demo.api import ApiError
from include.demo.stage import Stage

DAG = "approval"

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(300)]


def test_only_the_assigned_user_answers_and_the_task_is_told_who_it_was(running: Stage) -> None:
    airflow, api = running.airflow, running.airflow.api
    airflow.wait_for_dag(DAG)
    api.set_paused(DAG, paused=False)
    run_id = api.trigger(DAG)

    airflow.wait_until_asked(DAG, run_id, "ask")
    assert api.question(DAG, run_id, "ask")["subject"] == "Go on?"
    with pytest.raises(ApiError, match="403"):
        airflow.approve(DAG, run_id, "ask", user="olga", chosen="Approve", params={})
    with pytest.raises(ApiError, match="400"):
        airflow.approve(DAG, run_id, "ask", user="anton", chosen="Perhaps", params={})
    airflow.approve(DAG, run_id, "ask", user="anton", chosen="Approve", params={"why": "the window is open"})

    assert airflow.wait_for_run(DAG, run_id, within=timedelta(minutes=2)) == "success"
    answered = api.xcom(DAG, run_id, "ask")
    assert answered["chosen_options"] == ["Approve"]
    assert answered["params_input"] == {"why": "the window is open"}
    assert answered["responded_by_user"]["id"] == "anton"
    assert api.task_instance(DAG, run_id, "ask").try_number == 1
