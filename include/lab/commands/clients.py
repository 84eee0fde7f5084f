"""c_rsh and the list of masters that a sync gives to clients (nim.md 4.3, 4.6)."""

from __future__ import annotations

import asyncio
import re
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from include.lab import process
from include.lab.answers import answer
from include.lab.call import Call
from include.lab.errors import NimError, no_object
from include.lab.host import Host
from include.lab.nimdb import interface_host, load_database
from include.lab.odm import NimObject
from include.lab.push import push
from include.lab.registry import command

if TYPE_CHECKING:
    from include.lab.estate import Estate

PLAIN_READS = frozenset(
    {"cat", "date", "echo", "exit", "grep", "hostname", "ls", "lslpp", "lssrc", "oslevel", "ping", "uname"}
)
_HARMLESS = re.compile(r"2>&1|[12]?>\s*/dev/null(?=[\s;]|$)")
_ASSIGNMENTS = re.compile(r"^\s*(\w+=\S*\s+)*")
METHODS = "/usr/lpp/bos.sysmgt/nim/methods"


async def push_client_list(estate: Estate, source: Host, target: Host, item: NimObject) -> bool:
    """Rebuild a client's list of masters from its current master; tell whether that worked (nim.md 4.3)."""
    try:
        client = await push(estate, source, item, "c_reset_client")
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
    line = _HARMLESS.sub(" ", " ".join(argv[2:])).replace("&&", ";").replace("||", ";")
    if any(character in line for character in ">`$(&"):
        return True
    parts = [_ASSIGNMENTS.sub("", part).split() for part in re.split(r"[;|\n]", line)]
    return not any(parts) or not all(_reads(words) for words in parts if words)


def _reads(words: list[str]) -> bool:
    name = words[0].rsplit("/", 1)[-1]
    return name in PLAIN_READS or (name == "nimclient" and words[1:2] == ["-l"])


@command(f"{METHODS}/c_rsh", root_only=True, changing=_changes_client)
async def c_rsh(call: Call) -> int:
    """Run a command on a client, as root there, over nimsh or rsh."""
    if len(call.args) < 2:
        return await call.fail(1, "usage: c_rsh <client> <command>")
    try:
        item = _client_record(call, call.args[0])
        client = await push(call.estate, call.host, item, "c_rsh")
    except NimError as error:
        return await call.fail(error.code, *NimError(error.code, error.method, error.message, wrapped=False).lines())
    await call.estate.journal.point(f"c_rsh:{item.name}", host=call.host.name)
    return await run_on(call, client, " ".join(call.args[1:]))


async def run_on(call: Call, client: Host, line: str) -> int:
    """Run a command line in a client's tree with the caller's stdout and stderr."""
    told = answer(client, line)
    if told is not None:
        await call.out(told)
        return 0
    client.need_tree()
    env = {**call.estate.environment(client, "root"), "LC_ALL": "C"}
    # a call from the console has no descriptors of its own: its output is collected
    with open("/dev/null", "rb") as nothing, TemporaryFile() as out, TemporaryFile() as err:  # noqa: PTH123, ASYNC230
        child = process.start(
            call.estate.sandbox,
            client.root,
            ["/usr/bin/ksh", "-c", line],
            env=env,
            stdin=nothing.fileno(),
            stdout=call.fds[1] if call.fds else out.fileno(),
            stderr=call.fds[2] if call.fds else err.fileno(),
        )
        try:
            status = await child.wait()
        except asyncio.CancelledError:
            child.signal_group(9)
            raise
        for file, say in ((out, call.out), (err, call.err)):
            file.seek(0)
            await say(file.read().decode(errors="replace"))
    return status if status >= 0 else 128 - status
