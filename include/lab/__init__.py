"""A simulated AIX estate with NIM masters over real SSH; see README.md."""

from __future__ import annotations

from include.lab.api import Lab, LabError, launch, running_lab
from include.lab.intervals import Interval, overlapping
from include.lab.world import WorldError, WorldSpec, load_world, world_names

__all__ = [
    "Interval",
    "Lab",
    "LabError",
    "WorldError",
    "WorldSpec",
    "launch",
    "load_world",
    "overlapping",
    "running_lab",
    "world_names",
]
