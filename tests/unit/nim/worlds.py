"""Pairs of masters built by hand: a healthy one, and small changes to it that read as what happened."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nim_operators.nim.levels import Level
from nim_operators.nim.niminfo import Niminfo
from nim_operators.nim.objects import NimObject
from nim_operators.nim.pair import PairView, Policy
from nim_operators.nim.snapshot import (
    Absence,
    ArmedDirection,
    ClientAnswer,
    FileSystem,
    LockOwner,
    NameAnswer,
    NimProcess,
    OpenJob,
    OwnRecords,
    Place,
    Snapshot,
    SubsystemRow,
    Unreachable,
)

A, B = "nima", "nimb"
"""The estate's names of the two masters; the sync goes from A to B."""

HOST = {A: "nima.example.com", B: "nimb.example.com"}
ADDRESS = {A: "10.1.1.1", B: "10.1.1.2"}
LEVEL = Level(7300, 1, 1, 2246)
FILESET_LEVEL = "7.3.1.2"

READY = (
    ("Cstate", "ready for a NIM operation"),
    ("prev_state", "not running"),
    ("Mstate", "currently running"),
)
ROOT = FileSystem("/dev/hd4", 1_000_000, 500_000, "/")
VAR = FileSystem("/dev/hd9var", 2_000_000, 900_000, "/var")
EXPORT = FileSystem("/dev/fslv01", 50_000_000, 20_000_000, "/export/nim")

LOCATIONS = {
    "spot_73": ("spot", "/export/nim/spot/spot_73/usr", 900_000),
    "lpp_73": ("lpp_source", "/export/nim/lpp/lpp_73", 4_000_000),
    "lpar1_sysb": ("mksysb", "/export/nim/mksysb/lpar1.sysb", 3_000_000),
}
"""The resources of the healthy pair: type, location, size in KiB."""


def obj(name: str, cls: str, type_: str, *attributes: tuple[str, str]) -> NimObject:
    return NimObject(name, cls, type_, attributes)


def client(name: str, master: str | None = HOST[A], type_: str = "standalone", **more: str) -> NimObject:
    cls = "management" if type_ == "vios" else "machines"
    owner = [("current_master", master), ("sync_required", "no")] if master else []
    return obj(
        name,
        cls,
        type_,
        *owner,
        ("connect", "nimsh"),
        ("platform", "chrp"),
        ("if1", f"master_net {name}.example.com 8EB220004002 ent0"),
        *READY,
        ("cpuid", "00068A0AD700"),
        *more.items(),
    )


def resource(name: str, type_: str, location: str, **more: str) -> NimObject:
    plain = {"Rstate": "ready for use", "location": location, "alloc_count": "0", "server": "master"}
    return obj(name, "resources", type_, *{**plain, **more}.items())


def network(name: str = "master_net", address: str = "10.1.1.0", **more: str) -> NimObject:
    plain = {"Nstate": "ready for use", "net_addr": address, "snm": "255.255.255.0"}
    return obj(name, "networks", "ent", *{**plain, "routing1": "default 10.1.1.254", **more}.items())


def master_object(master: str, **more: str) -> NimObject:
    plain = {
        "max_nimesis_threads": "20",
        "platform": "chrp",
        "netboot_kernel": "64",
        "if1": f"master_net {HOST[master]} 00145EB74C7{master[-1].upper()} ent0",
        "cable_type1": "N/A",
        **dict(READY),
        "serves": "boot",
        "master_port": "1058",
        "registration_port": "1059",
    }
    return obj("master", "machines", "master", *{**plain, **more}.items())


def alternate(master: str, **more: str) -> NimObject:
    plain = {
        "connect": "nimsh",
        "platform": "chrp",
        "netboot_kernel": "64",
        "if1": f"master_net {HOST.get(master, master)} 0",
        "cable_type1": "N/A",
        **dict(READY),
    }
    return obj(master, "machines", "alternate_master", *{**plain, **more}.items())


CLIENTS = ("lpar1", "lpar2", "vios1")


def shared_objects() -> list[NimObject]:
    return [
        resource("boot", "boot", "/tftpboot"),
        resource("nim_script", "nim_script", "/export/nim/scripts"),
        network(),
        *(client(name, type_="vios" if name == "vios1" else "standalone") for name in CLIENTS),
        obj("hmc1", "management", "hmc", ("if1", "master_net hmc1.example.com 0"), *READY),
        *(resource(name, type_, location) for name, (type_, location, _) in LOCATIONS.items()),
    ]


def listed(*objects: NimObject) -> dict[str, NimObject]:
    return {found.name: found for found in objects}


def answer(  # noqa: PLR0917
    name: str,
    master: str = HOST[A],
    asked_by: str = A,
    lists: tuple[str, ...] = (HOST[A], HOST[B]),
    configuration: str = "standalone",
    level: Level | None = LEVEL,
    calls_itself: str | None = None,
) -> ClientAnswer:
    said = Niminfo(
        name=calls_itself or name,
        configuration=configuration,
        hostname=f"{name}.example.com",
        master_hostname=master,
        master_hostnames=lists,
    )
    return ClientAnswer(name, asked_by, niminfo=said, level=level)


def silence(name: str, asked_by: str = A, why: str = "no answer within its limit") -> ClientAnswer:
    return ClientAnswer(name, asked_by, silence=why)


