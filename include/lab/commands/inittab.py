"""lsitab, chitab, mkitab, rmitab and crontab."""

from __future__ import annotations

from include.lab.call import Call
from include.lab.estate import Estate
from include.lab.faults import ActiveFault, Fault, register
from include.lab.registry import always, command
from include.lab.system_files import INITTAB, inittab_entries

CRONTABS = "/var/spool/cron/crontabs"


async def _save(call: Call, table: dict[str, str]) -> int:
    call.host.write(INITTAB, "".join(f"{line}\n" for line in table.values()))
    return 0


@command("/usr/sbin/lsitab")
async def lsitab(call: Call) -> int:
    """List inittab entries: -a or an identifier."""
    table = inittab_entries(call.host.read(INITTAB))
    if call.args == ["-a"]:
        await call.line(*table.values())
        return 0
    if len(call.args) != 1:
        return await call.fail(1, "Usage: lsitab {-a|Identifier}")
    if call.args[0] not in table:
        return 1
    await call.line(table[call.args[0]])
    return 0


@command("/usr/sbin/mkitab", root_only=True, changing=always)
async def mkitab(call: Call) -> int:
    """Add an entry, optionally after another: [-i identifier] entry."""
    table = inittab_entries(call.host.read(INITTAB))
    after, args = "", list(call.args)
    if args[:1] == ["-i"]:
        after, args = args[1], args[2:]
    if len(args) != 1 or args[0].count(":") < 3:
        return await call.fail(1, "Usage: mkitab [-i Identifier] {Identifier:Runlevel:Action:Command}")
    name = args[0].split(":", 1)[0]
    if name in table:
        return await call.fail(1, f"mkitab: 0481-209 The identifier {name} already exists.")
    if not after:
        return await _save(call, {**table, name: args[0]})
    ordered: dict[str, str] = {}
    for key, line in table.items():
        ordered[key] = line
        if key == after:
            ordered[name] = args[0]
    return await _save(call, ordered)


@command("/usr/sbin/chitab", root_only=True, changing=always)
async def chitab(call: Call) -> int:
    """Change an entry."""
    table = inittab_entries(call.host.read(INITTAB))
    if len(call.args) != 1 or call.args[0].count(":") < 3:
        return await call.fail(1, "Usage: chitab {Identifier:Runlevel:Action:Command}")
    name = call.args[0].split(":", 1)[0]
    if name not in table:
        return await call.fail(1, f"chitab: 0481-211 The identifier {name} does not exist.")
    table[name] = call.args[0]
    return await _save(call, table)


@command("/usr/sbin/rmitab", root_only=True, changing=always)
async def rmitab(call: Call) -> int:
    """Remove an entry."""
    table = inittab_entries(call.host.read(INITTAB))
    if len(call.args) != 1 or call.args[0] not in table:
        return await call.fail(1, "Usage: rmitab Identifier")
    del table[call.args[0]]
    return await _save(call, table)


@command("/usr/bin/crontab", changing=lambda argv: argv[1:2] != ["-l"])
async def crontab(call: Call) -> int:
    """List, replace or remove a cron table: -l [user], -r, or a file."""
    args = call.args
    user = args[1] if len(args) > 1 and call.uid == 0 else call.login
    path = f"{CRONTABS}/{user}"
    if args[:1] == ["-l"]:
        text = call.host.read(path)
        if text is None:
            return await call.fail(1, f"0481-103 Cannot open a file in the {CRONTABS} directory.")
        await call.out(text)
        return 0
    if args[:1] == ["-r"]:
        call.host.remove(path)
        return 0
    if len(args) != 1 or args[0].startswith("-"):
        return await call.fail(1, "usage: crontab [-l [user] | -r [user] | file]")
    text = call.host.read(call.absolute(args[0]))
    if text is None:
        return await call.fail(1, f"0481-103 Cannot open {args[0]}.")
    call.host.write(f"{CRONTABS}/{call.login}", text, 0o600)
    return 0


STRAY = "15 2 * * * /usr/sbin/nim -Fo sync -a replicate=yes {peer} >/tmp/sync.log 2>&1\n"


def _add_stray(estate: Estate, fault: ActiveFault) -> None:
    host = estate.hosts[fault.host or estate.masters[1].name]
    peer = next(other for other in estate.masters if other is not host)
    path = f"{CRONTABS}/root"
    host.write(path, (host.read(path) or "") + STRAY.format(peer=peer.object_name))


def _remove_stray(estate: Estate, fault: ActiveFault) -> None:
    host = estate.hosts[fault.host or estate.masters[1].name]
    path = f"{CRONTABS}/root"
    kept = [line for line in (host.read(path) or "").splitlines(keepends=True) if " sync " not in line]
    host.write(path, "".join(kept))


register(
    Fault(
        "stray_cron_sync",
        "root's cron table of a master has a nightly nim sync onto the other one",
        default_host="second",
        on_break=_add_stray,
        on_heal=_remove_stray,
    ),
)
