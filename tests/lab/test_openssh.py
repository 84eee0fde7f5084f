"""The remote layer against OpenSSH's own sshd, as masters run it. Skipped where there is none."""

from __future__ import annotations

import asyncio
import getpass
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from nim_operators.nim.outcome import Exited
from nim_operators.remote.endpoint import Endpoint
from nim_operators.remote.errors import HostAbsent
from nim_operators.remote.transport import connect

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/sbin:/usr/bin")
SHELL = next((found for found in map(shutil.which, ("mksh", "ksh93", "ksh", "dash")) if found), None)
PRIVILEGES = Path("/run/sshd")
"""Where a sshd that root started wants its empty directory; a package's service makes it, a container has none."""


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Endpoint]:
    """A sshd that allows one session a connection, shows a banner, and lets its own user in by key."""
    if SSHD is None or SHELL is None:
        pytest.skip("OpenSSH's sshd is not installed here, or no shell that scripts run under.")
    if getpass.getuser() == "root" and not PRIVILEGES.is_dir():
        PRIVILEGES.mkdir(mode=0o755)
    for name in ("host", "user"):
        asyncssh.generate_private_key("ssh-ed25519").write_private_key(tmp_path / name)
        (tmp_path / name).chmod(0o600)
    user, host = (asyncssh.read_private_key(tmp_path / name) for name in ("user", "host"))
    user.write_public_key(tmp_path / "authorized_keys")
    (tmp_path / "banner").write_text("@nim. AUTHORISED USE ONLY\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {tmp_path}/host\nAuthorizedKeysFile {tmp_path}/authorized_keys\n"
        f"StrictModes no\nUsePAM no\nPermitRootLogin yes\nPidFile none\nBanner {tmp_path}/banner\nMaxSessions 1\n"
    )
    daemon = subprocess.Popen([SSHD, "-D", "-f", tmp_path / "sshd_config", "-E", tmp_path / "log"])
    endpoint = Endpoint(
        "127.0.0.1",
        port,
        getpass.getuser(),
        key_file=str(tmp_path / "user"),
        trusted_key=host.export_public_key().decode(),
        ksh=SHELL,
    )
    try:
        asyncio.run(_listening(endpoint, daemon))
        yield endpoint
    finally:
        daemon.terminate()
        daemon.wait()


async def _listening(endpoint: Endpoint, daemon: subprocess.Popen[bytes]) -> None:
    """Come back when a login works: until then sshd may not listen yet."""
    while daemon.poll() is None:
        try:
            async with connect("nima", endpoint):
                return
        except HostAbsent:
            await asyncio.sleep(0.05)
    pytest.fail("sshd ended at once")


def test_one_session_after_the_other_works_where_sshd_allows_one(sshd: Endpoint) -> None:
    """sshd forgets a session a moment after it was closed; a script sent at once met `open failed`."""

    async def four() -> list[tuple[object, bytes]]:
        async with connect("nima", sshd) as host:
            ended = [await host.run(f"echo {number}; exit {number}\n", deadline=20) for number in range(4)]
        return [(one.outcome, one.stdout) for one in ended]

    assert asyncio.run(four()) == [(Exited(number), b"%d\n" % number) for number in range(4)]


def test_a_session_that_is_never_opened_is_an_absence_and_names_the_setting(sshd: Endpoint) -> None:
    """Nothing was sent, so nothing is unknown."""

    async def beside_another() -> None:
        async with connect("nima", sshd) as host:
            other = await host.connection.create_process("cat")
            await other.stdin.drain()
            await host.run("exit 0\n", deadline=20)

    with pytest.raises(HostAbsent, match=r"opens no session .*MaxSessions of its sshd"):
        asyncio.run(beside_another())


def test_a_wrong_host_key_is_told_and_nothing_is_sent(sshd: Endpoint) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()

    async def look() -> None:
        async with connect("nima", replace(sshd, trusted_key=other)):
            pytest.fail("a host with another key was trusted")

    with pytest.raises(HostAbsent, match="is not the trusted one"):
        asyncio.run(look())
