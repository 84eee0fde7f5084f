"""ps, who, uptime: the processes and the boot of a host."""

from __future__ import annotations

import contextlib
import time

from include.lab import process
from include.lab.call import Call
from include.lab.estate import Estate
from include.lab.faults import ActiveFault, Fault, register
from include.lab.host import Host
from include.lab.process import ProcessRow
from include.lab.registry import COMMANDS, command
from include.lab.tree import STUB_DIRECTORY

DAY = 86400
FIELDS = frozenset(
    """
    user ruser group rgroup uid pid ppid pgid pcpu vsz nice etime time tty comm args start st stime
    """.split()  # noqa: SIM905 - a table
)
_HEADINGS = {
    "args": "COMMAND",
    "comm": "COMMAND",
    "etime": "ELAPSED",
    "tty": "TT",
    "pcpu": "%CPU",
    "nice": "NI",
    "start": "STARTED",
    "st": "STIME",
}


def visible(host: Host) -> list[ProcessRow]:
    """Return the processes of a host as its own ps sees them: real ones and the daemons the lab pretends."""
    rows = []
    for row in process.rows_in(host.root):
        daemon = host.daemons.get(row.pid)
        argv = tuple(daemon.argv.split(" ")) if daemon else _without_interpreter(row.argv)
        if not any(STUB_DIRECTORY in word for word in argv):
            comm = argv[0].rsplit("/", 1)[-1] if argv else row.comm
            rows.append(ProcessRow(row.pid, row.ppid, row.pgid, row.uid, row.started, row.cpu, argv, comm))
    known = {row.pid for row in rows}
    for pid, daemon in host.daemons.items():
        if pid not in known:
            argv = tuple(daemon.argv.split(" "))
            comm = argv[0].rsplit("/", 1)[-1]
            rows.append(ProcessRow(pid, 1, pid, 0, daemon.started, 0.0, argv, comm))
    return sorted(rows, key=lambda row: row.pid)


