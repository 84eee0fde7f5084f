"""`python -m include.lab`: run a lab and act on it."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from include.lab.api import Lab, LabError, launch
from include.lab.faults import all_faults, find_fault
from include.lab.switches import SWITCHES
from include.lab.tree import SHELLS
from include.lab.world import WorldError, world_names

DEFAULT_DIRECTORY = ".lab"


def _pairs(words: list[str]) -> dict[str, str]:
    pairs = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise LabError(f"{word!r} is not of the form name=value")
        pairs[name] = value
    return pairs


def _up(options: argparse.Namespace) -> int:
    lab, server = launch(
        options.world,
        options.dir,
        clients=options.clients,
        shell=options.shell,
        sandbox=options.sandbox,
        pace=options.pace,
        switches=_pairs(options.switch),
        tied=not options.detach,
    )
    print(
        f"lab is up in {lab.directory}: world {lab.about['world']}, "
        f"shell {lab.about['shell']}, {lab.about['sandbox']} mode"
    )
    if lab.about["shell"] in {"dash", "sh"}:
        print("  no ksh was chosen or found: /usr/bin/ksh of the hosts is a plain POSIX shell")
    for connection, host in list(lab.about["connections"].items())[:8]:
        print(
            f"  {connection:<18} {host:<10} port {lab.address(host)[1]}  login {lab.connections[connection]['login']}"
        )
    print(f"  connections: {lab.directory}/connections.json   plain ssh: ssh -F {lab.directory}/ssh_config nima")
    if options.detach:
        return 0
    print("  Ctrl-C ends it")
    try:
        return server.wait()
    except KeyboardInterrupt:
        if server.stdin is not None:
            server.stdin.close()
        server.wait()
        return 128 + signal.SIGINT


def _break(lab: Lab, options: argparse.Namespace) -> int:
    args = _pairs(options.args)
    host = args.pop("host", None)
    fault = lab.break_fault(options.fault, host=host, **args)
    print(f"{fault['id']} is on" + (f" for {fault['host']}" if fault["host"] else ""))
    return 0


def _check(options: argparse.Namespace) -> int:
    """Say whether a fault with these arguments exists; no lab needs to run."""
    import include.lab.server  # noqa: F401, PLC0415 - its imports enter every fault

    args = _pairs(options.args)
    args.pop("host", None)
    fault = find_fault(options.fault)
    fault.check(args)
    print(f"{fault.id}: {fault.meaning}")
    return 0


def _heal(lab: Lab, options: argparse.Namespace) -> int:
    count = lab.heal(options.fault, host=options.host, **_pairs(options.args))
    print(f"{count} fault(s) healed")
    return 0


def _hold(lab: Lab, options: argparse.Namespace) -> int:
    lab.hold(options.point)
    return 0


def _release(lab: Lab, options: argparse.Namespace) -> int:
    lab.release(options.point)
    return 0


def _wait(lab: Lab, options: argparse.Namespace) -> int:
    print(json.dumps(lab.wait(options.event, options.timeout, after=options.after)))
    return 0


def _state(lab: Lab, options: argparse.Namespace) -> int:
    print(lab.state_hash() if options.hash else json.dumps(lab.state(), indent=2))
    return 0


def _log(lab: Lab, options: argparse.Namespace) -> int:
    for record in lab.log(after=options.after, raw=options.raw):
        print(json.dumps(record))
    return 0


def _switch(lab: Lab, options: argparse.Namespace) -> int:
    for name, value in _pairs(options.assignments).items():
        lab.switch(name, value)
    return 0


def _ssh(lab: Lab, options: argparse.Namespace) -> int:
    config = str(lab.directory / "ssh_config")
    return subprocess.call(["ssh", "-F", config, options.host, *options.command])


def _down(lab: Lab, _options: argparse.Namespace) -> int:
    lab.down()
    return 0


def _faults(options: argparse.Namespace) -> int:
    import include.lab.server  # noqa: F401, PLC0415 - its imports enter every fault

    if options.json:
        print(json.dumps([{"id": f.id, "meaning": f.meaning, "args": dict(f.args)} for f in all_faults()]))
        return 0
    table = Table("fault (default host)", "meaning and arguments", box=None)
    table.columns[0].no_wrap = True
    for fault in all_faults():
        lines = [fault.meaning, *(f"  {name}= {doc}" for name, doc in fault.args.items())]
        place = "" if fault.default_host == "none" else f" ({fault.default_host})"
        table.add_row(fault.id + place, "\n".join(lines))
    Console().print(table)
    return 0


def _switches(options: argparse.Namespace) -> int:
    running = _running(options.dir)
    values = running.request("switches") if running else {switch.name: switch.default for switch in SWITCHES}
    if options.json:
        print(json.dumps(values))
        return 0
    table = Table("switch=value", "decides", box=None)
    table.columns[0].no_wrap = True
    for switch in SWITCHES:
        others = " ".join(value for value in switch.values if value != values[switch.name])
        table.add_row(f"{switch.name}={values[switch.name]}", f"{switch.doc}; or: {others}")
    Console().print(table)
    return 0


def _running(directory: str) -> Lab | None:
    try:
        return Lab(Path(directory).resolve())
    except LabError:
        return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m include.lab", description="A simulated AIX estate with NIM masters"
    )
    parser.add_argument("--dir", default=os.environ.get("NIM_LAB_DIR", DEFAULT_DIRECTORY), help="the lab's directory")
    commands = parser.add_subparsers(dest="do", required=True, metavar="command")

    up = commands.add_parser("up", help="start a lab")
    up.add_argument("--world", default="default", help=f"one of {', '.join(world_names())}, or a YAML file")
    up.add_argument("--clients", type=int, help="number of clients instead of the world's own")
    up.add_argument("--detach", action="store_true", help="return when the lab is ready")
    up.add_argument(
        "--shell",
        default=os.environ.get("NIM_LAB_SHELL", "auto"),
        choices=["auto", *SHELLS],
        help="what /usr/bin/ksh of the hosts is",
    )
    up.add_argument("--sandbox", default="auto", choices=["auto", "root", "userns"])
    up.add_argument("--pace", type=float, default=0.3, help="seconds per phase of a sync")
    up.add_argument("--switch", action="append", default=[], metavar="NAME=VALUE")

    commands.add_parser("down", help="stop the lab").set_defaults(run=_down)
    for word, text in (("break", "switch a fault on"), ("check", "say what a fault would be; no lab needs to run")):
        broken = commands.add_parser(word, help=text)
        broken.add_argument("fault")
        broken.add_argument("args", nargs="*", metavar="host=NAME|arg=value")
        broken.set_defaults(run=_break)
    heal = commands.add_parser("heal", help="switch a fault off")
    heal.add_argument("fault", help="its id, or all")
    heal.add_argument("args", nargs="*", metavar="arg=value")
    heal.add_argument("--host")
    heal.set_defaults(run=_heal)
    hold = commands.add_parser("hold", help="stop operations that reach a point, such as sync:7")
    hold.add_argument("point")
    hold.set_defaults(run=_hold)
    release = commands.add_parser("release", help="let held operations go on")
    release.add_argument("point", nargs="?")
    release.set_defaults(run=_release)
    wait = commands.add_parser("wait", help="wait for an event, such as sync:phase=7")
    wait.add_argument("event")
    wait.add_argument("--timeout", type=float, default=30.0)
    wait.add_argument("--after", type=int, default=0, help="look only at records with a higher number")
    wait.set_defaults(run=_wait)
    state = commands.add_parser("state", help="print ground truth as JSON")
    state.add_argument("--hash", action="store_true")
    state.set_defaults(run=_state)
    log = commands.add_parser("log", help="print every command received and every NIM command run, as JSON lines")
    log.add_argument("--after", type=int, default=0)
    log.add_argument("--raw", action="store_true", help="beginnings and ends as records of their own")
    log.set_defaults(run=_log)
    switch = commands.add_parser("switch", help="choose another behaviour: NAME=VALUE")
    switch.add_argument("assignments", nargs="+", metavar="NAME=VALUE")
    switch.set_defaults(run=_switch)
    ssh = commands.add_parser("ssh", help="log in to a host, or run a command there")
    ssh.add_argument("host")
    ssh.add_argument("command", nargs=argparse.REMAINDER)
    ssh.set_defaults(run=_ssh)
    for name, text in (("faults", "list the faults"), ("switches", "list the switches")):
        commands.add_parser(name, help=text).add_argument("--json", action="store_true")
    for sub in commands.choices.values():
        sub.add_argument("--dir", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return parser


_WITHOUT_A_LAB = {"up": _up, "check": _check, "faults": _faults, "switches": _switches}


def main(argv: list[str] | None = None) -> int:
    """Run one command; every mistake ends in one sentence."""
    options = _parser().parse_args(argv)
    try:
        if options.do in _WITHOUT_A_LAB:
            return _WITHOUT_A_LAB[options.do](options)
        run = options.run
        return int(run(Lab(Path(options.dir).resolve()), options))
    except (LabError, WorldError, TimeoutError, FileExistsError, ValueError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
