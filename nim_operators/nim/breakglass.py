"""The takeover of the day on which Airflow is down: what a person at the standby needs, worked out beforehand.

After each recovery point both masters keep a script that holds the exact commands of a takeover by the standby. The
text of its steps is ``remote/scripts/break_glass.ksh``; here is what is filled in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nim_operators.nim import commands
from nim_operators.nim.commands import CommandPaths
from nim_operators.nim.facts import Facts
from nim_operators.nim.plan import NoPlan, takeover_commands

FILE = "break_glass.ksh"
"""The name of the script in this product's directory on a master."""


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """The script's values. It is the same on both masters, and refuses to run anywhere but on the standby.

    ``clients`` are all clients of the takeover, ``names`` each name, in small letters, by which a client's own
    /etc/niminfo may mean the standby and not the other master.
    """

    head: tuple[str, ...]
    values: Mapping[str, str]
    clients: tuple[str, ...]
    names: tuple[str, ...]


def break_glass(facts: Facts, paths: Mapping[str, CommandPaths], *, point: str, backups: str) -> BreakGlass:
    """Say what the script is filled with. Pure: the same facts give the same script.

    :param paths: where the commands are on each master.
    :param point: when the recovery point was made, by the clock of the source.
    :param backups: the directory on the target for a backup of its database.
    :raises NoPlan: if a master was not observed, or nothing tells what would be sent.
    """
    source, target = facts.source, facts.target
    if source is None or target is None:
        raise NoPlan("Both masters must be observed to write down what to do by hand.")
    clients = tuple(row.client for row in facts.matrix.rows)
    own = paths[target.master]
    send = " && ".join(command.line for command in takeover_commands(facts, own))
    return BreakGlass(
        head=(
            f"# {FILE} - take {len(clients)} NIM clients over from {source.master}, on the day Airflow is down.",
            f"# Runs on {target.hostname} ({target.master}) only. Log in there as root, then type: ksh <this file>",
            f"# It asks before it changes anything. It sends: {send}",
            f"# Written after the recovery point of {point}; the next one writes it anew, so never edit it.",
        ),
        values={
            "MASTER": target.master,
            "HOST": target.hostname,
            "OTHER": source.master,
            "OTHER_HOST": source.hostname,
            "POINT": point,
            "COUNT": str(len(clients)),
            "SEND": send,
            "FENCE": commands.stop_nimesis(paths[source.master]).line,
            "M_BACKUP_DB": own.m_backup_db,
            "LSSRC": own.lssrc,
            "BACKUPS": backups,
        },
        clients=clients,
        names=_names(facts),
    )


def _names(facts: Facts) -> tuple[str, ...]:
    """Return what means the target: whole names, addresses and first labels, but none that fits the source too."""
    target, source = facts.identities[facts.view.target], facts.identities[facts.view.source]
    found = {*target.names, *target.addresses, *(name.partition(".")[0] for name in target.names)}
    return tuple(sorted(name for name in found if not source.is_named_by(name)))
