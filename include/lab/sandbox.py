"""
Turn a host's file tree into the root directory of real processes.

As root the lab uses chroot directly (CAP_SYS_CHROOT and CAP_MKNOD are enough). As an ordinary user it first
enters a user namespace of its own, in which it is root, with a mount namespace for the device files. No pid
namespace is used: processes of a simulated host are ordinary processes whose root directory is that host's
tree.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Callable
from pathlib import Path

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
MS_BIND = 4096
SYS_PIDFD_GETFD = 438
PR_SET_PDEATHSIG = 1
SIGKILL = 9
DEVICES = {"null": (1, 3), "zero": (1, 5), "urandom": (1, 9)}

_libc = ctypes.CDLL(None, use_errno=True)


class SandboxError(RuntimeError):
    """This machine lets the lab neither chroot as root nor enter a user namespace."""


def _check(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def pidfd_getfd(pidfd: int, target: int) -> int:
    """Return a duplicate of descriptor `target` of the process behind `pidfd`."""
    return _check(_libc.syscall(SYS_PIDFD_GETFD, pidfd, target, 0))


def die_with_parent() -> None:
    """Have the kernel kill this process when the process that started it ends."""
    _libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)


def _map_ids(inside_uid: int, inside_gid: int, outside_uid: int, outside_gid: int) -> None:
    proc = Path("/proc/self")
    (proc / "setgroups").write_text("deny")
    (proc / "uid_map").write_text(f"{inside_uid} {outside_uid} 1")
    (proc / "gid_map").write_text(f"{inside_gid} {outside_gid} 1")


class Sandbox:
    """
    The way this lab confines processes: `root` or `userns`.

    In `root` mode an ordinary login is a real uid, so file permissions are enforced by the kernel. In
    `userns` mode only one uid exists: an ordinary login sees its own uid in a nested namespace, and NIM
    commands refuse it, but the kernel treats it as owner of every file in the tree.
    """

    def __init__(self, mode: str) -> None:
        self.mode = mode

    @classmethod
    def enter(cls, wanted: str = "auto") -> Sandbox:
        """Confine this (single-threaded) process as `wanted`: auto, root or userns."""
        if wanted == "root" or (wanted == "auto" and os.geteuid() == 0 and cls._can_chroot()):
            return cls("root")
        uid, gid = os.geteuid(), os.getegid()
        try:
            _check(_libc.unshare(CLONE_NEWUSER | CLONE_NEWNS))
            _map_ids(0, 0, uid, gid)
        except OSError as error:
            raise SandboxError(
                "The lab needs either root (CAP_SYS_CHROOT) or unprivileged user namespaces, and this "
                f"machine offers neither: {error.strerror}. Run it as root or allow user namespaces."
            ) from error
        return cls("userns")

    @staticmethod
    def _can_chroot() -> bool:
        pid = os.fork()
        if pid == 0:
            try:
                os.chroot("/")
            except OSError:
                os._exit(1)
            os._exit(0)
        return os.waitpid(pid, 0)[1] == 0

    def make_devices(self, root: Path) -> None:
        """Create /dev/null and its like inside a tree, as device nodes or as bind mounts."""
        for name, (major, minor) in DEVICES.items():
            path = root / "dev" / name
            if self.mode == "root":
                os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(major, minor))
                path.chmod(0o666)
            else:
                path.touch(mode=0o666)
                _check(_libc.mount(f"/dev/{name}".encode(), bytes(path), None, MS_BIND, None))

    def entry(self, root: Path, uid: int, gid: int, cwd: str, *, tied: bool = False) -> Callable[[], None]:
        """Return what a forked child calls before exec to become login `uid` inside `root`."""
        nested = self.mode == "userns" and uid != 0

        def become() -> None:
            if tied:
                die_with_parent()
            if nested:
                _check(_libc.unshare(CLONE_NEWUSER))
                _map_ids(uid, gid, 0, 0)
            os.chroot(root)
            try:
                os.chdir(cwd)
            except OSError:
                os.chdir("/")
            os.umask(0o022)
            if uid != 0 and not nested:
                os.setgroups([gid])
                os.setgid(gid)
                os.setuid(uid)

        return become
