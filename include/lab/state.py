"""Ground truth as JSON: what tests compare with. Nothing here passes through the commands of the lab."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.lab.display import attributes
from include.lab.odm import OdmError

if TYPE_CHECKING:
    from include.lab.estate import Estate
    from include.lab.host import Host


def estate_state(estate: Estate, *, bytes_of_resources: bool = True) -> dict[str, Any]:
    """Return the state of every host, switch and fault."""
    return {
        "world": estate.world.name,
        "sandbox": estate.sandbox.mode,
        "shell": estate.template.shell_kind,
        "seq": estate.journal.last,
        "switches": estate.switches.as_dict(),
        "faults": [{"id": fault.id, "host": fault.host, "args": fault.args} for fault in estate.faults],
        "holds": sorted(estate.journal.holds),
        "masters": {
            host.name: _master_state(estate, host, bytes_of_resources=bytes_of_resources)
            for host in estate.possible_masters
        },
        "clients": {host.name: _client_state(host) for host in estate.hosts.values() if host.role == "client"},
    }


def _client_state(host: Host) -> dict[str, Any]:
    values = host.niminfo()
    return {
        "object": host.object_name,
        "hostname": host.hostname,
        "up": host.up,
        "oslevel": host.oslevel,
        "cpuid": host.cpuid,
        "push_off": host.push_off,
        "traits": sorted(host.traits),
        "certificates": None if host.certificates is None else sorted(host.certificates),
        "niminfo": values,
        "current_master": values.get("NIM_MASTER_HOSTNAME"),
        "masters": values.get("NIM_MASTER_HOSTNAME_LIST", "").split(),
    }


def _master_state(estate: Estate, host: Host, *, bytes_of_resources: bool) -> dict[str, Any]:
    try:
        objects = host.db.load()
        broken = None
    except OdmError as error:
        objects, broken = [], str(error)
    backups = host.path("/export/nim/backups")
    return {
        "hostname": host.hostname,
        "object": host.object_name,
        "address": host.address,
        "up": host.up,
        "boot_time": host.boot_time,
        "oslevel": host.oslevel,
        "fileset_level": host.fileset_level,
        "niminfo": host.niminfo(),
        "nim_level": (host.read("/etc/NIM.level") or "").strip(),
        "subsystems": [{"name": r.name, "group": r.group, "pid": r.pid, "status": r.status} for r in host.subsystems],
        "daemons": sorted(daemon.argv for daemon in host.daemons.values()),
        "database_error": broken,
        "objects": {
            item.name: {
                "class": item.cls,
                "type": item.type,
                "attrs": attributes(item, objects, estate.switches),
            }
            for item in objects
        },
        "resources": {
            item.name: {
                "type": item.type,
                "location": item.get("location"),
                "digest": tree_digest(host.path(item.get("location"))) if bytes_of_resources else None,
            }
            for item in objects
            if item.cls == "resources" and item.type not in {"boot", "nim_script"}
        },
        "filesystems": [
            {
                "mount": fs.mount,
                "device": fs.device,
                "size_mb": fs.size_mb,
                "used_mb": round(host.fs.used_bytes(fs) / 1048576, 3),
                "mounted": fs.mounted,
            }
            for fs in host.fs.table.values()
        ],
        "inittab": (host.read("/etc/inittab") or "").splitlines(),
        "crontab": (host.read("/var/spool/cron/crontabs/root") or "").splitlines(),
        "exports": list(host.exports),
        "nfs_mounts": list(host.nfs_mounts),
        "ports": {"most": host.ports.most, "refused": host.ports.refused},
        "automatic_backups": sorted(path.name for path in backups.iterdir()) if backups.is_dir() else [],
        "odm_hash": host.odm_hash(),
    }


def tree_digest(place: Path) -> str | None:
    """Return one digest of a file or of a directory with its names; None when nothing is there."""
    digest = hashlib.sha256()
    if place.is_file():
        digest.update(place.read_bytes())
        return digest.hexdigest()
    if not place.is_dir():
        return None
    for directory, names, files in sorted(os.walk(place)):
        names.sort()
        for name in sorted(files):
            path = Path(directory, name)
            digest.update(f"{path.relative_to(place)}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def state_hash(state: dict[str, Any]) -> str:
    """Return a digest of what NIM operations change; pids and times are not part of it."""
    masters = {
        name: {
            "odm": master["odm_hash"],
            "resources": master["resources"],
            "subsystems": sorted((row["name"], row["status"]) for row in master["subsystems"]),
            "inittab": master["inittab"],
            "crontab": master["crontab"],
            "exports": master["exports"],
        }
        for name, master in state["masters"].items()
    }
    clients = {name: client["niminfo"] for name, client in state["clients"].items()}
    text = json.dumps({"masters": masters, "clients": clients}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
