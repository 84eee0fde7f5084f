"""Where evidence is kept: a folder per run that outlives Airflow's own history, and what a pair remembers.

Layout below the base::

    <pair>/direction.json           the last armed direction
    <pair>/recovery_point.json      the last recovery point
    <pair>/failover.json            the last disaster failover
    <pair>/watch.json               what the watch saw last, and when
    <pair>/whole/<master>.json      the newest backup of a master whose database was whole
    <pair>/unproven/<master>.json   a sync onto a master that nobody has proven or put back yet
    <pair>/logins/<conn_id>.json    the last refusal of a login by a connection, or what ended it
    <pair>/spots/<master>/<name>    the last rebuild of a SPOT
    <pair>/backups/<master>/<name>  fetched backups of a NIM database, names begin with their UTC time
    <pair>/runs/<dag_id>/<run_id>/  one run, see :mod:`nim_operators.evidence`

Everything but backups goes through :class:`nim_operators.evidence.redact.Redactor` before it is written. A
backup is kept byte for byte, because it must restore.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import asdict
from typing import TypeVar

from nim_operators.evidence.records import (
    FailoverRecord,
    LastLoginRecord,
    RebuiltSpotRecord,
    RecoveryPointRecord,
    UnprovenSyncRecord,
    WatchRecord,
    WholeBackupRecord,
    safe_name,
)
from nim_operators.files import EvidenceUnavailable, Files
from nim_operators.nim.snapshot import ArmedDirection
from nim_operators.run_evidence import RunEvidence, to_bytes

_Kept = TypeVar(
    "_Kept",
    ArmedDirection,
    FailoverRecord,
    RebuiltSpotRecord,
    RecoveryPointRecord,
    LastLoginRecord,
    UnprovenSyncRecord,
    WatchRecord,
    WholeBackupRecord,
)
_BACKUP_NAME = re.compile(r"\d{8}T\d{6}Z[A-Za-z0-9_.-]*", re.ASCII)


class EvidenceStore:
    """
    The evidence of every pair. Constructing it touches nothing.

    :param base: see :class:`nim_operators.files.Files`.
    """

    def __init__(self, base: str) -> None:
        self._files = Files(base)

    def run(self, pair: str, dag_id: str, run_id: str) -> RunEvidence:
        """Return the evidence of one run; the same arguments always lead to the same folder."""
        return RunEvidence(
            self._files, f"{safe_name(pair)}/runs/{safe_name(dag_id)}/{safe_name(run_id)}", dag_id, run_id
        )

    def begun_run(self, pair: str, dag_id: str, run_id: str) -> RunEvidence | None:
        """Return the evidence of a run that has written some, None where none is kept; never that of another run.

        :raises EvidenceUnavailable: if the store cannot be reached.
        """
        evidence = self.run(pair, dag_id, run_id)
        return evidence if evidence.has_begun() else None

    def remember_direction(self, pair: str, direction: ArmedDirection) -> None:
        """Keep *direction* as the armed one of *pair*."""
        self._files.replace(_direction_file(pair), to_bytes(asdict(direction)))

    def remembered_direction(self, pair: str) -> ArmedDirection | None:
        """Return the armed direction of *pair*, None where none was ever kept.

        :raises EvidenceUnavailable: if there is one that cannot be understood; it never counts as none.
        """
        return self._remembered(_direction_file(pair), ArmedDirection)

    def write_recovery_point(self, pair: str, point: RecoveryPointRecord) -> None:
        """Keep *point* as the last recovery point of *pair*."""
        self._files.replace(_recovery_point_file(pair), to_bytes(asdict(point)))

    def recovery_point(self, pair: str) -> RecoveryPointRecord | None:
        """Return the last recovery point of *pair*, None where there never was one.

        :raises EvidenceUnavailable: if there is one that cannot be understood.
        """
        return self._remembered(_recovery_point_file(pair), RecoveryPointRecord)

    def write_failover(self, pair: str, failover: FailoverRecord) -> None:
        """Keep *failover* as the last one of *pair*."""
        self._files.replace(_failover_file(pair), to_bytes(asdict(failover)))

    def last_failover(self, pair: str) -> FailoverRecord | None:
        """Return the last disaster failover of *pair*, None where there never was one.

        :raises EvidenceUnavailable: if there is one that cannot be understood.
        """
        return self._remembered(_failover_file(pair), FailoverRecord)

    def write_whole_backup(self, pair: str, backup: WholeBackupRecord) -> None:
        """Keep *backup* as the newest one from which its master's own database can be put back."""
        self._files.replace(_whole_backup_file(pair, backup.master), to_bytes(asdict(backup)))

    def whole_backup(self, pair: str, master: str) -> WholeBackupRecord | None:
        """Return the newest backup of *master* whose database was whole, None where there never was one.

        :raises EvidenceUnavailable: if there is one that cannot be understood.
        """
        return self._remembered(_whole_backup_file(pair, master), WholeBackupRecord)

    def write_unproven_sync(self, pair: str, sync: UnprovenSyncRecord) -> None:
        """Keep *sync* as the one onto its target that is neither proven nor put back."""
        self._files.replace(_unproven_sync_file(pair, sync.target), to_bytes(asdict(sync)))

    def unproven_sync(self, pair: str, target: str) -> UnprovenSyncRecord | None:
        """Return the sync onto *target* that is neither proven nor put back, None where there is none.

        :raises EvidenceUnavailable: if there is one that cannot be understood; it never counts as none.
        """
        return self._remembered(_unproven_sync_file(pair, target), UnprovenSyncRecord)

    def settle_sync(self, pair: str, target: str) -> None:
        """Forget the sync onto *target*: what lies there is proven, or its own again, or the truth from now on."""
        if self.unproven_sync(pair, target) is not None:
            self._files.remove(_unproven_sync_file(pair, target))

    def write_last_login(self, pair: str, login: LastLoginRecord) -> None:
        """Keep *login* as the last one by its connection."""
        self._files.replace(_login_file(pair, login.conn_id), to_bytes(asdict(login)))

    def last_login(self, pair: str, conn_id: str) -> LastLoginRecord | None:
        """Return the last refusal of a login by that connection, or the login that ended it; None where none was.

        :raises EvidenceUnavailable: if there is one that cannot be understood.
        """
        return self._remembered(_login_file(pair, conn_id), LastLoginRecord)

    def write_watch(self, pair: str, seen: WatchRecord) -> None:
        """Keep what the watch saw last of *pair*: the file that an outside monitor may poll."""
        self._files.replace(_watch_file(pair), to_bytes(asdict(seen)))

    def last_watch(self, pair: str) -> WatchRecord | None:
        """Return what the watch saw last of *pair*, None where it never looked.

        :raises EvidenceUnavailable: if there is one that cannot be understood.
        """
        return self._remembered(_watch_file(pair), WatchRecord)

    def write_rebuilt_spot(self, pair: str, rebuilt: RebuiltSpotRecord) -> None:
        """Keep *rebuilt* as the last rebuild of that SPOT on its master."""
        self._files.replace(_spot_file(pair, rebuilt.master, rebuilt.spot), to_bytes(asdict(rebuilt)))

    def rebuilt_spot(self, pair: str, master: str, spot: str) -> RebuiltSpotRecord | None:
        """Return the last rebuild of a SPOT of *master*, None where there never was one.

        :raises EvidenceUnavailable: if there is one that cannot be understood.
        """
        return self._remembered(_spot_file(pair, master, spot), RebuiltSpotRecord)

    def write_backup(self, pair: str, master: str, name: str, content: bytes) -> str:
        """Keep a fetched backup under *name* and return its address. What is kept is never overwritten.

        :param name: begins with the UTC time of the backup, ``20261122T020003Z``, by which retention sorts.
        :raises EvidenceUnavailable: if another content is kept under this name already, or nothing can be.
        """
        if not _BACKUP_NAME.fullmatch(name):
            raise ValueError(f"{name!r} does not begin with a UTC time such as 20261122T020003Z")
        path = f"{_backups(pair, master)}/{name}"
        if not self._files.create(path, content) and self._files.read(path) != content:
            raise EvidenceUnavailable(
                f"{self._files.address(path)} holds another backup already; move it away and run again."
            )
        return self._files.address(path)

    def read_backup(self, pair: str, master: str, name: str) -> bytes:
        """Return a kept backup, read anew from where it is kept.

        :raises EvidenceUnavailable: if it is not there.
        """
        path = f"{_backups(pair, master)}/{name}"
        content = self._files.read(path)
        if content is None:
            raise EvidenceUnavailable(f"{self._files.address(path)} is not there; take a new backup.")
        return content

    def backups(self, pair: str, master: str) -> list[str]:
        """Return the names of the kept backups of *master*, the oldest first."""
        return [name for name in self._files.find(_backups(pair, master)) if _BACKUP_NAME.fullmatch(name)]

    def prune_backups(self, pair: str, master: str, keep: int, *, now: str, made: Collection[str] = ()) -> list[str]:
        """Remove all but the newest *keep* backups of *master* and return the names of the removed ones.

        The backup that the last recovery point names stays, however old it is, the newest of a whole database, and the
        one from before a sync that is not proven yet.

        :param now: the UTC time as names begin with it. What is dated later, by a clock that was wrong, stays and does
            not count as one of the newest.
        :param made: the names of what this run itself made; they stay whatever clock dated them.
        """
        point, whole, unproven = (
            self.recovery_point(pair),
            self.whole_backup(pair, master),
            self.unproven_sync(pair, master),
        )
        stays = {point and point.backup, whole and whole.path, unproven and unproven.backup}
        folder = _backups(pair, master)
        aged = [name for name in self.backups(pair, master) if name[: len(now)] <= now][:-keep]
        removed = [name for name in aged if name not in made and self._files.address(f"{folder}/{name}") not in stays]
        for name in removed:
            self._files.remove(f"{folder}/{name}")
        return removed

    def _remembered(self, path: str, kind: type[_Kept]) -> _Kept | None:
        content = self._files.read(path)
        if content is None:
            return None
        try:
            fields = json.loads(content)
            for key, value in fields.items():
                fields[key] = tuple(value) if isinstance(value, list) else value
            return kind(**fields)
        except (AttributeError, TypeError, ValueError) as error:
            raise EvidenceUnavailable(
                f"{self._files.address(path)} cannot be understood ({error}); compare it with the evidence "
                "of the last run and put it right."
            ) from error


def _direction_file(pair: str) -> str:
    return f"{safe_name(pair)}/direction.json"


def _watch_file(pair: str) -> str:
    return f"{safe_name(pair)}/watch.json"


def _failover_file(pair: str) -> str:
    return f"{safe_name(pair)}/failover.json"


def _whole_backup_file(pair: str, master: str) -> str:
    return f"{safe_name(pair)}/whole/{safe_name(master)}.json"


def _unproven_sync_file(pair: str, target: str) -> str:
    return f"{safe_name(pair)}/unproven/{safe_name(target)}.json"


def _login_file(pair: str, conn_id: str) -> str:
    return f"{safe_name(pair)}/logins/{safe_name(conn_id)}.json"


def _spot_file(pair: str, master: str, spot: str) -> str:
    return f"{safe_name(pair)}/spots/{safe_name(master)}/{safe_name(spot)}.json"


def _recovery_point_file(pair: str) -> str:
    return f"{safe_name(pair)}/recovery_point.json"


def _backups(pair: str, master: str) -> str:
    return f"{safe_name(pair)}/backups/{safe_name(master)}"
