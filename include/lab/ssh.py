"""A real SSH server per simulated host, on loopback, with the faults a network has."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh

from include.lab.faults import CONTROLLER
from include.lab.relay import Relay
from include.lab.session import Session
from include.lab.sftp import TreeSftp

if TYPE_CHECKING:
    from include.lab.estate import Estate
    from include.lab.host import Host

BANNER = """*******************************************************************************
*  Welcome to AIX!  Authorized users only. All activity may be monitored.     *
*******************************************************************************
"""


class Keys:
    """The keys of one lab: one for the client, one for each host, and one that belongs to nobody."""

    def __init__(self, directory: Path) -> None:
        self.client = asyncssh.generate_private_key("ssh-ed25519", comment="nim lab")
        self.client_path = directory / "id_ed25519"
        self.client.write_private_key(str(self.client_path))
        self.client_path.chmod(0o600)
        self.client.write_public_key(str(directory / "id_ed25519.pub"))
        self.wrong = asyncssh.generate_private_key("ssh-ed25519")
        self._hosts: dict[str, asyncssh.SSHKey] = {}

    def host(self, name: str) -> asyncssh.SSHKey:
        """Return a host's own key."""
        if name not in self._hosts:
            self._hosts[name] = asyncssh.generate_private_key("ssh-ed25519")
        return self._hosts[name]


class _Server(asyncssh.SSHServer):
    """Accepts the lab's key for the logins of a host."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._connection: asyncssh.SSHServerConnection | None = None
        self._login = ""

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._listener.connections.add(conn)

    def connection_lost(self, _exc: Exception | None) -> None:
        if self._connection is not None:
            self._listener.connections.discard(self._connection)

    async def begin_auth(self, username: str) -> bool:
        self._login = username
        await self._listener.estate.until_healed("login_hangs", self._listener.host.name)
        if self._connection is not None and self._listener.fault("banner_noise"):
            self._connection.send_auth_banner(BANNER)
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        logins = {"nimadm", self._listener.host.login} - {"root"}
        if self._listener.estate.world.root_ssh:
            logins.add("root")
        return username in logins and key == self._listener.keys.client.convert_to_public()


class Listener:
    """The port of one host."""

    def __init__(self, estate: Estate, host: Host, keys: Keys) -> None:
        self.estate, self.host, self.keys = estate, host, keys
        self.connections: set[asyncssh.SSHServerConnection] = set()
        self.relays: set[Relay] = set()
        self.muted: list[socket.socket] = []
        self.sessions: set[Session] = set()
        self.commands = 0
        self._options: dict[str, asyncssh.SSHServerConnectionOptions] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._socket: socket.socket | None = None
        self._port = 0
        self.open()

    def fault(self, identity: str) -> bool:
        """Tell whether a fault is in force on this host."""
        return self.estate.fault(identity, self.host.name) is not None

    @property
    def _unheard(self) -> bool:
        """Tell whether nothing gets through between this host and whoever uses SSH."""
        cuts = [fault for fault in self.estate.faults if fault.id == "link_cut" and fault.host == self.host.name]
        return any(CONTROLLER in fault.args["to"].split(",") for fault in cuts)

    @property
    def port(self) -> int:
        """Return the TCP port, the same for the whole life of the lab."""
        return self._port

    def open(self) -> None:
        """Listen; the port stays the same when the host comes back."""
        if self._socket is not None:
            return
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self._port))
        listening.listen(128)
        listening.setblocking(False)  # noqa: FBT003 - the name says it
        self._port = self.host.port = listening.getsockname()[1]
        self._socket = listening
        asyncio.get_running_loop().add_reader(listening.fileno(), self._accept)

    def close(self) -> None:
        """Refuse connections from now on; those that are open stay."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def cut(self) -> None:
        """Break every connection at once, without a word of SSH."""
        for relay in list(self.relays):
            relay.cut()
        for connection in list(self.connections):
            connection.abort()
        for muted in self.muted:
            muted.close()
        self.muted.clear()

    def _accept(self) -> None:
        if self._socket is None:
            return
        try:
            accepted, _ = self._socket.accept()
        except OSError:
            return
        if self.fault("ssh_mute") or self._unheard:
            self.muted.append(accepted)
            return
        self._tasks.add(task := asyncio.get_running_loop().create_task(self._serve(accepted)))
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, accepted: socket.socket) -> None:
        accepted.setblocking(False)  # noqa: FBT003 - the name says it
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        limit = self.estate.fault("ssh_drop_after_bytes", self.host.name)
        slow = self.estate.fault("ssh_slow", self.host.name)
        if limit or slow:
            seconds = float(slow.args.get("seconds", "0.2")) if slow else 0.0
            accepted = await Relay.put_before(
                accepted, self.relays, limit=limit.number("bytes", 4096) if limit else None, delay=seconds
            )
        with contextlib.suppress(OSError, asyncssh.Error):
            await asyncssh.run_server(accepted, options=self._choose_options())

    def _choose_options(self) -> asyncssh.SSHServerConnectionOptions:
        kind = "wrong" if self.fault("wrong_host_key") else "own"
        if kind not in self._options:
            key = self.keys.wrong if kind == "wrong" else self.keys.host(self.host.name)
            self._options[kind] = asyncssh.SSHServerConnectionOptions(
                server_factory=lambda: _Server(self),
                server_host_keys=[key],
                process_factory=self._process,
                sftp_factory=self._sftp,
                encoding=None,
                keepalive_interval=0,
                login_timeout=30,
                server_version="OpenSSH_9.0",
                line_editor=False,
                config=None,
            )
        return self._options[kind]

    async def _process(self, channel: asyncssh.SSHServerProcess[bytes]) -> None:
        session = Session(self, channel)
        self.sessions.add(session)
        try:
            await session.run()
        finally:
            self.sessions.discard(session)

    def _sftp(self, channel: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
        if self.estate.switches["sftp"] == "off":
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_UNKNOWN_CHANNEL_TYPE, "Subsystem request failed")
        self.host.need_tree()
        login = channel.get_connection().get_extra_info("username")
        self.estate.journal.write("sftp", text=login, host=self.host.name, login=login)
        uid, gid, _ = self.estate.login_ids(login)
        return TreeSftp(channel, self.host, self.estate.sandbox, uid, gid)
