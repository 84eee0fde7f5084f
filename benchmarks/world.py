"""What every benchmark needs: the pair of a lab as endpoints, and numbers of the process that measures."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from include.lab import Lab
from nim_operators.remote.endpoint import Endpoint, endpoint_from_connection

MASTERS = {"nima": "nim_lab_a", "nimb": "nim_lab_b"}


@dataclass
class Cost:
    """What a piece of work took: seconds on the clock and seconds of this process's own CPU."""

    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def cost() -> Iterator[Cost]:
    """Measure the block."""
    spent, wall, cpu = Cost(), time.monotonic(), time.process_time()
    yield spent
    spent.wall, spent.cpu = time.monotonic() - wall, time.process_time() - cpu


def peak_rss_mb() -> float:
    """Return the most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def endpoints(lab: Lab) -> dict[str, Endpoint]:
    """Return where the masters of a lab are."""
    return {master: _endpoint(lab, conn_id) for master, conn_id in MASTERS.items()}


def _endpoint(lab: Lab, conn_id: str) -> Endpoint:
    connection = lab.connections[conn_id]
    return endpoint_from_connection(
        conn_id,
        host=connection["host"],
        port=connection["port"],
        login=connection["login"],
        password=None,
        extra=connection["extra"],
    )
