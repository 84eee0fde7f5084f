"""Synchronise the alternate master from the active one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from nim_operators.evidence.records import DriftRecord, Json, ObservationRecord, SyncRecord
from nim_operators.nim import commands
from nim_operators.nim.assess import Assessment
from nim_operators.nim.direction import Arming
from nim_operators.nim.drift import Difference, Kind, compare_definitions, lost_routes
from nim_operators.nim.errors import CommandFailed, NotReadBack, Refused
from nim_operators.nim.facts import facts_of
from nim_operators.nim.masterlists import unlisted
from nim_operators.nim.messages import innermost
from nim_operators.nim.outcome import Exited, succeeded
from nim_operators.nim.ownership import identities_of, sides
from nim_operators.nim.pair import PairView
from nim_operators.nim.plan import FinalSync
from nim_operators.nim.runbooks import APPROVED, TAKEOVERS, Runbook, sync_rules
from nim_operators.nim.snapshot import OpenJob, Snapshot
from nim_operators.nim.synclog import parse_sync_log
from nim_operators.operators.approved import planned
from nim_operators.operators.arm import arm
from nim_operators.operators.base import Run, in_loop, observed
from nim_operators.operators.before import mark_as_begun, mark_own, mark_unproven
from nim_operators.operators.jobs import (
    AlreadyDone,
    EndedJob,
    JobRequest,
    NimJobOperator,
    complaint,
    unjudged,
)
from nim_operators.operators.ports import after_our_asking
from nim_operators.remote.files import digest
from nim_operators.remote.job import Slot
from nim_operators.remote.lock import claim
from nim_operators.remote.transport import connect

KIND = "sync"
_NO_SUCH_ATTRIBUTE = "0042-022"


class NimSyncOperator(NimJobOperator):
    """
    Run ``nim -o sync -a replicate=yes`` on the source, onto the target, in the armed direction only.

    In the runbook ``nim_reset_clients`` also with ``-a reset_clients=yes``, and then also where the target is in step
    but a client that answers does not list both masters; that is read back by ``NimVerifyMasterListsOperator``.

    Reads: both masters and every client again, right before acting. Changes: replaces the target's NIM database,
    restarts its nimesis, copies the resources that the target lacks; on the very first run records the armed direction
    on both masters. Safe to repeat: yes; where the target is already in step nothing is sent, unless a reprotect has
    fenced it and it does not serve; an open sync is attached to, whoever began it. If interrupted: the sync goes on as
    a job on the source; the next try attaches. One that is gone without a status fails the step, unless the step that
    took the lock has put it away.
    Undo: the backup of the target from before, this run's or the beginner's, is in the evidence; ``m_restore_db`` puts
    it back.

    Green means: the sync said its own last line, each resource that began was finished, and both databases were
    read again and hold the same definitions, but for static routes, which ``NimReconcileTargetOperator`` puts back.
    Where it said all that and yet ended with an error, ``NimVerifyResourcesOperator`` proves its copy by checksum.
    """

    def requests(self, run: Run, context: Context) -> Iterable[JobRequest]:
        """Attach to an open sync; else demand that everything still allows one, and that one is needed."""
        _demand_planned(run)
        view = run.observe("before", ask_clients=True)
        assessment = run.assess(view, rules=sync_rules(run.runbook))
        open_job = open_sync(view.snapshot(run.source))
        if open_job is not None and open_job.run != run.holder.run:
            mark_as_begun(run, open_job.run)
        attach_to = open_job.job if open_job is not None else ""
        if open_job is not None:
            _demand_own(run, open_job)
        if not attach_to:
            ended = unjudged(run, KIND)
            self.demand_good_end(ended)
            self._take_words(run, ended)
            run.demand_go(assessment)
            demand_backups(run, view)
            mark_unproven(run)
            self._arm(run, assessment)
            if in_step(view) and (ended or not (_must_tell_clients(run, view) or _must_start_anew(run, view))):
                run.note(f"{run.target} is already in step with {run.source}; no sync is sent.")
                run.record(DriftRecord(()))
                raise AlreadyDone({"sent": False, "replicated": []})
            mark_own(run)
        if assessment.alternate is None:
            raise Refused(
                f"{run.source} has no single object for {run.target}, so there is no name to synchronise onto."
            )
        command = commands.sync(
            run.endpoint(run.source).commands,
            assessment.alternate,
            force=assessment.force,
            reset_clients=run.runbook is Runbook.RESET_CLIENTS,
        )
        if not attach_to:
            _demand_in_plan(run, view, command.line)
            _leave_ports(run, view)
        in_loop(_claim(run, run.target))
        yield JobRequest(
            run.source,
            KIND,
            command.line,
            command.line,
            Slot.CHANGE,
            command.changes,
            attach_to=attach_to,
        )

    def demand_good_end(self, ended: list[EndedJob]) -> None:
        """
        Refuse to go on after a sync that ended badly; say what to do where NIM does not know the attribute.

        An exit status proves as little as a failure as it does as a success: one that got to its end is read back.

        :raises CommandFailed: with what it said and what that means.
        """
        for one in ended if self.runbook == Runbook.RESET_CLIENTS else ():
            said = innermost(one.log)
            if not succeeded(one.outcome) and said is not None and said.code == _NO_SUCH_ATTRIBUTE:
                raise CommandFailed(
                    f"{complaint(one)} This level of NIM has no reset_clients for a sync, so no client was told: "
                    f"trigger {Runbook.REPAIR_CLIENT} for each client that the plan names."
                )
        cut = [one for one in ended if not (isinstance(one.outcome, Exited) and parse_sync_log(one.log).is_whole)]
        super().demand_good_end(cut)

    def finish(self, run: Run, context: Context, ended: list[EndedJob]) -> dict[str, Any]:
        """Read the sync's own words, then both databases."""
        replicated = self._take_words(run, ended)
        view = run.observe("after", ask_clients=False)
        differences = differing_definitions(view)
        run.record(DriftRecord(tuple(found.to_json() for found in differences)))
        lasting = _lasting(differences)
        if lasting:
            raise NotReadBack(
                f"After the sync the databases of {run.source} and {run.target} are not the same: "
                + "; ".join(map(str, lasting[:10]))
                + ". Look at the evidence before the next run."
            )
        return {"sent": True, "replicated": replicated}

    def _take_words(self, run: Run, ended: Iterable[EndedJob]) -> list[str]:
        """Record what each sync said of itself, and return the resources that it copied."""
        replicated: list[str] = []
        for one in ended:
            log = parse_sync_log(one.log)
            replicated += log.replicated
            complained = None if succeeded(one.outcome) and not log.errors else complaint(one)
            run.record(
                SyncRecord(
                    completed=log.completed,
                    phases=log.phases,
                    replicated=log.replicated,
                    unfinished=log.unfinished,
                    automatic_backup=log.backup.path if log.backup else None,
                    complaint=complained,
                )
            )
            if not log.is_whole:
                raise NotReadBack(
                    f"The sync on {run.source} ended with status 0 but "
                    + (
                        f"never finished copying {', '.join(log.unfinished)}"
                        if log.unfinished
                        else "without its last line"
                    )
                    + f". Look at the log {one.job.job} in the evidence, then at {run.target}."
                )
            if complained is not None:
                run.note(f"The sync got to its end and complained: {complained} What it copied is proven by checksum.")
        return replicated

    def _arm(self, run: Run, assessment: Assessment) -> None:
        """Record the direction where it is not recorded yet; the assessment has allowed it."""
        turns = {Arming.AGAINST} if run.runbook is Runbook.REPROTECT else set()
        if assessment.armed.arming not in {Arming.FIRST, Arming.INCOMPLETE, *turns}:
            return
        arm(run)
        self.log.info("Armed direction recorded on both masters: %s to %s.", run.source, run.target)


