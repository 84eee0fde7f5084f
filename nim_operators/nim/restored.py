"""Whether a master is again what it was before a sync (design section 6, half a sync)."""

from __future__ import annotations

from nim_operators.nim.drift import definition_of
from nim_operators.nim.snapshot import Snapshot


def unlike_before(before: Snapshot, now: Snapshot) -> tuple[str, ...]:
    """Say what keeps *now* from being the master that *before* shows; empty where it is that master again.

    Its own niminfo, every definition in its database (states come and go), its level, exactly one nimesis, active;
    on a master that is fenced because its clients have gone it may be stopped.
    """
    found = []
    if _variables(before) != _variables(now):
        found.append("/etc/niminfo is not its own of before")
    if before.nim_level != now.nim_level:
        found.append(f"NIM.level is {now.nim_level!r} instead of {before.nim_level!r}")
    was, is_now = (
        {name: definition_of(found) for name, found in snapshot.objects.items()} for snapshot in (before, now)
    )
    changed = sorted(name for name in {*was, *is_now} if was.get(name) != is_now.get(name))
    if changed:
        found.append(f"its database differs in {', '.join(changed[:8])}{' and others' if changed[8:] else ''}")
    rows = [row.status for row in now.subsystems if row.name == "nimesis"]
    if rows != ["active"] and (now.own.fenced is None or rows != ["inoperative"]):
        found.append(f"nimesis is {', '.join(rows) or 'not defined'} instead of active once")
    return tuple(found)


def _variables(snapshot: Snapshot) -> dict[str, str] | None:
    return dict(snapshot.niminfo.variables) if snapshot.niminfo else None
