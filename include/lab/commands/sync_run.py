"""What a sync needs before and around its phases: its target, its events, and the faults that stop it."""

from __future__ import annotations

import asyncio

from include.lab.call import Call
from include.lab.commands.nim import NimArgs
from include.lab.errors import NimError, refused_connection, unexpected
from include.lab.host import Host
from include.lab.nimdb import find, interface_host, load_database
from include.lab.odm import NimObject

UNDOCUMENTED = "m_sync"
# the others work on the target alone
PHASES_BETWEEN_HOSTS = {1, 2, 3, 4, 5, 6, 11}


class SyncRun:
    """
    The two hosts of a sync and the link between them.

    `call` prints for the caller; `remote` is the same output with the target as the machine it is about.
    """

    def __init__(self, call: Call, args: NimArgs) -> None:
        self.call, self.args = call, args
        self.estate, self.source = call.estate, call.host
        self.record = self._target_record()
        self.target = self._target_host()
        self.remote = Call(self.estate, self.target, call.argv, env=call.env, fds=call.fds, pid=call.pid)
        self.objects = [item.copy() for item in load_database(self.source, "nim")]
        self.replicated = args.attr("replicate", "no").lower() == "yes"
        self.own_niminfo = self.target.niminfo()
        self.lost: set[str] = set()
        self.recover = 0
        self.boot_time = self.target.boot_time

    @property
    def force(self) -> bool:
        """Tell whether the target's database may be overwritten."""
        by_attribute = self.args.attr("force", "no").lower() == "yes"
        return self.args.force or (by_attribute and self.estate.switches["force_attr_equals_F"] == "yes")

    def _target_record(self) -> NimObject:
        item = find(self.source, self.args.target)
        if item.type != "alternate_master":
            text = f'the "sync" operation is not supported on "{item.name}": it is not an alternate_master'
            raise NimError(15, UNDOCUMENTED, text)
        for key, value in self.args.attrs:
            if key not in {"verbose", "replicate", "force", *self._reset_clients_attribute()}:
                raise NimError(22, "nim", f'the "{key}" attribute is not valid for the "sync" operation')
            if key == "verbose" and value not in {"1", "2", "3", "4", "5"}:
                raise NimError(23, "nim", f'"{value}" is not a valid value for the "verbose" attribute')
        return item

    def _reset_clients_attribute(self) -> set[str]:
        """Return the attribute that not every level may have (nim.md 12.7)."""
        return set() if self.estate.switches["reset_clients"] == "unknown" else {"reset_clients"}

    def _target_host(self) -> Host:
        name = interface_host(self.record)
        host = self.estate.lookup(name, self.source)
        if host is None:
            raise NimError(6, UNDOCUMENTED, f"(From_Master) getaddrinfo {name}: host not found\n")
        if self.estate.between_masters(self.source, host):
            raise refused_connection(name, UNDOCUMENTED)
        known = host.niminfo().get("NIM_ALTERNATE_MASTER", "").split()
        if not set(known) & set(self.source.names):
            raise NimError(372, UNDOCUMENTED, f"{name} does not list this machine as its alternate master\n")
        return host

    def mute(self) -> None:
        """Go on without anybody to print to."""
        self.call.fds = self.remote.fds = None

    def end(self, how: str) -> None:
        """Write the events of the end."""
        self.note(f"sync:{how}", how)
        self.note("sync:end", how)

    def note(self, key: str, text: str) -> None:
        """Write an event of the operation."""
        hosts = {"host": self.source.name, "target": self.target.name}
        self.estate.journal.write("sync", key, text, **hosts, ref=self.call.seq)

    async def enter(self, number: int) -> None:
        """Begin a phase: the event, the pace, and what a test or a fault makes of it."""
        estate, source = self.estate, self.source
        estate.journal.write(
            "sync", f"sync:phase={number}", f"phase={number}", host=source.name, target=self.target.name
        )
        await estate.journal.point(f"sync:{number}", host=source.name)
        await asyncio.sleep(estate.pace)
        await self.alive(number)

    async def alive(self, number: int) -> None:
        """Fail or hang as the faults in force say; a target that went away fails the phase."""
        self._require_target(number)
        while self.estate.fault("sync_hangs", self.source.name, phase=str(number)):
            await self.estate.faults_changed.wait()
            self._require_target(number)
        if self.estate.fault("sync_fails", self.source.name, phase=str(number)):
            text = f"the operation failed in phase {number}"
            raise unexpected(UNDOCUMENTED, "/usr/sbin/nim_master_recover", text)

    def _require_target(self, number: int) -> None:
        """Raise when the target cannot be reached, has booted meanwhile, or its nim_master_recover was killed."""
        name = self.target.hostname
        if number in PHASES_BETWEEN_HOSTS and self.estate.between_masters(self.source, self.target):
            raise NimError(6, UNDOCUMENTED, f"(From_Master) connection to {name} lost\n")
        if not self.target.up or self.target.boot_time != self.boot_time:
            raise NimError(6, UNDOCUMENTED, f"(From_Master) connection to {name} lost\n")
        if self.recover and self.recover not in self.target.daemons:
            raise unexpected(UNDOCUMENTED, "/usr/sbin/nim_master_recover", "Killed")

    async def say(self, *lines: str) -> None:
        """Print what called commands print; which stream they use is not documented (nim.md 12.10)."""
        text = "".join(f"{line}\n" for line in lines)
        if self.estate.switches["sync_progress_stream"] == "split":
            await self.call.err(text)
        else:
            await self.call.out(text)
