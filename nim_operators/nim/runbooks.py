"""The runbooks that exist. Severities and permissions are given per runbook."""

from __future__ import annotations

from enum import StrEnum


class Runbook(StrEnum):
    """One procedure on a pair of masters; the value is the stem of its dag_id."""

    NIGHTLY_SYNC = "nim_nightly_sync"
    SETUP = "nim_setup"
    PLANNED_TAKEOVER = "nim_planned_takeover"
    GIVE_BACK = "nim_give_back"
    DISASTER_FAILOVER = "nim_disaster_failover"
    REPROTECT = "nim_reprotect"
    REATTACH = "nim_reattach"
    WATCH = "nim_watch"
    REBUILD_SPOT = "nim_rebuild_spot"
    REPAIR_CLIENT = "nim_repair_client"
    RESET_CLIENTS = "nim_reset_clients"


TAKEOVERS = frozenset({Runbook.PLANNED_TAKEOVER, Runbook.GIVE_BACK, Runbook.DISASTER_FAILOVER, Runbook.REATTACH})
"""Runbooks that move clients to the target."""


def sync_rules(runbook: Runbook) -> Runbook:
    """Return whose law holds for a sync that *runbook* sends: a takeover's last one is judged like any night's."""
    return Runbook.NIGHTLY_SYNC if runbook in TAKEOVERS else runbook


WITHOUT_SOURCE = frozenset({Runbook.DISASTER_FAILOVER, Runbook.REATTACH})
"""Runbooks that go on where the master whose clients they take over is away."""

WITHOUT_TARGET = frozenset({Runbook.REBUILD_SPOT, Runbook.REPAIR_CLIENT})
"""Runbooks that work on the active master alone, and go on where the standby is away."""

APPROVED = (TAKEOVERS | WITHOUT_TARGET | {Runbook.REPROTECT, Runbook.RESET_CLIENTS}) - {Runbook.REATTACH}
"""Runbooks that change nothing before a person has approved their very plan (S11); the estate allows reattach."""


def field_of_reason(runbook: Runbook) -> str:
    """Return the title of the field in the trigger form of *runbook* that takes the reason which the law wants.

    Where that is Override, there is a field Reason besides: it says why the run is wanted, and overrides nothing.
    """
    return "Override" if runbook in TAKEOVERS | APPROVED else "Reason"
