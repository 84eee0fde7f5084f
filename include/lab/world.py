"""What a lab is made of before it runs: masters, clients, resources, and where the story starts."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Start = Literal[
    "fresh", "synced", "synced_peer_kept", "stale", "taken_over", "returned_stale", "split", "interrupted_sync"
]
WORLDS = Path(__file__).parent / "worlds"
DOMAIN = "example.com"


class WorldError(ValueError):
    """A world that does not exist or does not hold together, in one sentence."""


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FileSystemSpec(_Spec):
    """One declared file system, sizes in MB."""

    mount: str
    device: str
    size_mb: float
    used_mb: float
    mounted: bool = True


class MasterSpec(_Spec):
    """One NIM master; its name in the lab is also its object name in the peer's database by default."""

    name: str
    object_name: str = ""
    hostname: str = ""
    aliases: list[str] = []
    address: str
    mac: str
    cpuid: str
    adapter: str = "ent0"
    oslevel: str = "7300-02-01-2346"
    fileset_level: str = "7.3.2.0"
    second_interface: bool = False
    filesystems: list[FileSystemSpec] = []

    @model_validator(mode="after")
    def _fill(self) -> MasterSpec:
        self.object_name = self.object_name or self.name
        self.hostname = self.hostname or self.name
        if not self.aliases:
            short = self.hostname.split(".", 1)[0]
            self.aliases = [alias for alias in (short, f"{short}.{DOMAIN}", self.name) if alias != self.hostname]
        return self


class ResourceSpec(_Spec):
    """One NIM resource served by the first master; `size_kb` of real bytes are put at its location."""

    name: str
    type: str
    location: str
    size_kb: int = 16
    attrs: dict[str, str] = {}


class WorldSpec(_Spec):
    """
    A whole simulated estate: one pair of masters and their clients.

    `start` is where the story begins:
    `fresh`: both masters initialised, never synchronised. `synced`, `synced_peer_kept`: an earlier sync, without
    and with the source in the target's database. `stale`: synchronised, then the content of one resource changed
    on the source. `taken_over`: the second master owns the clients and both databases say so. `returned_stale`:
    the first master died, the second took over, the first is back with its old database. `split`: half of the
    clients belong to each master. `interrupted_sync`: a sync died on the way, the second master has no nimesis
    and no definitions.

    `spares` are further hosts that could be masters: NIM's filesets are installed, nothing of NIM is configured.
    `time_wait` is how many seconds a privileged port stays in use after a push, where the budget is switched on.
    """

    name: str = "default"
    masters: list[MasterSpec] = Field(default_factory=list, max_length=2)
    spares: list[MasterSpec] = []
    clients: int = Field(default=6, ge=0, le=20000)
    client_prefix: str = "aix"
    client_names: Literal["fqdn", "short"] = "fqdn"
    client_oslevel: str = "7300-02-01-2346"
    connect: str = "nimsh"
    vios: int = Field(default=1, ge=0)
    ssh_clients: int = Field(default=50, ge=0)
    management: bool = True
    groups: bool = True
    second_network: bool = True
    resources: list[ResourceSpec] | None = None
    start: Start = "fresh"
    login: str = "root"
    root_ssh: bool = True
    time_wait: float = Field(default=60.0, gt=0)
    switches: dict[str, str] = {}
    faults: list[str] = []

    @model_validator(mode="after")
    def _fill(self) -> WorldSpec:
        if not self.masters:
            self.masters = [
                MasterSpec(
                    name="nima",
                    address="10.1.0.11",
                    mac="00145EB74C7E",
                    cpuid="00F690DC4C00",
                    second_interface=True,
                ),
                MasterSpec(name="nimb", address="10.1.0.12", mac="00145EB74D02", cpuid="00F690DD4C00"),
            ]
        if len(self.masters) != 2:
            raise ValueError("a world has exactly two masters")
        for master in (*self.masters, *self.spares):
            if not master.filesystems:
                master.filesystems = default_filesystems()
        if self.resources is None:
            self.resources = default_resources()
        return self


def default_filesystems() -> list[FileSystemSpec]:
    """Return what a small AIX LPAR with a dedicated NIM file system has."""
    rows = [
        ("/", "/dev/hd4", 512, 120),
        ("/usr", "/dev/hd2", 4096, 2900),
        ("/var", "/dev/hd9var", 1024, 300),
        ("/tmp", "/dev/hd3", 1024, 20),
        ("/home", "/dev/hd1", 256, 2),
        ("/admin", "/dev/hd11admin", 128, 1),
        ("/opt", "/dev/hd10opt", 1024, 400),
        ("/export/nim", "/dev/nimlv", 10240, 4),
    ]
    return [FileSystemSpec(mount=m, device=d, size_mb=s, used_mb=u) for m, d, s, u in rows]


def default_resources() -> list[ResourceSpec]:
    """Return one resource of each kind that the nightly sync meets."""
    base = "/export/nim"
    release = {"version": "7", "release": "3", "mod": "2", "oslevel_r": "7300-02"}
    return [
        ResourceSpec(
            name="lpp_7300_02",
            type="lpp_source",
            location=f"{base}/lpp_source/lpp_7300_02",
            size_kb=256,
            attrs={"arch": "power", "simages": "yes"},
        ),
        ResourceSpec(
            name="spot_7300_02",
            type="spot",
            location=f"{base}/spot/spot_7300_02/usr",
            size_kb=192,
            attrs={"plat_defined": "chrp", "arch": "power", "bos_license": "yes", **release},
        ),
        ResourceSpec(
            name="mksysb_aix01",
            type="mksysb",
            location=f"{base}/mksysb/aix01.mksysb",
            size_kb=512,
            attrs={
                "arch": "power",
                **release,
                "creation_date": "Sun Nov  1 01:00:00 2026",
                "source_image": "aix01",
            },
        ),
        ResourceSpec(
            name="image_data_aix01",
            type="image_data",
            location=f"{base}/image_data/aix01.image.data",
            size_kb=4,
        ),
        ResourceSpec(
            name="bosinst_ow",
            type="bosinst_data",
            location=f"{base}/bosinst_data/bosinst_ow",
            size_kb=2,
            attrs={"comments": "overwrite; CONSOLE=Default: all disks"},
        ),
    ]


def world_names() -> list[str]:
    """Return the worlds that come with the lab."""
    return sorted(path.stem for path in WORLDS.glob("*.yaml"))


def load_world(world: str | Path | WorldSpec, clients: int | None = None) -> WorldSpec:
    """Return a world by name, by YAML file, or as given; `clients` overrides how many it has."""
    if isinstance(world, WorldSpec):
        spec = world.model_copy(deep=True)
    else:
        path = WORLDS / f"{world}.yaml"
        if not path.exists():
            path = Path(world)
        if not path.is_file():
            raise WorldError(
                f"there is no world {str(world)!r}; worlds are: {', '.join(world_names())}, or a YAML file"
            )
        try:
            spec = WorldSpec.model_validate({"name": path.stem, **(yaml.safe_load(path.read_text()) or {})})
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise WorldError(f"world {path}: {place or 'the file'}: {first['msg']}") from error
    if clients is not None:
        spec.clients = clients
    return spec