def _demand_own(run: Run, open_job: OpenJob) -> None:
    """Refuse to take another run's sync for one that tells the clients; the night attaches to it and judges it."""
    if run.runbook is Runbook.RESET_CLIENTS and open_job.run != run.holder.run:
        raise Refused(
            f"A sync of {open_job.run} is open on {run.source}; this run does not attach to it. Trigger "
            f"{Runbook.NIGHTLY_SYNC}, which judges how it ended; then trigger {run.runbook} again."
        )


def _must_tell_clients(run: Run, view: PairView) -> bool:
    """Tell whether a client that answers has still to be told of both masters, where that is what the run is for."""
    return run.runbook is Runbook.RESET_CLIENTS and any(one.answers for one in unlisted(facts_of(view, run.holder.run)))


def _leave_ports(run: Run, view: PairView) -> None:
    """Where the sync will push to every client, let it find ports for that, and demand again what may have changed."""
    if run.runbook is not Runbook.RESET_CLIENTS:
        return
    now = after_our_asking(run, run.source, view, len(facts_of(view).matrix.rows))
    if now is not view:
        run.demand_go(run.assess(now, rules=sync_rules(run.runbook)))


def _must_start_anew(run: Run, view: PairView) -> bool:
    """Tell whether the target was fenced by this run: nothing but the end of a sync starts its nimesis again."""
    return run.runbook is Runbook.REPROTECT and not observed(view, run.target).is_active("nimesis")


