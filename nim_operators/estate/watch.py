"""Section of the estate file about the watch."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from nim_operators.estate.fields import Section, field
from nim_operators.estate.values import Duration


class Watch(Section):
    """How often a pair is looked at, and how old its recovery point may be."""

    every: Annotated[
        Duration,
        field(
            "Pause between two looks. Default: 15m.",
            "a duration from 1m to 24h such as 15m or PT15M",
            ge=timedelta(minutes=1),
            le=timedelta(hours=24),
        ),
    ] = timedelta(minutes=15)
    recovery_point_age: Annotated[
        Duration,
        field(
            "How old the last recovery point may be before people are told, whether the nightly sync ran or not. "
            "Default: 26h.",
            "a duration from 1h to 30d such as 26h or PT26H",
            ge=timedelta(hours=1),
            le=timedelta(days=30),
        ),
    ] = timedelta(hours=26)
