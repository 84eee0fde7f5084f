"""Connections of type ``nim`` (and ``ssh``) as endpoints."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseHook, Connection

from nim_operators.remote.endpoint import Endpoint, endpoint_from_connection


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
        return _endpoint(self.get_connection(self.nim_conn_id))

    async def aget_conn(self) -> Endpoint:
        """Return the endpoint from inside a trigger, where the blocking look-up would stall the loop (P15)."""
        return _endpoint(await self.aget_connection(self.nim_conn_id))

    def test_connection(self) -> tuple[bool, str]:
        """Log in, observe the host, and say in a sentence what is there."""
        import asyncio  # noqa: PLC0415 - only the connection test needs a loop of its own

        from nim_operators.nim.snapshot import Snapshot  # noqa: PLC0415
        from nim_operators.remote.collect import Questions, observe  # noqa: PLC0415

        seen, _ = asyncio.run(observe(self.nim_conn_id, self.get_conn(), Questions()))
        if not isinstance(seen, Snapshot):
            return False, f"{seen.absence}: {seen.reason}"
        return True, f"{seen.hostname} answers; NIM knows {len(seen.objects)} objects."


def _endpoint(connection: Connection) -> Endpoint:
    extra: dict[str, Any] = connection.extra_dejson
    return endpoint_from_connection(
        connection.conn_id,
        host=connection.host,
        port=connection.port,
        login=connection.login,
        password=connection.password,
        extra=extra,
    )