def own_niminfo(master: str, peer: str) -> Niminfo:
    return Niminfo(
        name="master",
        configuration="master",
        master_hostname=HOST[master],
        alternate_master=HOST[peer],
        master_port=1058,
        registration_port=1059,
    )


def armed(source: str = A, target: str = B) -> ArmedDirection:
    return ArmedDirection(source, target, "setup-1", "2026-01-05T10:00:00Z")


def places() -> dict[str, Place]:
    return {
        location: Place(location, "file" if type_ == "mksysb" else "directory", size, EXPORT)
        for type_, location, size in LOCATIONS.values()
    }


def snapshot(master: str, **changes: Any) -> Snapshot:
    """A master of the healthy pair, B with a finished copy of A's database."""
    peer = B if master == A else A
    plain: dict[str, Any] = {
        "master": master,
        "clock": "2026-01-06T02:00:00Z",
        "hostname": HOST[master],
        "machine_id": f"00F690DC4C0{master[-1].upper()}",
        "niminfo": own_niminfo(master, peer),
        "nim_level": FILESET_LEVEL,
        "level": LEVEL,
        "filesets": {"bos.sysmgt.nim.master": FILESET_LEVEL, "bos.sysmgt.nim.spot": FILESET_LEVEL},
        "subsystems": (
            SubsystemRow("nimesis", "nim", 4711, "active"),
            SubsystemRow("nimsh", "nimclient", 4712, "active"),
        ),
        "objects": listed(master_object(master), *shared_objects(), alternate(peer)),
        "file_systems": (ROOT, VAR, EXPORT),
        "places": places(),
        "names": tuple(
            NameAnswer(asked, (HOST[each],), (ADDRESS[each],))
            for each in (A, B)
            for asked in (HOST[each], ADDRESS[each])
        ),
        "nfs_of_peer": True,
        "processes": (),
        "cron": (),
        "clients": tuple(answer(name) for name in CLIENTS) if master == A else (),
        "own": OwnRecords(direction=armed()),
    }
    return Snapshot(**{**plain, **changes})


def pair(**changes: Any) -> PairView:
    """The healthy pair: A serves all clients, B has the copy, the direction is armed everywhere."""
    plain: dict[str, Any] = {
        "source": A,
        "target": B,
        "observations": {A: snapshot(A), B: snapshot(B)},
        "policy": Policy(),
        "remembered": armed(),
    }
    return PairView(**{**plain, **changes})


def seen(view: PairView, master: str) -> Snapshot:
    found = view.snapshot(master)
    assert found is not None
    return found


def change(view: PairView, master: str, **changes: Any) -> PairView:
    changed = replace(seen(view, master), **changes)
    return replace(view, observations={**view.observations, master: changed})


def put(view: PairView, master: str, *objects: NimObject) -> PairView:
    return change(view, master, objects={**seen(view, master).objects, **listed(*objects)})


def drop(view: PairView, master: str, *names: str) -> PairView:
    kept = {name: found for name, found in seen(view, master).objects.items() if name not in names}
    return change(view, master, objects=kept)


def lose(view: PairView, master: str, absence: Absence = Absence.TIMED_OUT) -> PairView:
    lost = Unreachable(master, absence, "ssh said so")
    return replace(view, observations={**view.observations, master: lost})


def say(view: PairView, *answers: ClientAnswer, asked_by: str = A) -> PairView:
    """Let the clients asked by one master say this instead of what they said."""
    return change(view, asked_by, clients=answers)


def owned_by_b() -> PairView:
    """B has taken over: its own database and every client say so, A was not told (nim.md hazard 10)."""
    view = put(pair(), B, *(client(name, HOST[B]) for name in ("lpar1", "lpar2")))
    view = put(view, B, client("vios1", HOST[B], "vios"))
    said = tuple(answer(name, HOST[B], B, (HOST[B], HOST[A])) for name in CLIENTS)
    return change(say(view, *(silence(name) for name in CLIENTS)), B, clients=said)


def first_sync() -> PairView:
    """B is as niminit left it, and nothing was ever armed."""
    bare = listed(
        master_object(B),
        resource("boot", "boot", "/tftpboot"),
        resource("nim_script", "nim_script", "/export/nim/scripts"),
        network("net_b"),
        alternate(A),
    )
    absent = {path: replace(place, kind="absent", size_kb=None) for path, place in places().items()}
    view = change(pair(remembered=None), B, objects=bare, places=absent, own=OwnRecords())
    return change(view, A, own=OwnRecords())


def unarmed() -> PairView:
    """A healthy pair on which nobody ever recorded a direction."""
    view = change(pair(remembered=None), A, own=OwnRecords())
    return change(view, B, own=OwnRecords())


def process(command: str) -> tuple[NimProcess, ...]:
    return (NimProcess(9000, "root", command),)


def job(state: str, kind: str = "sync", run: str = "run-1") -> OwnRecords:
    return OwnRecords(direction=armed(), jobs=(OpenJob(f"{kind}.1", kind, run, "change", state),))


def locked(run: str) -> OwnRecords:
    return OwnRecords(direction=armed(), lock=LockOwner(run, "token", "2026-01-06T01:00:00Z"))
