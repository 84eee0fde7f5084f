"""
The NIM database: four real files below /etc/objrepos that are the only copy of every definition (nim.md 2.2).

The format is the lab's own and deterministic: what tar saves and restores is the database, byte for byte.
Rows are split over the four files as the real ODM splits fixed and variable-length fields, so that a half
restored set of files is a broken database here too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

FILES = ("nim_attr", "nim_attr.vc", "nim_object", "nim_object.vc")
PAGE = 4096


class OdmError(Exception):
    """The database files do not fit together or are missing."""


@dataclass
class NimObject:
    """One object: name, class, type, and attributes in the order in which they were set; keys may repeat."""

    name: str
    cls: str
    type: str
    attrs: list[tuple[str, str]] = field(default_factory=list)

    def get(self, key: str, default: str = "") -> str:
        """Return the first value of an attribute."""
        return next((value for name, value in self.attrs if name == key), default)

    def has(self, key: str) -> bool:
        """Tell whether the attribute is set."""
        return any(name == key for name, _ in self.attrs)

    def set(self, key: str, value: str) -> None:
        """Set an attribute in place, or append it."""
        for index, (name, _) in enumerate(self.attrs):
            if name == key:
                self.attrs[index] = (key, value)
                return
        self.attrs.append((key, value))

    def drop(self, key: str) -> None:
        """Remove every value of an attribute."""
        self.attrs = [(name, value) for name, value in self.attrs if name != key]

    def copy(self) -> NimObject:
        """Return an independent copy."""
        return NimObject(self.name, self.cls, self.type, list(self.attrs))


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def _unescape(value: str) -> str:
    if "\\" not in value:
        return value
    parts = value.split("\\\\")
    return "\\".join(part.replace("\\n", "\n").replace("\\t", "\t") for part in parts)


def _pad(lines: list[str]) -> bytes:
    raw = "".join(lines).encode()
    return raw + b"\0" * (-len(raw) % PAGE or (PAGE if not raw else 0))


def serialise(objects: Iterable[NimObject]) -> dict[str, bytes]:
    """Return the bytes of the four files."""
    columns: dict[str, list[str]] = {name: [] for name in FILES}
    for number, item in enumerate(objects, 1):
        columns["nim_object"].append(f"{number}\t{item.cls}\t{item.type}\n")
        columns["nim_object.vc"].append(f"{number}\t{_escape(item.name)}\n")
        for position, (key, value) in enumerate(item.attrs, 1):
            columns["nim_attr"].append(f"{number}\t{position}\t{key}\n")
            columns["nim_attr.vc"].append(f"{number}\t{position}\t{_escape(value)}\n")
    return {name: _pad(lines) for name, lines in columns.items()}


def _lines(raw: bytes) -> list[str]:
    try:
        return raw.rstrip(b"\0").decode().split("\n")[:-1]
    except UnicodeDecodeError as error:
        raise OdmError("a database file is damaged") from error


def parse(files: dict[str, bytes]) -> list[NimObject]:
    """Read the four files back; raise OdmError when they do not belong together."""
    rows = {name: _lines(files[name]) for name in FILES}
    if len(rows["nim_object"]) != len(rows["nim_object.vc"]) or len(rows["nim_attr"]) != len(rows["nim_attr.vc"]):
        raise OdmError("the database files do not belong together")
    objects: dict[str, NimObject] = {}
    try:
        for fixed, variable in zip(rows["nim_object"], rows["nim_object.vc"], strict=True):
            number, cls, kind = fixed.split("\t")
            again, name = variable.split("\t")
            if number != again:
                raise OdmError("the database files do not belong together")
            objects[number] = NimObject(_unescape(name), cls, kind)
        for fixed, variable in zip(rows["nim_attr"], rows["nim_attr.vc"], strict=True):
            number, position, key = fixed.split("\t")
            again, other, value = variable.split("\t")
            if (number, position) != (again, other):
                raise OdmError("the database files do not belong together")
            objects[number].attrs.append((key, _unescape(value)))
    except (ValueError, KeyError) as error:
        raise OdmError("a database file is damaged") from error
    return list(objects.values())


class NimDatabase:
    """The definitions of one master, read from and written to `<tree>/etc/objrepos`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._stamp: tuple[tuple[int, int, int], ...] = ()
        self._cache: list[NimObject] = []

    def exists(self) -> bool:
        """Tell whether there is a database with at least one object."""
        try:
            return bool(self.load())
        except OdmError:
            return any((self.directory / name).exists() for name in FILES)

    def readable(self) -> bool:
        """Tell whether there is a database and it can be read."""
        try:
            self.load()
        except OdmError:
            return False
        return True

    def load(self) -> list[NimObject]:
        """Return the objects in creation order; changes count only after `save`."""
        try:
            stats = [(self.directory / name).stat() for name in FILES]
        except FileNotFoundError as error:
            raise OdmError("a database file is missing") from error
        stamp = tuple((stat.st_ino, stat.st_size, stat.st_ctime_ns) for stat in stats)
        if stamp != self._stamp:
            self._cache = parse({name: (self.directory / name).read_bytes() for name in FILES})
            self._stamp = stamp
        return self._cache

    def edit(self) -> list[NimObject]:
        """Return copies to change and then `save`; without a save nothing has happened."""
        return [item.copy() for item in self.load()]

    def save(self, objects: list[NimObject]) -> None:
        """Write all four files."""
        for name, content in serialise(objects).items():
            (self.directory / name).write_bytes(content)
        self._stamp = ()
        self._cache = objects
        stats = [(self.directory / name).stat() for name in FILES]
        self._stamp = tuple((stat.st_ino, stat.st_size, stat.st_ctime_ns) for stat in stats)

    def find(self, name: str) -> NimObject | None:
        """Return the object of that name."""
        return next((item for item in self.load() if item.name == name), None)

    def erase(self) -> tuple[int, int]:
        """Delete every row, as a restore does first; return the numbers of objects and attributes deleted."""
        try:
            objects = self.load()
        except OdmError:
            objects = []
        counts = len(objects), sum(len(item.attrs) + 2 for item in objects)
        self.save([])
        return counts

    def damage(self) -> str:
        """Cut a file in the middle of a row, as a crash does; return what `mend` needs."""
        place = self.directory / "nim_attr.vc"
        whole = place.read_bytes().rstrip(b"\0")
        place.write_bytes(whole[: whole.rindex(b"\t")])
        return whole.decode("latin-1")

    def mend(self, whole: str) -> None:
        """Put a damaged file back, unless the database was restored meanwhile."""
        if not self.readable():
            raw = whole.encode("latin-1")
            (self.directory / "nim_attr.vc").write_bytes(raw + b"\0" * (-len(raw) % PAGE))
