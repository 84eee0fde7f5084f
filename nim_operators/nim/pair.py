"""A pair of masters as one value: what was observed of both, and what this installation allows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from nim_operators.nim.snapshot import ArmedDirection, Observation, Snapshot


@dataclass(frozen=True, slots=True)
class Policy:
    """What the estate file says about one pair, as far as checks and law need it.

    ``space_margin_percent`` is added to what a replication needs; ``backup_room_kb`` is the room a database backup
    must find, in KiB; ``allowed_target_only`` are object names that only the target has and that a sync may remove;
    ``ignored_cron`` are crontab lines a person has looked at and accepted; ``set_aside`` are clients from which nobody
    expects an answer any more, each with the reason: one counts only if it answers all the same.
    """

    space_margin_percent: int = 10
    backup_room_kb: int = 20_480
    allowed_target_only: frozenset[str] = frozenset()
    ignored_cron: frozenset[str] = frozenset()
    set_aside: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeptBackup:
    """A verified backup of a master's own database, taken while that database was whole.

    ``file`` is where it was left on the master, ``path`` where the evidence keeps it; ``shows`` is the master as it was
    observed in the run that took it.
    """

    master: str
    stamp: str
    file: str
    path: str
    algorithm: str
    digest: str
    nim_level: str
    shows: Snapshot


@dataclass(frozen=True, slots=True)
class PairView:
    """What is known of a pair at one moment.

    ``source`` and ``target`` are the estate's names of the two masters, in the direction the runbook wants to act.
    ``remembered`` is the last armed direction that the evidence store holds, None where it holds none. ``kept`` is the
    newest backup of the target from which its own database could be put back; it is looked for by the runbook that may
    do that, and where a master is lost, so that every other one can say whether that runbook would.
    """

    source: str
    target: str
    observations: Mapping[str, Observation]
    policy: Policy = field(default_factory=Policy)
    remembered: ArmedDirection | None = None
    kept: KeptBackup | None = None

    def turned(self, direction: ArmedDirection, recorded_on: Collection[str]) -> PairView:
        """
        Return the same observations, seen in the direction that was recorded right after them.

        :param recorded_on: the masters that have the record now.
        """
        seen = {
            master: replace(found, own=replace(found.own, direction=direction))
            if isinstance(found, Snapshot) and master in recorded_on
            else found
            for master, found in self.observations.items()
        }
        return PairView(direction.source, direction.target, seen, self.policy, direction)

    def with_words_of(self, earlier: PairView) -> PairView:
        """Return the masters as they are seen here, with what clients told those that both views observed."""
        seen = dict(self.observations)
        for master, found in self.observations.items():
            before = earlier.snapshot(master)
            if isinstance(found, Snapshot) and before is not None:
                seen[master] = replace(found, clients=before.clients, witnesses=before.witnesses)
        return replace(self, observations=seen)

    def snapshot(self, master: str) -> Snapshot | None:
        """Return the snapshot of *master*, or None where it could not be observed."""
        seen = self.observations[master]
        return seen if isinstance(seen, Snapshot) else None
