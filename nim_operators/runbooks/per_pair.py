"""One DAG per runbook and pair, made from the estate file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import (
    DAG,
    CronTriggerTimetable,
    ExceptionRetryPolicy,
    Param,
    RetryAction,
    RetryRule,
    get_parsing_context,
)

from nim_operators.estate.load import estate_path, load_estate
from nim_operators.estate.schema import Pair
from nim_operators.nim.runbooks import Runbook
from nim_operators.notifications.verdict import NimVerdictNotifier
from nim_operators.operators.base import TRANSIENT

RETRY_DELAY = timedelta(seconds=30)
RETRIES = 3


def dag_id_of(runbook: Runbook, pair: str) -> str:
    """Return the id of the DAG of *runbook* for *pair*: ``nim_nightly_sync__lab``."""
    return f"{runbook}__{pair}"


def pairs(runbook: Runbook) -> Iterator[Pair]:
    """
    Yield the pairs that need a DAG now: all of them, or inside a task only its own.

    :raises nim_operators.estate.errors.EstateError: if the estate file is wrong; Airflow shows the text as a banner
        over the DAG list (P37).
    """
    wanted = get_parsing_context().dag_id
    for pair in load_estate(estate_path()).pairs.values():
        if wanted in {None, dag_id_of(runbook, pair.name)}:
            yield pair


def retry_policy() -> ExceptionRetryPolicy:
    """Return the one rule of this package: try again where nothing was sent or the step attaches; else fail at once."""
    return ExceptionRetryPolicy(
        rules=[
            RetryRule(
                exception=[*TRANSIENT],
                action=RetryAction.RETRY,
                retry_delay=RETRY_DELAY,
                reason="The host was away or the link was lost; a new try attaches to what is open.",
            ),
            RetryRule(
                exception=Exception,
                action=RetryAction.FAIL,
                reason="Trying again would not help or is not known to be safe.",
            ),
        ]
    )


def masters_of(pair: Pair) -> str:
    """Return the names of both masters as a sentence has them."""
    return " and ".join(pair.masters)


def runbook_dag(
    runbook: Runbook,
    pair: Pair,
    *,
    title: str,
    description: str,
    doc_md: str,
    schedule: str | timedelta | None,
    params: dict[str, Param],
) -> DAG:
    """
    Return the DAG of *runbook* for *pair*, with the settings that every runbook shares.

    :param description: what the runbook does for this pair, in one sentence; the DAG list shows it.
    :param doc_md: its steps; what the estate file says of the pair is put before them.
    """
    arguments: dict[str, Any] = {
        "owner": "nim",
        "pair": pair.name,
        "runbook": runbook.value,
        "retries": RETRIES,
        "retry_delay": RETRY_DELAY,
        "retry_policy": retry_policy(),
    }
    return DAG(
        dag_id=dag_id_of(runbook, pair.name),
        dag_display_name=f"{title}: {pair.name}",
        description=description,
        doc_md=f"**Pair {pair.name}**: {pair.description or masters_of(pair)}\n{doc_md}",
        tags=["nim", runbook.value, f"pair:{pair.name}"],
        schedule=CronTriggerTimetable(schedule, timezone=pair.timezone) if isinstance(schedule, str) else schedule,
        start_date=pendulum.datetime(2026, 1, 1, tz=pair.timezone) if schedule else None,
        catchup=False,
        max_active_runs=1,
        allowed_run_types=["scheduled", "manual"] if schedule else ["manual"],  # type: ignore[list-item] # no public enum
        default_args=arguments,
        params=params,
        render_template_as_native_obj=False,
    )


def notifiers(runbook: Runbook, pair: Pair) -> list[NimVerdictNotifier]:
    """Return who is told when a run of *runbook* for *pair* does not reach its goal."""
    return [
        NimVerdictNotifier(pair=pair.name, runbook=runbook.value, notifier=one.notifier, arguments=dict(one.arguments))
        for one in pair.notify
    ]
