"""sudo -n: the ordinary login becomes root."""

from __future__ import annotations

import asyncio
import os
import signal

from include.lab import process
from include.lab.call import Call
from include.lab.estate import LOGIN_PATH
from include.lab.registry import command


@command("/usr/bin/sudo", logged=False)
async def sudo(call: Call) -> int:
    """Run a command as root without asking for a password."""
    args = list(call.args)
    shown = {"-n": False, "-l": False, "-v": False}
    environment: dict[str, str] = {}
    while args and (args[0].startswith("-") or "=" in args[0].split("/")[0]):
        word = args.pop(0)
        if word in shown:
            shown[word] = True
        elif word in {"-u", "-U"}:
            user = args.pop(0) if args else ""
            if user != "root":
                return await call.fail(1, f"sudo: unknown user: {user}")
        elif word == "--":
            break
        elif "=" in word:
            name, _, value = word.partition("=")
            environment[name] = value
        elif word not in {"-H", "-E", "-S"}:
            return await call.fail(1, "usage: sudo -n [-u user] [VAR=value] <command>")
    if call.estate.switches["sudo"] == "denied" and call.uid != 0:
        return await call.fail(1, "sudo: a password is required")
    if shown["-v"] or (shown["-l"] and not args):
        return 0
    if not args:
        return await call.fail(1, "usage: sudo -n [-u user] [VAR=value] <command>")
    if not _found(call, args[0]):
        return await call.fail(1, f"sudo: {args[0]}: command not found")
    return await _run(call, args, environment)


def _found(call: Call, name: str) -> bool:
    if "/" in name:
        return call.host.path(call.absolute(name)).is_file()
    return any(call.host.path(f"{directory}/{name}").is_file() for directory in LOGIN_PATH.split(":"))


async def _run(call: Call, args: list[str], environment: dict[str, str]) -> int:
    kept = {
        key: value
        for key, value in call.env.items()
        if key in {"LANG", "LC_ALL", "TZ", "TERM", "SSH_CLIENT", "POSIXLY_CORRECT"}
    }
    env = {
        **call.estate.environment(call.host, "root"),
        **kept,
        **environment,
        "SUDO_USER": call.login,
        "SUDO_COMMAND": " ".join(args),
    }
    if call.fds is None:
        return 1
    name = args[0]
    if "/" not in name:
        name = next(f"{d}/{name}" for d in LOGIN_PATH.split(":") if call.host.path(f"{d}/{name}").is_file())
    try:
        child = process.start(
            call.estate.sandbox, call.host.root, [name, *args[1:]], env=env, cwd=call.cwd,
            stdin=call.fds[0], stdout=call.fds[1], stderr=call.fds[2],
        )  # fmt: skip
    except OSError as error:
        return await call.fail(1, f"sudo: unable to execute {name}: {os.strerror(error.errno or 0)}")
    # nobody but the child shall keep these open: the session ends when the last writer closes them
    call.close()
    call.fds = None
    try:
        status = await child.wait()
    except asyncio.CancelledError:
        child.signal_group(signal.SIGTERM)
        raise
    return status if status >= 0 else 128 - status
