"""Every argv this product ever sends to change a master, and the few single reads beside the collector.

A command is built here or not at all (design section 3), so that one file shows what can happen to a master.
Words are never joined into a shell line by hand: :attr:`Command.line` quotes each of them.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from nim_operators.nim.errors import NimError
from nim_operators.nim.objects import NimObject, valid_name

FIND_NETWORK = "find_net"
"""Stands for the network at define time; NIM replaces it by the network it resolves to (nim.md 1.3)."""

_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9_.:-]*", re.ASCII)
_PATH = re.compile(r"(?:/[A-Za-z0-9_.@+-]+)+", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Unsendable(NimError):
    """A word that was to become part of a command is not one NIM could have meant. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class CommandPaths:
    """Where the commands live on a master. The defaults are AIX's own; a connection may override each."""

    nim: str = "/usr/sbin/nim"
    lsnim: str = "/usr/sbin/lsnim"
    oslevel: str = "/usr/bin/oslevel"
    lslpp: str = "/usr/bin/lslpp"
    lssrc: str = "/usr/bin/lssrc"
    startsrc: str = "/usr/bin/startsrc"
    stopsrc: str = "/usr/bin/stopsrc"
    m_backup_db: str = "/usr/lpp/bos.sysmgt/nim/methods/m_backup_db"
    m_restore_db: str = "/usr/lpp/bos.sysmgt/nim/methods/m_restore_db"
    c_rsh: str = "/usr/lpp/bos.sysmgt/nim/methods/c_rsh"


AIX = CommandPaths()
"""The commands where stock AIX has them; remedies in findings and documentation quote these."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command line: its words, whether it changes anything on a host, and a sentence saying what for."""

    argv: tuple[str, ...]
    changes: bool
    purpose: str

    @property
    def line(self) -> str:
        """The command as one line for a Korn shell, each word quoted where it needs to be."""
        return shlex.join(self.argv)


@dataclass(frozen=True, slots=True)
class PeerRecord:
    """What an ``alternate_master`` object says of the other master (nim.md 1.3, 4.6)."""

    name: str
    host: str
    platform: str = "chrp"
    netboot_kernel: str = "64"
    cable_type: str = "N/A"
    connect: str = "nimsh"

    @classmethod
    def remembered(cls, record: NimObject) -> PeerRecord:
        """Take over the record as the database held it before a sync dropped it.

        :raises Unsendable: if the record names no host in its first interface.
        """
        return cls._read(record.name, record)

    @classmethod
    def of_master(cls, name: str, master: NimObject, connect: str) -> PeerRecord:
        """Describe a master by the ``master`` object of its own database, to be known elsewhere as *name*.

        A master object has no ``connect``; *connect* is the protocol this pair speaks.

        :raises Unsendable: if the object names no host in its first interface.
        """
        return cls._read(name, master, connect)

    @classmethod
    def _read(cls, name: str, found: NimObject, connect: str = "nimsh") -> PeerRecord:
        if not found.interfaces:
            raise Unsendable(f"The object {found.name!r} has no interface, so it does not say which host it is.")
        return cls(
            name=name,
            host=found.interfaces[0].hostname,
            platform=found.get("platform") or "chrp",
            netboot_kernel=found.get("netboot_kernel") or "64",
            cable_type=next((value for _, value in found.numbered("cable_type")), "N/A"),
            connect=_first_word(found.get("connect") or connect),
        )


def sync(paths: CommandPaths, alternate: str, *, force: bool, reset_clients: bool = False) -> Command:
    """Copy the local database, and the resources the target lacks, onto *alternate* (nim.md 4.3).

    ``replicate=yes`` is always sent: without it the definitions of local resources vanish on the target.
    *force* overwrites a database the target already has; it is for the caller to have seen that there is one
    and that it may go (nim.md 4.3, hazard 11). *reset_clients* pushes the list of both masters to every client,
    which a run of its own does and nothing else; not every level of NIM may have it (nim.md 12.7).

    :raises Unsendable: if NIM could not have accepted the name of the target.
    """
    flags = ("-F", "-o") if force else ("-o",)
    pushed = ("-a", "reset_clients=yes") if reset_clients else ()
    return Command(
        (paths.nim, *flags, "sync", "-a", "replicate=yes", *pushed, _name(alternate)),
        changes=True,
        purpose=f"Synchronise this master's database and missing resources onto {alternate}.",
    )


