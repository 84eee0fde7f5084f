"""Killed between two words: a job started and not acknowledged, ended and not read, gone with its run; and no room."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from include.lab import Lab
from nim_operators.hooks.nim import NimHook
from nim_operators.operators import jobs
from nim_operators.remote.errors import JobInTheWay
from nim_operators.remote.job import Slot, start
from nim_operators.remote.lock import Holder, acquire
from nim_operators.remote.transport import connect
from tests.lab.fault_table import Before, judge, own_state, syncs
from tests.lab.in_process import GONE, InProcess
from tests.lab.runbook import Installation

BASE = "var/adm/nim_operators"
START = 6
"""Which of the commands that the sync step of a first night sends to the source is the start of the job."""


class RunDied(BaseException):
    """Airflow and everything of this run is gone."""


@pytest.fixture
def nights(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> InProcess:
    """Nights whose steps wait at once, without following a job first."""
    monkeypatch.setattr(jobs, "INLINE_SECONDS", 0)
    return InProcess(installation)


def commands_to(lab: Lab, host: str, after: int) -> list[str]:
    """Return the scripts that were sent to a host."""
    return [lab.script(found["seq"]) or "" for found in lab.log(event="command", after=after, host=host)]


def test_a_sync_whose_start_nobody_acknowledged_is_attached_to(nights: InProcess) -> None:
    lab = nights.lab
    before = Before.of(lab)
    marks: list[int] = []

    def drop_the_answer() -> None:
        marks.append(lab.mark())
        lab.break_fault("ssh_drop", host="nima", nth=START, at="end")

    nights.before["sync"] = drop_the_answer
    run = nights.run(tries=3)
    assert "# job_start.ksh" in commands_to(lab, "nima", marks[0])[START - 1]
    assert [step["result"] for step in run.records("step")].count("unknown") == 1
    assert "(sync) of nim_nightly_sync__lab/manual__0001 on nima, which was open already" in str(run.records("note"))
    judge("resumed", lab, run, before)


def test_a_sync_that_ended_before_anybody_read_its_status_is_collected(nights: InProcess) -> None:
    lab = nights.lab
    before = Before.of(lab)
    lab.hold("sync:13")

    def end_unread() -> str:
        lab.release()
        lab.wait("sync:end")
        return GONE

    nights.waiting["sync"] = end_unread
    judge("resumed", lab, nights.run(tries=2), before)


def test_a_sync_that_vanished_with_its_run_goes_on_for_a_typed_reason(nights: InProcess) -> None:
    lab = nights.lab
    before = Before.of(lab)
    lab.hold("sync:2")
    slot = lab.tree("nima") / BASE / "jobs/change"

    def die() -> None:
        lab.wait("held:sync:2")
        kill_job(int((slot / "pid").read_text()))
        lab.release()
        raise RunDied

    nights.waiting["sync"] = die
    with pytest.raises(RunDied):
        nights.run()
    job = (slot / "job").read_text().splitlines()[0].removeprefix("job=")

    refused = nights.run()
    assert refused.verdict == "refused", refused.reason
    owner = "nim_nightly_sync__lab/manual__0001"
    breaking = nights.run(break_lock_of=owner, reason="nima was switched off, the log ends in phase 2")
    judge("done", lab, breaking, before)
    assert len(syncs(lab, before)) == 2
    (lost,) = [record for record in breaking.records("job") if record["job"] == job]
    assert lost["begun_by"] == owner
    assert lost["outcome"] == {"unknown": "the job's process is gone and left no exit status"}
    assert (breaking.evidence / lost["log_file"]).read_text() == (
        lab.tree("nima") / BASE / "done" / job / "log"
    ).read_text()


@pytest.mark.parametrize("evidence", ["kept", pytest.param("lost", marks=pytest.mark.sweep)])
def test_a_failed_sync_of_a_dead_run_is_judged_by_what_was_before_it(nights: InProcess, evidence: str) -> None:
    lab = nights.lab
    before = Before.of(lab)
    lab.break_fault("sync_fails", phase=9)
    lab.hold("sync:8")  # so that the step waits for it on any machine

    def die() -> None:
        lab.wait("held:sync:8")
        lab.release()
        while not (lab.tree("nima") / BASE / "jobs/change/status").exists():
            time.sleep(0.05)
        raise RunDied

    nights.waiting["sync"] = die
    with pytest.raises(RunDied):
        nights.run()
    lab.heal()
    assert own_state(lab, "nimb") != before.own["nimb"]
    if evidence == "lost":
        shutil.rmtree(nights.installation.evidence / "lab/runs")
    mark = lab.mark()
    run = nights.run(break_lock_of="nim_nightly_sync__lab/manual__0001", reason="the worker's machine is gone")
    if evidence == "kept":
        judge("put back", lab, run, before)
        return
    assert run.verdict != "done"
    assert run.records("put_back") == []
    assert "m_restore_db" not in [call["argv"][0] for call in lab.changing(after=mark)]
    assert "so it may be half a copy. Look at nimb by hand: 'ls -l /var/adm/nim_operators/backups" in "".join(
        step.get("text", "") for step in run.records("step")
    )


def test_half_a_sync_that_nobody_put_back_is_never_what_was_before_the_next_one(nights: InProcess) -> None:
    lab = nights.lab
    before = Before.of(lab)
    lab.break_fault("sync_fails", phase=11)

    def die() -> None:
        raise RunDied

    typed: dict[str, str] = {}
    for number in (1, 2):
        nights.before["put_back"] = die
        with pytest.raises(RunDied):
            nights.run(**typed)
        assert own_state(lab, "nimb") != before.own["nimb"]
        dead = f"nim_nightly_sync__lab/manual__{number:04d}"
        typed = {"break_lock_of": dead, "reason": "the worker's machine is gone"}
    whole = json.loads((nights.installation.evidence / "lab/whole/nimb.json").read_text())
    assert whole["run_id"] == "manual__0001"
    third = nights.run(**typed)
    judge("put back", lab, third, before)
    assert len(syncs(lab, before)) == 3

    lab.heal()
    assert nights.run().verdict == "done"


@pytest.mark.sweep
def test_a_refusal_over_half_a_sync_names_the_run_that_left_it_and_the_backup_from_before(nights: InProcess) -> None:
    lab = nights.lab
    lab.break_fault("sync_fails", phase=6)

    def die() -> None:
        raise RunDied

    nights.before["put_back"] = die
    with pytest.raises(RunDied):
        nights.run()
    dead = "nim_nightly_sync__lab/manual__0001"
    run = nights.run(break_lock_of=dead, reason="the worker's machine is gone")
    assert run.verdict == "refused"
    assert f"{dead} began a sync onto nimb that nobody has proven or put back" in run.reason
    (kept,) = (nights.installation.evidence / "lab/backups/nimb").iterdir()
    assert f"/var/adm/nim_operators/backups/nimdb.{kept.name} there" in run.reason


def test_half_a_sync_whose_backup_is_gone_from_the_host_is_fenced_until_it_is_back(nights: InProcess) -> None:
    lab = nights.lab
    before = Before.of(lab)
    lab.break_fault("sync_fails", phase=11)
    backups = lab.tree("nimb") / BASE / "backups"
    nights.before["put_back"] = lambda: shutil.rmtree(backups)
    run = nights.run()
    judge("unusable", lab, run, before)
    (kept,) = (nights.installation.evidence / "lab/backups/nimb").iterdir()
    file = f"{backups.relative_to(lab.tree('nimb'))}/nimdb.{kept.name}"
    assert f"Bring {kept.as_uri()} back to /{file} there, byte for byte" in run.reason

    backups.mkdir()
    shutil.copyfile(kept, lab.tree("nimb") / file)
    judge("put back", lab, nights.clear(run, "put_back"), before)


def kill_job(shell: int) -> None:
    """Kill a job's shell and what it runs with signal 9, and come back when the shell is gone."""
    for pid in (shell, *below(shell)):
        os.kill(pid, signal.SIGKILL)
    while Path(f"/proc/{shell}").exists():
        time.sleep(0.05)


