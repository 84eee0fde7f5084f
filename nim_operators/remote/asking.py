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

FIRST_WORD_SECONDS = 30.0
"""What a host that has let us in may take until its Korn shell runs the script."""
SLACK_SECONDS = 15.0
"""What a section may take beyond its own limit, on a busy host and a slow link; one that has none reads local files."""

_STEP = 250
_CLOSING = re.compile(r" @ \d+(?: no port)?(?: as \S+)?$", re.ASCII | re.MULTILINE)


def asking_values(endpoint: Endpoint, width: int, limit_seconds: int) -> Mapping[str, str]:
    """Return what ``clients.ksh`` is given to ask *width* clients at a time, each for at most *limit_seconds*."""
    return {
        "C_RSH": endpoint.commands.c_rsh,
        "LSNIM": endpoint.commands.lsnim,
        "WIDTH": str(width),
        "LIMIT": str(limit_seconds),
        "PORTS": str(PORTS),
        "PORTS_EACH": str(PORTS_EACH),
        "PORT_SECONDS": str(PORT_SECONDS),
        "PORT_STEP": str(PORT_STEP),
        "PORT_LOOKS": str(PORT_LOOKS),
    }


class Progress:
    """Follows a script of sections: each may take its own limit, so that a host which hangs is left soon after.

    While clients are asked it tells a reader how far that is.
    """

    def __init__(self, host: str, nonce: str) -> None:
        self._host = host
        self._clients = re.compile(rf"{re.escape(nonce)} asking (\d+)$", re.ASCII | re.MULTILINE)
        self._limits = re.compile(rf"{re.escape(nonce)} limit (\d+)$", re.ASCII | re.MULTILINE)
        self._all = 0
        self._asked = 0

    def lines(self, lines: str) -> float | None:
        """Take some lines; return the seconds that are left to the last section which begins there."""
        begins = None if self._all else self._clients.search(lines)
        if begins is not None:
            self._all = int(begins[1])
        if self._all:
            steps = self._asked // _STEP
            self._asked += len(_CLOSING.findall(lines, begins.end() if begins else 0))
            if self._asked // _STEP > steps:
                _log.info("%s: asked %d of %d clients", self._host, self._asked, self._all)
        limits = self._limits.findall(lines)
        return (float(limits[-1]) or FIRST_WORD_SECONDS) + SLACK_SECONDS if limits else None
