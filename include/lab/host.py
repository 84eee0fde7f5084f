"""One simulated machine: names, levels, subsystems, files; a real tree only once it is needed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from include.lab import niminfo
from include.lab.filesystems import FileSystems
from include.lab.odm import NimDatabase
from include.lab.ports import PrivilegedPorts
from include.lab.tree import resolve

NIMINFO = "/etc/niminfo"


@dataclass
class SubsystemRow:
    """One row of lssrc; the same name may have two (nim.md 3.1)."""

    name: str
    group: str
    pid: int | None = None

    @property
    def status(self) -> str:
        """Return the status word."""
        return "active" if self.pid else "inoperative"


@dataclass
class Fileset:
    """One installed fileset."""

    name: str
    level: str
    description: str


@dataclass
class Daemon:
    """A process that ps shows although no such program runs: its real pid only sleeps."""

    pid: int
    argv: str
    started: float = field(default_factory=time.time)
    user: str = "root"


@dataclass
class Host:
    """
    State of one machine: `files` are those of a machine without a tree, `saved` is what faults put back.

    `certificates` are the masters whose certificate a client with nimsh over SSL holds; None without SSL.
    """

    name: str
    hostname: str
    aliases: tuple[str, ...]
    address: str
    mac: str
    cpuid: str
    role: str
    oslevel: str
    directory: Path
    object_name: str = ""
    connect: str = "nimsh"
    fileset_level: str = "7.3.2.0"
    login: str = "root"
    up: bool = True
    boot_time: float = field(default_factory=lambda: time.time() - 86400 * 30)
    push_off: bool = False
    traits: set[str] = field(default_factory=set)
    certificates: set[str] | None = None
    filesets: list[Fileset] = field(default_factory=list)
    subsystems: list[SubsystemRow] = field(default_factory=list)
    daemons: dict[int, Daemon] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    saved: dict[str, str] = field(default_factory=dict)
    exports: list[str] = field(default_factory=list)
    nfs_mounts: list[str] = field(default_factory=list)
    materialised: bool = False
    prepare: Callable[[Host], None] | None = None
    port: int = 0
    ports: PrivilegedPorts = field(default_factory=PrivilegedPorts)
    _fs: FileSystems | None = None
    _db: NimDatabase | None = None

    @property
    def root(self) -> Path:
        """Return the root directory of the tree."""
        return self.directory / "root"

    @property
    def fs(self) -> FileSystems:
        """Return the mount table."""
        if self._fs is None:
            self._fs = FileSystems(self.root, self.directory / "aside")
        return self._fs

    @property
    def db(self) -> NimDatabase:
        """Return the NIM database in the tree."""
        if self._db is None:
            self._db = NimDatabase(self.root / "etc/objrepos")
        return self._db

    @property
    def names(self) -> tuple[str, ...]:
        """Return every name of the machine, the one hostname prints first."""
        return (self.hostname, *self.aliases)

    @property
    def is_master(self) -> bool:
        """Tell whether /etc/niminfo says that a NIM master is configured."""
        return self.niminfo().get("NIM_CONFIGURATION") == "master"

    def need_tree(self) -> None:
        """Give the machine its file tree."""
        if not self.materialised and self.prepare is not None:
            self.prepare(self)

    def path(self, inside: str) -> Path:
        """Return the place of a file of the tree outside it."""
        return resolve(self.root, inside)

    def read(self, path: str) -> str | None:
        """Return a small text file, None when it is missing."""
        if not self.materialised:
            return self.files.get(path)
        try:
            return self.path(path).read_text(errors="replace")
        except OSError:
            return None

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Write a small text file."""
        if not self.materialised:
            self.files[path] = text
            return
        target = self.path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)

    def remove(self, path: str) -> None:
        """Remove a small text file if it is there."""
        if self.materialised:
            self.path(path).unlink(missing_ok=True)
        else:
            self.files.pop(path, None)

    def niminfo(self) -> dict[str, str]:
        """Return the variables of /etc/niminfo, empty when it is missing."""
        return niminfo.parse(self.read(NIMINFO) or "")

    def write_niminfo(self, values: dict[str, str]) -> None:
        """Replace /etc/niminfo."""
        self.write(NIMINFO, niminfo.render(values))

    def set_cpuid(self, cpuid: str) -> None:
        """Become another machine, as a partition that was moved does; uname says so at once."""
        old, self.cpuid = self.cpuid, cpuid
        if self.materialised:
            text = self.read("/usr/bin/uname") or ""
            self.write("/usr/bin/uname", text.replace(old, cpuid), 0o755)

    def rows(self, subsystem: str) -> list[SubsystemRow]:
        """Return the rows of a subsystem, none when it is not on file."""
        return [row for row in self.subsystems if row.name == subsystem]

    def active(self, subsystem: str) -> bool:
        """Tell whether any row of the subsystem is active."""
        return any(row.pid for row in self.rows(subsystem))

    def odm_hash(self) -> str:
        """Return one digest of the six files that are a master's NIM state."""
        digest = hashlib.sha256()
        for name in ("nim_attr", "nim_attr.vc", "nim_object", "nim_object.vc"):
            path = self.root / "etc/objrepos" / name
            digest.update(name.encode() + (path.read_bytes() if path.exists() else b"missing"))
        for text in ("/etc/NIM.level", NIMINFO):
            digest.update(text.encode() + (self.read(text) or "missing").encode())
        return digest.hexdigest()
