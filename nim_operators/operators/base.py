"""What every operator of this package shares: the pair, the run's evidence, and the record of its own step."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar

import pendulum
from airflow.sdk import BaseOperator, BaseOperatorLink, Context
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import (
    AirflowNotFoundException,
    AirflowSkipException,
    TaskAwaitingInput,
    TaskDeferred,
)

from nim_operators.estate.errors import EstateError
from nim_operators.estate.load import estate_path, evidence_base, load_estate
from nim_operators.estate.schema import Pair
from nim_operators.estate.takeover import Approval
from nim_operators.evidence.records import (
    AssessmentRecord,
    BackupRecord,
    BeforeSyncRecord,
    Body,
    Json,
    NoteRecord,
    ObservationRecord,
    PlanRecord,
    StepRecord,
)
from nim_operators.files import EvidenceUnavailable
from nim_operators.hooks.nim import NimHook
from nim_operators.links import EvidenceLink, evidence_address
from nim_operators.nim.assess import Assessment, assess
from nim_operators.nim.collector import build_snapshot
from nim_operators.nim.errors import AskAgain, Incomplete, NimError, Refused, StillRunning, Unreadable
from nim_operators.nim.law import Permission
from nim_operators.nim.pair import KeptBackup, PairView
from nim_operators.nim.runbooks import WITHOUT_SOURCE, WITHOUT_TARGET, Runbook
from nim_operators.nim.snapshot import Absence, Observation, Snapshot, Unreachable
from nim_operators.operators.form import chosen_source
from nim_operators.operators.logins import REST, REST_OF_WATCH, tried_once
from nim_operators.remote.collect import Questions
from nim_operators.remote.collect import observe as look_at
from nim_operators.remote.endpoint import BadConnection, Endpoint
from nim_operators.remote.errors import HostAbsent, HostAway, HostRefused, LinkLost, OutcomeUnknown
from nim_operators.remote.lock import Holder
from nim_operators.remote.pair import NOBODY, Asking, Observed, observe_pair
from nim_operators.run_evidence import RunEvidence
from nim_operators.store import EvidenceStore

_Result = TypeVar("_Result")

UNLOCK = "unlock"
"""The id of the task that gives the lock back, in every DAG that takes it."""


def again_if_lost(run: Run, master: str, work: Callable[[], _Result]) -> _Result:
    """
    Do *work* on *master*, and once more where the link to it went down and this run would go on without it.

    One lost link makes nobody absent: the master would be left unfenced, or with a lock that nobody gives back. Where
    the run would not go on, Airflow tries the step again.
    """
    return once_more_if_lost(work) if master in run.may_be_away else work()


def once_more_if_lost(work: Callable[[], _Result]) -> _Result:
    """Do *work*, which is safe to repeat, and once more where the link went down; a hang would cost its time twice."""
    try:
        return work()
    except LinkLost:
        return work()


def in_loop(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run remote work from a task, which has no loop of its own."""
    return asyncio.run(work)


