"""Ask one subsystem of a host for its state."""

from __future__ import annotations

from nim_operators.nim.lssrc import parse_lssrc
from nim_operators.nim.snapshot import SubsystemRow
from nim_operators.remote.script import build, read_sections
from nim_operators.remote.transport import Host


async def subsystem_rows(host: Host, subsystem: str) -> tuple[SubsystemRow, ...]:
    """Return the rows of ``lssrc -s`` for *subsystem*; none where it is not on file.

    :raises OutcomeUnknown: if nobody saw the end of the command.
    """
    script = build("subsystem", {"LSSRC": host.endpoint.commands.lssrc, "SUBSYSTEM": subsystem})
    section = (await read_sections(host, script))[f"lssrc_{subsystem}"]
    return parse_lssrc(host.name, section.stdout)
