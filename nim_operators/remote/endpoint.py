"""Where a host is and how to log in: a plain value made from the fields of an SSH connection."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
from asyncssh.encryption import get_encryption_algs

from nim_operators.nim.commands import CommandPaths
from nim_operators.nim.errors import NimError

CONNECT_SECONDS = 15.0


class BadConnection(NimError):
    """A connection's fields cannot be honoured; the text says which field, what it holds and what is allowed."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Everything needed to reach a host. Secrets are left out of ``repr`` and of every message.

    ``connect_seconds`` limits TCP, key exchange and login together, ``longest_seconds`` a script that says nothing.
    ``known_hosts`` is a path, or None for the user's own file. ``trusted_key`` is one public key in OpenSSH form and
    outranks ``known_hosts``. ``privilege`` is ``none`` where the login itself may administer NIM, ``sudo`` where every
    script runs under ``sudo -n``.
    """

    host: str
    port: int = 22
    login: str = "root"
    password: str | None = field(default=None, repr=False)
    key_file: str | None = None
    private_key: str | None = field(default=None, repr=False)
    passphrase: str | None = field(default=None, repr=False)
    look_for_keys: bool = True
    known_hosts: str | None = None
    trusted_key: str | None = None
    check_host_key: bool = True
    proxy_command: str | None = None
    compress: bool = True
    ciphers: tuple[str, ...] = ()
    disabled_algorithms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    connect_seconds: float = CONNECT_SECONDS
    longest_seconds: float = math.inf
    privilege: str = "none"
    sudo: str = "sudo"
    ksh: str = "/usr/bin/ksh"
    commands: CommandPaths = field(default_factory=CommandPaths)
    shut: str = ""
    """Why no login is tried at all: this one was refused before. Empty where it may be tried."""
    login_ended: Callable[[str], None] | None = field(default=None, repr=False, compare=False)
    """Told how a login ended: why it was refused, empty where it was accepted."""

    @property
    def secrets(self) -> frozenset[str]:
        """Every secret of this endpoint, for masking."""
        return frozenset(value for value in (self.password, self.private_key, self.passphrase) if value)


def endpoint_from_connection(
    conn_id: str,
    *,
    host: str | None,
    port: int | None,
    login: str | None,
    password: str | None,
    extra: Mapping[str, Any],
) -> Endpoint:
    """Build the endpoint of a connection of type ``nim`` or ``ssh``.

    Each extra that the SSH provider documents is honoured or refused with a sentence, none is ignored.

    :raises BadConnection: if a field is missing, unknown, contradictory or cannot be honoured.
    """
    fields = _Fields(conn_id, extra)
    unknown = sorted(set(extra) - _EXTRAS - set(_REFUSED))
    if unknown:
        raise BadConnection(
            f"Connection {conn_id}: unknown extra {', '.join(map(repr, unknown))}; "
            f"allowed are {', '.join(sorted(_EXTRAS))}."
        )
    for name, reason in _REFUSED.items():
        if fields.is_set(name):
            raise BadConnection(f"Connection {conn_id}: extra '{name}' cannot be honoured: {reason}")
    check = not (
        fields.flag("no_host_key_check", default=False) or fields.flag("ignore_hostkey_verification", default=False)
    )
    trusted = fields.text("host_key")
    if trusted and not check:
        raise BadConnection(
            f"Connection {conn_id}: 'host_key' and 'no_host_key_check' contradict each other; keep one."
        )
    if fields.text("key_file") and fields.text("private_key"):
        raise BadConnection(f"Connection {conn_id}: 'key_file' and 'private_key' are both set; keep one.")
    user = _login(conn_id, login or "root")
    return Endpoint(
        host=_host(conn_id, host),
        port=_port(conn_id, port),
        login=user,
        password=password or None,
        key_file=fields.existing_file("key_file"),
        private_key=fields.text("private_key"),
        passphrase=fields.text("private_key_passphrase") or fields.text("passphrase"),
        look_for_keys=fields.flag("look_for_keys", default=True),
        known_hosts=fields.existing_file("known_hosts"),
        trusted_key=fields.public_key("host_key"),
        check_host_key=check,
        proxy_command=fields.text("host_proxy_cmd"),
        compress=fields.flag("compress", default=True),
        ciphers=fields.words("ciphers", _CIPHERS),
        disabled_algorithms=fields.algorithms("disabled_algorithms"),
        connect_seconds=fields.seconds("conn_timeout", CONNECT_SECONDS),
        privilege=fields.choice("privilege", ("none", "sudo"), default="none" if user == "root" else "sudo"),
        sudo=fields.program("sudo", default="sudo"),
        ksh=fields.program("ksh", default="/usr/bin/ksh"),
        commands=fields.commands("commands"),
    )


def _host(conn_id: str, host: str | None) -> str:
    if not host:
        raise BadConnection(f"Connection {conn_id}: field 'host' is empty; enter the master's host name or address.")
    if not _HOST.fullmatch(host) or any(len(label) > _LONGEST_LABEL for label in host.split(".")):
        raise BadConnection(
            f"Connection {conn_id}: field 'host' is {_shown(host)}; allowed is one host name or address, "
            "without user, port or scheme."
        )
    return host


def _port(conn_id: str, port: int | None) -> int:
    if port is None:
        return 22
    if not 0 < port <= _HIGHEST_PORT:
        raise BadConnection(f"Connection {conn_id}: field 'port' is {port}; allowed is 1 to {_HIGHEST_PORT}.")
    return port


def _login(conn_id: str, login: str) -> str:
    if not _WORD.fullmatch(login):
        raise BadConnection(
            f"Connection {conn_id}: field 'login' is {_shown(login)}; allowed is the name of a user, "
            "without blanks and control characters."
        )
    return login


def _with_key_type(key: str | None) -> str | None:
    """Return *key* as ``type base64``; a bare key is RSA, as in the SSH provider."""
    if not key:
        return None
    words = key.split()
    return " ".join(words[:2]) if len(words) > 1 else f"ssh-rsa {words[0]}"


_HIGHEST_PORT = 65535
_LONGEST_LABEL = 63
_LONGEST_QUOTE = 60
_HOST = re.compile(r"[A-Za-z0-9_](?:[.:%-]?[A-Za-z0-9_])*\.?|::[0-9A-Fa-f:.]+", re.ASCII)
_WORD = re.compile(r"[^\s\x00-\x1f\x7f]+")
_PROGRAM = re.compile(r"(?:/[A-Za-z0-9_.+-]+)+", re.ASCII)
_CIPHERS = frozenset(name.decode() for name in get_encryption_algs())
_EXTRAS = frozenset(
    {
        *("key_file", "private_key", "private_key_passphrase", "passphrase", "look_for_keys"),
        *("known_hosts", "host_key", "no_host_key_check", "ignore_hostkey_verification"),
        *("conn_timeout", "cmd_timeout", "compress", "ciphers", "disabled_algorithms", "host_proxy_cmd"),
        *("privilege", "sudo", "ksh", "commands"),
    }
)
"""``cmd_timeout`` is accepted for shared connections: here every command has a total deadline of its own, and the
provider's value limits silence, not duration, so there is nothing it could shorten."""

