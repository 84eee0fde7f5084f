"""The runbooks that exist. Severities and permissions are given per runbook."""

from __future__ import annotations

from enum import StrEnum


class Runbook(StrEnum):
    """One procedure on a pair of masters; the value is the stem of its dag_id."""

    NIGHTLY_SYNC = "nim_nightly_sync"
    SETUP = "nim_setup"
