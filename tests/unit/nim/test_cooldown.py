from __future__ import annotations

from datetime import timedelta

import pytest

from nim_operators.nim.cooldown import cool_down_warning


@pytest.mark.parametrize(
    ("now", "cool_down", "warns"),
    [
        ("2026-11-27T02:59:59Z", timedelta(hours=1), True),
        ("2026-11-27T03:00:00Z", timedelta(hours=1), False),
        ("2026-11-27T02:00:01+00:00", timedelta(minutes=90), True),
        ("2026-11-27T02:00:00Z", timedelta(0), False),
    ],
)
def test_only_a_failover_within_the_cool_down_warns(now: str, cool_down: timedelta, warns: bool) -> None:  # noqa: FBT001
    said = cool_down_warning(last="2026-11-27T02:00:00Z", by="a run", target="nimb", now=now, cool_down=cool_down)
    assert bool(said) is warns


def test_the_warning_says_who_when_and_what_an_approval_needs() -> None:
    said = cool_down_warning(
        last="2026-11-27T02:00:00Z",
        by="dag/run",
        target="nimb",
        now="2026-11-27T02:12:00Z",
        cool_down=timedelta(hours=1),
    )
    assert said.startswith("dag/run made nimb the active master 12 minutes ago, within the cool-down of 1 h.")
    assert "counts only with a comment" in said
