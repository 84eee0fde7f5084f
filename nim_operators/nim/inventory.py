"""What a master says lies at its resource locations (``inventory.ksh``)."""

from __future__ import annotations

import hashlib

from nim_operators.nim.content import Inventory
from nim_operators.nim.errors import Unreadable

_COMMAND = "inventory of resources"
_WORDS = 3


def parse_inventory(host: str, text: str) -> dict[str, Inventory | None]:
    """Return the files of each resource; None for one whose listing was cut or whose files could not be read.

    ::

        @ spot72 directory
        4215202376 10 ./bin/ls
        @ end spot72 0

    A location that is absent cannot be read. ``-`` stands for no checksum.

    :raises Unreadable: if a line makes no sense.
    """
    found: dict[str, Inventory | None] = {}
    current: str | None = None
    files: dict[str, tuple[int, str | None]] = {}
    unread: set[str] = set()
    for number, line in enumerate(text.split("\n"), start=1):
        words = line.split()
        match words:
            case ["@", "end", name, status] if name == current:
                found[name] = files if status == "0" and name not in unread else None
                current = None
            case ["@", name, "absent"]:
                found[name] = None
            case ["@", name, "directory" | "file"]:
                current, files = name, {}
                found[name] = None
            case [checksum, size, *_] if current is not None and size.isdigit() and len(words) >= _WORDS:
                path = line.split(maxsplit=2)[2]
                files[path] = (int(size), None if checksum == "-" else checksum)
            case []:
                continue
            case _ if line.startswith("@ ") or current is None:
                raise Unreadable(
                    host, _COMMAND, number, line, "'@ name kind', 'checksum size path' or '@ end name status'"
                )
            case _:
                unread.add(current)  # a message of find or cksum: this resource was not read whole
    return found


def fingerprint(inventory: Inventory) -> str:
    """Return one digest for the files of a resource: equal for equal paths, sizes and checksums."""
    rows = sorted(f"{path}\0{size}\0{checksum}" for path, (size, checksum) in inventory.items())
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()
