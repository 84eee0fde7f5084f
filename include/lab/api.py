"""Start, talk to and stop a lab from Python."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from include.lab.intervals import Interval, intervals
from include.lab.process import kill_all
from include.lab.world import WorldSpec, load_world

Record = dict[str, Any]
REPOSITORY = Path(__file__).resolve().parents[2]
DEFAULT_TIMEOUT = 30.0


class LabError(RuntimeError):
    """The lab refused a request or is not running; the message says why."""


class Lab:
    """A running lab. Every method is one request to its control socket."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        about = directory / "lab.json"
        if not about.exists():
            raise LabError(f"no lab is running in {directory}")
        self.about: dict[str, Any] = json.loads(about.read_text())
        self._socket = self.about["control"]

    def request(self, do: str, **args: Any) -> Any:
        """Send one request and return its answer."""
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(self._socket)
                connection.sendall(json.dumps({"do": do, "args": args}).encode() + b"\n")
                with connection.makefile("rb") as stream:
                    line = stream.readline()
            except OSError as error:
                raise LabError(f"the lab in {self.directory} does not answer: {error.strerror}") from error
        if not line:
            raise LabError(f"the lab in {self.directory} ended while it was asked to {do}")
        answer = json.loads(line)
        if "error" in answer:
            raise LabError(answer["error"])
        return answer["ok"]

    @property
    def connections(self) -> dict[str, dict[str, Any]]:
        """Return the Airflow connections, by connection id."""
        loaded: dict[str, dict[str, Any]] = json.loads((self.directory / "connections.json").read_text())
        return loaded

    @property
    def key_file(self) -> Path:
        """Return the private key every login accepts."""
        return self.directory / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        """Return the host keys in OpenSSH form."""
        return self.directory / "known_hosts"

    def address(self, host: str) -> tuple[str, int]:
        """Return address and port of a host's SSH server."""
        return "127.0.0.1", int(self.about["hosts"][host])

    def login(self, host: str) -> str:
        """Return the login of a host's connection."""
        name = next(key for key, value in self.about["connections"].items() if value == host)
        return str(self.connections[name]["login"])

    def tree(self, host: str) -> Path:
        """Return where a host's file tree lies outside."""
        return self.directory / "hosts" / host / "root"

    def state(self) -> dict[str, Any]:
        """Return ground truth."""
        state: dict[str, Any] = self.request("state")
        return state

    def state_hash(self) -> str:
        """Return a digest of all NIM state; equal digests mean nothing was changed."""
        return str(self.request("hash"))

    def log(self, *, after: int = 0, raw: bool = False, event: str | None = None, **equal: Any) -> list[Record]:
        """Return the log, commands and calls as one record each, filtered by kind and by equal fields."""
        records: list[Record] = self.request("log", after=after, raw=raw)
        return [
            record
            for record in records
            if (event is None or record["event"] == event) and all(record.get(k) == v for k, v in equal.items())
        ]

    def calls(self, name: str, *, after: int = 0, **equal: Any) -> list[Record]:
        """Return the calls of one lab command."""
        return [record for record in self.log(after=after, event="call", **equal) if record["argv"][0] == name]

    def changing(self, *, after: int = 0) -> list[Record]:
        """Return the calls that may have changed NIM state."""
        return self.log(after=after, event="call", changing=True)

    def intervals(self, *, after: int = 0) -> list[Interval]:
        """Return when each lab command began and ended; `include.lab.overlapping` finds those side by side."""
        return intervals(self.log(after=after, raw=True))

    def script(self, seq: int) -> str | None:
        """Return what the command with that sequence number read from stdin."""
        text: str | None = self.request("script", seq=seq)
        return text

    def mark(self) -> int:
        """Return the newest sequence number, to look only at what comes later."""
        return int(self.request("mark"))

    def break_fault(self, fault: str, *, host: str | None = None, **args: Any) -> Record:
        """Switch a fault on."""
        record: Record = self.request("break", fault=fault, host=host, args={k: str(v) for k, v in args.items()})
        return record

    def heal(self, fault: str = "all", *, host: str | None = None, **args: Any) -> int:
        """Switch a fault off, where several are on the one with these arguments; return how many were on."""
        return int(self.request("heal", fault=fault, host=host, args={k: str(v) for k, v in args.items()}))

    def draw_traits(self, seed: int, *, share: float = 0.3, kinds: Sequence[str] = ()) -> dict[str, str]:
        """
        Give a share of the clients a trait that no master sees beforehand; return the trait of every client.

        Traits are those of `include.lab.traits`, all of them unless `kinds` says which.
        """
        dealt: dict[str, str] = self.request("draw", seed=seed, share=share, kinds=list(kinds))
        return dealt

    def hold(self, point: str) -> None:
        """Stop every operation that reaches a point, such as `sync:7`."""
        self.request("hold", point=point)

    def release(self, point: str | None = None) -> None:
        """Let held operations go on; all of them without a point."""
        self.request("release", point=point)

    def wait(self, event: str, timeout: float = DEFAULT_TIMEOUT, *, after: int = 0) -> Record:
        """Return the first matching event since `after`; raise TimeoutError when none comes."""
        record: Record | None = self.request("wait", event=event, timeout=timeout, after=after)
        if record is None:
            raise TimeoutError(f"the lab saw no {event!r} within {timeout} s")
        return record

    async def wait_async(self, event: str, limit: float = DEFAULT_TIMEOUT, *, after: int = 0) -> Record:
        """Wait without blocking the event loop."""
        return await asyncio.to_thread(self.wait, event, limit, after=after)

    def switch(self, name: str, value: str) -> None:
        """Give a switch another value."""
        self.request("switch", name=name, value=value)

    def pace(self, seconds: float) -> None:
        """Set how long a phase of a sync takes."""
        self.request("pace", seconds=seconds)

    def admin(self, host: str, *argv: str) -> Record:
        """Run a lab command at a host's console, as an administrator does; return exit, stdout, stderr."""
        record: Record = self.request("admin", host=host, argv=list(argv))
        return record

    def down(self) -> None:
        """Stop the lab."""
        pid = int(self.about["pid"])
        self.request("down")
        deadline = time.monotonic() + DEFAULT_TIMEOUT
        while Path(f"/proc/{pid}").exists() and (self.directory / "lab.json").exists() and time.monotonic() < deadline:
            time.sleep(0.02)


