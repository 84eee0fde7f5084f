"""Build the running estate of a world: hosts, niminfo files, databases and resource bytes."""

from __future__ import annotations

import hashlib
import zlib

from include.lab import niminfo
from include.lab.definitions import (
    GATEWAY,
    HMC_PASSWORD_FILE,
    NETWORK,
    SECOND_NETWORK,
    alternate_object,
    base_objects,
    client_object,
    management_objects,
    resource_object,
    second_hostname,
)
from include.lab.estate import Estate
from include.lab.filesystems import FileSystem
from include.lab.host import Fileset, Host, SubsystemRow
from include.lab.odm import NimObject
from include.lab.world import DOMAIN, MasterSpec, ResourceSpec


def build(estate: Estate) -> None:
    """Create every host of the world and put the databases where the story begins."""
    for spec in estate.world.masters:
        _add_master(estate, spec)
    for spec in estate.world.spares:
        _add_master(estate, spec)
        _start_spare(estate, estate.hosts[spec.name])
    for number in range(1, estate.world.clients + 1):
        _add_client(estate, number)
    first, second = estate.masters
    for host in (first, second):
        host.need_tree()
        _start_master_daemons(estate, host)
    objects = first_database(estate)
    first.db.save(objects)
    second.db.save(_fresh_database(second, first))
    for resource in estate.world.resources or []:
        put_resource(first, resource)
    for host, peer in ((first, second), (second, first)):
        host.write_niminfo(niminfo.for_master(host.hostname, peer.hostname))
        host.write("/etc/NIM.level", f"{host.fileset_level}\n")
        host.path("/export/nim/backups").mkdir(parents=True, exist_ok=True)
        host.path("/export/nim/scripts").mkdir(parents=True, exist_ok=True)


def _add_master(estate: Estate, spec: MasterSpec) -> None:
    host = Host(
        name=spec.name,
        hostname=spec.hostname,
        aliases=tuple(spec.aliases),
        address=spec.address,
        mac=spec.mac,
        cpuid=spec.cpuid,
        role="master",
        oslevel=spec.oslevel,
        directory=estate.directory / "hosts" / spec.name,
        object_name=spec.object_name,
        fileset_level=spec.fileset_level,
        login=estate.world.login,
    )
    level = spec.fileset_level
    host.filesets = [
        Fileset("bos.rte", level, "Base Operating System Runtime"),
        Fileset("bos.sysmgt.nim.client", level, "Network Install Manager - Client Tools"),
        Fileset("bos.sysmgt.nim.master", level, "Network Install Manager - Master Tools"),
        Fileset("bos.sysmgt.nim.spot", level, "Network Install Manager - SPOT"),
    ]
    estate.add(host)
    if spec.second_interface:
        estate.by_name[second_hostname(host.hostname)] = host
    for fs in spec.filesystems:
        host.fs.add(FileSystem(fs.mount, fs.device, fs.size_mb, fs.used_mb))
    for fs in spec.filesystems:
        if not fs.mounted:
            host.fs.unmount(fs.mount)
    if estate.world.management:
        host.write(HMC_PASSWORD_FILE, "encrypted by dpasswd\n", 0o600)


def _start_spare(estate: Estate, host: Host) -> None:
    """Start a host on which nothing of NIM is configured yet; it has directories for what it may be told to keep."""
    host.need_tree()
    host.subsystems = [SubsystemRow(name, group) for name, group in _ORDINARY]
    _start(estate, host)
    for path in ("/export/nim/backups", "/export/nim/scripts"):
        host.path(path).mkdir(parents=True, exist_ok=True)


_ORDINARY = (("nimsh", "nimclient"), ("nfsd", "nfs"), ("rpc.mountd", "nfs"), ("sshd", "ssh"), ("nimhttp", ""))


def _start_master_daemons(estate: Estate, host: Host) -> None:
    group = {"nim": "nim", "blank": "", "nimesis": "nimesis"}[estate.switches["nimesis_group"]]
    host.subsystems = [SubsystemRow("nimesis", group)]
    if estate.switches["nimd"] == "exists":
        host.subsystems.append(SubsystemRow("nimd", group))
    host.subsystems += [SubsystemRow(name, group) for name, group in _ORDINARY]
    _start(estate, host)


def _start(estate: Estate, host: Host) -> None:
    for argv in ("/etc/init", "/usr/sbin/srcmstr", "/usr/sbin/cron"):
        estate.start_daemon(host, argv)
    for row in host.subsystems:
        if row.name not in {"nimd", "nimhttp"}:
            estate.start_subsystem(host, row)


def client_cpuid(number: int) -> str:
    """Return the cpuid of the n-th generated client."""
    return f"00F7{number:04X}4C00"


