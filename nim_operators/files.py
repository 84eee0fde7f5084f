"""Files below one base address, in a local folder or in an object store that Airflow knows.

Local files are 0600, their folders 0700; each write is whole or not there, and on the disk when it returns.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from airflow.sdk import ObjectStoragePath

from nim_operators.nim.errors import NimError


class EvidenceUnavailable(NimError):
    """Evidence cannot be kept or read: what, where and what to do. Nothing goes on without it."""


class Files:
    """The files below one base. Paths are relative to it, with slashes.

    :param base: an address such as ``file:///srv/evidence`` or ``s3://conn_id@bucket/path``, or a local path.
        A local base is never made: where it is missing, it is misspelt or not mounted.
    """

    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        is_local = parts.scheme in {"", "file"}
        self.base = (f"file://{parts.path}" if is_local else base).rstrip("/")
        self._backend: _Backend = _Local(Path(parts.path)) if is_local else _Objects(self.base)

    def address(self, path: str) -> str:
        """Return the full address of *path*."""
        return f"{self.base}/{path}"

    def create(self, path: str, content: bytes) -> bool:
        """Write a new file; return False, and leave it alone, where there is one already.

        :raises EvidenceUnavailable: if it cannot be written.
        """
        with self._explained("written", path):
            try:
                self._backend.create(path, content)
            except FileExistsError:
                return False
            return True

    def replace(self, path: str, content: bytes) -> None:
        """Write a file, whether there was one or not; a reader sees the old or the new one, never a part.

        :raises EvidenceUnavailable: if it cannot be written.
        """
        with self._explained("written", path):
            self._backend.replace(path, content)

    def read(self, path: str) -> bytes | None:
        """Return the content of a file, None where there is no such file.

        :raises EvidenceUnavailable: if it cannot be read, or the base is not there.
        """
        with self._explained("read", path):
            try:
                return self._backend.read(path)
            except FileNotFoundError:
                return None

    def find(self, folder: str) -> list[str]:
        """Return every file below *folder*, relative to it, sorted; none where there is no such folder.

        :raises EvidenceUnavailable: if the base is not there or cannot be read.
        """
        with self._explained("listed", folder):
            return self._backend.find(folder)

    def remove(self, path: str) -> None:
        """Remove a file.

        :raises EvidenceUnavailable: if it cannot be removed.
        """
        with self._explained("removed", path):
            self._backend.remove(path)

    @contextmanager
    def _explained(self, verb: str, path: str) -> Iterator[None]:
        """Turn every error of the file system or the object store into a sentence."""
        try:
            yield
        except _NoBase as error:
            raise EvidenceUnavailable(
                f"The evidence folder {error} does not exist. Make or mount it, writable for Airflow's user "
                "only, or name another one in NIM_OPERATORS_EVIDENCE or as 'evidence' in the estate file."
            ) from None
        except Exception as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise EvidenceUnavailable(
                f"{self.address(path)} cannot be {verb}: {reason}. Give Airflow's user the right and the "
                "room, or name another place in NIM_OPERATORS_EVIDENCE or as 'evidence' in the estate file."
            ) from error


class _NoBase(Exception):
    """The local base folder does not exist; the text is its path."""


class _Backend(Protocol):
    """What a place of files must offer; any error it raises is explained by :class:`Files`."""

    def create(self, path: str, content: bytes) -> None:
        """Write a new file, or raise FileExistsError."""

    def replace(self, path: str, content: bytes) -> None:
        """Write a file as a whole."""

    def read(self, path: str) -> bytes:
        """Return the content of a file, or raise FileNotFoundError."""

    def find(self, folder: str) -> list[str]:
        """Return every file below *folder*, relative to it, sorted."""

    def remove(self, path: str) -> None:
        """Remove a file."""


class _Local:
    """Files in a local folder."""

    def __init__(self, base: Path) -> None:
        self._base = base

    def create(self, path: str, content: bytes) -> None:
        target, written = self._write_beside(path, content)
        try:
            os.link(written, target)
        finally:
            written.unlink()
        _flush_folder(target.parent)

    def replace(self, path: str, content: bytes) -> None:
        target, written = self._write_beside(path, content)
        written.replace(target)
        _flush_folder(target.parent)

    def read(self, path: str) -> bytes:
        return self._at(path).read_bytes()

    def find(self, folder: str) -> list[str]:
        top = self._at(folder)
        if not top.is_dir():
            return []
        walked = os.walk(top, onerror=_raise)
        found = (Path(at, name) for at, _, names in walked for name in names if not name.startswith("."))
        return sorted(path.relative_to(top).as_posix() for path in found)

    def remove(self, path: str) -> None:
        self._at(path).unlink()

    def _at(self, path: str) -> Path:
        if not self._base.is_dir():
            raise _NoBase(self._base)
        return self._base / path

    def _write_beside(self, path: str, content: bytes) -> tuple[Path, Path]:
        """Write *content* to a hidden file in the folder of *path*, and flush it to the disk."""
        target = self._at(path)
        self._make_folder(target.parent)
        written = target.parent / f".{secrets.token_hex(8)}"
        descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return target, written

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folder(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            _flush_folder(folder.parent)


def _raise(error: OSError) -> None:
    raise error


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class _Objects:
    """Files in an object store that Airflow knows; one object is written as a whole by nature."""

    def __init__(self, base: str) -> None:
        self._base = base

    def create(self, path: str, content: bytes) -> None:
        target = self._at(path)
        if target.fs.exists(target.path):
            raise FileExistsError(target.path)
        target.fs.pipe_file(target.path, content, mode="create")

    def replace(self, path: str, content: bytes) -> None:
        target = self._at(path)
        target.fs.pipe_file(target.path, content)

    def read(self, path: str) -> bytes:
        target = self._at(path)
        return bytes(target.fs.cat_file(target.path))

    def find(self, folder: str) -> list[str]:
        top = self._at(folder)
        top.fs.invalidate_cache()  # other workers write here too
        prefix = f"{top.path.rstrip('/')}/"
        return sorted(path.removeprefix(prefix) for path in top.fs.find(top.path))

    def remove(self, path: str) -> None:
        target = self._at(path)
        target.fs.rm_file(target.path)

    def _at(self, path: str) -> ObjectStoragePath:
        return ObjectStoragePath(self._base) / path
