"""The lab's server process: enters the sandbox, builds the world, serves SSH and the control socket."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import resource
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import include.lab.commands  # noqa: F401 - its modules enter the commands and the faults
from include.lab import outages, process, registry, traits
from include.lab.builder import build
from include.lab.control import Control, socket_path
from include.lab.door import Door
from include.lab.estate import Estate
from include.lab.events import Journal
from include.lab.faults import all_faults
from include.lab.host import Host
from include.lab.sandbox import Sandbox, SandboxError
from include.lab.ssh import Keys, Listener
from include.lab.state import estate_state, state_hash
from include.lab.story import play
from include.lab.switches import Switches
from include.lab.tree import ShellMissingError, Template, add_stubs
from include.lab.world import WorldSpec


class LabServer:
    """One running lab."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.keys = Keys(estate.directory)
        self.doors: list[Door] = []
        self.listeners: dict[str, Listener] = {}
        self.stopping = asyncio.Event()
        self.control_path = socket_path(estate.directory)
        self.control = Control(self.control_path, self.handle)
        original = estate.materialise

        def materialise(host: Host) -> None:
            original(host)
            self.doors.append(Door(estate, host))

        estate.materialise = materialise  # type: ignore[method-assign]

    async def start(self) -> None:
        """Build the world and open every port."""
        estate = self.estate
        build(estate)
        await play(estate)
        clients = [host for host in estate.hosts.values() if host.role == "client"][: estate.world.ssh_clients]
        for host in [*estate.possible_masters, *clients]:
            self.listeners[host.name] = Listener(estate, host, self.keys)
        estate.listeners = self.listeners
        for fault in estate.world.faults:
            name, *rest = fault.split()
            args = dict(item.partition("=")[::2] for item in rest)
            estate.activate(name, args.pop("host", None), args)
        self._write_files()
        await self.control.start()

    def _write_files(self) -> None:
        directory = self.estate.directory
        connections = {}
        known, config = [], []
        for name, listener in self.listeners.items():
            host = listener.host
            key = self.keys.host(name).export_public_key().decode().strip()
            known.append(f"[127.0.0.1]:{listener.port} {key}")
            config.append(
                f"Host {name}\n  HostName 127.0.0.1\n  Port {listener.port}\n  User {host.login}\n"
                f"  IdentityFile {directory}/id_ed25519\n  UserKnownHostsFile {directory}/known_hosts\n"
                "  IdentitiesOnly yes\n"
            )
            connections[self._connection_id(host)] = {
                "conn_type": "ssh",
                "host": "127.0.0.1",
                "port": listener.port,
                "login": host.login,
                "extra": {
                    "key_file": str(self.keys.client_path),
                    "host_key": " ".join(key.split()[:2]),
                    "no_host_key_check": False,
                    "allow_host_key_change": False,
                },
            }
        (directory / "known_hosts").write_text("\n".join(known) + "\n")
        (directory / "ssh_config").write_text("\n".join(config))
        (directory / "connections.json").write_text(json.dumps(connections, indent=2) + "\n")
        about = {
            "pid": os.getpid(),
            "control": str(self.control_path),
            "sandbox": self.estate.sandbox.mode,
            "shell": self.estate.template.shell_kind,
            "world": self.estate.world.name,
            "hosts": {name: listener.port for name, listener in self.listeners.items()},
            "connections": {self._connection_id(listener.host): name for name, listener in self.listeners.items()},
        }
        (directory / "lab.json").write_text(json.dumps(about, indent=2) + "\n")

    def _connection_id(self, host: Host) -> str:
        masters = self.estate.masters
        return f"nim_lab_{'ab'[masters.index(host)]}" if host in masters else f"nim_lab_{host.name}"

    def parent_spoke(self) -> None:
        """Stop when the stdin that ties the lab to its starter ends."""
        if not os.read(0, 1):
            self.stopping.set()

    def stop(self) -> None:
        """End every process of the lab and close what it opened."""
        for listener in self.listeners.values():
            listener.close()
            listener.cut()
        process.kill_all(self.estate.directory / "hosts")
        for door in self.doors:
            door.close()
        self.control.stop()
        (self.estate.directory / "lab.json").unlink(missing_ok=True)

    async def handle(self, do: str, args: dict[str, Any]) -> Any:
        """Answer one request of the control socket."""
        estate, journal = self.estate, self.estate.journal
        match do:
            case "state":
                return estate_state(estate)
            case "hash":
                return state_hash(estate_state(estate))
            case "log":
                records = journal.records if args.get("raw") else journal.folded()
                return [record for record in records if record["seq"] > args.get("after", 0)]
            case "mark":
                return journal.last
            case "break":
                fault = estate.activate(args["fault"], args.get("host"), args.get("args", {}))
                return dataclasses.asdict(fault)
            case "heal":
                return estate.deactivate(args["fault"], args.get("host"), args.get("args"))
            case "draw":
                return traits.draw(estate, args["seed"], args["share"], args["kinds"])
            case "hold":
                journal.hold(args["point"])
                return sorted(journal.holds)
            case "release":
                journal.release(args.get("point"))
                return sorted(journal.holds)
            case "wait":
                return await journal.wait(args["event"], args.get("timeout"), args.get("after", 0))
            case "switch":
                estate.switches.set(args["name"], args["value"])
                return estate.switches.as_dict()
            case "switches":
                return estate.switches.as_dict()
            case "faults":
                return [
                    {"id": f.id, "meaning": f.meaning, "args": dict(f.args), "host": f.default_host}
                    for f in all_faults()
                ]
            case "pace":
                estate.pace = float(args["seconds"])
                return estate.pace
            case "script":
                path = estate.directory / "stdin" / str(int(args["seq"]))
                return path.read_text(errors="replace") if path.exists() else None
            case "admin":
                return await outages.administer(estate, args)
            case "down":
                self.stopping.set()
                return True
        raise ValueError(f"the lab does not understand {do!r}")


def _raise_limits() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def serve(options: dict[str, Any], sandbox: Sandbox) -> None:
    """Run a lab until it is told to stop or the process that started it goes away."""
    directory = Path(options["directory"])
    world = WorldSpec.model_validate(options["world"])
    template = Template.build(directory / "template", options["shell"])
    add_stubs(template, registry.stub_paths())
    journal = Journal(directory / "log.jsonl")
    estate = Estate(directory, world, sandbox, template, journal, Switches(world.switches), pace=options["pace"])
    server = LabServer(estate)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stopping.set)
    if options.get("tied"):
        loop.add_reader(0, server.parent_spoke)
    try:
        await server.start()
        print("ready", flush=True)
        await server.stopping.wait()
    finally:
        server.stop()


def main() -> int:
    """Start from the options on the command line (JSON); print `ready` or one sentence of what is wrong."""
    options = json.loads(sys.argv[1])
    directory = Path(options["directory"])
    _raise_limits()
    try:
        sandbox = Sandbox.enter(options["sandbox"])
        asyncio.run(serve(options, sandbox))
    except (SandboxError, ShellMissingError, ValueError, OSError) as error:
        print(f"error {error}", flush=True)
        return 1
    finally:
        if options.get("sweep"):
            shutil.rmtree(directory / "hosts", ignore_errors=True)
            shutil.rmtree(directory / "template", ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
