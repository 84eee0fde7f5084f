"""Let NIM find privileged ports for its own pushes, and look again where that took time."""

from __future__ import annotations

from nim_operators.nim.pair import PairView
from nim_operators.operators.base import Run, in_loop
from nim_operators.remote.errors import OutcomeUnknown
from nim_operators.remote.ports import Free, wait_for_ports
from nim_operators.remote.transport import connect


def after_our_asking(run: Run, master: str, view: PairView, clients: int) -> PairView:
    """
    Wait until *master* has ports for pushes to so many clients, and return the pair as it is then.

    Where nothing had to be waited for, that is *view*. Else the masters are looked at again, without asking a client,
    which would take the ports again: their words are those of *view*. That nobody could wait stops nothing.
    """
    free = in_loop(_wait(run, master, clients))
    if free.lack:
        run.note(free.lack)
    return run.observe("before", ask_clients=False).with_words_of(view) if free.waited else view


async def _wait(run: Run, master: str, clients: int) -> Free:
    try:
        async with connect(master, run.endpoint(master)) as host:
            return await wait_for_ports(host, clients)
    except OutcomeUnknown as unknown:
        return Free(waited=True, lack=f"How many ports {master} has free for NIM's pushes is not known: {unknown}")