def below(pid: int) -> list[int]:
    """Every process below *pid*."""
    found = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [one for child in found for one in (child, *below(child))]


def test_a_start_that_should_attach_starts_nothing_where_that_job_is_not_open(installation: Installation) -> None:
    lab = installation.lab
    holder = Holder("a run", "a token")

    async def attach() -> None:
        async with connect("nima", NimHook("nim_lab_a").get_conn()) as host:
            await acquire(host, holder)
            for other in ("", "sync.other"):
                if other:
                    await start(host, holder, slot=Slot.CHANGE, job=other, kind="sync", command="sleep 60")
                with pytest.raises(JobInTheWay, match=r"sync\.seen is not open here any more"):
                    await start(
                        host,
                        holder,
                        slot=Slot.CHANGE,
                        job="sync.new",
                        kind="sync",
                        command="touch /started",
                        attach_to="sync.seen",
                    )

    asyncio.run(attach())
    assert not (lab.tree("nima") / "started").exists()
    assert "job=sync.other" in (lab.tree("nima") / BASE / "jobs/change/job").read_text()


def test_an_estate_that_is_edited_in_the_middle_lets_the_run_put_back_and_unlock(nights: InProcess) -> None:
    lab = nights.lab
    before = Before.of(lab)
    estate = Path(os.environ["NIM_OPERATORS_ESTATE"])
    nights.before["reconcile"] = lambda: estate.write_text(estate.read_text() + "    timezone: Europe/Berlin\n")
    run = nights.run()
    assert run.verdict == "incomplete"
    assert (run.tasks["reconcile"], run.tasks["unlock"]) == ("failed", "success")
    assert "reconcile refused after something had been changed. The configuration of pair 'lab'" in run.reason
    assert len(syncs(lab, before)) == 1
    for host in ("nima", "nimb"):
        assert not (lab.tree(host) / BASE / "lock").exists()


