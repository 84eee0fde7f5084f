"""df, mount, umount, lsfs and csum (nim.md 4.10)."""

from __future__ import annotations

import hashlib
from decimal import ROUND_HALF_UP, Decimal

from include.lab.call import Call
from include.lab.estate import Estate
from include.lab.faults import ActiveFault, Fault, register
from include.lab.filesystems import MB, FileSystem
from include.lab.host import Host
from include.lab.registry import always, command

UNITS = {
    "": (512, "512-blocks"),
    "k": (1024, "1024-blocks"),
    "m": (MB, "MB blocks"),
    "g": (1024 * MB, "GB blocks"),
}


def _row(call: Call, fs: FileSystem, unit: int) -> str:
    size, free = int(fs.size_mb * MB), call.host.fs.free_bytes(fs)
    used = size - free
    percent = -(-used * 100 // size) if size else 0
    inodes = fs.inodes + used // MB
    ipercent = max(1, inodes * 100 // max(1, inodes + free // 4096))
    if unit >= MB:
        total, left = (str((Decimal(n) / unit).quantize(Decimal("0.01"), ROUND_HALF_UP)) for n in (size, free))
    else:
        total, left = str(size // unit), str(free // unit)
    return f"{fs.device:<16}{total:>12}{left:>10}{percent:>5}%{inodes:>9}{ipercent:>5}% {fs.mount}"


@command("/usr/bin/df", "/usr/sbin/df", logged=False)
async def df(call: Call) -> int:
    """Show file systems in 512-byte blocks, -k, -m or -g; with a path, the one that holds it."""
    flags = "".join(word[1:] for word in call.args if word.startswith("-"))
    if set(flags) - set("kmgIPMisv"):
        return await call.fail(1, "Usage: df [-P] | [-IMitv] [-gkm] [-s] [filesystem ...] [file ...]")
    paths = [word for word in call.args if not word.startswith("-")]
    unit, title = UNITS[next((letter for letter in "gmk" if letter in flags), "")]
    table = call.host.fs
    chosen: list[FileSystem] = []
    status = 0
    for path in paths:
        device = next((fs for fs in table.table.values() if fs.device == path), None)
        if device is None and not call.host.path(call.absolute(path)).exists():
            status = await call.fail(1, f"df: {path}: A file or directory in the path name does not exist.")
            continue
        chosen.append(device or table.holding(call.absolute(path)))
    if not paths:
        chosen = [fs for fs in table.table.values() if fs.mounted]
    if not chosen:
        return status
    await call.line(
        _header(flags, title),
        *(_portable(call, fs, unit) if "P" in flags else _shape(call, fs, unit, flags) for fs in chosen),
    )
    if not paths:
        await call.line(f"{'/proc':<16}{'-':>12}{'-':>10}{'-':>6}{'-':>9}{'-':>6} /proc")
    return status


def _header(flags: str, title: str) -> str:
    if "P" in flags:
        return f"{'Filesystem':<16}{title:>12}{'Used':>10}{'Available':>10} Capacity Mounted on"
    if "I" in flags:
        return f"{'Filesystem':<16}{title:>12}{'Used':>10}{'Free':>10} %Used Mounted on"
    return f"{'Filesystem':<16}{title:>12}{'Free':>10} %Used{'Iused':>9} %Iused Mounted on"


def _shape(call: Call, fs: FileSystem, unit: int, flags: str) -> str:
    if "I" not in flags:
        return _row(call, fs, unit)
    return _portable(call, fs, unit)


def _portable(call: Call, fs: FileSystem, unit: int) -> str:
    size, free = int(fs.size_mb * MB), call.host.fs.free_bytes(fs)
    percent = -(-(size - free) * 100 // size) if size else 0
    shown = [f"{n / unit:.2f}" if unit >= MB else str(n // unit) for n in (size, size - free, free)]
    return f"{fs.device:<16}{shown[0]:>12}{shown[1]:>10}{shown[2]:>10}{percent:>6}% {fs.mount}"


@command("/usr/sbin/mount", "/etc/mount", changing=lambda argv: len(argv) > 1)
async def mount(call: Call) -> int:
    """List mounts, or mount a file system of /etc/filesystems."""
    if not call.args:
        await call.line("  node       mounted        mounted over    vfs       date        options", "-" * 78)
        for fs in call.host.fs.table.values():
            if fs.mounted:
                await call.line(f"         {fs.device:<16} {fs.mount:<15} {fs.vfs:<6} Nov 01 01:00 rw,log=INLINE")
        for line in call.host.nfs_mounts:
            remote, _, local = line.partition(" ")
            node, _, path = remote.partition(":")
            await call.line(f"{node:<8} {path:<16} {local:<15} nfs3   Nov 22 01:00 ro")
        return 0
    if call.uid != 0:
        return await call.fail(1, "mount: 0506-324 Cannot mount: Operation not permitted.")
    wanted = call.host.fs.table.get(call.args[-1])
    if wanted is None:
        return await call.fail(1, f"mount: 0506-334 {call.args[-1]} is not a known file system.")
    if wanted.mounted:
        text = f"Cannot mount {wanted.device} on {wanted.mount}: The requested resource is busy."
        return await call.fail(1, f"mount: 0506-324 {text}")
    call.host.fs.mount(wanted.mount)
    return 0


@command("/usr/sbin/umount", "/etc/umount", root_only=True, changing=always)
async def umount(call: Call) -> int:
    """Unmount a file system or an NFS mount."""
    name = call.args[-1] if call.args else ""
    kept = [line for line in call.host.nfs_mounts if not line.endswith(f" {name}")]
    if len(kept) < len(call.host.nfs_mounts):
        call.host.nfs_mounts = kept
        return 0
    fs = call.host.fs.table.get(name)
    if fs is None or not fs.mounted:
        return await call.fail(1, f"umount: 0506-347 Cannot find anything to unmount: {name}")
    call.host.fs.unmount(fs.mount)
    return 0


@command("/usr/sbin/lsfs", logged=False)
async def lsfs(call: Call) -> int:
    """List the file systems that are defined, mounted or not."""
    names = [word for word in call.args if not word.startswith("-")]
    rows = [fs for fs in call.host.fs.table.values() if not names or fs.mount in names]
    if not rows:
        return await call.fail(1, f"lsfs: 0506-915 No record matching {' '.join(names)} was found in /etc/filesystems.")
    if any("c" in word for word in call.args if word.startswith("-")):
        await call.line("#MountPoint:Device:Vfs:Nodename:Type:Size:Options:AutoMount:Acct")
        await call.line(*(f"{fs.mount}:{fs.device}:{fs.vfs}:::{int(fs.size_mb * MB) // 512}:rw:yes:no" for fs in rows))
        return 0
    await call.line("Name            Nodename   Mount Pt               VFS   Size    Options    Auto Accounting")
    await call.line(
        *(
            f"{fs.device:<15} --         {fs.mount:<22} {fs.vfs:<5} {int(fs.size_mb * MB) // 512:<7} rw         yes  no"
            for fs in rows
        )
    )
    return 0


@command("/usr/bin/csum", logged=False)
async def csum(call: Call) -> int:
    """Print checksums: csum [-h MD5|SHA1|SHA256|...] [-o file] file..."""
    args, algorithm, files = list(call.args), "MD5", []
    while args:
        word = args.pop(0)
        if word == "-h":
            algorithm = args.pop(0) if args else ""
        else:
            files.append(word)
    if algorithm.upper() not in {"MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512"} or not files:
        return await call.fail(1, "Usage: csum [-o File] [-h Algorithm] [File ...]")
    status = 0
    for name in files:
        path = call.host.path(call.absolute(name))
        try:
            digest = hashlib.new(algorithm.lower(), path.read_bytes()).hexdigest()
        except OSError as error:
            status = await call.fail(1, f"csum: {name}: {error.strerror}")
        else:
            await call.line(f"{digest}  {name}")
    return status


def _hosts(estate: Estate, fault: ActiveFault) -> list[Host]:
    return [host for host in estate.masters if fault.host in {None, host.name}]


def _unmount(estate: Estate, fault: ActiveFault) -> None:
    for host in _hosts(estate, fault):
        host.fs.unmount(fault.args.get("fs", "/export/nim"))


def _mount(estate: Estate, fault: ActiveFault) -> None:
    for host in _hosts(estate, fault):
        host.fs.mount(fault.args.get("fs", "/export/nim"))


def _full(estate: Estate, fault: ActiveFault) -> None:
    for host in _hosts(estate, fault):
        fs = host.fs.table[fault.args.get("fs", "/")]
        host.saved.setdefault(f"used of {fs.mount}", str(fs.used_mb))
        fs.used_mb = fs.size_mb


def _roomy(estate: Estate, fault: ActiveFault) -> None:
    for host in _hosts(estate, fault):
        fs = host.fs.table[fault.args.get("fs", "/")]
        fs.used_mb = float(host.saved.pop(f"used of {fs.mount}", fs.used_mb))


register(
    Fault(
        "fs_unmounted",
        "a file system is not mounted: its content is gone, writes land in /",
        {"fs": "mount point, default /export/nim"},
        default_host="second",
        on_break=_unmount,
        on_heal=_mount,
    ),
    Fault(
        "fs_full",
        "a file system is full",
        {"fs": "mount point (required)"},
        default_host="second",
        on_break=_full,
        on_heal=_roomy,
    ),
    Fault("root_full", "the root file system is full", default_host="second", on_break=_full, on_heal=_roomy),
)
