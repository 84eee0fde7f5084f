"""Access of commands to the NIM database of the machine they run on."""

from __future__ import annotations

from include.lab.errors import NimError, no_object, not_master
from include.lab.host import Host
from include.lab.odm import NimObject, OdmError
from include.lab.predefined import CLIENT_TYPES

IF_FIELDS = 3


def load_database(host: Host, command: str) -> list[NimObject]:
    """Return the objects of a configured master, or raise what a NIM command prints on anything else."""
    if not host.is_master:
        raise not_master(command)
    try:
        return host.db.load()
    except OdmError as error:
        raise NimError(1, command, f"ODM error: {error}", wrapped=False) from error


def find(host: Host, name: str, command: str = "nim") -> NimObject:
    """Return an object by name or raise 0042-053."""
    for item in load_database(host, command):
        if item.name == name:
            return item
    raise no_object(name, command, wrapped=command == "nim")


def interface_host(item: NimObject) -> str:
    """Return the host name in an object's first interface."""
    words = item.get("if1").split()
    return words[1] if len(words) > 1 else item.name


def clients_of(objects: list[NimObject]) -> list[NimObject]:
    """Return the objects a master can own: machines and VIOSes that are clients."""
    return [item for item in objects if item.type in CLIENT_TYPES]


def save(host: Host, objects: list[NimObject]) -> None:
    """Write the database."""
    host.db.save(objects)
