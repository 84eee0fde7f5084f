"""The sftp subsystem of a host: its tree, with the rights of the login."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import asyncssh

if TYPE_CHECKING:
    from include.lab.host import Host
    from include.lab.sandbox import Sandbox

_GUARDED = {
    "open", "open56", "lstat", "stat", "setstat", "lsetstat", "scandir", "remove", "mkdir", "rmdir", "rename",
    "readlink", "symlink", "link", "posix_rename",
}  # fmt: skip


class TreeSftp(asyncssh.SFTPServer):
    """
    Serves a host's tree as sftp-server of a login does.

    As real root every operation runs with the effective uid of the login, so the kernel enforces permissions.
    """

    def __init__(
        self, channel: asyncssh.SSHServerChannel[bytes], host: Host, sandbox: Sandbox, uid: int, gid: int
    ) -> None:
        self._uid = uid if sandbox.mode == "root" else 0
        self._gid = gid
        super().__init__(channel, chroot=os.fsencode(host.root))

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if name in _GUARDED and object.__getattribute__(self, "_uid"):
            return self._as_login(value)
        return value

    def _as_login(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*args: Any, **kwargs: Any) -> Any:
            os.setegid(self._gid)
            os.seteuid(self._uid)
            try:
                return method(*args, **kwargs)
            finally:
                os.seteuid(0)
                os.setegid(0)

        return guarded
