"""Rebuild one client's /etc/niminfo, and read it back from the client itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from airflow.sdk import Context

from nim_operators.evidence.plantext import plan_text
from nim_operators.evidence.records import ClientRepairRecord, CommandRecord
from nim_operators.nim import commands
from nim_operators.nim.clientrepair import SAVED, ClientRepair, is_whole, plan_repair
from nim_operators.nim.errors import Incomplete, Refused
from nim_operators.nim.facts import Facts, facts_of
from nim_operators.nim.ownership import Row, Side
from nim_operators.nim.plan import PlannedCommand
from nim_operators.nim.repairplan import RepairPlan
from nim_operators.nim.runbooks import Runbook
from nim_operators.nim.snapshot import BY_SSH
from nim_operators.operators.active import demand_active
from nim_operators.operators.approved import planned
from nim_operators.operators.asked import asked
from nim_operators.operators.base import NimOperator, Run, in_loop, observed
from nim_operators.operators.jobs import AlreadyDone, EndedJob, JobRequest, NimJobOperator
from nim_operators.operators.plan import demand_known, keep_plan
from nim_operators.operators.sync import demand_backups
from nim_operators.remote.job import Slot
from nim_operators.remote.text import text_of
from nim_operators.remote.transport import connect

KIND = "repair_client"
_SECONDS = 120.0


class NimPlanClientRepairOperator(NimOperator):
    """
    Write down how the /etc/niminfo of one client will be rebuilt, in exact commands.

    Reads: both masters (one round trip each) and the clients' own niminfo. Changes: nothing. Safe to repeat: yes; an
    approval of an earlier plan holds only if the new one is the same. If interrupted: nothing is left behind. Undo:
    nothing to undo.

    A client that neither its master nor a connection of its own reaches is refused, with what a person types there.
    """

    def act(self, run: Run, context: Context) -> dict[str, Any]:
        """Return the plan's digest, the client, and where the evidence is."""
        wanted = asked(context["params"], run.pair, list(self.dag.params))
        demand_known(run)
        view = run.observe("before", ask_clients=True)
        demand_active(run, view, before_lock=True)
        repair, row = plan_repair(facts_of(view, run.holder.run), str(context["params"].get("client") or "").strip())
        way = _way(run, repair, row)
        is_done = is_whole(row) and not run.reason
        line = commands.on_client(run.endpoint(run.source).commands, repair.address, repair.text).line
        command = PlannedCommand(run.source, line) if way == run.source else PlannedCommand(repair.client, repair.text)
        plan = RepairPlan(
            runbook=run.runbook,
            source=run.source,
            target=run.target,
            aim=f"/etc/niminfo of {repair.client} is rebuilt, to name {run.source} and list {run.target}",
            commands=() if is_done else (command,),
            subject={"client": repair.client, "by": way},
            told=(
                "Its own file names its master and lists both already; an override rebuilds it all the same"
                if is_done
                else f"The old file is kept on it as {SAVED}, and in the log of this run",
            ),
        )
        record = keep_plan(run, plan, wanted, idle=is_done)
        self.log.info("%s", plan_text(record.to_json(), run.pair.name))
        return {"digest": plan.digest, "client": repair.client, "idle": is_done, "evidence": run.evidence.location}


class NimRepairClientOperator(NimJobOperator):
    """
    Rebuild one client's /etc/niminfo with ``niminit`` on it, and ask the client again.

    Reads: both masters and every client, right before and right after. Changes: the client's /etc/niminfo, whose old
    content is kept beside this product's records there, and what ``niminit`` changes of its object on the source
    (nim.md 4.2). Safe to repeat: yes; a client whose own file names the source and lists both masters is left alone.
    If interrupted: what rebuilds the file runs on the client by itself, and puts the saved file back where ``niminit``
    makes none; the next try attaches to the job that sent it. A client that went down in between gets its file back on
    the next try, by a connection of its own, or at its console. Undo: ``cp`` of the saved file over /etc/niminfo.

    Green means: the client itself names the source and lists both masters. Whether ``niminit`` lists both is not
    documented beyond IBM's procedure (nim.md 6, 0042-372); where it does not, this is *incomplete*.
    """

    keeps = KIND

    def requests(self, run: Run, context: Context) -> Iterable[JobRequest]:
        """Attach to what this run has begun; else do it once, where it is still needed and still what was approved."""
        view = run.observe("before", ask_clients=True)
        begun = observed(view, run.source).own.open_job(KIND)
        if begun is None or begun.run != run.holder.run:
            facts = facts_of(view, run.holder.run)
            plan = planned(run)["plan"]["subject"]
            repair, row = plan_repair(facts, plan["client"])
            if is_whole(row) and (_was_sent(run) or not run.reason):
                raise AlreadyDone(_read_back(run, facts, repair, ""))
            demand_active(run, view)
            demand_backups(run, view)
            _demand_as_planned(run, repair, plan["by"])
            if plan["by"] == BY_SSH:
                raise AlreadyDone(_judge(run, in_loop(_over_ssh(run, repair))))
        ((_, line),) = planned(run)["plan"]["commands"]
        attach_to = begun.job if begun else ""
        yield JobRequest(run.source, KIND, line, line, Slot.CHANGE, changes=True, attach_to=attach_to)

    def demand_good_end(self, ended: list[EndedJob]) -> None:
        """Let the client decide: what rebuilds its file says by itself how that ended."""

    def finish(self, run: Run, context: Context, ended: list[EndedJob]) -> dict[str, Any]:
        """Ask every client again."""
        return _judge(run, "".join(one.log for one in ended))


