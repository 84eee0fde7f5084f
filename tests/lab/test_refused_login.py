"""A login that is refused is not tried time and again: AIX locks an account after ``loginretries`` of them."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import asyncssh
import pytest

from include.lab import Lab
from nim_operators.triggers.nimesis import NimesisTrigger
from tests.lab.in_process import InProcess
from tests.lab.runbook import Installation

TRIES = 4
"""What Airflow grants a task: the first one and three more."""


class Door(asyncssh.SSHServer):
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


@pytest.fixture
def door() -> Iterator[dict[str, Any]]:
    """A host that lets nobody in; the fields of a connection to it."""
    Door.knocks = 0
    key = asyncssh.generate_private_key("ssh-ed25519")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen("127.0.0.1", 0, server_factory=Door, server_host_keys=[key])

    server = asyncio.run_coroutine_threadsafe(listen(), loop).result()
    yield {
        "conn_type": "nim",
        "host": "127.0.0.1",
        "port": server.get_port(),
        "login": "nimops",
        "password": "an old one",
        "extra": {"host_key": key.export_public_key().decode().strip(), "no_host_key_check": False},
    }
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.mark.parametrize(
    ("changed", "knocks", "why"), [(False, 1, "does not accept login"), (True, 0, "not the trusted")]
)
def test_a_wait_ends_with_the_first_refusal(
    door: dict[str, Any], monkeypatch: pytest.MonkeyPatch, *, changed: bool, knocks: int, why: str
) -> None:
    if changed:
        other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
        door["extra"]["host_key"] = other
    monkeypatch.setenv("AIRFLOW_CONN_NIM_DOOR", json.dumps(door))

    async def wait() -> dict[str, Any]:
        trigger = NimesisTrigger(master="nima", conn_id="nim_door", every_seconds=1, deadline=time.time() + 60)
        async for event in trigger.run():
            return event.payload
        pytest.fail("the trigger ended without an event")

    event = asyncio.run(wait())
    assert (event["state"], Door.knocks) == ("deadline", knocks)
    assert why in event["reason"]


@pytest.fixture
def shut(door: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let a connection of the lab lead to the door."""

    def lead(conn_id: str) -> None:
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(door))

    return lead


def test_a_night_whose_login_is_refused_in_the_middle_tries_it_once(
    installation: Installation, shut: Callable[[str], None]
) -> None:
    nights = InProcess(installation)
    nights.before["lock"] = lambda: shut("nim_lab_b")
    run = nights.run(tries=TRIES)
    assert Door.knocks == 1
    assert [step["result"] for step in run.records("step")].count("unknown") == 1
    assert "lock did not end. nimb: login refused" in run.reason


def test_a_rescue_tries_a_login_of_the_old_master_once_and_goes_on(
    start_lab: Callable[..., Lab], install: Callable[[Lab], Installation], shut: Callable[[str], None]
) -> None:
    lab = start_lab("synced_peer_kept")
    process = InProcess(install(lab))
    shut("nim_lab_a")
    run = process.run(
        "nim_disaster_failover",
        tries=TRIES,
        reason="nobody gets in",
        override="its console is dead too",
    )
    assert run.tasks["takeover"] in {"success", "failed"}, run.reason
    assert run.records("takeover")
    assert Door.knocks == 1


def test_the_watch_tries_a_refused_login_once_a_day_and_when_a_person_asks(
    installation: Installation, shut: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    process = InProcess(installation)
    shut("nim_lab_b")
    for _ in range(2):
        error = process.alone("watch", "nim_watch", triggered_by=None)
        assert "does not accept login" in str(error)
    assert Door.knocks == 1
    process.alone("watch", "nim_watch", triggered_by="olga")
    assert Door.knocks == 2
    monkeypatch.setattr("nim_operators.operators.base.REST_OF_WATCH", timedelta(0))
    process.alone("watch", "nim_watch", triggered_by=None)
    assert Door.knocks == 3
