"""A question to persons, by itself: what the demo's REST client has to get through."""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import DAG, Param

with DAG("approval", schedule=None):
    HITLOperator(
        task_id="ask",
        subject="Go on?",
        options=["Approve", "Reject"],
        params={"why": Param(None, type=["null", "string"])},
        assigned_users=[{"id": "anton", "name": "anton"}],
        response_timeout=timedelta(minutes=5),
    )