def _way(run: Run, repair: ClientRepair, row: Row) -> str:
    """Return who reaches the client: its master by c_rsh, else we by a connection of its own."""
    if any(word.asked_by == run.source for word in row.answers):
        return run.source
    if repair.client in run.pair.clients.connections:
        return BY_SSH
    said = "; ".join(word.silence for word in row.words if word.silence) or "nobody could ask it"
    raise Refused(
        f"{run.source} does not reach {repair.client} ({said}), and the estate file gives no connection for it. Log in "
        f"there as root and type {repair.by_hand}; or, where the file is gone and {SAVED} is there, copy that back "
        "first. Nothing was sent."
    )


def _was_sent(run: Run) -> bool:
    return any(record["changes"] for record in run.recorded(CommandRecord))


def _demand_as_planned(run: Run, repair: ClientRepair, way: str) -> None:
    """Refuse to send anything but exactly what the approved plan says (S11)."""
    if way == run.source:
        needed = [run.source, commands.on_client(run.endpoint(run.source).commands, repair.address, repair.text).line]
    else:
        needed = [repair.client, repair.text]
    if needed not in planned(run)["plan"]["commands"]:
        raise Refused(
            f"What is needed on {repair.client} now is not in the approved plan; clear the tasks 'plan' and 'approve' "
            "and read the new plan."
        )


async def _over_ssh(run: Run, repair: ClientRepair) -> str:
    endpoint = run.client_endpoint(repair.client)
    async with connect(repair.client, endpoint) as host:
        ended = await host.run(f"{repair.text}\n", deadline=_SECONDS)
    said = text_of(ended.stdout)
    run.evidence.write_log(f"{KIND}.{repair.client}", said)
    run.record(CommandRecord(repair.client, repair.text, changes=True, outcome=ended.outcome))
    return said


def _judge(run: Run, said: str) -> dict[str, Any]:
    """Ask every client again after what rebuilds a file has *said* how that ended."""
    facts = facts_of(run.observe("after", ask_clients=True), run.holder.run)
    repair, _ = plan_repair(facts, planned(run)["plan"]["subject"]["client"])
    return _read_back(run, facts, repair, repair.failure(said))


def _read_back(run: Run, facts: Facts, repair: ClientRepair, failure: str) -> dict[str, Any]:
    row = facts.matrix.row(repair.client)
    lists = sorted({side.value for word in row.answers for side in word.lists})
    named = next((word.master_hostname or "" for word in row.answers), "")
    run.record(ClientRepairRecord(repair.client, named=named, lists=tuple(lists), whole=is_whole(row)))
    if not row.answers:
        said = "; ".join(word.silence for word in row.words if word.silence)
        raise Incomplete(
            f"{repair.client} does not answer any more ({said}). Log in there: if /etc/niminfo is gone, type "
            f"'cp -p {SAVED} /etc/niminfo', then 'startsrc -s nimsh', and clear this task."
        )
    if failure:
        raise Incomplete(f"{repair.client}: {failure} Mend that, then clear this task.")
    if not is_whole(row):
        lacks = f"it does not list {run.target}" if Side.TARGET.value not in lists else f"it names {named}"
        raise Incomplete(
            f"/etc/niminfo of {repair.client} was rebuilt, but {lacks}. See that {run.source} has an alternate_master "
            f"object for {run.target} and names it in its own /etc/niminfo, then clear this task; or trigger "
            f"{Runbook.RESET_CLIENTS}."
        )
    return {"client": repair.client, "names": named}