def _without_interpreter(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Hide that a command of the lab is a script: AIX shows the program."""
    if len(argv) > 1 and argv[0] == "/usr/bin/sh" and argv[1].rsplit("/", 1)[-1] in COMMANDS:
        return argv[1:]
    return argv


@command("/usr/bin/ps", logged=False)
async def ps(call: Call) -> int:
    """List processes: -e -A -f -p list -u list -o format; POSIX forms only."""
    args, wanted_pids, wanted_users, formats, full, every = list(call.args), None, None, [], False, False
    while args:
        word = args.pop(0)
        if not word.startswith("-"):
            word = f"-{word}"
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter in "poutTgGUnN":
                value = letters or (args.pop(0) if args else "")
                letters = ""
                if letter == "p":
                    wanted_pids = {int(n) for n in value.replace(",", " ").split() if n.isdigit()}
                elif letter == "o":
                    formats += _formats(value)
                elif letter in "uU":
                    wanted_users = set(value.replace(",", " ").split())
                elif letter == "T":
                    wanted_pids = {int(value)} if value.isdigit() else set()
            elif letter in "eA":
                every = True
            elif letter == "f":
                full = True
            elif letter not in "aklxgwcdm":
                return await call.fail(1, f"ps: Not a recognized flag: {letter}", USAGE)
    rows = visible(call.host)
    if wanted_pids is not None:
        rows = [row for row in rows if row.pid in wanted_pids]
    elif wanted_users is not None:
        rows = [row for row in rows if _user(row) in wanted_users or str(row.uid) in wanted_users]
    elif not every:
        rows = [row for row in rows if row.uid == call.uid and row.pid not in call.host.daemons]
    unknown = [name for name, _ in formats if name not in FIELDS]
    if unknown:
        return await call.fail(1, f"ps: {unknown[0]} is not a valid field name.", USAGE)
    if formats:
        await call.out(_formatted(rows, formats))
    elif full:
        await call.out(_full(rows))
    else:
        lines = [f"{row.pid:>8} {row.tty:>6} {_clock(row.cpu):>5} {row.comm}" for row in rows]
        await call.line("     PID    TTY  TIME CMD", *lines)
    return 0 if rows else 1


USAGE = "Usage: ps [-ANPaedfklmMZ] [-n namelist] [-o specifier[=header],...] [-p proclist] [-u userlist]"


def _formats(value: str) -> list[tuple[str, str]]:
    """Return field and heading of `pid,args` or `pid=` or `args=HEADING`."""
    found: list[tuple[str, str]] = []
    for item in value.split(","):
        name, equals, heading = item.strip().partition("=")
        found.append((name, heading if equals else _HEADINGS.get(name, name.upper())))
    return found


def _user(row: ProcessRow) -> str:
    return {0: "root", 301: "nimadm"}.get(row.uid, str(row.uid))


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _elapsed(seconds: float) -> str:
    whole = max(0, int(seconds))
    days, rest = divmod(whole, DAY)
    text = (
        f"{rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}"
        if whole >= 3600
        else f"{rest // 60:02d}:{rest % 60:02d}"
    )
    return f"{days}-{text}" if days else text


def _started(row: ProcessRow) -> str:
    shape = "%H:%M:%S" if time.time() - row.started < DAY else "  %b %d"
    return time.strftime(shape, time.gmtime(row.started))


def _full(rows: list[ProcessRow]) -> str:
    lines = ["     UID      PID     PPID   C    STIME    TTY  TIME CMD"]
    for row in rows:
        ids = f"{_user(row):>8} {row.pid:>8} {row.ppid:>8}"
        times = f"{_started(row):>8} {row.tty:>6} {_clock(row.cpu):>5}"
        lines.append(f"{ids}   0 {times} {' '.join(row.argv)} ")
    return "\n".join(lines) + "\n"


def _field(row: ProcessRow, name: str) -> str:
    values = {
        "user": _user(row), "ruser": _user(row), "group": "system", "rgroup": "system", "uid": str(row.uid),
        "pid": str(row.pid), "ppid": str(row.ppid), "pgid": str(row.pgid), "pcpu": "0.0", "vsz": "1024",
        "nice": "20", "etime": _elapsed(time.time() - row.started), "time": _clock(row.cpu), "tty": row.tty,
        "comm": row.comm,
        "args": " ".join(row.argv) or "<defunct>", "start": _started(row), "st": _started(row), "stime": _started(row),
    }  # fmt: skip
    return values[name]


def _formatted(rows: list[ProcessRow], formats: list[tuple[str, str]]) -> str:
    table = [[heading for _, heading in formats]] if any(heading for _, heading in formats) else []
    table += [[_field(row, name) for name, _ in formats] for row in rows]
    widths = [max((len(line[i]) for line in table), default=0) for i in range(len(formats))]
    left = {"user", "ruser", "group", "rgroup", "comm", "args", "tty"}
    return "".join(
        " ".join(
            cell.ljust(widths[i]) if formats[i][0] in left else cell.rjust(widths[i]) for i, cell in enumerate(line)
        ).rstrip()
        + "\n"
        for line in table
    )


@command("/usr/bin/who", logged=False)
async def who(call: Call) -> int:
    """Print the boot time with -b."""
    if "-b" in call.args:
        await call.line(time.strftime("   .        system boot %b %d %H:%M     ", time.gmtime(call.host.boot_time)))
    return 0


@command("/usr/bin/uptime", logged=False)
async def uptime(call: Call) -> int:
    """Print how long the host is up."""
    seconds = int(time.time() - call.host.boot_time)
    days, rest = divmod(seconds, DAY)
    now = time.strftime("%I:%M%p", time.gmtime())
    up = f"{days} days,  {rest // 3600}:{rest % 3600 // 60:02d}" if days else f"{rest // 3600}:{rest % 3600 // 60:02d}"
    await call.line(f"  {now}   up {up},  1 user,  load average: 0.01, 0.02, 0.02")
    return 0


def _smit(estate: Estate, fault: ActiveFault) -> None:
    host = estate.hosts[fault.host or estate.masters[0].name]
    pid = estate.start_daemon(host, "smitty nim_altmstr")
    host.saved["smit pid"] = str(pid)


def _no_smit(estate: Estate, fault: ActiveFault) -> None:
    host = estate.hosts[fault.host or estate.masters[0].name]
    with contextlib.suppress(ValueError):
        estate.stop_daemon(host, int(host.saved.pop("smit pid", "")))


register(
    Fault(
        "smit_running",
        "an administrator sits in SMIT on a master",
        default_host="first",
        on_break=_smit,
        on_heal=_no_smit,
    ),
)
