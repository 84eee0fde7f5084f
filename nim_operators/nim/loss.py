"""What is lost when the alternate goes on without the active master, as far as anybody can tell (nim.md 10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from nim_operators.nim.snapshot import Snapshot


def what_is_lost(target: Snapshot, source: str, *, proven_at: str | None, stale: Iterable[str]) -> tuple[str, ...]:
    """Return what a takeover by *target* loses, one sentence each.

    :param source: the estate's name of the master that is given up.
    :param proven_at: when the target was last proven to hold what the source held, None where it never was.
    :param stale: resources whose content was older on the target even then.
    """
    return tuple(_losses(target, source, proven_at, tuple(stale)))


def _losses(target: Snapshot, source: str, proven_at: str | None, stale: tuple[str, ...]) -> Iterator[str]:
    if proven_at is None:
        yield f"No recovery point is known: nobody has proven what {target.master} holds of {source}."
    else:
        yield (
            f"What was defined or changed on {source} since {proven_at}{_age(proven_at, target.clock)} "
            f"is not known to {target.master}."
        )
    for found in target.replicated:
        place = target.places.get(found.location or "")
        if place is not None and place.kind == "absent":
            yield f"{found.name} is defined on {target.master}, but nothing lies at {found.location}."
    if stale:
        yield f"Older content than on {source}: {', '.join(stale)}."


def _age(proven_at: str, clock: str) -> str:
    """Return how long ago that was by the target's clock, empty where the times cannot be compared."""
    try:
        passed = datetime.fromisoformat(clock) - datetime.fromisoformat(proven_at)
    except (TypeError, ValueError):
        return ""
    hours, rest = divmod(max(int(passed.total_seconds()), 0), 3600)
    return f" ({hours} h {rest // 60} min ago)"
