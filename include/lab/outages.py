"""Hosts that go down, reboot or lose their network, and what an administrator does to a machine by hand."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.lab import process
from include.lab.call import Call
from include.lab.door import run_logged
from include.lab.faults import CONTROLLER, ActiveFault, Fault, register
from include.lab.host import Daemon, Host
from include.lab.power import power_off, power_on
from include.lab.registry import COMMANDS

if TYPE_CHECKING:
    from include.lab.estate import Estate


def _targets(estate: Estate, fault: ActiveFault) -> list[Host]:
    return [estate.hosts[fault.host]] if fault.host else estate.masters


def _down(estate: Estate, fault: ActiveFault) -> None:
    for host in _targets(estate, fault):
        power_off(estate, host)


def _up(estate: Estate, fault: ActiveFault) -> None:
    for host in _targets(estate, fault):
        if not host.up and not estate.fault("host_down", host.name):
            power_on(estate, host)


def _reboot(estate: Estate, fault: ActiveFault) -> None:
    for host in _targets(estate, fault):
        pids = [row.pid for row in process.rows_in(host.root) if row.pid not in host.daemons]
        power_off(estate, host)
        power_on(estate, host)
        for pid in pids:
            _reuse(estate, host, pid)
        estate.journal.write("reboot", f"reboot:{host.name}", host.name, host=host.name, reused=pids)


def _reuse(estate: Estate, host: Host, pid: int) -> None:
    """Give a pid of before the boot to another process: really if the kernel allows, else in ps."""
    with contextlib.suppress(OSError):
        Path("/proc/sys/kernel/ns_last_pid").write_text(str(pid - 1))
    got = estate.start_daemon(host, "/usr/sbin/biod 6")
    if got != pid:
        estate.stop_daemon(host, got)
        host.daemons[pid] = Daemon(pid, "/usr/sbin/biod 6")


def _die_at(estate: Estate, fault: ActiveFault) -> None:
    for host in _targets(estate, fault):
        estate.journal.strikes.append((fault.args["point"], _Death(estate, host)))


def _live_on(estate: Estate, fault: ActiveFault) -> None:
    for host in _targets(estate, fault):
        waiting = [item for item in estate.journal.strikes if isinstance(item[1], _Death) and item[1].host is host]
        estate.journal.strikes = [item for item in estate.journal.strikes if item not in waiting]
    _up(estate, fault)


@dataclass(frozen=True, eq=False)
class _Death:
    """The end of a host when an operation reaches a point; it returns which host it was."""

    estate: Estate
    host: Host

    def __call__(self) -> str:
        power_off(self.estate, self.host)
        self.estate.journal.write("death", f"death:{self.host.name}", self.host.name, host=self.host.name)
        return self.host.name


def _refuse(estate: Estate, fault: ActiveFault) -> None:
    for host in _targets(estate, fault):
        estate.listeners[host.name].close()


def _accept(estate: Estate, fault: ActiveFault) -> None:
    for host in _targets(estate, fault):
        if host.up:
            estate.listeners[host.name].open()


def _cut(estate: Estate, fault: ActiveFault) -> None:
    for host in _targets(estate, fault):
        estate.listeners[host.name].cut()


def _cut_link(estate: Estate, fault: ActiveFault) -> None:
    if CONTROLLER in fault.args["to"].split(","):
        _cut(estate, fault)


def _move(estate: Estate, fault: ActiveFault) -> None:
    for host in _targets(estate, fault):
        host.saved.setdefault("saved cpuid", host.cpuid)
        host.set_cpuid("00FB" + host.cpuid[4:])


def _move_back(estate: Estate, fault: ActiveFault) -> None:
    for host in _targets(estate, fault):
        host.set_cpuid(host.saved.pop("saved cpuid", host.cpuid))


def _damage(estate: Estate, fault: ActiveFault) -> None:
    for host in _targets(estate, fault):
        if host.db.readable():
            host.saved["saved database"] = host.db.damage()


def _repair(estate: Estate, fault: ActiveFault) -> None:
    for host in _targets(estate, fault):
        if "saved database" in host.saved:
            host.db.mend(host.saved.pop("saved database"))


def _count(estate: Estate, fault: ActiveFault) -> None:
    """Count commands from the moment the fault is switched on."""
    if fault.host:
        fault.args["_base"] = str(estate.listeners[fault.host].commands)


def _mute_ends(estate: Estate, fault: ActiveFault) -> None:
    for host in _targets(estate, fault):
        listener = estate.listeners[host.name]
        for muted in listener.muted:
            muted.close()
        listener.muted.clear()


def _flap(estate: Estate, fault: ActiveFault) -> None:
    """Stop and start nimesis in turn, at every other moment, until healed."""

    async def flapping(host: Host) -> None:
        while fault in estate.faults:
            for row in host.rows("nimesis"):
                if row.pid:
                    estate.stop_subsystem(host, row)
                else:
                    estate.start_subsystem(host, row)
                estate.journal.write("nimesis", text="up" if row.pid else "down", host=host.name)
            await asyncio.sleep(float(fault.args.get("seconds", "0.3")))
        for row in host.rows("nimesis"):
            if not row.pid:
                estate.start_subsystem(host, row)

    for host in _targets(estate, fault):
        estate.background(host, flapping(host))


def _lock(estate: Estate, fault: ActiveFault) -> None:
    _set_lock(estate, fault, "17626")


def _unlock(estate: Estate, fault: ActiveFault) -> None:
    _set_lock(estate, fault, "")


def _set_lock(estate: Estate, fault: ActiveFault, value: str) -> None:
    for host in _targets(estate, fault):
        objects = host.db.edit() if host.db.readable() else []
        for item in objects:
            if item.name == fault.args["object"]:
                item.drop("lock")
                if value:
                    item.set("lock", value)
        if objects:
            host.db.save(objects)


async def administer(estate: Estate, args: dict[str, Any]) -> dict[str, Any]:
    """Run a lab command as root on a host, as a person at its console does; nothing of SSH is involved."""
    host = estate.by_name[args["host"]]
    argv = [str(word) for word in args["argv"]]
    name = argv[0].rsplit("/", 1)[-1]
    if name not in COMMANDS:
        raise ValueError(f"{name} is not a command of the lab")
    if not host.up:
        raise ValueError(f"{host.name} is switched off")
    host.need_tree()
    call = Call(estate, host, [name, *argv[1:]], env={"LC_ALL": "C", "SUDO_USER": "console"})
    status = await run_logged(call, COMMANDS[name])
    return {"exit": status, "stdout": "".join(call.captured["out"]), "stderr": "".join(call.captured["err"])}


register(
    Fault(
        "host_down",
        "a host is switched off; healed, it boots with its old disk",
        default_host="first",
        on_break=_down,
        on_heal=_up,
    ),
    Fault(
        "host_dies_at",
        "a host is switched off when an operation reaches a hold point; healed, it boots with its old disk",
        {"point": "such as takeover:client=aix02 or sync:7, * allowed (required)"},
        default_host="first",
        on_break=_die_at,
        on_heal=_live_on,
    ),
    Fault(
        "reboot",
        "a host reboots at once: processes killed, pids reused, inittab run",
        default_host="first",
        momentary=True,
        on_break=_reboot,
    ),
    Fault(
        "ssh_refused",
        "SSH connections are refused; open ones stay",
        default_host="first",
        on_break=_refuse,
        on_heal=_accept,
    ),
    Fault("ssh_cut", "every open SSH connection breaks now", default_host="first", momentary=True, on_break=_cut),
    Fault(
        "ssh_drop",
        "the connection breaks during a command",
        {
            "nth": "number of the command since now; every one when missing",
            "matches": "regular expression on the command line",
            "at": "before (it never starts), start (default), output (its first), end (before its status)",
        },
        default_host="first",
        on_break=_count,
    ),
    Fault(
        "ssh_drop_after_bytes",
        "each new connection breaks after so many bytes to the client",
        {"bytes": "default 4096"},
        default_host="first",
    ),
    Fault(
        "ssh_slow",
        "everything over new connections is late",
        {"seconds": "per packet, default 0.2"},
        default_host="first",
    ),
    Fault("ssh_mute", "SSH accepts connections and says nothing", default_host="first", on_heal=_mute_ends),
    Fault("login_hangs", "SSH greets, and no login ever ends", default_host="first"),
    Fault("shell_hangs", "logins succeed, and no command of theirs ever begins", default_host="first"),
    Fault(
        "command_hangs",
        "a command begins and never ends by itself; every other works",
        {"command": "its name, such as lsnim or lssrc (required)"},
        default_host="first",
    ),
    Fault(
        "link_cut",
        "a host and those in to= do not reach each other; all other ways stay open",
        {"to": "other hosts, by name, with commas; controller: SSH gets no answer (required)"},
        default_host="first",
        on_break=_cut_link,
        on_heal=_mute_ends,
    ),
    Fault(
        "master_moved",
        "a master was moved to another machine: its cpuid is not the one its clients have stored",
        default_host="first",
        on_break=_move,
        on_heal=_move_back,
    ),
    Fault(
        "database_broken",
        "a file of a master's NIM database is damaged; healed, it is as it was",
        default_host="first",
        on_break=_damage,
        on_heal=_repair,
    ),
    Fault("wrong_host_key", "a host presents another host key", default_host="first"),
    Fault("no_exit_status", "channels close without an exit status", default_host="first"),
    Fault("banner_noise", "a login banner, and chatter on stdout before each command's own output"),
    Fault(
        "nimesis_flapping",
        "nimesis stops and starts again and again",
        {"seconds": "default 0.3"},
        default_host="first",
        on_break=_flap,
    ),
    Fault(
        "locked_object",
        "an object carries NIM's lock attribute",
        {"object": "its name (required)"},
        default_host="first",
        on_break=_lock,
        on_heal=_unlock,
    ),
)
