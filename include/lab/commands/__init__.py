"""The commands of the lab; importing this package enters them all in the registry."""

from __future__ import annotations

from include.lab.commands import (
    backup,
    client_faults,
    clients,
    daemons,
    define,
    initialise,
    inittab,
    lsnim,
    network,
    nim,
    nimclient,
    processes,
    recover,
    software,
    storage,
    sudo,
    sync,
    takeover,
    work,
)

__all__ = [
    "backup",
    "client_faults",
    "clients",
    "daemons",
    "define",
    "initialise",
    "inittab",
    "lsnim",
    "network",
    "nim",
    "nimclient",
    "processes",
    "recover",
    "software",
    "storage",
    "sudo",
    "sync",
    "takeover",
    "work",
]
