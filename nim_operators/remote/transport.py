"""One SSH connection to one host: send a script to its Korn shell, see how it ends.

The provider's hooks turn a lost link into status 0 and limit silence instead of duration (style.md P1-P5), so
running a command, its total deadline and its outcome are ours. Connections, keys and host-key rules are the provider's.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import asyncssh

from nim_operators.nim.outcome import Exited, Killed, Outcome, Unknown
from nim_operators.nim.snapshot import Absence
from nim_operators.remote.endpoint import Endpoint
from nim_operators.remote.errors import HostAbsent
from nim_operators.remote.text import bytes_of, text_of

KEEPALIVE_SECONDS = 15

logging.getLogger("asyncssh").setLevel(logging.WARNING)  # its handshakes would drown the task log
_CHUNK = 65_536
_PAUSES = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Seconds between two tries to open a session."""
_NO_SESSION = "{where} accepts the login but opens no session ({error}); look at MaxSessions of its sshd"

OnLines = Callable[[str], float | None]


@dataclass(frozen=True, slots=True)
class Ended:
    """How one remote script ended and what it printed; ``seconds`` is its wall-clock duration seen from here.

    ``overdue`` tells that it did not: its deadline passed while the link held.
    """

    outcome: Outcome
    stdout: bytes
    stderr: bytes
    seconds: float
    overdue: bool = False


@dataclass(slots=True)
class Host:
    """An open connection. Every script runs in a channel of its own; the connection is shared.

    ``name`` is the estate's name of the host, used in every message.
    """

    name: str
    endpoint: Endpoint
    connection: asyncssh.SSHClientConnection = field(repr=False)

    async def run(self, script: str, *, deadline: float, on_lines: OnLines | None = None) -> Ended:
        """Feed *script* to the host's Korn shell and wait until it ends.

        :param deadline: total duration in seconds; after it the channel is closed and the outcome is unknown.
        :param on_lines: called with the whole lines of standard output that have arrived, as one text without the last
            newline; where it returns seconds, so many are left from then on.
        """
        started = time.monotonic()
        limit = asyncio.timeout(min(deadline, self.endpoint.longest_seconds))
        streams = _Streams(on_lines, limit)
        overdue = False
        try:
            async with limit:
                outcome = await self._exchange(script, streams)
        except TimeoutError:
            overdue = True
            outcome = Unknown(f"no end within {time.monotonic() - started:.0f} seconds")
        except (asyncssh.Error, OSError) as error:
            outcome = Unknown(f"link lost: {str(error) or type(error).__name__}")
        return Ended(outcome, streams.stdout, streams.stderr, time.monotonic() - started, overdue)

    async def _exchange(self, script: str, streams: _Streams) -> Outcome:
        process = await self._open_channel()
        try:
            await _send(process.stdin, bytes_of(script))
            await asyncio.gather(
                streams.read(process.stdout, streams.take_stdout),
                streams.read(process.stderr, streams.take_stderr),
            )
            await process.wait_closed()
        finally:
            process.close()  # not awaited: a mute host would never confirm it
        if process.exit_signal is not None:
            return Killed(process.exit_signal[0])
        if process.exit_status is None:
            return Unknown("the channel closed without an exit status")
        return Exited(process.exit_status)

    async def _open_channel(self) -> asyncssh.SSHClientProcess[bytes]:
        """Start the shell; a host that allows few sessions may need a moment to forget the one before.

        Where ``MaxSessions`` of sshd is 1 it answers ``open failed`` to a channel that is opened right after another
        was closed. Nothing has run then, so asking again is safe.

        :raises HostAbsent: if the host goes on refusing.
        """
        pauses = iter(_PAUSES)
        while True:
            try:
                return await self.connection.create_process(_shell_line(self.endpoint), encoding=None)
            except asyncssh.ChannelOpenError as refusal:
                if self.connection.is_closed():
                    raise
                pause = next(pauses, None)
                if pause is None:
                    reason = _NO_SESSION.format(where=f"{self.endpoint.host} port {self.endpoint.port}", error=refusal)
                    raise HostAbsent.of(self.name, Absence.REFUSED, reason) from refusal
            await asyncio.sleep(pause)


async def _send(stdin: asyncssh.SSHWriter[bytes], script: bytes) -> None:
    with suppress(BrokenPipeError, ConnectionError):  # the far side ended first: its status, or silence, tells
        stdin.write(script)
        stdin.write_eof()
        await stdin.drain()


class _Streams:
    """Collects both streams and hands on the whole lines of standard output while it arrives."""

    def __init__(self, on_lines: OnLines | None, limit: asyncio.Timeout) -> None:
        self._stdout = bytearray()
        self._stderr = bytearray()
        self._told = 0
        self._on_lines = on_lines
        self._limit = limit

    @property
    def stdout(self) -> bytes:
        return bytes(self._stdout)

    @property
    def stderr(self) -> bytes:
        return bytes(self._stderr)

    async def read(self, reader: asyncssh.SSHReader[bytes], take: Callable[[bytes], None]) -> None:
        while chunk := await reader.read(_CHUNK):
            take(chunk)

    def take_stderr(self, chunk: bytes) -> None:
        self._stderr += chunk

    def take_stdout(self, chunk: bytes) -> None:
        self._stdout += chunk
        end = self._stdout.rfind(b"\n") + 1
        if self._on_lines is None or end <= self._told:
            return
        whole = text_of(bytes(self._stdout[self._told : end - 1]))
        self._told = end
        if seconds := self._on_lines(whole):
            self._limit.reschedule(asyncio.get_running_loop().time() + seconds)