def takeover(paths: CommandPaths, other: str) -> Command:
    """Make this master the current master of every client in its database; *other* is its peer's object here.

    ``async=no``, because the default returns before the clients have switched (nim.md 4.4, hazard 8); never
    ``-F``, which would overwrite the other master's database (hazard 11).

    :raises Unsendable: if NIM could not have accepted the name of the other master.
    """
    return Command(
        (paths.nim, "-o", "takeover", "-a", "async=no", _name(other)),
        changes=True,
        purpose=f"Take the clients over from {other}.",
    )


def backup_database(paths: CommandPaths, file: str) -> Command:
    """Write the six files of the database to *file* (nim.md 2.2, 4.7). It leaves the database as it is.

    Marked as changing because it writes on the host: a rehearsal does not send it.

    :raises Unsendable: if *file* is not a plain absolute path.
    """
    return Command((paths.m_backup_db, _path(file)), changes=True, purpose="Back up this master's NIM database.")


def restore_database(paths: CommandPaths, file: str) -> Command:
    """Put a backup of the database back (nim.md 4.7). Whether a configured master accepts it is uncertain (12.18).

    :raises Unsendable: if *file* is not a plain absolute path.
    """
    return Command((paths.m_restore_db, _path(file)), changes=True, purpose="Put this master's NIM database back.")


def lift_fence(paths: CommandPaths, base: str, backup: str) -> tuple[str, ...]:
    """Return the lines a person types on a fenced master to put its database back and let it serve again."""
    return (
        f"{paths.m_restore_db} {_path(backup)}",
        f"{paths.startsrc} -s nimesis",
        f"sed 's/.*/mkitab \"&\"/' {base}/fence/inittab | ksh",
        f"rm {base}/unusable",
    )


def stop_nimesis(paths: CommandPaths) -> Command:
    """Stop the daemon that answers clients (nim.md 3.3)."""
    return Command((paths.stopsrc, "-s", "nimesis"), changes=True, purpose="Keep this master from answering clients.")


def start_nimesis(paths: CommandPaths) -> Command:
    """Start the daemon that answers clients; one that runs already stays as it is (nim.md 3.2, 0513-029)."""
    return Command((paths.startsrc, "-s", "nimesis"), changes=True, purpose="Let this master answer clients.")


def unmount(directory: str) -> Command:
    """Unmount what a restore that was cut off left mounted (nim.md 2.2).

    :raises Unsendable: if *directory* is not a plain absolute path.
    """
    return Command(("/usr/sbin/umount", _path(directory)), changes=True, purpose="Remove the mount of a restore.")


def define_peer(paths: CommandPaths, peer: PeerRecord) -> Command:
    """Make the other master known here as an alternate master (nim.md 4.6).

    Sent where a sync left the target without its record of the source; unlike ``niminit`` it sets up nothing
    on the other machine. Which attributes NIM demands is uncertain (nim.md 12.9), so each one ``niminit``
    would ask for is given.

    :raises Unsendable: if a value is not one NIM could mean.
    """
    given = {
        "platform": _plain(peer.platform),
        "netboot_kernel": _plain(peer.netboot_kernel),
        "if1": f"{FIND_NETWORK} {_host(peer.host)} 0",
        "cable_type1": _plain(peer.cable_type),
        "connect": _plain(peer.connect),
    }
    attributes = [word for key, value in given.items() for word in ("-a", f"{key}={value}")]
    return Command(
        (paths.nim, "-o", "define", "-t", "alternate_master", *attributes, _name(peer.name)),
        changes=True,
        purpose=f"Define {peer.name} as an alternate master of this master.",
    )


