"""m_backup_db, m_restore_db and alog (nim.md 4.7)."""

from __future__ import annotations

import tarfile
import time

from include.lab import backup_files
from include.lab.call import Call
from include.lab.faults import Fault, register
from include.lab.host import SubsystemRow
from include.lab.registry import always, command

METHODS = "/usr/lpp/bos.sysmgt/nim/methods"
KEPT_WHEN_TRUNCATED = 700


@command(f"{METHODS}/m_backup_db", root_only=True)
async def m_backup_db(call: Call) -> int:
    """Save the six files that are the NIM database into a tar file."""
    if len(call.args) != 1:
        return await call.fail(1, "usage: m_backup_db <file>")
    host, path = call.host, call.absolute(call.args[0])
    await call.estate.journal.point("m_backup_db", host=host.name)
    try:
        members = backup_files.collect(host)
    except FileNotFoundError as error:
        name = f"./etc/{error.filename.rpartition('/etc/')[2]}"
        return await call.fail(1, f"tar: 0511-168 The {name} file cannot be found.", "m_backup_db: backup failed")
    if not host.db.readable() and call.estate.switches["m_backup_db_of_broken"] == "fails":
        return await call.fail(
            1, "m_backup_db: ODM error: the NIM database cannot be read", "m_backup_db: backup failed"
        )
    stream = call.estate.switches["m_backup_db_stream"]
    for member in members:
        if stream != "silent":
            await (call.out if stream == "stdout" else call.err)(backup_files.added(member) + "\n")
    content = backup_files.pack(members, int(time.time()))
    if call.estate.fault("backup_truncated", host.name):
        content = content[:KEPT_WHEN_TRUNCATED]
    try:
        if not host.path(path).parent.is_dir():
            return await call.fail(
                1, f"tar: 0511-188 Cannot create {path}: A file or directory in the path name does not exist."
            )
        if call.estate.fault("backup_fs_full", host.name):
            host.fs.require(path, 1 << 62)
        host.fs.write(path, content, 0o600)
    except OSError as error:
        return await call.fail(1, f"tar: 0511-191 Write failure on {path}: {error.strerror}")
    return 0


@command(f"{METHODS}/m_restore_db", root_only=True, changing=always)
async def m_restore_db(call: Call) -> int:
    """Replace this machine's NIM database by the content of a backup and start a fresh nimesis."""
    if len(call.args) != 1:
        return await call.fail(1, "usage: m_restore_db <file>")
    estate, host, path = call.estate, call.host, call.absolute(call.args[0])
    await estate.journal.point("m_restore_db", host=host.name)
    if estate.fault("restore_refuses", host.name):
        return await call.fail(
            1,
            '0042-001 m_restore_db: processing error encountered on "master":',
            '0042-175 m_restore_db: An unexpected result was returned by the "restore" command',
        )
    if estate.switches["restore_on_configured"] == "refuses" and host.is_master:
        return await call.fail(
            1,
            "m_restore_db: this machine is already configured as a NIM master.",
            'Run "nim -o unconfig master" before a database is restored.',
        )
    return await restore(call, path)


async def restore(call: Call, path: str) -> int:
    """Replace the database by the content of a backup; what fails in the middle leaves a machine without nimesis."""
    host = call.host
    try:
        members = backup_files.unpack(host.path(path).read_bytes())
    except FileNotFoundError:
        return await call.fail(
            2, f"tar: 0511-164 There is a media read or write block size error. {path} does not exist."
        )
    except (tarfile.TarError, OSError):
        return await call.fail(2, "tar: 0511-169 A directory checksum error on media; the archive is not readable.")
    level = next((m.content.decode().strip() for m in members if m.name == "./etc/NIM.level"), "")
    await call.line(f"Restoring the NIM database from {path}")
    await call.line("x ./etc/NIM.level, 8 bytes, 1 tape blocks", "")
    if not await check_level(call, host.fileset_level, level):
        return 1
    await stop_and_delete(call)
    objects, attributes = host.db.erase()
    await call.line(f"{objects} objects deleted", f"{attributes} objects deleted")
    for member in members:
        try:
            backup_files.extract(host, member)
        except OSError as error:
            return await call.fail(2, f"tar: 0511-191 Write failure on {member.name}: {error.strerror}")
        await call.line(backup_files.extracted(member))
    await add_and_start(call)
    await call.line("Finished restoring the NIM database")
    return 0


async def check_level(call: Call, machine: str, backup: str) -> bool:
    """Print the level comparison of a restore [S1] and tell whether it holds; its failure is undocumented."""
    await call.line(
        f"The level of the NIM master fileset on this machine is: {machine}",
        f"The level of the NIM database backup is: {backup}",
        "",
    )
    if machine != backup:
        await call.err("Level check has failed. The NIM database was not restored.\n")
        return False
    await call.line("Level check is successful.", "")
    return True


async def stop_and_delete(call: Call) -> None:
    """Stop nimesis and nimd and delete their subsystems, as every restore begins [S1]."""
    host, lines = call.host, []
    for name in ("nimesis", "nimd"):
        for row in host.rows(name):
            stopped = f"0513-044 The {name} Subsystem was requested to stop."
            idle = f"0513-004 The Subsystem or Group, {name}, is currently inoperative."
            lines.append(stopped if row.pid else idle)
            call.estate.stop_subsystem(host, row)
    for name in ("nimesis", "nimd"):
        for row in host.rows(name):
            host.subsystems.remove(row)
            lines.append("0513-083 Subsystem has been Deleted.")
    await call.line(*lines)


async def add_and_start(call: Call) -> None:
    """Add nimesis and nimd again and start nimesis under a new pid."""
    host, estate = call.host, call.estate
    group = {"nim": "nim", "blank": "", "nimesis": "nimesis"}[estate.switches["nimesis_group"]]
    nimesis = SubsystemRow("nimesis", group)
    host.subsystems.insert(0, nimesis)
    lines = ["0513-071 The nimesis Subsystem has been added."]
    if estate.switches["nimd"] == "exists":
        host.subsystems.insert(1, SubsystemRow("nimd", group))
        lines.append("0513-071 The nimd Subsystem has been added.")
    if not estate.fault("nimesis_down", host.name):
        pid = estate.start_subsystem(host, nimesis)
        lines.append(f"0513-059 The nimesis Subsystem has been started. Subsystem PID is {pid}.")
    await call.line(*lines)


@command("/usr/bin/alog")
async def alog(call: Call) -> int:
    """Print a log: -f <file> -o."""
    args = call.args
    if len(args) < 3 or args[0] != "-f" or "-o" not in args:
        return await call.fail(1, "Usage: alog -f LogFile [-o] | [[-q] [-s Size]] | -t LogType -o")
    text = call.host.read(args[1])
    if text is None:
        return await call.fail(1, f"alog: 0551-005 The log file {args[1]} does not exist.")
    await call.out(text)
    return 0


register(
    Fault(
        "backup_fs_full",
        "the file system m_backup_db and sync write backups to is full",
        default_host="second",
    ),
    Fault("backup_truncated", "m_backup_db writes a tar file cut short and exits 0", default_host="second"),
    Fault("restore_refuses", "m_restore_db fails before it changes anything", default_host="second"),
)
