"""What makes a database backup a backup: six readable members, the right level (nim.md 2.2)."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass

from nim_operators.nim.errors import NotReadBack

MEMBERS = (
    "etc/objrepos/nim_attr",
    "etc/objrepos/nim_attr.vc",
    "etc/objrepos/nim_object",
    "etc/objrepos/nim_object.vc",
    "etc/NIM.level",
    "etc/niminfo",
)
"""The six files of a backup, stored as ``./etc/...`` (nim.md 2.2)."""


@dataclass(frozen=True, slots=True)
class BackupContent:
    """What a readable backup holds: every member's size in bytes, and the level that wrote the database."""

    members: dict[str, int]
    nim_level: str


def read_backup(master: str, data: bytes, *, expected_level: str) -> BackupContent:
    """Read *data* as the backup of *master*'s database, to its last byte.

    :param expected_level: what /etc/NIM.level said on the master.
    :raises NotReadBack: if it is no tar, is cut short, lacks a member, has an empty database or another level.
    """
    members: dict[str, int] = {}
    level = b""
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for member in archive:
                name = member.name.removeprefix("./").lstrip("/")
                content = archive.extractfile(member) if member.isfile() else None
                if content is None:
                    continue
                read = content.read()
                members[name] = len(read)
                level = read if name == "etc/NIM.level" else level
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise NotReadBack(
            f"The backup of {master} is not a readable tar archive ({error}); nothing may be changed on it."
        ) from error
    missing = [name for name in MEMBERS if name not in members]
    empty = [name for name in MEMBERS if members.get(name) == 0 and not name.endswith(".vc")]
    if missing or empty:
        raise NotReadBack(
            f"The backup of {master} lacks {', '.join(missing) or 'no member'}; empty: {', '.join(empty) or 'none'}. "
            "Look at the file system that holds the backup and at m_backup_db's output; nothing may be changed on it."
        )
    found = level.decode(errors="replace").strip()
    if found != expected_level:
        raise NotReadBack(
            f"The backup of {master} was written at NIM level {found!r}, "
            f"the master's /etc/NIM.level says {expected_level!r}."
        )
    return BackupContent(members, found)


def raw_archive(files: Mapping[str, bytes]) -> bytes:
    """Return files of a database that NIM itself cannot save, by their names in :data:`MEMBERS`, as such a backup."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return written.getvalue()
