"""Leave on a master the script by which a person takes the clients over while Airflow is down."""

from __future__ import annotations

from nim_operators.nim.breakglass import BreakGlass
from nim_operators.nim.collector import BASE
from nim_operators.remote.asking import asking_values
from nim_operators.remote.endpoint import Endpoint
from nim_operators.remote.errors import RemoteError
from nim_operators.remote.files import posix_cksum
from nim_operators.remote.script import ask, build, standalone
from nim_operators.remote.text import bytes_of
from nim_operators.remote.transport import Host


def script_text(plan: BreakGlass, endpoint: Endpoint, width: int, limit_seconds: int) -> str:
    """Return the whole script: what it is, its values, its steps, and the functions that the steps use.

    :param endpoint: the master on which it is to run, for the place of its commands.
    :param width: how many clients are asked at a time, each for at most *limit_seconds*.
    """
    return standalone(
        "break_glass",
        (f"#!{endpoint.ksh}", *plan.head),
        {"BASE": BASE, **plan.values, **asking_values(endpoint, width, limit_seconds)},
        {"list_clients": plan.clients, "list_names": plan.names},
        uses=("clients", "say", "common"),
    )


async def leave(host: Host, text: str) -> None:
    """Write the script on *host*, mode 0700, and make sure that it is whole. It takes no lock: see the script.

    :raises HostRefused: if this product's directory there is not trustworthy or cannot be written.
    :raises OutcomeUnknown: if the link was lost.
    :raises RemoteError: if what stands there is not what was sent.
    """
    reply = await ask(host, build("write_break_glass", {}, {"list_lines": text.splitlines()}), deadline=60)
    if reply.text.split()[:1] != [str(posix_cksum(bytes_of(text)))]:
        raise RemoteError(host.name, f"the break-glass script was not read back as it was sent: {reply.text!r}")
