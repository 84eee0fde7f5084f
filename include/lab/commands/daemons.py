"""lssrc, startsrc, stopsrc, mkssys, rmssys, chssys: the System Resource Controller (nim.md section 3)."""

from __future__ import annotations

from include.lab.call import Call
from include.lab.estate import Estate
from include.lab.faults import ActiveFault, Fault, register
from include.lab.host import SubsystemRow
from include.lab.registry import always, command

HEADER = "Subsystem         Group            PID          Status"


def row_text(row: SubsystemRow) -> str:
    """Return one row of lssrc, blanks exact [S12][S31][S32]."""
    pid = str(row.pid) if row.pid else ""
    return f" {row.name:<17}{row.group:<17}{pid:<13}{row.status}"


@command("/usr/bin/lssrc")
async def lssrc(call: Call) -> int:
    """List subsystems: -a, -s name, -g group."""
    args, host = call.args, call.host
    if args == ["-a"]:
        rows = host.subsystems
    elif len(args) == 2 and args[0] == "-s":
        rows = host.rows(args[1])
        if not rows:
            return await call.fail(1, f"0513-085 The {args[1]} Subsystem is not on file.")
    elif len(args) == 2 and args[0] == "-g":
        rows = [row for row in host.subsystems if row.group == args[1]]
        if not rows:
            return await call.fail(1, f"0513-086 The {args[1]} Group is not on file.")
    else:
        return await call.fail(1, "Usage: lssrc [-h host] {-a | -s subsystem | -g group}")
    tail = " " if call.estate.switches["lssrc_trailing_blank"] == "yes" else ""
    await call.line(HEADER, *(row_text(row) + tail for row in rows))
    duplicate = call.estate.fault("nimesis_duplicate_row", host.name)
    if duplicate and any(row.name == "nimesis" for row in rows):
        await call.line(row_text(SubsystemRow("nimesis", rows[0].group)) + tail)
    return 0


def _chosen(call: Call) -> list[SubsystemRow] | None:
    args = call.args
    if len(args) >= 2 and args[0] == "-s":
        return call.host.rows(args[1])
    if len(args) >= 2 and args[0] == "-g":
        return [row for row in call.host.subsystems if row.group == args[1]]
    return None


@command("/usr/bin/startsrc", root_only=True, changing=always)
async def startsrc(call: Call) -> int:
    """Start a subsystem or a group."""
    rows = _chosen(call)
    if rows is None:
        return await call.fail(1, "Usage: startsrc [-h host] {-s subsystem | -g group}")
    if not rows:
        return await call.fail(1, f"0513-085 The {call.args[1]} Subsystem is not on file.")
    status = 0
    for row in rows:
        if row.pid:
            text = f"0513-029 The {row.name} Subsystem is already active.\nMultiple instances are not supported."
            status = await call.fail(1, text)
            continue
        if row.name == "nimesis" and call.estate.fault("nimesis_down", call.host.name):
            status = await call.fail(1, f"0513-056 Timeout waiting for command response: {row.name}")
            continue
        pid = call.estate.start_subsystem(call.host, row)
        await call.line(f"0513-059 The {row.name} Subsystem has been started. Subsystem PID is {pid}.")
    return status


@command("/usr/bin/stopsrc", root_only=True, changing=always)
async def stopsrc(call: Call) -> int:
    """Stop a subsystem or a group."""
    rows = _chosen(call)
    if rows is None:
        return await call.fail(1, "Usage: stopsrc [-h host] [-c] {-a | -s subsystem | -g group}")
    if not rows:
        return await call.fail(1, f"0513-085 The {call.args[1]} Subsystem is not on file.")
    for row in rows:
        if row.pid:
            call.estate.stop_subsystem(call.host, row)
            await call.line(f"0513-044 The {row.name} Subsystem was requested to stop.")
        else:
            await call.line(f"0513-004 The Subsystem or Group, {row.name}, is currently inoperative.")
    return 0


@command("/usr/bin/rmssys", root_only=True, changing=always)
async def rmssys(call: Call) -> int:
    """Delete a subsystem definition."""
    rows = _chosen(call) or []
    if not rows:
        return await call.fail(1, "0513-085 The Subsystem is not on file.")
    for row in rows:
        call.estate.stop_subsystem(call.host, row)
        call.host.subsystems.remove(row)
    await call.line("0513-083 Subsystem has been Deleted.")
    return 0


@command("/usr/bin/mkssys", root_only=True, changing=always)
async def mkssys(call: Call) -> int:
    """Add a subsystem definition: -s name -p program [-G group]."""
    pairs = dict(zip(call.args[::2], call.args[1::2], strict=False))
    name = pairs.get("-s", "")
    if not name:
        return await call.fail(1, "Usage: mkssys -s subsystem -p path -u uid [-G group]")
    if call.host.rows(name):
        return await call.fail(1, f"0513-015 The {name} Subsystem already exists.")
    call.host.subsystems.append(SubsystemRow(name, pairs.get("-G", "")))
    await call.line(f"0513-071 The {name} Subsystem has been added.")
    return 0


def _nimesis_down(estate: Estate, fault: ActiveFault) -> None:
    for host in estate.masters:
        if fault.host in {None, host.name}:
            for row in host.rows("nimesis"):
                estate.stop_subsystem(host, row)


def _nimesis_up(estate: Estate, fault: ActiveFault) -> None:
    for host in estate.masters:
        if fault.host in {None, host.name}:
            for row in host.rows("nimesis"):
                if not row.pid:
                    estate.start_subsystem(host, row)


register(
    Fault(
        "nimesis_down",
        "nimesis is inoperative and cannot be started",
        default_host="first",
        on_break=_nimesis_down,
        on_heal=_nimesis_up,
    ),
    Fault(
        "nimesis_duplicate_row",
        "lssrc lists nimesis twice, the second row inoperative",
        default_host="second",
    ),
)