def _demand_planned(run: Run) -> None:
    """Skip where a person has approved a plan without a final sync."""
    if run.runbook not in TAKEOVERS:
        return
    final_sync = planned(run)["plan"]["final_sync"]
    if final_sync != FinalSync.SENT:
        raise AirflowSkipException(f"The approved plan has no sync: {final_sync}.")


def _demand_in_plan(run: Run, view: PairView, line: str) -> None:
    """Refuse a sync that is not, word by word, in the approved plan, or erases more than that says (S11)."""
    if run.runbook not in APPROVED:
        return
    plan = planned(run)["plan"]
    if run.runbook is Runbook.REPROTECT:
        erased = {found.name for found in differing_definitions(view) if found.kind is Kind.TARGET_ONLY}
        more = erased - set(plan["only_there"])
        if more:
            raise Refused(
                f"{', '.join(sorted(more))} on {run.target} would be erased, which is not in the approved plan; clear "
                "'plan' and 'approve', and read the new plan."
            )
    if [run.source, line] not in plan["commands"]:
        raise Refused(
            f"'{line}' is not in the approved plan; clear the tasks 'plan' and 'approve' and read the new plan."
        )


def demand_backups(run: Run, view: PairView) -> None:
    """
    Refuse unless this run holds a verified backup of each reachable database off the hosts (S2).

    Of a master that is given up for a typed reason, and that let nobody take one, it need not.
    """
    held = run.backups()
    missing = [
        master
        for master in run.masters
        if view.snapshot(master) is not None
        and not _is_kept(run, held.get(master))
        and not (master in run.may_be_away and run.reason and _was_left_out(run, master))
    ]
    if missing:
        raise Refused(
            f"This run holds no verified backup of {', '.join(missing)} off the host since it took the lock; clear the "
            "task 'backup' too."
        )


def _was_left_out(run: Run, master: str) -> bool:
    """Tell whether the step that takes the backups has recorded that it could not reach *master*."""
    records = run.evidence.read_records(ObservationRecord.KIND)
    return any(
        one.task_id == "backup" and one.body["master"] == master and not one.body["reachable"] for one in records
    )


def _is_kept(run: Run, record: Json | None) -> bool:
    """Read the backup anew from where it is kept, and compare its digest with the one recorded."""
    if record is None:
        return False
    data = run.store.read_backup(run.pair.name, record["master"], f"{record['stamp']}.backup")
    return digest(record["algorithm"], data) == str(record["digest_here"])


def open_sync(source: Snapshot | None) -> OpenJob | None:
    """Return the sync that is open on the source."""
    return source.own.open_job(KIND) if source is not None else None


async def _claim(run: Run, master: str) -> None:
    async with connect(master, run.endpoint(master)) as host:
        await claim(host, run.holder)


def differing_definitions(view: PairView) -> tuple[Difference, ...]:
    """Return what a finished sync would have made equal and is not.

    :raises HostAbsent: if a master cannot be observed, so that nobody can say.
    """
    source, target = observed(view, view.source), observed(view, view.target)
    return compare_definitions(source, target, sides(view, identities_of(view)))


def in_step(view: PairView) -> bool:
    """Tell whether a sync would bring nothing: same definitions, and every resource present on the target.

    Static routes do not count: a sync loses them, so the answer must be the same right after one.
    """
    return _is_present(view) and not _lasting(differing_definitions(view))


def lacks_nothing(view: PairView) -> bool:
    """Tell whether the target holds everything that the source does; what it has beyond that does not count."""
    return _is_present(view) and not any(found.source_has_more for found in differing_definitions(view))


def _is_present(view: PairView) -> bool:
    """Tell whether every resource that a sync would copy lies at its location on the target."""
    target = view.snapshot(view.target)
    source = view.snapshot(view.source)
    places = target.places if target is not None else {}
    wanted = [found.location or "" for found in source.replicated] if source is not None else [""]
    return all(location in places and places[location].kind != "absent" for location in wanted)


def _lasting(differences: Iterable[Difference]) -> list[Difference]:
    return [found for found in differences if not lost_routes(found)]
