"""Record on a master the direction in which the nightly sync may run."""

from __future__ import annotations

from nim_operators.nim.snapshot import ArmedDirection
from nim_operators.remote.lock import Holder, claim
from nim_operators.remote.script import ask, build
from nim_operators.remote.transport import Host


async def record_direction(host: Host, holder: Holder, source: str, target: str) -> ArmedDirection:
    """Write the direction on *host*, which must be locked for the holder's run, and return it as read back.

    :raises LockHeld: if the pair lock on this host is not the run's.
    """
    await claim(host, holder)
    values = {"RUN": holder.run, "TOKEN": holder.token, "SOURCE": source, "TARGET": target}
    fields = (await ask(host, build("direction", values), deadline=60)).fields
    return ArmedDirection(fields["source"], fields["target"], fields["recorded_by"], fields["recorded_at"])
