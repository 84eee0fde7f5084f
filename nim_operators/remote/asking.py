"""Ask clients through a master: how many at a time, at what pace, for how long (design section 4)."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

from nim_operators.remote.endpoint import Endpoint

_log = logging.getLogger(__name__)

PORTS = 384
"""How many of the 512 privileged ports may be in use while clients are asked: NIM, NFS and rsh need the others."""
PORTS_EACH = 5
"""What one conversation takes at most: rsh takes up to five, nimsh fewer (nim.md 3.4)."""
PORT_SECONDS = 4
"""What the ports of one client add to the time for asking: five of 384, kept for up to 240 seconds (nim.md 3.4)."""
PORT_STEP = 5
PORT_LOOKS = 60
"""A worker looks for a free port every step, and no longer than any port can be kept: 300 seconds."""

_STEP = 250
_CLOSING = re.compile(r" @ \d+(?: no port)?$", re.ASCII | re.MULTILINE)


def asking_values(endpoint: Endpoint, width: int, limit_seconds: int) -> Mapping[str, str]:
    """Return what ``clients.ksh`` is given to ask *width* clients at a time, each for at most *limit_seconds*."""
    return {
        "C_RSH": endpoint.commands.c_rsh,
        "WIDTH": str(width),
        "LIMIT": str(limit_seconds),
        "PORTS": str(PORTS),
        "PORTS_EACH": str(PORTS_EACH),
        "PORT_SECONDS": str(PORT_SECONDS),
        "PORT_STEP": str(PORT_STEP),
        "PORT_LOOKS": str(PORT_LOOKS),
    }


class Progress:
    """Follows the lines of a script that asks clients: grants the time it needs and tells a reader how far it is."""

    def __init__(self, host: str, nonce: str) -> None:
        self._host = host
        self._begins = re.compile(rf"{re.escape(nonce)} asking (\d+) (\d+)$", re.ASCII | re.MULTILINE)
        self._all = 0
        self._asked = 0

    def lines(self, lines: str) -> float | None:
        """Take some lines; return the seconds that asking may take, once it is known how many clients there are."""
        begins = None if self._all else self._begins.search(lines)
        if begins is not None:
            self._all = int(begins[1])
        if self._all:
            steps = self._asked // _STEP
            self._asked += len(_CLOSING.findall(lines, begins.end() if begins else 0))
            if self._asked // _STEP > steps:
                _log.info("%s: asked %d of %d clients", self._host, self._asked, self._all)
        return float(begins[2]) if begins else None
