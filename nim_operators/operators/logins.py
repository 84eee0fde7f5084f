"""Do not try a login again that a host has just refused: AIX locks an account after ``loginretries`` of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from nim_operators.evidence.records import LastLoginRecord
from nim_operators.remote.endpoint import Endpoint
from nim_operators.store import EvidenceStore

REST = timedelta(minutes=10)
"""A run tries no login again that it has seen refused so lately; a new run tries once."""
REST_OF_WATCH = timedelta(hours=24)
"""Nor does the watch that nobody triggered, which looks every few minutes, where any of its looks has."""


def tried_once(
    endpoint: Endpoint, conn_id: str, *, store: EvidenceStore, pair: str, run: str, rest: timedelta
) -> Endpoint:
    """
    Return *endpoint* as one whose login is not tried while a refusal of it is remembered, and that is remembered.

    :param run: who tries: its own refusals count.
    :param rest: for how long.
    """
    where = f"{endpoint.login}@{endpoint.host}:{endpoint.port}"

    def ended(refusal: str) -> None:
        if refusal or (known is not None and known.said):
            at = datetime.now(UTC).isoformat(timespec="seconds")
            store.write_last_login(pair, LastLoginRecord(conn_id, where, run, at, refusal))

    known = store.last_login(pair, conn_id)
    return replace(endpoint, shut=_shut(known, where, run, rest), login_ended=ended)


def _shut(known: LastLoginRecord | None, where: str, run: str, rest: timedelta) -> str:
    if known is None or not known.said or (known.where, known.run) != (where, run):
        return ""
    again = datetime.fromisoformat(known.at) + rest
    if datetime.now(UTC) >= again:
        return ""
    return (
        f"{known.said}; that was at {known.at}. It is not tried again by itself before {again.isoformat()}, "
        "because AIX locks an account after some refusals (loginretries); mend it, then trigger a new run"
    )
