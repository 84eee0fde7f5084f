"""Connections of type ``nim`` (and ``ssh``) as endpoints."""

from __future__ import annotations

import json
from typing import Any

from airflow.sdk import BaseHook, Connection
from airflow.sdk.log import amask_secret, mask_secret

from nim_operators.remote.endpoint import BadConnection, Endpoint, endpoint_from_connection


class NimHook(BaseHook):
    """
    Turn an Airflow connection into an endpoint that the remote side can reach.

    Connections of type ``ssh`` made for the SSH provider work unchanged.

    :param nim_conn_id: id of a connection of type ``nim`` or ``ssh``.
    """

    conn_name_attr = "nim_conn_id"
    default_conn_name = "nim_default"
    conn_type = "nim"
    hook_name = "NIM master"

    def __init__(self, nim_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.nim_conn_id = nim_conn_id

    def get_conn(self) -> Endpoint:
        """
        Return the endpoint; nothing is contacted.

        :raises nim_operators.remote.endpoint.BadConnection: if a field cannot be honoured.
        """
        endpoint = _endpoint(self.get_connection(self.nim_conn_id))
        for secret in endpoint.secrets:
            mask_secret(secret)
        return endpoint

    async def aget_conn(self) -> Endpoint:
        """Return the endpoint from inside a trigger, where the blocking look-up would stall the loop (P15)."""
        endpoint = _endpoint(await self.aget_connection(self.nim_conn_id))
        for secret in endpoint.secrets:
            await amask_secret(secret)
        return endpoint

    def test_connection(self) -> tuple[bool, str]:
        """Log in, observe the host, and say in a sentence what is there."""
        import asyncio  # noqa: PLC0415 - only the connection test needs a loop of its own

        from nim_operators.nim.snapshot import Snapshot  # noqa: PLC0415
        from nim_operators.remote.collect import Questions, observe  # noqa: PLC0415

        seen, _ = asyncio.run(observe(self.nim_conn_id, self.get_conn(), Questions()))
        if not isinstance(seen, Snapshot):
            return False, f"{seen.absence}: {seen.reason}"
        return True, f"{seen.hostname} answers; NIM knows {len(seen.objects)} objects."


_TYPES = ("nim", "ssh")


def _endpoint(connection: Connection) -> Endpoint:
    if connection.conn_type not in _TYPES:
        raise BadConnection(
            f"Connection {connection.conn_id}: its type is {connection.conn_type!r}; allowed is {' or '.join(_TYPES)}."
        )
    return endpoint_from_connection(
        connection.conn_id,
        host=connection.host,
        port=connection.port,
        login=connection.login,
        password=connection.password,
        extra=_extras(connection),
    )


def _extras(connection: Connection) -> dict[str, Any]:
    """Return the extras. Airflow's own reader takes what it cannot read for none, a trusted host key among it."""
    try:
        extras = json.loads(connection.extra or "{}")
    except ValueError:
        extras = None
    if not isinstance(extras, dict):
        raise BadConnection(f"Connection {connection.conn_id}: field 'extra' is no JSON object; mend it or empty it.")
    return extras
