"""Pull the plug of a machine, and boot it again from its old disk."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from include.lab import process
from include.lab.host import Host
from include.lab.system_files import INITTAB, inittab_entries

if TYPE_CHECKING:
    from include.lab.estate import Estate


def power_off(estate: Estate, host: Host) -> None:
    """Pull the plug: every process, connection and NFS mount of the host is gone at once."""
    host.up = False
    listener = estate.listeners.get(host.name)
    if listener:
        listener.close()
        listener.cut()
    estate.stop_background(host)
    if host.materialised:
        process.kill_all(host.root)
    for row in host.subsystems:
        row.pid = None
    host.daemons.clear()
    host.nfs_mounts.clear()


def power_on(estate: Estate, host: Host) -> None:
    """Boot: inittab decides what runs (nim.md 12.20)."""
    host.up = True
    host.boot_time = time.time()
    table = inittab_entries(host.read(INITTAB))
    for argv in ("/etc/init", "/usr/sbin/srcmstr", "/usr/sbin/cron"):
        estate.start_daemon(host, argv)
    for row in host.subsystems:
        wanted = row.name in {"nimsh", "nfsd", "rpc.mountd", "sshd"}
        if row.name == "nimesis":
            line = table.get("nim", "")
            off = not line or line.split(":")[2] == "off" or estate.switches["nimesis_at_boot"] == "stays_down"
            wanted = not off and not estate.fault("nimesis_down", host.name) and host.is_master
        if wanted and not row.pid:
            estate.start_subsystem(host, row)
    listener = estate.listeners.get(host.name)
    if listener and not any(estate.fault(name, host.name) for name in ("ssh_refused", "host_down")):
        listener.open()