def _shell_line(endpoint: Endpoint) -> str:
    """Return the one constant command line; it is the same for every script, so sudoers can name it."""
    return f"{endpoint.sudo} -n {endpoint.ksh} -s" if endpoint.privilege == "sudo" else f"{endpoint.ksh} -s"


@asynccontextmanager
async def connect(name: str, endpoint: Endpoint) -> AsyncIterator[Host]:
    """Open a connection to *endpoint* for as long as the block lasts.

    :raises HostAbsent: if no session could be opened; the absence says which kind of no it was.
    """
    if endpoint.shut:
        raise HostAbsent.of(name, Absence.LOGIN, endpoint.shut)
    tell = endpoint.login_ended or (lambda _: None)
    try:
        async with asyncio.timeout(endpoint.connect_seconds):
            connection = await _open(endpoint)
    except _REASONS as error:
        absence, reason = _absence_of(error, endpoint)
        if _is_refusal(error):
            tell(reason)
        raise HostAbsent.of(name, absence, reason) from error
    tell("")
    try:
        yield Host(name, endpoint, connection)
    finally:
        connection.abort()


async def _open(endpoint: Endpoint) -> asyncssh.SSHClientConnection:
    options: dict[str, object] = {
        "port": endpoint.port,
        "username": endpoint.login,
        "password": endpoint.password,
        "passphrase": endpoint.passphrase,
        "keepalive_interval": KEEPALIVE_SECONDS,
        "login_timeout": endpoint.connect_seconds,
        "config": None,
        **_keys(endpoint),
        **_trust(endpoint),
        **_algorithms(endpoint),
    }
    if endpoint.proxy_command:
        options["proxy_command"] = endpoint.proxy_command
    return await asyncssh.connect(endpoint.host, **options)


def _keys(endpoint: Endpoint) -> dict[str, object]:
    """Log in with the connection's own key; with the user's keys and agent only where it names none and may look."""
    agent: dict[str, object] = {} if endpoint.look_for_keys else {"agent_path": None}
    if endpoint.private_key:
        return {**agent, "client_keys": [asyncssh.import_private_key(endpoint.private_key, endpoint.passphrase)]}
    if endpoint.key_file:
        return {**agent, "client_keys": [endpoint.key_file]}
    return agent if endpoint.look_for_keys else {**agent, "client_keys": None}


def _trust(endpoint: Endpoint) -> dict[str, object]:
    """Trust the key in the connection, else the named file, else the user's own known_hosts."""
    if endpoint.trusted_key:
        return {"known_hosts": ([asyncssh.import_public_key(endpoint.trusted_key)], [], [])}
    if not endpoint.check_host_key:
        return {"known_hosts": None}
    return {"known_hosts": endpoint.known_hosts} if endpoint.known_hosts else {}


_ALGORITHM_OPTIONS = {
    "ciphers": "encryption_algs",
    "kex": "kex_algs",
    "keys": "server_host_key_algs",
    "macs": "mac_algs",
    "pubkeys": "signature_algs",
}


def _algorithms(endpoint: Endpoint) -> dict[str, object]:
    """Translate the provider's algorithm extras; a leading ``-`` removes from asyncssh's defaults."""
    options: dict[str, object] = {
        _ALGORITHM_OPTIONS[kind]: "-" + ",".join(names) for kind, names in endpoint.disabled_algorithms.items() if names
    }
    if endpoint.ciphers:
        options["encryption_algs"] = list(endpoint.ciphers)
    if not endpoint.compress:
        options["compression_algs"] = ["none"]
    return options


_REASONS = (asyncssh.Error, asyncssh.KeyImportError, OSError, TimeoutError, ValueError)


_ABSENCES: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Absence, str], ...] = (
    (
        asyncssh.HostKeyNotVerifiable,
        Absence.HOST_KEY,
        "the key that {where} shows is not the trusted one; check it by another way before trusting it",
    ),
    (
        asyncssh.PermissionDenied,
        Absence.LOGIN,
        "{where} does not accept login {login!r} with the connection's key or password",
    ),
    (asyncssh.KeyExchangeFailed, Absence.ALGORITHMS, "{where} and this worker share no algorithm: {error}"),
    (
        (asyncssh.KeyImportError, ValueError),
        Absence.LOGIN,
        "the private key or known_hosts of the connection cannot be read ({kind})",
    ),
    (ConnectionRefusedError, Absence.REFUSED, "{where} refuses connections"),
    (socket.gaierror, Absence.NO_ROUTE, "the name {host!r} does not resolve on this worker"),
    (TimeoutError, Absence.TIMED_OUT, "{where} did not complete a login within {seconds:g} seconds"),
    (asyncssh.Error, Absence.LINK_LOST, "{where} ended the connection during login: {error}"),
    (OSError, Absence.NO_ROUTE, "{where} cannot be reached: {error}"),
)
"""Kinds of failure, the first that fits: subclasses stand before what they are made of."""


def _is_refusal(error: BaseException) -> bool:
    """Tell whether the host refused the login; sshd ends the connection after too many keys that it does not take."""
    too_many = isinstance(error, asyncssh.DisconnectError) and "authentication failures" in error.reason
    return too_many or isinstance(error, asyncssh.PermissionDenied)


def _absence_of(error: BaseException, endpoint: Endpoint) -> tuple[Absence, str]:
    """Name the kind of failure. A wrong host key is final and loud; none of these means the host is dead."""
    kind = asyncssh.PermissionDenied if _is_refusal(error) else type(error)
    absence, sentence = next((absence, text) for known, absence, text in _ABSENCES if issubclass(kind, known))
    return absence, sentence.format(
        where=f"{endpoint.host} port {endpoint.port}",
        host=endpoint.host,
        login=endpoint.login,
        seconds=endpoint.connect_seconds,
        error=error,
        kind=type(error).__name__,
    )
