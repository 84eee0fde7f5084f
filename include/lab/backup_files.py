"""Backups of a NIM database: real tar files with six `./etc/...` members (nim.md 2.2), and their restore."""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass

from include.lab.host import Host

MEMBERS = (
    "./etc/objrepos/nim_attr",
    "./etc/objrepos/nim_attr.vc",
    "./etc/objrepos/nim_object",
    "./etc/objrepos/nim_object.vc",
    "./etc/NIM.level",
    "./etc/niminfo",
)
BLOCK = 512


@dataclass(frozen=True)
class Member:
    """One file of a backup."""

    name: str
    content: bytes
    mode: int = 0o644

    @property
    def blocks(self) -> int:
        """Return its size in tape blocks."""
        return -(-len(self.content) // BLOCK)


def pack(members: list[Member], mtime: int) -> bytes:
    """Return the bytes of a tar file."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for member in members:
            info = tarfile.TarInfo(member.name)
            info.size, info.mode, info.mtime = len(member.content), member.mode, mtime
            info.uname, info.gname = "root", "system"
            archive.addfile(info, io.BytesIO(member.content))
    return stream.getvalue()


def unpack(raw: bytes) -> list[Member]:
    """Return the members of a tar file; raise tarfile.TarError when it cannot be read to its end."""
    members = []
    with tarfile.open(fileobj=io.BytesIO(raw), mode="r:") as archive:
        for info in archive.getmembers():
            source = archive.extractfile(info)
            if source is None:
                continue
            content = source.read()
            if len(content) != info.size:
                raise tarfile.ReadError("unexpected end of data")
            members.append(Member(info.name, content, info.mode & 0o777))
    return members


def collect(host: Host) -> list[Member]:
    """Return the six members as they are on a host now; raise FileNotFoundError when one is missing."""
    return [Member(name, host.path(name.removeprefix(".")).read_bytes()) for name in MEMBERS]


def extract(host: Host, member: Member) -> None:
    """Write one member where it belongs."""
    host.fs.write(member.name.removeprefix("."), member.content, member.mode)


def added(member: Member) -> str:
    """Return the line tar -c prints on AIX."""
    return f"a {member.name} {member.blocks} blocks"


def extracted(member: Member) -> str:
    """Return the line tar -x prints on AIX."""
    return f"x {member.name}, {len(member.content)} bytes, {member.blocks} tape blocks"