_REFUSED = {
    "allow_host_key_change": (
        "a changed host key of a NIM master must be looked at by a person; remove the extra and, after checking, "
        "put the new key into known_hosts or 'host_key'."
    ),
}


_SECRET = frozenset({"private_key", "private_key_passphrase", "passphrase", "host_proxy_cmd"})
"""Extras whose value is never shown, not even where it is wrong."""


def _shown(value: object) -> str:
    """Show a wrong value, unless it is so long or of so many lines that a key was put into the wrong field."""
    if isinstance(value, str) and (len(value) > _LONGEST_QUOTE or "\n" in value):
        return f"a text of {len(value)} characters"
    text = repr(value)
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}..."


class _Fields:
    """Reads extras one by one and says in a sentence what is wrong with one."""

    def __init__(self, conn_id: str, extra: Mapping[str, Any]) -> None:
        self._conn_id = conn_id
        self._extra = extra

    def _bad(self, name: str, allowed: str) -> BadConnection:
        shown = "a value" if name in _SECRET else _shown(self._extra[name])
        return BadConnection(f"Connection {self._conn_id}: extra '{name}' is {shown}; allowed is {allowed}.")

    def is_set(self, name: str) -> bool:
        return str(self._extra.get(name, "")).strip().lower() not in {"", "false", "none"}

    def text(self, name: str) -> str | None:
        value = self._extra.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise self._bad(name, "text")
        return value.strip()

    def flag(self, name: str, *, default: bool) -> bool:
        value = self._extra.get(name)
        if value is None or value == "":
            return default
        word = str(value).strip().lower()
        if word not in {"true", "false"}:
            raise self._bad(name, "true or false")
        return word == "true"

    def choice(self, name: str, allowed: tuple[str, ...], *, default: str) -> str:
        value = self.text(name) or default
        if value not in allowed:
            raise self._bad(name, " or ".join(allowed))
        return value

    def seconds(self, name: str, default: float) -> float:
        value = self._extra.get(name)
        if value is None or value == "":
            return default
        return self._converted(name, value, float, "a number of seconds above 0")

    def _converted(self, name: str, value: object, convert: Callable[[Any], float], allowed: str) -> float:
        try:
            number = convert(value)
        except (TypeError, ValueError):
            raise self._bad(name, allowed) from None
        if not 0 < number < float("inf"):
            raise self._bad(name, allowed)
        return number

    def words(self, name: str, known: Collection[str]) -> tuple[str, ...]:
        value = self._extra.get(name) or ()
        if not isinstance(value, list | tuple) or not all(word in known for word in map(str, value)):
            raise self._bad(name, f"a list of {', '.join(sorted(known))}")
        return tuple(value)

    def program(self, name: str, *, default: str) -> str:
        """Return the path of a program that goes into the login's command line as it is."""
        value = self.text(name) or default
        if value != default and not _PROGRAM.fullmatch(value):
            raise self._bad(name, "an absolute path of plain names")
        return value

    def public_key(self, name: str) -> str | None:
        key = _with_key_type(self.text(name))
        try:
            if key:
                asyncssh.import_public_key(key)
        except ValueError:
            raise self._bad(name, "one public key such as 'ssh-ed25519 AAAA...', as ssh-keyscan prints it") from None
        return key

    def existing_file(self, name: str) -> str | None:
        value = self.text(name)
        if value is None or (name == "known_hosts" and value.lower() == "none"):
            return None
        path = Path(value).expanduser()
        if not path.is_file():
            raise self._bad(name, "the path of a file that exists on this worker")
        return str(path)

    def algorithms(self, name: str) -> dict[str, tuple[str, ...]]:
        value = self._extra.get(name) or {}
        if not isinstance(value, Mapping):
            raise self._bad(name, 'an object such as {"kex": ["diffie-hellman-group14-sha1"]}')
        kinds = ("ciphers", "kex", "keys", "macs", "pubkeys")
        if set(value) - set(kinds):
            raise self._bad(name, f"an object with the keys {', '.join(kinds)}")
        lists = all(isinstance(names, list) and all(isinstance(one, str) for one in names) for names in value.values())
        if not lists:
            raise self._bad(name, "an object of lists of names")
        return {kind: tuple(names) for kind, names in value.items()}

    def commands(self, name: str) -> CommandPaths:
        value = self._extra.get(name) or {}
        known = CommandPaths.__dataclass_fields__
        if not isinstance(value, Mapping) or set(value) - set(known):
            raise self._bad(name, f"an object of absolute paths with the keys {', '.join(known)}")
        if not all(isinstance(path, str) and path.startswith("/") for path in value.values()):
            raise self._bad(name, "absolute paths")
        return CommandPaths(**value)