def _add_client(estate: Estate, number: int) -> None:
    world = estate.world
    name = f"{world.client_prefix}{number:02d}" if number > world.vios else f"vios{number}"
    fqdn = f"{name}.{DOMAIN}"
    hostname = fqdn if world.client_names == "fqdn" else name
    address = f"10.1.{(number + 99) // 250}.{(number + 99) % 250 + 1}"
    first, second = estate.masters
    host = Host(
        name=name,
        hostname=hostname,
        aliases=(name,) if hostname == fqdn else (fqdn,),
        address=address,
        mac=f"8EB2{number:08X}",
        cpuid=client_cpuid(number),
        role="client",
        oslevel=world.client_oslevel,
        directory=estate.directory / "hosts" / name,
        object_name=name,
        connect=world.connect,
        certificates={first.name, second.name} if "(secure)" in world.connect else None,
        login=world.login,
    )
    host.filesets = [
        Fileset("bos.rte", "7.3.2.0", "Base Operating System Runtime"),
        Fileset("bos.sysmgt.nim.client", "7.3.2.0", "Network Install Manager - Client Tools"),
    ]
    host.subsystems = [SubsystemRow("nimsh", "nimclient", 4194304 + number * 2)]
    values = niminfo.for_client(
        name=name,
        hostname=hostname,
        ip=address,
        connect=world.connect,
        masters=[(first.hostname, first.address), (second.hostname, second.address)],
        gateway=GATEWAY,
        masterid=first.cpuid,
    )
    host.files["/etc/niminfo"] = niminfo.render(values)
    estate.add(host)


def first_database(estate: Estate) -> list[NimObject]:
    """Return the full database of the master that owns the clients."""
    world = estate.world
    first, second = estate.masters
    objects = base_objects(first, world.masters[0])
    if world.second_network:
        objects[-1].attrs.append(("routing1", f"default {GATEWAY}"))
        objects[-1].attrs.append(("routing2", f"{SECOND_NETWORK} 10.1.0.241 10.2.0.1"))
        attrs = [("Nstate", "ready for use"), ("prev_state", "ready for use"), ("net_addr", "10.2.0.0")]
        attrs += [("snm", "255.255.255.0"), ("routing1", f"{NETWORK} 10.2.0.1 10.1.0.241")]
        objects.append(NimObject(SECOND_NETWORK, "networks", "ent", attrs))
    objects.append(alternate_object(second))
    if world.management:
        objects += management_objects()
    clients = [host for host in estate.hosts.values() if host.role == "client"]
    objects += [client_object(host, first.hostname) for host in clients]
    objects += [resource_object(resource) for resource in world.resources or []]
    if world.groups:
        members = [host.object_name for host in clients if not host.name.startswith("vios")][:20]
        if members:
            attrs = [(f"member{i}", name) for i, name in enumerate(members, 1)]
            objects.append(NimObject("prod_lpars", "groups", "mac_group", attrs))
        names = [r.name for r in world.resources or [] if r.type in {"spot", "lpp_source", "bosinst_data"}]
        if names:
            attrs = [(f"member{i}", name) for i, name in enumerate(names, 1)]
            objects.append(NimObject("basic_res_grp", "groups", "res_group", attrs))
    return objects


def _fresh_database(host: Host, peer: Host) -> list[NimObject]:
    """Return what niminit -a is_alternate=yes leaves on a machine that had no database (nim.md 4.2)."""
    return [*base_objects(host, None), alternate_object(peer)]


def resource_bytes(name: str, size: int) -> bytes:
    """Return `size` reproducible bytes that differ from resource to resource."""
    block = b"".join(hashlib.sha256(f"{name}/{i}".encode()).digest() for i in range(32))
    return (block * (size // len(block) + 1))[:size]


def put_resource(host: Host, spec: ResourceSpec) -> None:
    """Write the real files of a resource at its location on a host."""
    for path, content in resource_files(spec).items():
        host.fs.write(path, content)


def resource_files(spec: ResourceSpec) -> dict[str, bytes]:
    """Return path to content: a directory tree for SPOTs and lpp_sources, one file for the rest."""
    size = spec.size_kb * 1024
    if spec.type == "lpp_source":
        parts = {f"installp/ppc/{name}": size // 3 for name in ("bos.rte.bff", "bos.sysmgt.bff", "openssh.base.bff")}
        toc = f"0 {zlib.crc32(spec.name.encode()):08d} 2 {spec.name}\n".encode()
        files = {f"{spec.location}/{name}": resource_bytes(spec.name + name, n) for name, n in parts.items()}
        return {**files, f"{spec.location}/installp/ppc/.toc": toc}
    if spec.type == "spot":
        parts = dict.fromkeys(("lib/boot/unix_64", "lib/objrepos/lpp", "lpp/bos/bos.rte.lpp"), size // 3)
        return {f"{spec.location}/{name}": resource_bytes(spec.name + name, n) for name, n in parts.items()}
    return {spec.location: resource_bytes(spec.name, size)}
