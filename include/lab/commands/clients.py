"""c_rsh, nimclient and what else concerns clients (nim.md 4.6, 4.9)."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from include.lab import process
from include.lab.call import Call
from include.lab.commands.lsnim import render
from include.lab.errors import NimError, no_object
from include.lab.host import Host
from include.lab.nimdb import interface_host, load_database
from include.lab.odm import NimObject
from include.lab.push import contact
from include.lab.registry import command

if TYPE_CHECKING:
    from include.lab.estate import Estate

PLAIN_READS = frozenset({"cat", "date", "echo", "exit", "grep", "hostname", "ls", "lslpp", "lssrc", "oslevel", "uname"})
_ASSIGNMENTS = re.compile(r"^\s*(\w+=\S*\s+)*")
METHODS = "/usr/lpp/bos.sysmgt/nim/methods"


def push_client_list(estate: Estate, source: Host, target: Host, item: NimObject) -> bool:
    """Rebuild a client's list of masters from its current master; tell whether that worked (nim.md 4.3)."""
    try:
        client = contact(estate, source, item, "c_reset_client")
    except NimError:
        return False
    values = client.niminfo()
    values["NIM_MASTER_HOSTNAME"] = source.hostname
    values["NIM_MASTER_HOSTNAME_LIST"] = f"{source.hostname} {target.hostname}"
    client.write_niminfo(values)
    return True


def _client_record(call: Call, name: str) -> NimObject:
    objects = load_database(call.host, "c_rsh")
    for item in objects:
        if item.name == name:
            return item
    for item in objects:
        if item.has("if1") and interface_host(item) == name:
            return item
    raise no_object(name, "c_rsh", wrapped=False)


def _changes_client(argv: list[str]) -> bool:
    """Tell whether a command line run by c_rsh is anything but a chain of plain reads."""
    line = " ".join(argv[2:])
    if any(character in line for character in ">`$(&"):
        return True
    parts = [_ASSIGNMENTS.sub("", part).split() for part in re.split(r"[;|\n]", line)]
    return not any(parts) or any(words[0].rsplit("/", 1)[-1] not in PLAIN_READS for words in parts if words)


@command(f"{METHODS}/c_rsh", root_only=True, changing=_changes_client)
async def c_rsh(call: Call) -> int:
    """Run a command on a client, as root there, over nimsh or rsh."""
    if len(call.args) < 2:
        return await call.fail(1, "usage: c_rsh <client> <command>")
    try:
        item = _client_record(call, call.args[0])
        client = contact(call.estate, call.host, item, "c_rsh")
    except NimError as error:
        return await call.fail(error.code, *NimError(error.code, error.method, error.message, wrapped=False).lines())
    await call.estate.journal.point(f"c_rsh:{item.name}", host=call.host.name)
    return await run_on(call, client, " ".join(call.args[1:]))


async def run_on(call: Call, client: Host, line: str) -> int:
    """Run a command line in a client's tree with the caller's stdout and stderr."""
    shortcut = _read_plainly(client, line)
    if shortcut is not None:
        await call.out(shortcut)
        return 0
    client.need_tree()
    env = {**call.estate.environment(client, "root"), "LC_ALL": "C"}
    out, err = (call.fds[1], call.fds[2]) if call.fds else (1, 2)
    devnull = open("/dev/null", "rb")  # noqa: SIM115, PTH123, ASYNC230
    try:
        child = process.start(
            call.estate.sandbox,
            client.root,
            ["/usr/bin/ksh", "-c", line],
            env=env,
            stdin=devnull.fileno(),
            stdout=out,
            stderr=err,
        )
    finally:
        devnull.close()
    try:
        status = await child.wait()
    except asyncio.CancelledError:
        child.signal_group(9)
        raise
    return status if status >= 0 else 128 - status


def _read_plainly(client: Host, line: str) -> str | None:
    """Answer a chain of the most frequent questions without building a tree for one of thousands of clients."""
    if client.materialised:
        return None
    values = {
        "cat /etc/niminfo": client.read("/etc/niminfo"),
        "oslevel -s": f"{client.oslevel}\n",
        "uname -m": f"{client.cpuid}\n",
    }
    parts = [_ASSIGNMENTS.sub("", part).strip().removeprefix("/usr/bin/") for part in line.split(";")]
    answers = [values.get(part) for part in parts]
    return None if None in answers else "".join(answer for answer in answers if answer)


@command("/usr/sbin/nimclient", root_only=True, changing=lambda argv: "-l" not in argv)
async def nimclient(call: Call) -> int:
    """Run NIM commands from a client: -p and -P allow and forbid pushes, -l is lsnim on the master."""
    values = call.host.niminfo()
    if "NIM_MASTER_HOSTNAME" not in values:
        text = "/etc/niminfo is missing some required environment variables"
        return await call.fail(137, *NimError(137, "nimclient", text, wrapped=False).lines())
    flag, rest = (call.args[0], call.args[1:]) if call.args else ("", [])
    master = call.estate.lookup(values["NIM_MASTER_HOSTNAME"], call.host)
    if flag == "-p":
        call.host.push_off = False
        _record_control(master, call.host, "")
        return 0
    if flag == "-P":
        call.host.push_off = True
        _record_control(master, call.host, f"{call.host.object_name} push_off")
        return 0
    if flag not in {"-l", "-o", "-d"}:
        return await call.fail(
            1, "usage: nimclient [-o <operation>] [-a <attr>=<value>]... | -l | -p | -P | -d | -c | -C"
        )
    if master is None or not call.estate.reaches(call.host, master) or not master.active("nimesis"):
        text = f"Unable to contact the NIM master {values['NIM_MASTER_HOSTNAME']}: Connection refused"
        return await call.fail(1, *NimError(1, "nimclient", text, wrapped=False).lines())
    if flag == "-l":
        remote = Call(call.estate, master, ["lsnim", *rest], env=call.env)
        try:
            await call.out(render(remote, rest))
        except NimError as error:
            return await call.fail(error.status, *error.lines())
    return 0


def _record_control(master: Host | None, client: Host, value: str) -> None:
    if master is None or not master.is_master or not master.db.readable():
        return
    objects = master.db.edit()
    for item in objects:
        if item.name == client.object_name:
            item.drop("control")
            if value:
                item.set("control", value)
    master.db.save(objects)
