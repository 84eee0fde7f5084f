"""Prove that the alternate holds what the active master holds, and publish the recovery point."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pendulum
from airflow.sdk import Asset, Context

from nim_operators.estate.schema import Content, Stale
from nim_operators.evidence.records import (
    BackupRecord,
    ContentsRecord,
    DriftRecord,
    RecoveryPointRecord,
    SyncRecord,
)
from nim_operators.nim.content import Condition, ContentDifference, Inventory, compare_content
from nim_operators.nim.diagnosis import State
from nim_operators.nim.errors import NotReadBack
from nim_operators.nim.inventory import fingerprint, parse_inventory
from nim_operators.nim.objects import BUILT_IN
from nim_operators.nim.pair import PairView
from nim_operators.nim.runbooks import sync_rules
from nim_operators.nim.snapshot import Snapshot
from nim_operators.operators.aside import waiting
from nim_operators.operators.base import Run, observed
from nim_operators.operators.breakglass import leave_break_glass
from nim_operators.operators.jobs import EndedJob, JobRequest, NimJobOperator
from nim_operators.operators.sync import differing_definitions
from nim_operators.remote.job import Slot
from nim_operators.remote.script import embedded

KIND = "inventory"
_ASIDE = "A sync never copies what is already there: move these locations aside on the target, then run again."
_REMEDIES = {
    Condition.PARTIAL: _ASIDE,
    Condition.MISSING: _ASIDE,
    Condition.UNREADABLE: (
        "Why it could not be read is in the log of that master's inventory: what find or cksum said, or the name of a "
        "file that goes over several lines."
    ),
}


def recovery_point_asset(pair: str) -> Asset:
    """Return the asset whose events are the recovery points of *pair*."""
    return Asset(name=f"nim_recovery_point_{pair}", uri=f"nim://{pair}/recovery-point")


class NimVerifyResourcesOperator(NimJobOperator):
    """
    Compare every definition and the content of every resource on both masters, then emit the recovery point.

    Reads: both masters, every client, every file at each resource location (by checksum or by size, see the estate's
    ``content``; by checksum where the sync of this run complained). Changes: nothing but break_glass.ksh in this
    product's directory on each master, for the day Airflow is down. Safe to repeat: yes. If interrupted: the reading
    jobs end by themselves. Undo: nothing to undo.

    Green means: same definitions, no missing, partial or unreadable content, no client named the target, the pair is
    takeover-ready. Stale content is listed only (design section 3), but where its former copy was moved aside by this
    night or an earlier one: then it must be equal.
    """

    def requests(self, run: Run, context: Context) -> Iterable[JobRequest]:
        """Return one reading job per master, over its own list of resources."""
        for master in run.masters:
            yield read_inventory(run, master)

    def finish(self, run: Run, context: Context, ended: list[EndedJob]) -> dict[str, Any]:
        """Compare, read both masters and the clients once more, and publish."""
        inventories: dict[str, dict[str, Inventory | None]] = {master: {} for master in run.masters}
        for one in ended:
            inventories[one.job.host] = parse_inventory(one.job.host, one.log)
        contents = compare_content(
            inventories[run.source],
            inventories[run.target],
            unfinished=_unfinished(run),
            verified_before=whole_before(run, inventories[run.target]),
        )
        run.record(ContentsRecord(tuple(found.to_json() for found in contents)))
        undefined = sorted(set(inventories[run.source]) - set(inventories[run.target]))
        if undefined:
            raise NotReadBack(
                f"{', '.join(undefined)} is defined on {run.source} and not on {run.target}: it was defined there "
                "after the sync had begun. Trigger the DAG again."
            )
        self._demand_whole(run, contents)
        view = run.observe("after", ask_clients=True)
        point = self._read_back(run, view, contents, inventories)
        run.record(point)
        run.store.write_recovery_point(run.pair.name, point)
        run.store.settle_sync(run.pair.name, run.target)
        leave_break_glass(run, view, point.at)
        published = point.to_json()
        for asset in self.outlets:
            if isinstance(asset, Asset):
                context["outlet_events"][asset].extra = published
        return published

    def _demand_whole(self, run: Run, contents: tuple[ContentDifference, ...]) -> None:
        for found in contents:
            if found.condition is not Condition.EQUAL:
                self.log.warning(
                    "%s is %s on %s: %s",
                    found.resource,
                    found.condition,
                    run.target,
                    "; ".join(found.files[:5]),
                )
        broken = [found for found in contents if found.condition.blocks]
        if broken:
            raise NotReadBack(
                f"{run.target} is no recovery point: "
                + "; ".join(f"{found.resource} is {found.condition} ({', '.join(found.files[:3])})" for found in broken)
                + ". "
                + " ".join(dict.fromkeys(_REMEDIES[found.condition] for found in broken))
            )

    def _read_back(
        self,
        run: Run,
        view: PairView,
        contents: tuple[ContentDifference, ...],
        inventories: dict[str, dict[str, Inventory | None]],
    ) -> RecoveryPointRecord:
        differences = differing_definitions(view)
        run.record(DriftRecord(tuple(found.to_json() for found in differences)))
        assessment = run.assess(view, rules=sync_rules(run.runbook))
        if differences or assessment.diagnosis.state is not State.HEALTHY:
            raise NotReadBack(
                f"Read back as '{assessment.diagnosis.state}': "
                + (
                    "; ".join([*assessment.diagnosis.reasons, *map(str, differences[:10])])
                    or assessment.diagnosis.meaning
                )
            )
        _demand_mounted(run, observed(view, run.target))
        _demand_renewed(run, view, contents)
        source = observed(view, run.source)
        forgotten = {found.name for found in source.replicated} - {found.resource for found in contents}
        if forgotten:
            raise NotReadBack(f"The content of {', '.join(sorted(forgotten))} was not compared; clear this task.")
        source_files, target_files = inventories[run.source], inventories[run.target]
        backups = {record["master"]: record["path"] for record in run.recorded(BackupRecord)}
        equal = tuple(found.resource for found in contents if found.condition is Condition.EQUAL)
        whole = {*equal, *whole_before(run, target_files)}
        return RecoveryPointRecord(
            at=pendulum.now("UTC").format("YYYY-MM-DD[T]HH:mm:ss[Z]"),
            source_clock=source.clock,
            source=run.source,
            target=run.target,
            backup=backups[run.source],
            definitions=len(source.objects) - len(BUILT_IN & set(source.objects)),
            resources=len(contents),
            files=sum(len(files or ()) for files in source_files.values()),
            bytes=sum(size for files in source_files.values() for size, _ in (files or {}).values()),
            compared_by=_compared_by(run).value,
            verified=equal,
            stale=tuple(found.resource for found in contents if found.condition is Condition.STALE),
            fingerprints={
                name: fingerprint(files) for name, files in target_files.items() if files is not None and name in whole
            },
            clients=assessment.matrix.summary(),
            evidence=run.evidence.location,
        )


def _demand_renewed(run: Run, view: PairView, contents: Iterable[ContentDifference]) -> None:
    """Refuse a copy that is not equal where its former content lies aside; put_back brings that one back."""
    conditions = {found.resource: found.condition for found in contents}
    for one in waiting(observed(view, run.target).own.asides):
        condition = conditions.get(one.resource)
        if condition is None:
            run.note(f"{one.aside} on {run.target} is of {one.resource}, which nobody compares any more: look at it.")
        elif condition is not Condition.EQUAL:
            raise NotReadBack(
                f"{one.resource} was to be copied anew and is {condition} on {run.target}; its former content lies at "
                f"{one.aside} there."
            )
        elif run.pair.nightly_sync.stale is Stale.LIST:
            run.note(f"{one.resource} is equal, and {one.aside} on {run.target} still holds what it was: remove that.")


def read_inventory(run: Run, master: str, only: Iterable[str] = ()) -> JobRequest:
    """Return the job that reads what lies at the resource locations of *master*: of *only* these, or of all."""
    content = _compared_by(run).value
    names = " ".join(only)
    values = {
        "CONTENT": content,
        "LSNIM": run.endpoint(master).commands.lsnim,
        "ONLY": f" {names} " if names else "",
    }
    return JobRequest(
        master=master,
        kind=KIND,
        line=f"inventory of {names or 'the resources'}, by {content}",
        command=embedded("inventory", values),
        slot=Slot.READ,
        changes=False,
        stream=False,
    )


def _demand_mounted(run: Run, target: Snapshot) -> None:
    """Refuse content below a mount point whose file system has gone since the sync was sent: a mount would hide it."""
    before = run.before_sync()
    mounted = {path: place.file_system for path, place in (before.places if before else {}).items()}
    hidden = [
        f"{path} lies in {place.file_system.mount_point} instead of {was.mount_point}"
        for path, place in sorted(target.places.items())
        if place.file_system and (was := mounted.get(path)) and was.mount_point != place.file_system.mount_point
    ]
    if hidden:
        raise NotReadBack(
            f"A file system of {run.target} is not mounted as it was when the sync began: {'; '.join(hidden)}. "
            "Move what was copied there aside, mount the file system, then run again."
        )


def _compared_by(run: Run) -> Content:
    """Return how files are compared; sizes alone are not enough for what a sync copied that complained."""
    complained = any(record.get("complaint") for record in run.recorded(SyncRecord))
    return Content.CHECKSUM if complained else run.pair.nightly_sync.content


def _unfinished(run: Run) -> frozenset[str]:
    """Return the resources whose copies nothing but equal checksums makes trustworthy."""
    return frozenset(
        name
        for record in run.recorded(SyncRecord)
        for name in (*record["unfinished"], *(record["replicated"] if record.get("complaint") else ()))
    )


def whole_before(run: Run, target: dict[str, Inventory | None]) -> frozenset[str]:
    """Return the resources that lie on the target exactly as an earlier night proved them: what differs now is age."""
    point = run.store.recovery_point(run.pair.name)
    known = point.fingerprints if point else {}
    return frozenset(
        name for name, files in target.items() if files is not None and known.get(name) == fingerprint(files)
    )
