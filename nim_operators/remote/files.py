"""Bring a file off a master, with proof that the copy is the original."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from nim_operators.nim.backup import MEMBERS
from nim_operators.nim.outcome import Exited
from nim_operators.remote.errors import OutcomeUnknown, RemoteError
from nim_operators.remote.lock import Holder
from nim_operators.remote.script import ask, build, complaint, read_reply
from nim_operators.remote.text import text_of
from nim_operators.remote.transport import Host

_REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of a remote file, and its digest as computed on both ends (``algorithm`` is the host's choice)."""

    data: bytes
    algorithm: str
    digest_on_host: str
    digest_here: str


async def fetch(host: Host, path: str, *, deadline: float) -> Fetched:
    """Copy one file from the host.

    :raises OutcomeUnknown: if the link was lost; nothing is returned of a partial copy.
    :raises RemoteError: if the file is absent or what arrived is not what the host has.
    """
    script = build("fetch", {"FILE": path})
    ended = await host.run(script.text, deadline=deadline)
    if not isinstance(ended.outcome, Exited):
        raise OutcomeUnknown(host.name, f"fetching {path}: {ended.outcome}")
    _, found, rest = ended.stdout.partition(f"{script.nonce} bytes ".encode())
    if not found:
        refusal = read_reply(script, ended).last("refused")
        raise RemoteError(host.name, refusal or complaint(host, ended))
    size_text, _, body = rest.partition(b"\n")
    size = int(size_text)
    data = body[:size]
    words = text_of(body[size:]).split()
    if len(data) != size or words[:2] != [script.nonce, "digest"]:
        raise RemoteError(
            host.name,
            f"{path} changed or was cut while it was fetched: {size} bytes announced, {len(body)} came.",
        )
    algorithm, on_host = words[2], words[3].lower()
    here = digest(algorithm, data)
    if here != on_host:
        raise RemoteError(
            host.name,
            f"{path}: its {algorithm} is {on_host} on the host and {here} here; the copy is not trusted.",
        )
    return Fetched(data, algorithm, on_host, here)


async def fetch_database_files(host: Host, *, deadline: float) -> tuple[dict[str, bytes], dict[str, str]]:
    """Copy the files of a NIM database as they are, without writing anything on the host (nim.md 2.2).

    :return: what came off the host, each with its digest proven, and why the others did not.
    :raises OutcomeUnknown: if the link was lost.
    """
    copied: dict[str, bytes] = {}
    lacking: dict[str, str] = {}
    for name in MEMBERS:
        try:
            copied[name] = (await fetch(host, f"/{name}", deadline=deadline)).data
        except OutcomeUnknown:
            raise
        except RemoteError as error:
            lacking[name] = error.sentence
    return copied, lacking


def digest(algorithm: str, data: bytes) -> str:
    """Return the digest of *data* as ``csum -h SHA256``, ``csum -h MD5`` or ``cksum`` would print it.

    :raises ValueError: for any other algorithm.
    """
    match algorithm:
        case "SHA256":
            return hashlib.sha256(data).hexdigest()
        case "MD5":
            return hashlib.md5(data, usedforsecurity=False).hexdigest()
        case "CKSUM":
            return str(posix_cksum(data))
    message = f"unknown digest algorithm {algorithm!r}"
    raise ValueError(message)


def posix_cksum(data: bytes) -> int:
    """Return the CRC that POSIX ``cksum`` prints: most significant bit first, the length appended.

    zlib's CRC-32 has the same polynomial with the bits the other way round, so the bytes are mirrored going in and the
    result coming out.
    """
    length = len(data)
    tail = length.to_bytes((length.bit_length() + 7) // 8, "little")
    mirrored = zlib.crc32((data + tail).translate(_REVERSED_BITS), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2) ^ 0xFFFFFFFF


async def prune_backups(host: Host, holder: Holder, keep: int, *, now: str, made: Iterable[str]) -> tuple[str, ...]:
    """
    Remove all but the newest *keep* database backups on the host, ours and NIM's own; return what was removed.

    :param now: the UTC stamp of now; what is dated later stays and does not count as one of the newest.
    :param made: the stamps of what this run made; those backups stay.
    """
    values = {"RUN": holder.run, "TOKEN": holder.token, "KEEP": str(keep), "LATEST": now}
    files = [f"nimdb.{stamp}.backup" for stamp in made]
    reply = await ask(host, build("prune", values, {"list_made": files}), deadline=120)
    return tuple(rest for word, rest in reply.said if word == "removed")
