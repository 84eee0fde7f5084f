"""Where a host is and how to log in: a plain value made from the fields of an SSH connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nim_operators.nim.commands import CommandPaths
from nim_operators.nim.errors import NimError

CONNECT_SECONDS = 15.0


class BadConnection(NimError):
    """A connection's fields cannot be honoured; the text says which field, what it holds and what is allowed."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Everything needed to reach a host. Secrets are left out of ``repr`` and of every message.

    ``connect_seconds`` limits TCP, key exchange and login together. ``known_hosts`` is a path, or None for the user's
    own file. ``trusted_key`` is one public key in OpenSSH form and outranks ``known_hosts``. ``privilege`` is
    ``none`` where the login itself may administer NIM, ``sudo`` where every script runs under ``sudo -n``.
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
    privilege: str = "none"
    sudo: str = "sudo"
    ksh: str = "/usr/bin/ksh"
    commands: CommandPaths = field(default_factory=CommandPaths)

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
    if not host:
        raise BadConnection(f"Connection {conn_id}: field 'host' is empty; enter the master's host name or address.")
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
    user = login or "root"
    return Endpoint(
        host=host,
        port=port or 22,
        login=user,
        password=password or None,
        key_file=fields.existing_file("key_file"),
        private_key=fields.text("private_key"),
        passphrase=fields.text("private_key_passphrase") or fields.text("passphrase"),
        look_for_keys=fields.flag("look_for_keys", default=True),
        known_hosts=fields.existing_file("known_hosts"),
        trusted_key=_with_key_type(trusted),
        check_host_key=check,
        proxy_command=fields.text("host_proxy_cmd"),
        compress=fields.flag("compress", default=True),
        ciphers=fields.words("ciphers"),
        disabled_algorithms=fields.algorithms("disabled_algorithms"),
        connect_seconds=fields.seconds("conn_timeout", CONNECT_SECONDS),
        privilege=fields.choice("privilege", ("none", "sudo"), default="none" if user == "root" else "sudo"),
        sudo=fields.text("sudo") or "sudo",
        ksh=fields.text("ksh") or "/usr/bin/ksh",
        commands=fields.commands("commands"),
    )


def _with_key_type(key: str | None) -> str | None:
    """Return *key* as ``type base64``; a bare key is RSA, as in the SSH provider."""
    if not key:
        return None
    words = key.split()
    return " ".join(words[:2]) if len(words) > 1 else f"ssh-rsa {words[0]}"


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


class _Fields:
    """Reads extras one by one and says in a sentence what is wrong with one."""

    def __init__(self, conn_id: str, extra: Mapping[str, Any]) -> None:
        self._conn_id = conn_id
        self._extra = extra

    def _bad(self, name: str, allowed: str) -> BadConnection:
        shown = (
            "a value" if name in {"private_key", "private_key_passphrase", "passphrase"} else repr(self._extra[name])
        )
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
        if not number > 0:
            raise self._bad(name, allowed)
        return number

    def words(self, name: str) -> tuple[str, ...]:
        value = self._extra.get(name) or ()
        if isinstance(value, str) or not all(isinstance(word, str) for word in value):
            raise self._bad(name, "a list of names")
        return tuple(value)

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
        return {kind: tuple(names) for kind, names in value.items()}

    def commands(self, name: str) -> CommandPaths:
        value = self._extra.get(name) or {}
        known = CommandPaths.__dataclass_fields__
        if not isinstance(value, Mapping) or set(value) - set(known):
            raise self._bad(name, f"an object of absolute paths with the keys {', '.join(known)}")
        if not all(isinstance(path, str) and path.startswith("/") for path in value.values()):
            raise self._bad(name, "absolute paths")
        return CommandPaths(**value)