@dataclass(frozen=True, slots=True)
class Run:
    """One task of one DAG run at work on a pair.

    ``source`` and ``target`` are the direction that the runbook wants, fixed when the run began: see
    :func:`wanted_source`. ``holder`` names the DAG run and this very try, ``requested_by`` who triggered it, empty
    where Airflow does not know. ``reason`` is what a person typed into the trigger form to override the law, empty
    where nobody did; ``breaks`` is the run whose lock that person wants to break, for that reason. ``approval`` says
    who may approve: of a step that only brings the run to its end as the estate file said when the run began.
    """

    pair: Pair
    approval: Approval
    runbook: Runbook
    task_id: str
    source: str
    target: str
    holder: Holder
    requested_by: str
    reason: str
    breaks: str
    store: EvidenceStore
    evidence: RunEvidence

    @property
    def masters(self) -> tuple[str, str]:
        """Both masters, the source first."""
        return self.source, self.target

    @property
    def may_be_away(self) -> frozenset[str]:
        """The masters without which this run goes on: one whose clients were given up, or one it does not work on."""
        if self.runbook in WITHOUT_TARGET:
            return frozenset({self.target})
        return frozenset({self.source}) if self.runbook in WITHOUT_SOURCE else frozenset()

    def conn_id(self, master: str) -> str:
        """Return the id of the Airflow connection of *master*."""
        return self.pair.masters[master].conn_id

    def endpoint(self, master: str) -> Endpoint:
        """Return where *master* is and how to log in; its secrets are masked in the evidence from now on.

        One that this run may go on without, and that was silent when this run last looked, is not waited for as long
        again by every further step.
        """
        endpoint = self._reached_by(self.conn_id(master))
        if master not in self.may_be_away or not self._was_silent(master):
            return endpoint
        return replace(endpoint, connect_seconds=min(endpoint.connect_seconds, 5.0), longest_seconds=15.0)

    def _was_silent(self, master: str) -> bool:
        seen = [record for record in self.recorded(ObservationRecord) if record["master"] == master]
        return bool(seen) and seen[-1].get("absence") in {Absence.TIMED_OUT, Absence.HANGS}

    def client_endpoint(self, client: str) -> Endpoint:
        """Return where a client is that the estate file gives a connection of its own."""
        return self._reached_by(self.pair.clients.connections[client])

    def _reached_by(self, conn_id: str) -> Endpoint:
        try:
            endpoint = NimHook(conn_id).get_conn()
        except AirflowNotFoundException as error:
            raise BadConnection(
                f"Airflow finds no connection {conn_id!r} that it can read; create it with the type 'NIM master', "
                f"or correct the conn_id of pair '{self.pair.name}' in {estate_path()}."
            ) from error
        self.evidence.mask(endpoint.secrets)
        by_itself = self.runbook is Runbook.WATCH and not self.requested_by
        return tried_once(
            endpoint,
            conn_id,
            store=self.store,
            pair=self.pair.name,
            run=str(self.runbook) if by_itself else self.holder.run,
            rest=REST_OF_WATCH if by_itself else REST,
        )

    def record(self, body: Body) -> None:
        """Put one record of this task into the evidence."""
        self.evidence.write_record(self.task_id, body.KIND, body.to_json())

    def recorded(self, kind: type[Body]) -> list[Json]:
        """Return the bodies of every record of that kind in this run, whichever task wrote them, in order."""
        return [stored.body for stored in self.evidence.read_records(kind.KIND)]

    def note(self, text: str) -> None:
        """Tell a reader of the evidence something that fits no other record."""
        self.record(NoteRecord(text))

    def look(self) -> tuple[PairView, Mapping[str, Observed]]:
        """Observe both masters and every client, and keep nothing yet: see :meth:`keep`."""
        return self._look(self._asking())

    def keep(self, name: str, seen: Mapping[str, Observed]) -> None:
        """Keep what was seen, raw text included, under *name*."""
        for master, observed in seen.items():
            self._keep(name, master, observed)

    def observe(self, name: str, *, ask_clients: bool, by_target_too: bool = False) -> PairView:
        """
        Observe both masters and keep what was seen, raw text included, under *name*.

        :param by_target_too: whether the target asks every client as well, to see whom it reaches.
        """
        asking = replace(self._asking(), by_target_too=by_target_too) if ask_clients else NOBODY
        view, seen = self._look(asking)
        self.keep(name, seen)
        return view

    def _look(self, asking: Asking) -> tuple[PairView, Mapping[str, Observed]]:
        endpoints = {master: self.endpoint(master) for master in self.masters}
        dispensable = self.masters if self.runbook is Runbook.WATCH else self.may_be_away
        seen = in_loop(observe_pair(self.source, self.target, endpoints, asking, dispensable=dispensable))
        observations = {master: observed.observation for master, observed in seen.items()}
        is_lost = any(isinstance(found, Unreachable) for found in observations.values())
        view = PairView(
            source=self.source,
            target=self.target,
            observations=observations,
            policy=self.pair.policy(),
            remembered=self.store.remembered_direction(self.pair.name),
            kept=self._kept_backup() if is_lost or self.runbook is Runbook.DISASTER_FAILOVER else None,
        )
        return view, seen

    def _kept_backup(self) -> KeptBackup | None:
        """Return the newest backup of the target's own database, None where it cannot be read: then it is no help."""
        try:
            found = self.store.whole_backup(self.pair.name, self.target)
            if found is None:
                return None
            sections = self.store.run(self.pair.name, found.dag_id, found.run_id).read_snapshot(found.snapshot_file)
        except EvidenceUnavailable as error:
            if self.runbook is not Runbook.WATCH:  # it looks every few minutes, and rests nothing on it
                self.note(f"The newest backup of {self.target} is of no help: {error}")
            return None
        return KeptBackup(
            master=found.master,
            stamp=found.stamp,
            file=found.file,
            path=found.path,
            algorithm=found.algorithm,
            digest=found.digest,
            nim_level=found.nim_level,
            shows=build_snapshot(self.target, sections),
        )

    def observe_one(self, master: str, name: str) -> Observation:
        """Observe *master* alone, whatever the other one does, and keep what was seen under *name*."""
        observation, sections = in_loop(look_at(master, self.endpoint(master), Questions()))
        self._keep(name, master, Observed(observation, sections))
        return observation

    def _asking(self) -> Asking:
        clients = self.pair.clients
        own = {name: self._reached_by(conn_id) for name, conn_id in clients.connections.items()}
        return Asking(clients.width, clients.limit_seconds, own)

    def _keep(self, name: str, master: str, observed: Observed) -> None:
        file = self.evidence.write_snapshot(f"{self.task_id}-{name}-{master}", observed.sections)
        seen = observed.observation
        if isinstance(seen, Snapshot):
            counts = {
                "objects": len(seen.objects),
                "resources": len(seen.resources),
                "clients": len(seen.client_objects),
            }
            self.record(ObservationRecord(master, reachable=True, snapshot_file=file, clock=seen.clock, counts=counts))
        else:
            self.record(ObservationRecord(master, reachable=False, absence=seen.absence.value, reason=seen.reason))

    def as_kept(self, master: str) -> Snapshot:
        """
        Return *master* as last observed in this task, read back from the evidence.

        To be compared with an older snapshot of the evidence: both have the same values masked.
        """
        seen = [record for record in self.recorded(ObservationRecord) if record["master"] == master]
        return build_snapshot(master, self.evidence.read_snapshot(seen[-1]["snapshot_file"]))

    def backups(self) -> dict[str, Json]:
        """
        Return the verified backup of each master that this run may rest on.

        One from before this run gave the lock back is none any more: others may have changed the database since. It
        stays one where this run sent a sync, because what lies there now may be half of that.
        """
        stored = self.evidence.read_records()
        if not any(one.kind == BeforeSyncRecord.KIND for one in stored):
            given_back = [
                place
                for place, one in enumerate(stored, start=1)
                if (one.kind, one.task_id, one.body.get("result")) == (StepRecord.KIND, UNLOCK, "done")
            ]
            stored = stored[max(given_back, default=0) :]
        return {one.body["master"]: one.body for one in stored if one.kind == BackupRecord.KIND}

    def first_seen(self, master: str) -> Snapshot:
        """
        Return *master* as this run saw it first, read back from the evidence.

        :raises Refused: if this run has never seen it.
        """
        for record in self.recorded(ObservationRecord):
            if record["master"] == master and record["reachable"]:
                return build_snapshot(master, self.evidence.read_snapshot(record["snapshot_file"]))
        raise Refused(f"This run has never seen {master}; run its task 'plan' first.")

    def before_sync(self) -> Snapshot | None:
        """
        Return the target as it was right before this run's first sync was sent; None where nobody knows, or none was.

        The backup is from then: what a second sync of the same run found there may be half of the first one. A sync
        that another run began and this one attached to counts, with what that run saw.
        """
        marked = self.recorded(BeforeSyncRecord)
        if not marked or not marked[0]["snapshot_file"]:
            return None
        return build_snapshot(self.target, self.evidence.read_snapshot(marked[0]["snapshot_file"]))

    def assess(self, view: PairView, *, before_lock: bool = False, rules: Runbook | None = None) -> Assessment:
        """
        Assess *view* for this runbook and keep the result; see :func:`nim_operators.nim.assess.assess`.

        :param before_lock: whether a lock that a person wants to break still stands; it is no obstacle then.
        :param rules: another runbook whose law holds for this step.
        """
        asks_as = self.breaks if before_lock and self.breaks else self.holder.run
        assessment = assess(view, rules or self.runbook, asks_as)
        self.record(AssessmentRecord(assessment.to_json()))
        return assessment

    def demand_go(self, assessment: Assessment) -> None:
        """
        Go on only if the law and the checks allow it, or want a reason and a person typed one.

        :raises Refused: with cause, evidence and the next action.
        """
        if assessment.permission is Permission.GO:
            return
        if assessment.permission is Permission.GO_WITH_REASON and self.reason:
            self.note(f"Going on although {assessment.refusal} Reason typed: {self.reason}")
            return
        raise Refused(assessment.refusal)


