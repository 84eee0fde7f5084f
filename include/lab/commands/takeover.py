"""nim -o takeover: become the current master of every client (nim.md 4.4)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from include.lab.call import Call
from include.lab.commands.nim import NimArgs, operation
from include.lab.definitions import READY, alternate_object, base_objects
from include.lab.errors import NimError
from include.lab.host import Host
from include.lab.nimdb import clients_of, find, interface_host, load_database
from include.lab.odm import NimObject
from include.lab.push import switch_client

RULE = f"+{'-' * 77}+"
HELPER = "/usr/lpp/bos.sysmgt/nim/methods/m_takeover"
DEAD_CLIENT_PACES = 3
CLIENTS_BETWEEN_SAVES = 50
VALUES = {"verbose": set("12345"), "show_progress": {"yes", "no"}, "async": {"yes", "no"}}


@dataclass
class _Takeover:
    call: Call
    args: NimArgs
    target: str
    results: dict[str, str] = field(default_factory=dict)
    codes: list[int] = field(default_factory=list)
    quiet: bool = False
    helper: int = 0

    def __post_init__(self) -> None:
        self.estate, self.host = self.call.estate, self.call.host
        self.other = self.estate.lookup(self.target, self.host)
        reach_vios = self.estate.switches["takeover_reaches_vios"] == "yes"
        objects = clients_of(load_database(self.host, "nim"))
        self.clients = [item.copy() for item in objects if reach_vios or item.type != "vios"]
        self._unsaved: list[str] = []

    async def run(self) -> None:
        """Switch the clients and tell the other master; what was done stays when the operation is interrupted."""
        journal, name = self.estate.journal, self.host.name
        self.note("start")
        how = "interrupted"
        try:
            await journal.point("takeover:start", host=name)
            before = self.estate.switches["takeover_updates_target"] == "before_clients"
            if before:
                await self._update_target([item.name for item in self.clients])
            await self._switch_all()
            await journal.point("takeover:update", host=name)
            if not before:
                await self._update_target(self._recorded)
            how = "complete"
        finally:
            self.note(how)

    def note(self, what: str) -> None:
        """Write an event of the operation."""
        journal, call = self.estate.journal, self.call
        journal.write("takeover", f"takeover:{what}", what, host=self.host.name, target=self.target, ref=call.seq)

    @property
    def _recorded(self) -> list[str]:
        return [name for name, word in self.results.items() if self._counts(word)]

    def _counts(self, word: str) -> bool:
        """Tell whether the databases give a client with that result to the new master (nim.md section 10)."""
        return word == "SUCCESS" or self.estate.switches["takeover_record_of_failed"] == "taken"

    async def _switch_all(self) -> None:
        """Switch client after client; the local database follows before anybody is let look in, and in batches."""
        try:
            for item in self.clients:
                point = f"takeover:client={item.name}"
                if self.estate.journal.is_held(point) or self.estate.pace or len(self._unsaved) > CLIENTS_BETWEEN_SAVES:
                    self._save_recorded()
                await self.estate.journal.point(point, host=self.host.name)
                self._require_helper()
                self.estate.journal.write("takeover", point, item.name, host=self.host.name)
                await self._switch(item)
        finally:
            self._save_recorded()

    async def _switch(self, item: NimObject) -> None:
        try:
            self._require_idle(item)
            await switch_client(self.estate, self.host, self.other.hostname if self.other else self.target, item)
        except NimError as error:
            word = self.estate.switches["failing_word"]
            self.results[item.name] = "" if word == "empty" else word
            self.codes.append(error.code)
            await asyncio.sleep(self.estate.pace * DEAD_CLIENT_PACES)
            if not self.quiet:
                await self.call.err("".join(f"{line}\n" for line in error.lines()))
        else:
            self.results[item.name] = "SUCCESS"
            await asyncio.sleep(self.estate.pace / 10)
        if self._counts(self.results[item.name]):
            self._unsaved.append(item.name)

    def _require_idle(self, item: NimObject) -> None:
        if item.get("Cstate", READY) != READY and self.estate.switches["takeover_of_busy"] == "refused":
            raise NimError(59, "m_takeover", f'"{item.name}" is busy: {item.get("Cstate")}')

    def _require_helper(self) -> None:
        """End where somebody has killed the process that works in the background."""
        if self.helper and self.helper not in self.host.daemons:
            raise asyncio.CancelledError

    def _save_recorded(self) -> None:
        _set_current(self.host, self._unsaved, self.host)
        self._unsaved = []

    async def _update_target(self, names: list[str]) -> None:
        """Tell the other master, as far as it can be reached; its whole database is replaced only with -F."""
        other = self.other
        if other is None or self.estate.between_masters(self.host, other) or not other.is_master:
            await asyncio.sleep(float(self.estate.switches["dead_master_wait"]))
            if not self.quiet:
                text = f'the database on "{self.target}" was not updated: Connection refused'
                await self.call.err(f"warning: 0042-006 m_takeover: {text}\n")
            return
        if self.args.force:
            _overwrite(self.host, other)
        _set_current(other, names, self.host)
        if self.estate.switches["takeover_keeps_alternate"] == "added":
            _add_alternate(other, self.host)

    async def summary(self) -> None:
        """Print the result table [S1]; which rows it has when clients failed is not documented."""
        rows = list(self.results.items())
        kept = self.estate.switches["takeover_rows"]
        if kept == "successes":
            rows = [row for row in rows if row[1] == "SUCCESS"]
        elif kept == "half":
            rows = rows[: len(rows) // 2]
        lines = [RULE, '                      "update" Operation Summary', RULE]
        lines += [f" {'Target':<42}Result", f" {'------':<42}------"]
        lines += [f" {name:<42}{word}".rstrip() for name, word in rows]
        if self.args.attr("show_progress", "yes") == "yes":
            await self.call.line(*lines)

    @property
    def status(self) -> int:
        """Return the exit status of a finished takeover (nim.md 12.4)."""
        if not self.codes:
            return 0
        return {"zero": 0, "one": 1, "code": self.codes[0]}[self.estate.switches["takeover_exit"]]


def _set_current(holder: Host, names: list[str], current: Host) -> None:
    if not names or not holder.db.readable():
        return
    wanted = set(names)
    objects = holder.db.edit()
    for item in objects:
        if item.name in wanted:
            item.set("current_master", current.hostname)
    holder.db.save(objects)


def _add_alternate(holder: Host, peer: Host) -> None:
    """Define `peer` as alternate_master where the database has none of that host."""
    if not holder.db.readable():
        return
    objects = holder.db.edit()
    if not any(item.type == "alternate_master" and interface_host(item) in peer.names for item in objects):
        objects.append(alternate_object(peer))
        holder.db.save(objects)


def _overwrite(source: Host, target: Host) -> None:
    """Replace the other master's definitions but its own master and alternate records (nim.md 4.4, hazard 11)."""
    own = target.db.edit() if target.db.readable() else [*base_objects(target, None)[:1], alternate_object(source)]
    kept = [item for item in own if item.type in {"master", "alternate_master"}]
    others = [item for item in source.db.edit() if item.type not in {"master", "alternate_master"}]
    target.db.save([*kept, *others])


