"""File systems of a host: declared sizes, mount state, and which one holds a path (nim.md 4.10, hazard 4)."""

from __future__ import annotations

import errno
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from include.lab.tree import resolve

MB = 1024 * 1024


@dataclass
class FileSystem:
    """
    One file system. Sizes are declared, in MB; what real files below the mount point add is counted on top.

    `covered` is where an unmounted file system keeps its content, or a mounted one the directory it hides.
    """

    mount: str
    device: str
    size_mb: float
    used_mb: float
    vfs: str = "jfs2"
    mounted: bool = True
    node: str = ""
    inodes: int = 4096


@dataclass
class FileSystems:
    """The mount table of one host, kept true in its tree: unmounting really takes the content away."""

    root: Path
    aside: Path
    table: dict[str, FileSystem] = field(default_factory=dict)

    def add(self, fs: FileSystem) -> None:
        """Enter a file system; its mount point is created."""
        self.table[fs.mount] = fs
        resolve(self.root, fs.mount).mkdir(parents=True, exist_ok=True)

    def holding(self, path: str) -> FileSystem:
        """Return the mounted file system that holds `path`, as df does."""
        place = PurePosixPath(path)
        candidates = [fs for fs in self.table.values() if fs.mounted and place.is_relative_to(fs.mount)]
        return max(candidates, key=lambda fs: len(PurePosixPath(fs.mount).parts))

    def _aside(self, fs: FileSystem) -> Path:
        return self.aside / (fs.mount.strip("/").replace("/", "_") or "root")

    def unmount(self, mount: str) -> None:
        """Take the content of a file system away; what is written from now on lands in the parent."""
        fs = self.table[mount]
        if not fs.mounted or mount == "/":
            return
        self._swap(fs)
        fs.mounted = False

    def mount(self, mount: str) -> None:
        """Bring the content back; what was written below it meanwhile is hidden."""
        fs = self.table[mount]
        if fs.mounted:
            return
        self._swap(fs)
        fs.mounted = True

    def _swap(self, fs: FileSystem) -> None:
        here, there = resolve(self.root, fs.mount), self._aside(fs)
        here.mkdir(parents=True, exist_ok=True)
        there.mkdir(parents=True, exist_ok=True)
        spare = there.with_name(there.name + ".swap")
        here.rename(spare)
        there.rename(here)
        spare.rename(there)

    def real_bytes(self, fs: FileSystem) -> int:
        """Count the bytes of real files in a file system, without other mounts and system files."""
        if fs.mount in {"/usr", "/proc"}:
            return 0
        top = resolve(self.root, fs.mount)
        others = {resolve(self.root, other.mount) for other in self.table.values() if other.mounted and other is not fs}
        others |= {self.root / name for name in ("usr", "dev", "lib64", "sbin", "proc")}
        total = 0
        for directory, names, files in os.walk(top):
            names[:] = [name for name in names if Path(directory, name) not in others]
            for name in files:
                try:
                    total += Path(directory, name).lstat().st_size
                except FileNotFoundError:
                    continue
        return total

    def used_bytes(self, fs: FileSystem) -> int:
        """Return declared plus real bytes, never more than the size."""
        return min(int(fs.size_mb * MB), int(fs.used_mb * MB) + self.real_bytes(fs))

    def free_bytes(self, fs: FileSystem) -> int:
        """Return what is left."""
        return int(fs.size_mb * MB) - self.used_bytes(fs)

    def require(self, path: str, size: int) -> None:
        """Raise ENOSPC when `size` more bytes at `path` do not fit."""
        fs = self.holding(path)
        if self.free_bytes(fs) < size:
            raise OSError(errno.ENOSPC, "There is not enough space in the file system.", fs.mount)

    def write(self, path: str, content: bytes, mode: int = 0o644) -> None:
        """Write a file where it fits; a file that does not fit is left cut short, as on a real disk."""
        target = resolve(self.root, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            self.require(path, len(content))
        except OSError:
            target.write_bytes(content[: max(0, self.free_bytes(self.holding(path)))])
            raise
        target.write_bytes(content)
        target.chmod(mode)

    def forget_asides(self) -> None:
        """Remove what unmounted file systems held."""
        shutil.rmtree(self.aside, ignore_errors=True)