def change_attribute(paths: CommandPaths, name: str, attribute: str, value: str) -> Command:
    """Set one attribute of one object (nim.md 4.6).

    :raises Unsendable: if the name, the attribute or the value is not one NIM could mean.
    """
    if not _ATTRIBUTE.fullmatch(attribute):
        raise Unsendable(f"{attribute!r} is not the name of a NIM attribute.")
    return Command(
        (paths.nim, "-o", "change", "-a", f"{attribute}={_plain(value)}", _name(name)),
        changes=True,
        purpose=f"Set {attribute} of {name} to {value!r}.",
    )


def define_spot(paths: CommandPaths, name: str, directory: str, source: str) -> Command:
    """Build a SPOT named *name* below *directory* from the lpp_source *source*, on this master (nim.md 4.6, 8).

    :raises Unsendable: if a name or the directory is not one NIM could mean.
    """
    given = ("server=master", f"location={_path(directory)}", f"source={_name(source)}")
    attributes = [word for value in given for word in ("-a", value)]
    return Command(
        (paths.nim, "-o", "define", "-t", "spot", *attributes, _name(name)),
        changes=True,
        purpose=f"Build the SPOT {name} from {source}.",
    )


def check_resource(paths: CommandPaths, name: str) -> Command:
    """Let NIM look at a resource and set its Rstate (nim.md 4.6).

    :raises Unsendable: if NIM could not have accepted the name.
    """
    return Command((paths.nim, "-o", "check", _name(name)), changes=True, purpose=f"Check {name}.")


def remove_spot(paths: CommandPaths, name: str) -> Command:
    """Remove a SPOT; its files go with it [K].

    :raises Unsendable: if NIM could not have accepted the name.
    """
    return Command((paths.nim, "-o", "remove", _name(name)), changes=True, purpose=f"Remove the SPOT {name}.")


def niminit(client: str, master: str, port: int) -> Command:
    """Rebuild /etc/niminfo of a client that its master defines already; to be run on the client (nim.md 4.2).

    :raises Unsendable: if the name of the client or the host is not one NIM could mean.
    """
    given = (f"name={_name(client)}", f"master={_host(master)}", f"master_port={port}")
    attributes = [word for value in given for word in ("-a", value)]
    return Command(("/usr/sbin/niminit", *attributes), changes=True, purpose=f"Rebuild /etc/niminfo of {client}.")


def on_client(paths: CommandPaths, address: str, text: str) -> Command:
    """Run one line of shell on a client, as root there, by the protocol that its object names (nim.md 4.6).

    :param address: what ``c_rsh`` knows the client by: the name of its object, or its host.
    :raises Unsendable: if it is neither a name that NIM could have accepted nor a host.
    """
    known_by = address if valid_name(address) else _host(address)
    return Command((paths.c_rsh, known_by, text), changes=True, purpose=f"Run a line on {address}.")


def _first_word(value: str) -> str:
    """Return ``nimsh`` for ``nimsh (secure)``: only the first word is the protocol (nim.md 1.3)."""
    return value.split(maxsplit=1)[0] if value.split() else value


def _name(name: str) -> str:
    if not valid_name(name):
        raise Unsendable(f"{name!r} is not a name NIM could have accepted, so no command is sent for it.")
    return name


def _host(host: str) -> str:
    if not _HOST.fullmatch(host):
        raise Unsendable(f"{host!r} is neither a host name nor an address.")
    return host


def is_plain_path(path: str) -> bool:
    """Tell whether *path* is absolute and made of names that every script can handle."""
    return bool(_PATH.fullmatch(path)) and not {".", ".."} & set(path.split("/"))


def _path(path: str) -> str:
    if not is_plain_path(path):
        raise Unsendable(f"{path!r} is not a plain absolute path.")
    return path


def _plain(value: str) -> str:
    if not value.strip() or _CONTROL.search(value):
        raise Unsendable(f"{value!r} cannot be the value of a NIM attribute.")
    return value