def _target(call: Call, name: str) -> tuple[str, str]:
    """Return object and host name of the other master, which has to be an alternate_master here (nim.md 12.1)."""
    host = call.host
    named = host.niminfo().get("NIM_ALTERNATE_MASTER", "").split()
    known = next((item for item in load_database(host, "nim") if item.name == name), None)
    peer = call.estate.lookup(name, host)
    by_niminfo = call.estate.switches["takeover_target"] == "niminfo"
    if known is None and by_niminfo and peer is not None and set(named) & set(peer.names):
        _add_alternate(host, peer)
        return name, peer.hostname
    record = find(host, name)
    if record.type != "alternate_master":
        text = f'the "takeover" operation is not supported on "{record.name}": it is not an alternate_master'
        raise NimError(15, "m_takeover", text)
    return record.name, interface_host(record)


def _check_attributes(args: NimArgs) -> None:
    for key, value in args.attrs:
        if key not in VALUES:
            raise NimError(22, "nim", f'the "{key}" attribute is not valid for the "takeover" operation')
        if value.lower() not in VALUES[key]:
            raise NimError(23, "nim", f'"{value}" is not a valid value for the "{key}" attribute')


@operation("takeover")
async def takeover(call: Call, args: NimArgs) -> int:
    """Take the clients over from the master that is named."""
    _check_attributes(args)
    name, hostname = _target(call, args.target)
    run = _Takeover(call, args, hostname)
    if args.attr("show_progress", "yes") == "yes":
        named = name if call.estate.switches["takeover_line_names"] == "target" else call.host.hostname
        await call.line(f'Updating the NIM database on the "alternate_master" "{named}"...')
    if args.attr("async", "yes").lower() == "yes":
        return await _in_background(run)
    try:
        await run.run()
        await run.summary()
    finally:
        run.note("end")
    return run.status


async def _in_background(run: _Takeover) -> int:
    """Return at once; the clients are switched afterwards whatever the table says (nim.md 4.4, 12.13)."""
    call, estate = run.call, run.estate
    run.quiet = True
    if estate.switches["async_processes"] == "visible":
        run.helper = estate.start_daemon(call.host, HELPER)

    async def later() -> None:
        try:
            await run.run()
        finally:
            estate.stop_daemon(call.host, run.helper)
            run.note("end")

    estate.background(call.host, later())
    if estate.switches["async_rows"] == "printed":
        shown = _Takeover(call, run.args, run.target, dict.fromkeys((item.name for item in run.clients), "SUCCESS"))
        await shown.summary()
    return 0
