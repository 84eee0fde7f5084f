"""A wait gives up on a login that is refused before the account is locked; the job on the host goes on."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import asyncssh
import pytest

from nim_operators.triggers.nimesis import NimesisTrigger


class _Door(asyncssh.SSHServer):
    """Refuses every password, and counts."""

    knocks = 0

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def kbdint_auth_supported(self) -> bool:
        return False

    def validate_password(self, username: str, password: str) -> bool:
        type(self).knocks += 1
        return False


async def _wait(monkeypatch: pytest.MonkeyPatch, trusted: asyncssh.SSHKey, shown: asyncssh.SSHKey) -> dict[str, Any]:
    _Door.knocks = 0
    server = await asyncssh.listen("127.0.0.1", 0, server_factory=_Door, server_host_keys=[shown])
    connection = {
        "conn_type": "nim",
        "host": "127.0.0.1",
        "port": server.get_port(),
        "login": "nimops",
        "password": "an old one",
        "extra": {"host_key": trusted.export_public_key().decode().strip(), "no_host_key_check": False},
    }
    monkeypatch.setenv("AIRFLOW_CONN_NIM_DOOR", json.dumps(connection))
    trigger = NimesisTrigger(master="nima", conn_id="nim_door", every_seconds=1, deadline=time.time() + 60)
    async with server:
        async for event in trigger.run():
            return event.payload
    pytest.fail("the trigger ended without an event")


@pytest.mark.parametrize(
    ("changed", "knocks", "why"), [(False, 2, "does not accept login"), (True, 0, "not the trusted")]
)
def test_a_wait_ends_after_a_couple_of_refusals(
    monkeypatch: pytest.MonkeyPatch, *, changed: bool, knocks: int, why: str
) -> None:
    monkeypatch.setattr("nim_operators.triggers.waiting.LONGEST_PAUSE_SECONDS", 0.01)
    key, other = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    event = asyncio.run(_wait(monkeypatch, key, other if changed else key))
    assert (event["state"], _Door.knocks) == ("deadline", knocks)
    assert why in event["reason"]