def launch(
    world: str | Path | WorldSpec = "default",
    directory: Path | str = ".lab",
    *,
    clients: int | None = None,
    shell: str | None = None,
    sandbox: str = "auto",
    pace: float = 0.01,
    switches: dict[str, str] | None = None,
    tied: bool = False,
) -> tuple[Lab, subprocess.Popen[str]]:
    """Start the server process and return when it is ready; `tied` ends it when its stdin closes."""
    spec = load_world(world, clients)
    spec.switches |= switches or {}
    place = Path(directory).resolve()
    if (place / "lab.json").exists():
        with contextlib.suppress(LabError):
            Lab(place).mark()
            raise FileExistsError(f"a lab is already running in {place}; stop it or choose another directory")
    place.mkdir(parents=True, exist_ok=True)
    # a lab that was killed could not end what ran on its hosts
    kill_all(place / "hosts")
    for name in ("hosts", "template", "stdin"):
        shutil.rmtree(place / name, ignore_errors=True)
    for name in ("log.jsonl", "lab.json"):
        (place / name).unlink(missing_ok=True)
    options = {
        "directory": str(place),
        "world": spec.model_dump(),
        "shell": shell or os.environ.get("NIM_LAB_SHELL", "auto"),
        "sandbox": sandbox,
        "pace": pace,
        "tied": tied,
    }
    paths = [str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])]
    with (place / "server.log").open("w") as errors:
        server = subprocess.Popen(
            [sys.executable, "-m", "include.lab.server", json.dumps(options)],
            cwd="/",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            stdin=subprocess.PIPE if tied else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
    assert server.stdout is not None
    answer = server.stdout.readline().strip()
    server.stdout.close()
    if answer != "ready":
        server.wait()
        said = (place / "server.log").read_text().strip().splitlines()
        raise LabError(answer.removeprefix("error ") or (said[-1] if said else "the lab ended before it was ready"))
    return Lab(place), server


@contextlib.contextmanager
def running_lab(
    world: str | Path | WorldSpec = "default",
    base_dir: Path | str | None = None,
    *,
    clients: int | None = None,
    shell: str | None = None,
    sandbox: str = "auto",
    pace: float = 0.01,
    switches: dict[str, str] | None = None,
) -> Iterator[Lab]:
    """Run a lab in a child process for the length of a `with` block; end all it started."""
    directory = Path(base_dir) if base_dir is not None else Path(".lab")
    lab, server = launch(
        world,
        directory,
        clients=clients,
        shell=shell,
        sandbox=sandbox,
        pace=pace,
        switches=switches,
        tied=True,
    )
    try:
        yield lab
    finally:
        if server.stdin is not None:
            server.stdin.close()
        try:
            server.wait(DEFAULT_TIMEOUT)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
