"""nim -o takeover: become the current master of every client (nim.md 4.4)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from include.lab.call import Call
from include.lab.commands.nim import NimArgs, operation
from include.lab.errors import NimError
from include.lab.host import Host
from include.lab.nimdb import clients_of, find, interface_host, load_database
from include.lab.odm import NimObject
from include.lab.push import switch_client

RULE = f"+{'-' * 77}+"
DEAD_CLIENT_PACES = 3


@dataclass
class _Takeover:
    call: Call
    args: NimArgs
    record: NimObject
    other: Host | None
    results: dict[str, str] = field(default_factory=dict)
    quiet: bool = False

    @property
    def clients(self) -> list[NimObject]:
        """Return the clients the operation reaches; VIOSes are among them by a switch (nim.md 12.16)."""
        reach_vios = self.call.estate.switches["takeover_reaches_vios"] == "yes"
        objects = load_database(self.call.host, "nim")
        return [item for item in clients_of(objects) if reach_vios or item.type != "vios"]

    async def switch_all(self) -> None:
        """Switch client after client; what was switched stays when the operation is interrupted."""
        estate, host = self.call.estate, self.call.host
        moved: list[str] = []
        try:
            for item in self.clients:
                await estate.journal.point(f"takeover:client={item.name}", host=host.name)
                estate.journal.write("takeover", f"takeover:client={item.name}", item.name, host=host.name)
                try:
                    switch_client(estate, host, self.other or host, item)
                except NimError as error:
                    self.results[item.name] = estate.switches["failing_word"]
                    await asyncio.sleep(estate.pace * DEAD_CLIENT_PACES)
                    if not self.quiet:
                        await self.call.err("".join(f"{line}\n" for line in error.lines()))
                else:
                    self.results[item.name] = "SUCCESS"
                    moved.append(item.name)
                    await asyncio.sleep(estate.pace / 10)
        finally:
            _set_current(host, moved, host)

    async def update_other(self) -> None:
        """Tell the other master, as far as it can be reached; its whole database is replaced only with -F."""
        estate, host = self.call.estate, self.call.host
        if self.other is None or estate.between_masters(host, self.other) or not self.other.is_master:
            name = interface_host(self.record)
            if not self.quiet:
                text = f'the database on "{name}" was not updated: Connection refused'
                await self.call.err(f"warning: 0042-006 m_takeover: {text}\n")
            return
        moved = [name for name, word in self.results.items() if word == "SUCCESS"]
        _set_current(self.other, moved, host)

    async def summary(self) -> None:
        """Print the result table [S1]."""
        lines = [RULE, '                      "update" Operation Summary', RULE]
        lines += [f" {'Target':<42}Result", f" {'------':<42}------"]
        lines += [f" {name:<42}{word}" for name, word in self.results.items()]
        await self.call.line(*lines)

    @property
    def failed(self) -> bool:
        """Tell whether any client did not switch."""
        return any(word != "SUCCESS" for word in self.results.values())


def _set_current(holder: Host, names: list[str], current: Host) -> None:
    if not names or not holder.db.readable():
        return
    wanted = set(names)
    objects = holder.db.edit()
    for item in objects:
        if item.name in wanted:
            item.set("current_master", current.hostname)
    holder.db.save(objects)


@operation("takeover")
async def takeover(call: Call, args: NimArgs) -> int:
    """Take the clients over from the master that is named."""
    record = find(call.host, args.target)
    if record.type != "alternate_master":
        text = f'the "takeover" operation is not supported on "{record.name}": it is not an alternate_master'
        raise NimError(15, "m_takeover", text)
    for key, _ in args.attrs:
        if key not in {"verbose", "show_progress", "async"}:
            raise NimError(22, "nim", f'the "{key}" attribute is not valid for the "takeover" operation')
    estate = call.estate
    run = _Takeover(call, args, record, estate.lookup(interface_host(record), call.host))
    named = record.name if estate.switches["takeover_line_names"] == "target" else call.host.hostname
    await estate.journal.point("takeover:start", host=call.host.name)
    await call.line(f'Updating the NIM database on the "alternate_master" "{named}"...')
    if args.force and run.other is not None and not estate.between_masters(call.host, run.other):
        _overwrite(call.host, run.other)
    if args.attr("async", "yes").lower() == "yes":
        return await _in_background(run)
    await run.switch_all()
    await estate.journal.point("takeover:update", host=call.host.name)
    await run.update_other()
    await run.summary()
    estate.journal.write("takeover", "takeover:end", "end", host=call.host.name)
    return 1 if run.failed and estate.switches["takeover_exit"] == "one" else 0


async def _in_background(run: _Takeover) -> int:
    """Return at once; the clients are switched afterwards whatever the table says (nim.md 4.4, 12.13)."""
    call, estate = run.call, run.call.estate
    run.quiet = True
    pids = []
    if estate.switches["async_processes"] == "visible":
        pids.append(estate.start_daemon(call.host, "/usr/lpp/bos.sysmgt/nim/methods/m_takeover"))

    async def later() -> None:
        try:
            await run.switch_all()
            await run.update_other()
        finally:
            for pid in pids:
                estate.stop_daemon(call.host, pid)
            estate.journal.write("takeover", "takeover:end", "end", host=call.host.name)

    names = [item.name for item in run.clients]
    estate.background(call.host, later())
    if estate.switches["async_rows"] == "printed":
        shown = _Takeover(call, run.args, run.record, run.other, dict.fromkeys(names, "SUCCESS"))
        await shown.summary()
    return 0


def _overwrite(source: Host, target: Host) -> None:
    """Replace the other master's definitions but its own master and alternate records (nim.md 4.4)."""
    kept = [item for item in target.db.edit() if item.type in {"master", "alternate_master"}]
    others = [item for item in source.db.edit() if item.type not in {"master", "alternate_master"}]
    target.db.save([*kept, *others])