def wanted_source(runbook: Runbook, pair: Pair, chosen: str | None, armed: str) -> str:
    """
    Return the master that *runbook* copies or takes clients from.

    A planned takeover takes them from the master that the estate file calls the source, giving back brings them back to
    it, whichever direction is armed; reattach takes those that still name the master which is not active; every other
    runbook follows what a person chose, else the armed direction.

    :param chosen: what a person chose in the trigger form.
    :param armed: the source of the armed direction, the estate's where none was ever recorded.
    """
    match runbook:
        case Runbook.PLANNED_TAKEOVER:
            return pair.source
        case Runbook.GIVE_BACK:
            return pair.peer(pair.source)
        case Runbook.REATTACH:
            return pair.peer(armed)
        case _:
            return chosen or armed


def observed(view: PairView, master: str) -> Snapshot:
    """
    Return the snapshot of *master*.

    :raises HostAbsent: if it could not be observed.
    """
    seen = view.observations[master]
    if isinstance(seen, Snapshot):
        return seen
    raise HostAbsent.of(master, seen.absence, seen.reason)


class NimOperator(BaseOperator):
    """
    Base of the operators of this package.

    The body of a step is :meth:`act`. Whatever it raises is in the evidence before Airflow sees it.

    :param pair: name of the pair in the estate file.
    :param runbook: the runbook that this task belongs to.
    """

    ends_a_run: ClassVar[bool] = False
    """Whether this step only brings a run to its end; it may under a configuration of which the hosts are the same."""
    ui_color = "#e8f0fe"
    operator_extra_links: Collection[BaseOperatorLink] = (EvidenceLink(),)

    def __init__(self, *, pair: str, runbook: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # Airflow has given the task the form of its DAG, and would validate it twice more for each task.
        self.params = ParamsDict.filter_params_by_source(ParamsDict(self.params), source="task")
        self.pair = pair
        self.runbook = runbook

    def execute(self, context: Context) -> Any:
        """Do the step. Starts anew on each try; every step is safe to repeat."""
        self._show_link(context)
        with self.opened(context, token=secrets.token_hex(8)) as run:
            return self.act(run, context)

    def act(self, run: Run, context: Context) -> Any:
        """Do what this operator is for; return small plain JSON (P16)."""
        raise AssertionError(type(self).__name__)  # pragma: no cover - the contract tests demand an override

    def _show_link(self, context: Context) -> None:
        """Give the UI the link to the evidence now; Airflow itself does so when the task has ended."""
        ti = context["ti"]
        ti.xcom_push(key=EvidenceLink().xcom_key, value=evidence_address(self.pair, ti.dag_id, ti.run_id))

    def open_run(self, context: Context, *, token: str) -> Run:
        """
        Return the run that this task belongs to, with its evidence folder.

        :raises Refused: if the pair's configuration has changed since the first task of the run.
        """
        estate = load_estate(estate_path())
        if self.pair not in estate.pairs:
            raise Refused(
                f"The estate file {estate_path()} has no pair '{self.pair}' any more; "
                "put it back or delete this DAG's runs."
            )
        pair = estate.pairs[self.pair]
        dag_run = context["dag_run"]
        store = EvidenceStore(evidence_base(estate))
        remembered = store.remembered_direction(pair.name)
        armed = remembered.source if remembered else pair.source
        evidence = store.run(pair.name, dag_run.dag_id, self.evidence_of(context, pair, armed))
        begun = evidence.begin(
            pair=pair.name,
            runbook=self.runbook,
            source=wanted_source(Runbook(self.runbook), pair, chosen_source(context["params"], pair), armed),
            estate_digest=pair.digest,
            reach_digest=pair.reach_digest,
            approval=pair.approval.model_dump(mode="json", include={"approvers", "four_eyes"}),
            requested_by=dag_run.triggering_user_name or str(dag_run.run_type),
            started_at=_now(),
        )
        may_end = self.ends_a_run and begun.get("reach_digest") == pair.reach_digest
        if begun["estate_digest"] != pair.digest and not may_end:
            raise Refused(
                f"The configuration of pair '{pair.name}' in {estate_path()} has changed since this run began; "
                "nothing more is done in this run. Trigger a new one."
            )
        source = self._planned_source(evidence) or str(begun["source"])
        if source not in pair.masters:
            raise Refused(
                f"The armed direction that the evidence keeps for pair '{pair.name}' is from {source}, which is no "
                f"master of it in {estate_path()}; put the name back, or run nim_setup to record another direction."
            )
        params = context["params"]
        reason = str(params.get("override" if "override" in params else "reason") or "").strip()
        return Run(
            pair=pair,
            approval=Approval.model_validate(begun["approval"]) if may_end and begun.get("approval") else pair.approval,
            runbook=Runbook(self.runbook),
            task_id=self.task_id,
            source=source,
            target=pair.peer(source),
            holder=Holder(f"{dag_run.dag_id}/{dag_run.run_id}", token),
            requested_by=str(dag_run.triggering_user_name or "").strip(),
            reason=reason,
            breaks=str(params.get("break_lock_of") or "").strip() if reason else "",
            store=store,
            evidence=evidence,
        )

    def _planned_source(self, evidence: RunEvidence) -> str:
        """
        Return the source of the plan that a failover has made, which may take up an earlier one; empty else.

        Which way an earlier one went is known before anybody looks; whether it is over is seen only then.
        """
        plans = evidence.read_records(PlanRecord.KIND) if self.runbook == Runbook.DISASTER_FAILOVER else []
        return str(plans[-1].body["plan"]["source"]) if plans else ""

    def evidence_of(self, context: Context, pair: Pair, armed: str) -> str:
        """Return the name of the folder that this task's evidence belongs to: the DAG run's."""
        return str(context["dag_run"].run_id)

    @contextmanager
    def opened(self, context: Context, *, token: str) -> Iterator[Run]:
        """Open the run, and keep in its evidence how the step ends, also where the run may not be opened."""
        began = _now()
        evidence: RunEvidence | None = None

        def step(result: str, error: Exception | None = None) -> StepRecord:
            name, text = (type(error).__name__, str(error)) if error else (None, None)
            return StepRecord(context["ti"].try_number, began, _now(), result, name, text)

        def keep(record: StepRecord) -> None:
            if evidence is not None:
                evidence.write_record(self.task_id, record.KIND, record.to_json())

        try:
            try:
                run = self.open_run(context, token=token)
            except Exception:
                evidence = self._begun(context)
                raise
            evidence = run.evidence
            yield run
        except (TaskDeferred, TaskAwaitingInput):
            raise
        except AirflowSkipException as skipped:
            keep(step("skipped", skipped))
            raise
        except Exception as error:
            keep(step(_result(error), error))
            raise
        keep(step("done"))

    def _begun(self, context: Context) -> RunEvidence | None:
        """Return the folder of this run where an earlier step made it, whatever has become of the pair since."""
        dag_run = context["dag_run"]
        with suppress(EstateError, EvidenceUnavailable):
            return EvidenceStore(evidence_base()).begun_run(self.pair, dag_run.dag_id, dag_run.run_id)
        return None


def _now() -> str:
    return pendulum.now("UTC").to_iso8601_string()


def _result(error: Exception) -> str:
    match error:
        case Refused() | HostRefused() | Unreadable() | BadConnection():
            return "refused"
        case HostAbsent() | OutcomeUnknown() | StillRunning():
            return "unknown"
        case Incomplete():
            return "incomplete"
        case NimError():
            return "failed"
        case _:
            return "broke"


TRANSIENT: Sequence[type[NimError]] = (HostAway, OutcomeUnknown, AskAgain)
"""After these a new try is safe: nothing was sent, or the step attaches to what is open. All others fail at once."""
