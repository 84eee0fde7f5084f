"""Let a master list the filesets of one of its clients: the proof that it controls and reaches it (nim.md 4.5)."""

from __future__ import annotations

from nim_operators.nim.messages import explain
from nim_operators.remote.script import build, read_sections
from nim_operators.remote.transport import Host

_LIMIT_SECONDS = 120


async def list_filesets(host: Host, client: str) -> tuple[int, str]:
    """Return how many lines ``nim -o lslpp`` printed for *client*, and what it complained of, empty if of nothing.

    :raises nim_operators.remote.errors.OutcomeUnknown: if nobody saw the end of the command.
    """
    values = {"NIM": host.endpoint.commands.nim, "CLIENT": client, "LIMIT": str(_LIMIT_SECONDS)}
    sections = await read_sections(host, build("list_filesets", values))
    section = sections["lslpp"]
    lines = sum(1 for line in section.stdout.splitlines() if line.strip())
    if section.exit == 0 and lines:
        return lines, ""
    return 0, explain(section.stderr or section.stdout)
