"""Sections of the estate file about moving clients: who approves, how long things may take."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import ValidationInfo, field_validator

from nim_operators.estate.fields import Section, field, whole
from nim_operators.estate.values import Duration, UserNames, sentence


class Approval(Section):
    """Who may approve a plan, and how long it waits for an answer."""

    approvers: Annotated[
        UserNames,
        field(
            "Airflow users who may approve. Default: none named, whoever may answer for this DAG in Airflow may.",
            "a list of Airflow user names",
        ),
    ] = ()
    four_eyes: Annotated[
        bool,
        field(
            "Whether the person who triggered a run may not approve it. Default: false.",
            "true or false",
            strict=True,
        ),
    ] = False
    time_limit: Annotated[
        Duration,
        field(
            "How long a plan waits for an answer before the run ends as refused. Default: 4h.",
            "a duration from 1m to 7d such as 90m, 4h or PT4H",
            ge=timedelta(minutes=1),
            le=timedelta(days=7),
        ),
    ] = timedelta(hours=4)

    @field_validator("four_eyes")
    @classmethod
    def _enough_eyes(cls, four_eyes: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic's signature
        approvers: tuple[str, ...] = info.data.get("approvers", ())
        if four_eyes and len(approvers) == 1:
            raise sentence(
                f"with {approvers[0]} as the only approver no run that {approvers[0]} triggers could ever be approved, "
                "allowed is true with no or several approvers"
            )
        return four_eyes


class Takeover(Section):
    """How clients are taken over, in a planned outage as in a disaster."""

    success_threshold: Annotated[
        int,
        whole(
            1,
            100,
            "Percent of the clients planned to move that must have moved; below it the run stops and offers "
            "to give them back. Default: 90.",
        ),
    ] = 90
    ready_wait: Annotated[
        Duration,
        field(
            "How long a run waits for clients to be ready for a NIM operation. Default: 30m.",
            "a duration from 0m to 48h such as 30m or PT30M",
            ge=timedelta(0),
            le=timedelta(hours=48),
        ),
    ] = timedelta(minutes=30)
    wait_limit: Annotated[
        Duration,
        field(
            "How long the run waits for the end of a takeover. The takeover itself is never ended. Default: 2h.",
            "a duration from 1m to 48h such as 90m, 6h or PT6H",
            ge=timedelta(minutes=1),
            le=timedelta(hours=48),
        ),
    ] = timedelta(hours=2)
    recovery_target: Annotated[
        Duration,
        field(
            "The recovery time that a takeover is measured against. Default: 30m.",
            "a duration from 1m to 48h such as 30m or PT30M",
            ge=timedelta(minutes=1),
            le=timedelta(hours=48),
        ),
    ] = timedelta(minutes=30)
    reattach: Annotated[
        bool,
        field(
            "Whether nim_reattach may take over clients that were away when their master changed, without an approval "
            "of its own. Default: false.",
            "true or false",
            strict=True,
        ),
    ] = False
    cool_down: Annotated[
        Duration,
        field(
            "How long after a disaster failover another one of the pair warns in its plan, and is approved only with a "
            "comment. Default: 1h.",
            "a duration from 0m to 7d such as 30m, 1h or PT1H",
            ge=timedelta(0),
            le=timedelta(days=7),
        ),
    ] = timedelta(hours=1)
    copy_rate: Annotated[
        int,
        whole(1, 10_000, "MiB per second that a replication copies, to tell whether it fits the window. Default: 50."),
    ] = 50