FULL = """\
#!/usr/bin/sh
trap '' XFSZ
if [ -f /full ]; then
    ulimit -f "$(cat /full)"
fi
exec /usr/bin/ksh "$@"
"""
"""A shell whose writes to files fail beyond some blocks of 512 bytes, as on a file system that is full."""


@pytest.fixture
def nights_that_fill_up(
    start_lab: Callable[..., Lab], install: Callable[[Lab], Installation], monkeypatch: pytest.MonkeyPatch
) -> InProcess:
    """Nights on a pair whose first master can run out of room; here-documents of dash need none."""
    lab = start_lab(shell="dash")
    shell = lab.tree("nima") / "usr/bin/fullksh"
    shell.write_text(FULL)
    shell.chmod(0o755)
    installation = install(lab)
    connection = lab.connections["nim_lab_a"]
    own_shell = connection | {"extra": connection["extra"] | {"ksh": "/usr/bin/fullksh"}}
    monkeypatch.setenv("AIRFLOW_CONN_NIM_LAB_A", json.dumps(own_shell))
    return InProcess(installation)


@pytest.mark.parametrize(
    ("task", "blocks", "said"), [("lock", 0, "the lock could not be written"), ("backup", 1, "the job could not be")]
)
def test_a_full_file_system_is_named_and_leaves_nothing_half_made(
    nights_that_fill_up: InProcess, task: str, blocks: int, said: str
) -> None:
    nights = nights_that_fill_up
    lab = nights.lab
    before = Before.of(lab)
    nights.before[task] = lambda: (lab.tree("nima") / "full").write_text(f"{blocks}\n")
    run = nights.run()
    judge("refused", lab, run, before)
    assert said in run.reason
    assert "look at the file system that holds /var/adm/nim_operators" in run.reason
    left = [str(path.relative_to(lab.tree("nima") / BASE)) for path in (lab.tree("nima") / BASE).rglob("*")]
    assert set(left) <= {"jobs", "done"}
