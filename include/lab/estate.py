"""The running estate: hosts, names, reachability, switches and faults in force."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import subprocess
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.lab import process
from include.lab.events import Journal
from include.lab.faults import CONTROLLER, ActiveFault, UnknownFaultError, find_fault
from include.lab.filesystems import FileSystem
from include.lab.host import Daemon, Host, SubsystemRow
from include.lab.sandbox import Sandbox
from include.lab.switches import Switches
from include.lab.system_files import system_files
from include.lab.tree import Template
from include.lab.world import WorldSpec

if TYPE_CHECKING:
    from include.lab.ssh import Listener

ORDINARY_UID, ORDINARY_GID = 301, 301
LOGIN_PATH = "/usr/bin:/etc:/usr/sbin:/usr/ucb:/usr/bin/X11:/sbin"


@dataclass
class Estate:
    """Everything one lab knows. There is one thread and one event loop."""

    directory: Path
    world: WorldSpec
    sandbox: Sandbox
    template: Template
    journal: Journal
    switches: Switches
    pace: float = 0.01
    hosts: dict[str, Host] = field(default_factory=dict)
    faults: list[ActiveFault] = field(default_factory=list)
    by_name: dict[str, Host] = field(default_factory=dict)
    listeners: dict[str, Listener] = field(default_factory=dict)
    faults_changed: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _background: dict[str, set[asyncio.Task[None]]] = field(default_factory=dict)
    _fake_pids: itertools.count[int] = field(default_factory=lambda: itertools.count(7340100, 262))

    @property
    def masters(self) -> list[Host]:
        """Return the two masters, the first one first."""
        return [self.hosts[spec.name] for spec in self.world.masters]

    @property
    def possible_masters(self) -> list[Host]:
        """Return both masters, and the spare hosts that one of them may be replaced by."""
        return [*self.masters, *(self.hosts[spec.name] for spec in self.world.spares)]

    def add(self, host: Host) -> None:
        """Enter a machine with all its names."""
        host.prepare = self.materialise
        self.hosts[host.name] = host
        for name in (*host.names, host.address, host.name):
            self.by_name.setdefault(name, host)

    def lookup(self, name: str, asker: Host | None = None) -> Host | None:
        """Resolve a host name or address as `asker` does, None when it does not resolve."""
        if asker is not None and self.fault("name_resolution_broken", asker.name):
            return asker if name in (*asker.names, asker.address) else None
        return self.by_name.get(name)

    def reaches(self, source: Host, target: Host) -> bool:
        """Tell whether packets get from one machine to the other."""
        if not (source.up and target.up):
            return False
        return source is target or not self.cut_off(source, target)

    def cut_off(self, one: Host, other: Host) -> bool:
        """Tell whether a partition lies between two machines."""
        for fault in self.faults:
            if fault.id == "partition":
                inside = {fault.host, *filter(None, fault.args.get("with", "").split(","))}
                if (one.name in inside) != (other.name in inside):
                    return True
            elif fault.id == "link_cut":
                far = fault.args["to"].split(",")
                if (one.name == fault.host and other.name in far) or (other.name == fault.host and one.name in far):
                    return True
        return False

    def fault(self, identity: str, host: str | None = None, **args: str) -> ActiveFault | None:
        """Return the fault of that id if it is in force for the host and the arguments given."""
        for fault in self.faults:
            if fault.id != identity or (host is not None and fault.host is not None and fault.host != host):
                continue
            if all(fault.args.get(key) in {None, value} for key, value in args.items()):
                return fault
        return None

    async def until_healed(self, identity: str, host: str | None = None, **args: str) -> None:
        """Come back once that fault is no longer in force, as :meth:`fault` finds it."""
        while self.fault(identity, host, **args):
            await self.faults_changed.wait()

    def activate(self, identity: str, host: str | None, args: dict[str, str]) -> ActiveFault:
        """Switch a fault on."""
        definition = find_fault(identity)
        target = definition.target_host(self, host)
        definition.check(args)
        self._demand_known(definition.id, args)
        fault = ActiveFault(identity, target, dict(args))
        if fault in self.faults:
            return fault
        self.journal.write("fault", f"fault:{identity}", identity, on=True, host=target, args=args)
        if not definition.momentary:
            self.faults.append(fault)
        try:
            if definition.on_break:
                definition.on_break(self, fault)
        except (KeyError, ValueError) as error:
            self.faults = [other for other in self.faults if other is not fault]
            raise UnknownFaultError(f"fault {identity} cannot be switched on: there is no {error}") from error
        self._wake()
        return fault

    def _demand_known(self, identity: str, args: dict[str, str]) -> None:
        """Refuse a client that does not exist, and hosts of a partition that do not."""
        hosts = [args.get("client"), *args.get("with", "").split(","), *args.get("to", "").split(",")]
        for name in filter(None, hosts):
            if name != CONTROLLER and name not in self.by_name:
                known = ", ".join(list(self.hosts)[:20])
                raise UnknownFaultError(f"fault {identity}: there is no host {name!r}; hosts are: {known}")

    def _wake(self) -> None:
        self.faults_changed.set()
        self.faults_changed = asyncio.Event()

    def deactivate(self, identity: str, host: str | None = None, args: dict[str, str] | None = None) -> int:
        """Switch a fault off (`all` for every one; `args` chooses among several); return how many were on."""
        wanted = (args or {}).items()
        matching = [
            fault
            for fault in self.faults
            if identity in {"all", fault.id}
            and (host is None or fault.host in {None, host})
            and wanted <= fault.args.items()
        ]
        self.lift(matching)
        return len(matching)

    def lift(self, faults: list[ActiveFault]) -> None:
        """Switch these very faults off."""
        gone = set(map(id, faults))
        self.faults = [fault for fault in self.faults if id(fault) not in gone]
        for fault in faults:
            heal = find_fault(fault.id).on_heal
            if heal:
                heal(self, fault)
            self.journal.write("fault", f"heal:{fault.id}", fault.id, on=False, host=fault.host, args=fault.args)
        self._wake()

    def between_masters(self, source: Host, target: Host) -> str | None:
        """Return why a master cannot command its peer over nimsh, None when it can."""
        if not self.reaches(source, target) or not target.active("nimsh"):
            return "refused"
        if self.lookup(target.hostname, source) is None:
            return "unknown host"
        return None

    # --- trees and processes ----------------------------------------------------------------------

    def materialise(self, host: Host) -> None:
        """Build the file tree of a machine and move its text files into it."""
        root = host.root
        root.mkdir(parents=True, exist_ok=True)
        self.template.clone(root, locales=host.role == "master")
        self.sandbox.make_devices(root)
        host.materialised = True
        for mount, size, used in (
            ("/", 512, 120),
            ("/usr", 4096, 2900),
            ("/var", 1024, 200),
            ("/tmp", 512, 5),
        ):
            if mount not in host.fs.table:
                host.fs.add(FileSystem(mount, f"/dev/hd{len(host.fs.table) + 1}", size, used))
        for path, text in host.files.items():
            host.write(path, text)
        host.files.clear()
        for path, text in system_files(host, self).items():
            host.write(path, text, 0o755 if path.startswith("/usr/bin/") else 0o644)
        home = root / "home/nimadm"
        home.mkdir(parents=True, exist_ok=True)
        if self.sandbox.mode == "root":
            os.chown(home, ORDINARY_UID, ORDINARY_GID)

    def login_ids(self, login: str) -> tuple[int, int, str]:
        """Return uid, gid and home of a login."""
        return (0, 0, "/") if login == "root" else (ORDINARY_UID, ORDINARY_GID, f"/home/{login}")

    def environment(self, host: Host, login: str) -> dict[str, str]:
        """Return what a login's first process finds in its environment."""
        return {
            "PATH": LOGIN_PATH,
            "HOME": self.login_ids(login)[2],
            "LOGNAME": login,
            "USER": login,
            "LOGIN": login,
            "SHELL": "/usr/bin/ksh",
            "MAIL": f"/usr/spool/mail/{login}",
            "TZ": "UTC0",
            "LANG": self._language(host),
            "LOCPATH": "/usr/lib/nls/loc",
            "NLSPATH": "/usr/lib/nls/msg/%L/%N:/usr/lib/nls/msg/%L/%N.cat",
            "ODMDIR": "/etc/objrepos",
            # AIX tools take options before operands only; GNU ones do when this is set
            "POSIXLY_CORRECT": "1",
        }

    def _language(self, host: Host) -> str:
        if self.fault("translated_messages", host.name):
            return "de_DE"
        return "en_US" if self.template.has_locales and host.role == "master" else "C"

    def start_daemon(self, host: Host, argv: str) -> int:
        """Start what ps shows as `argv` and return its pid; killing that pid ends it."""
        if not host.materialised:
            pid = next(self._fake_pids)
        else:
            child = process.start(
                self.sandbox,
                host.root,
                ["/usr/bin/sleep", "2147483647"],
                env={},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                tied=True,
            )
            pid = child.pid
            host.daemons[pid] = Daemon(pid, argv)
            self._watch(host, child)
            return pid
        host.daemons[pid] = Daemon(pid, argv)
        return pid

    def _watch(self, host: Host, child: process.Child) -> None:
        async def ended() -> None:
            await child.wait()
            if host.daemons.pop(child.pid, None) is None:
                return
            # nobody asked for this end: a person or a script killed the daemon
            for row in host.subsystems:
                if row.pid == child.pid:
                    row.pid = None
            self.journal.write("process_end", text=str(child.pid), host=host.name)
            self._wake()

        self._tasks.add(task := asyncio.get_running_loop().create_task(ended()))
        task.add_done_callback(self._tasks.discard)

    def background(self, host: Host, work: Coroutine[Any, Any, None]) -> None:
        """Run something on a host that outlives the command that began it; pulling the plug ends it."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        self._background.setdefault(host.name, set()).add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(self._background[host.name].discard)

    def stop_background(self, host: Host) -> None:
        """End what runs in the background of a host."""
        for task in list(self._background.get(host.name, ())):
            task.cancel()

    def stop_daemon(self, host: Host, pid: int) -> None:
        """End a daemon."""
        if host.daemons.pop(pid, None) and host.materialised:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)

    def start_subsystem(self, host: Host, row: SubsystemRow) -> int:
        """Start a subsystem under a new pid."""
        programs = {"nimesis": "/usr/sbin/nimesis", "nimd": "/usr/sbin/nimd", "nimsh": "/usr/sbin/nimsh -s"}
        row.pid = self.start_daemon(host, programs.get(row.name, f"/usr/sbin/{row.name}"))
        return row.pid

    def stop_subsystem(self, host: Host, row: SubsystemRow) -> None:
        """Stop a subsystem."""
        if row.pid:
            self.stop_daemon(host, row.pid)
        row.pid = None
