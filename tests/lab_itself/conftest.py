"""Labs to look at (one per module) and labs to change (one per test), and a plain SSH client."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest

from include.lab import Lab, running_lab
from include.lab.switches import SWITCHES

METHODS = "/usr/lpp/bos.sysmgt/nim/methods"
SHELLS = [name for name in ("mksh", "ksh93", "dash") if shutil.which(name)]


@dataclass
class Result:
    status: int | None
    stdout: str
    stderr: str
    signal: tuple[str, bool, str, str] | None = None


async def connect(lab: Lab, host: str, login: str | None = None) -> asyncssh.SSHClientConnection:
    address, port = lab.address(host)
    return await asyncssh.connect(
        address,
        port,
        username=login or lab.login(host),
        client_keys=[str(lab.key_file)],
        known_hosts=str(lab.known_hosts),
        config=None,
        agent_path=None,
    )


def ssh(lab: Lab, host: str, command: str | None, *, script: str = "", login: str | None = None) -> Result:
    """Run one command over a connection of its own."""

    async def run() -> Result:
        async with await connect(lab, host, login) as connection:
            done = await connection.run(command, input=script)
            return Result(done.exit_status, str(done.stdout), str(done.stderr), done.exit_signal)

    return asyncio.run(asyncio.wait_for(run(), 60))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory):
    """Return a default lab that tests only look at."""
    with running_lab("default", tmp_path_factory.mktemp("lab"), pace=0) as lab:
        yield lab


@pytest.fixture
def lab(tmp_path: Path):
    """Return a default lab of its own."""
    with running_lab("default", tmp_path / "lab", pace=0) as running:
        yield running


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory):
    """Return a synchronised pair with four clients, to be used through `given_back`."""
    with running_lab("synced_peer_kept", tmp_path_factory.mktemp("lab"), clients=4, pace=0) as lab:
        yield lab


@contextlib.contextmanager
def given_back(lab: Lab):
    """Heal a lab after a test, end what the test left running, and let nima have its clients again."""
    begun = lab.mark()
    yield
    lab.heal()
    lab.release()
    for _ in lab.log(after=begun, key="takeover:start"):
        lab.wait("takeover:end", after=begun)
    for switch in SWITCHES:
        lab.switch(switch.name, switch.default)
    back = lab.admin("nima", "nim", "-o", "takeover", "-a", "async=no", "nimb")
    assert "FAILURE" not in back["stdout"]
    assert {client["current_master"] for client in lab.state()["clients"].values()} == {"nima"}


@pytest.fixture
def start(tmp_path: Path):
    """Return a function that starts a lab of a kind and ends it with the test."""
    with contextlib.ExitStack() as stack:
        count = iter(range(100))

        def begin(world: object = "default", **options: object) -> Lab:
            options.setdefault("pace", 0)
            return stack.enter_context(running_lab(world, tmp_path / f"lab{next(count)}", **options))

        yield begin


Begin = Callable[..., Lab]
