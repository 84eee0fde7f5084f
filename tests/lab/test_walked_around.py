"""A person goes around a step; the steps after it change nothing that was not proven."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from nim_operators.hooks.nim import NimHook
from nim_operators.remote import job, lock
from nim_operators.remote.errors import JobInTheWay
from nim_operators.remote.transport import connect
from tests.lab.in_process import InProcess
from tests.lab.runbook import Installation


@pytest.mark.parametrize("marked", [{"sync"}, {"backup", "sync"}])
def test_a_sync_marked_success_before_it_ran_changes_nothing(installation: Installation, marked: set[str]) -> None:
    before = installation.lab.state_hash()

    run = InProcess(installation).run(marked=marked)

    assert run.tasks["reconcile"] == "failed"
    assert run.verdict == "refused", run.reason
    assert [call["argv"][0] for call in installation.lab.changing() if call["argv"][0] != "m_backup_db"] == []
    assert installation.lab.state_hash() == before


def test_a_job_whose_lock_is_given_back_before_it_begins_never_begins(installation: Installation) -> None:
    shell = installation.lab.tree("nima") / "usr/bin/idleksh"
    shell.write_text('#!/usr/bin/ksh\n[ "$1" = -s ] && exec /usr/bin/ksh -s\nexit 0\n')
    shell.chmod(0o755)
    endpoint = replace(NimHook("nim_lab_a").get_conn(), ksh="/usr/bin/idleksh")
    holder = lock.Holder("nim_nightly_sync__lab/run", "token")

    async def start_and_give_back() -> None:
        async with connect("nima", endpoint) as one, connect("nima", endpoint) as two:
            await lock.acquire(one, holder)
            starting = asyncio.create_task(
                job.start(one, holder, slot=job.Slot.CHANGE, job="backup.1", kind="backup", command="touch /tmp/began")
            )
            reserved = installation.lab.tree("nima") / "var/adm/nim_operators/jobs/change/run"
            while not reserved.exists():  # noqa: ASYNC110 - a file of the lab has no event
                await asyncio.sleep(0.05)
            await lock.release(two, holder)
            await starting

    with pytest.raises(JobInTheWay, match="called off before it began"):
        asyncio.run(start_and_give_back())
    assert not (installation.lab.tree("nima") / "tmp/began").exists()
    assert not (installation.lab.tree("nima") / "var/adm/nim_operators/jobs/change").exists()
