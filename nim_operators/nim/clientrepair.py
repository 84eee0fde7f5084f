"""Rebuilding one client's /etc/niminfo, so that it knows its current master and the other one (nim.md 2.1, 4.2).

``niminit`` refuses while the old file is there, and a client without one answers no master. So the old file is saved on
the client first, what rebuilds it does not depend on the session that started it, and it puts the saved file back where
``niminit`` makes none. A client that went down in between gets it back on the next try.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from nim_operators.nim import commands
from nim_operators.nim.collector import BASE
from nim_operators.nim.facts import Facts
from nim_operators.nim.messages import explain
from nim_operators.nim.ownership import Row, Side
from nim_operators.nim.plan import NoPlan
from nim_operators.nim.snapshot import Snapshot

NIMINFO = "/etc/niminfo"
SAVED = f"{BASE}/niminfo.saved"
_RESULT, _LOG = f"{BASE}/niminit.ended", f"{BASE}/niminit.log"
_ENDED = "rebuilding ended with"
_STATUS = re.compile(rf"^{_ENDED} (\d+)\s*$", re.ASCII | re.MULTILINE)
_FAILURES = {
    "3": f"Neither {NIMINFO} nor {SAVED} is there, so nothing was changed.",
    "4": f"{NIMINFO} could not be saved as {SAVED}, so nothing was changed.",
    "5": f"niminit made no {NIMINFO}, so the old one was put back.",
}
_PORT = 1058
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class ClientRepair:
    """One client whose file is rebuilt by ``niminit`` against *master*, the host name of its current master.

    ``address`` is what that master's ``c_rsh`` knows the client by.
    """

    client: str
    address: str
    master: str
    port: int = _PORT

    @property
    def niminit(self) -> str:
        """The command that makes the file anew; it defines nothing that is defined already (nim.md 4.2)."""
        return commands.niminit(self.client, self.master, self.port).line

    @property
    def text(self) -> str:
        """One line for the client's Korn shell: show and save the old file, rebuild it apart from this session.

        Any user may read the new one, as NIM leaves it; the copy and the log lie in a closed directory.
        """
        rebuild = (
            f"(if [ -s {NIMINFO} ]; then cp -p {NIMINFO} {SAVED} || exit 4; fi; [ -s {SAVED} ] || exit 3; "
            f"rm -f {NIMINFO}; {self.niminit}; [ -s {NIMINFO} ] || {{ cp -p {SAVED} {NIMINFO}; exit 5; }}); "
            f"echo {_ENDED} $? >{_RESULT}.new; mv {_RESULT}.new {_RESULT}"
        )
        return (
            f"umask 077; mkdir -p {BASE}; umask 022; rm -f {_RESULT}; cat {NIMINFO}; "
            f"nohup /usr/bin/ksh -c {shlex.quote(rebuild)} >{_LOG} 2>&1 </dev/null & "
            f"n=0; while [ ! -f {_RESULT} ] && [ $n -lt 60 ]; do sleep 1; n=$((n + 1)); done; cat {_RESULT} {_LOG}"
        )

    def failure(self, said: str) -> str:
        """Say why no new file was made, from what :attr:`text` printed; empty where one was, or nobody saw."""
        ended = _STATUS.search(said)
        why = _FAILURES.get(ended[1], "") if ended is not None else ""
        return f"{why} It said: {explain(said[ended.end() :], last=True)}" if ended is not None and why else ""

    @property
    def by_hand(self) -> str:
        """What a person types at the client's console."""
        return f"'cp -p {NIMINFO} {NIMINFO}.saved; rm {NIMINFO}; {self.niminit}'"


def plan_repair(facts: Facts, client: str) -> tuple[ClientRepair, Row]:
    """Say which client is repaired, from what a person entered, and how it stands. Pure.

    :raises NoPlan: if the source does not control such a client.
    """
    source = facts.source
    if source is None:
        raise NoPlan(f"{facts.view.source} was not observed, so nothing can be planned on it.")
    found = source.objects.get(client)
    known = sorted(one.name for one in source.client_objects if one.type == "standalone")
    if found is None or found.name not in known:
        entered = (
            f"'Client' is {client[:60]!r}, which is no standalone machine of {source.master}"
            if client
            else "'Client' is empty"
        )
        more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
        raise NoPlan(f"{entered}; enter one of: {', '.join(known[:_SHOWN])}{more}. Nothing was sent.")
    row = facts.matrix.row(client)
    named = {word.side for word in row.answers}
    if named - {Side.SOURCE}:
        names = ", ".join(sorted({word.master_hostname or "?" for word in row.answers}))
        raise NoPlan(
            f"{client} names {names} as its master, not {source.master}. Take it over first (nim_reattach, or the "
            "takeover again); then it can be repaired from here. Nothing was sent."
        )
    faults = sorted({word.fault for word in row.answers if word.fault})
    if faults:
        raise NoPlan(
            f"What answers for {client} is not it: {'; '.join(faults)}. Correct the object's interface on "
            f"{source.master}, or remove the object, before that machine is touched. Nothing was sent."
        )
    known_as = (
        one.asked_as
        for one in source.clients
        if (one.client, one.asked_by, one.silence) == (client, source.master, None)
    )
    return repair_by(source, client, next(known_as, None) or client), row


def repair_by(master: Snapshot, client: str, address: str) -> ClientRepair:
    """Return the repair of a client against *master*, by the host and port that its own niminfo gives."""
    host = master.niminfo.master_hostname if master.niminfo else None
    port = master.niminfo.master_port if master.niminfo else None
    return ClientRepair(client, address, host or master.hostname, port or _PORT)


def is_whole(row: Row) -> bool:
    """Tell whether a client says by its own file that the source controls it, and lists both masters."""
    return (
        bool(row.answers)
        and all(word.side is Side.SOURCE and word.fault is None for word in row.answers)
        and bool(row.lists_both)
    )
