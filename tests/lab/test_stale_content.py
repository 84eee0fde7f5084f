"""Content that has changed on the source and that no sync copies again: listed, or refreshed, as the estate says."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from include.lab import Lab
from nim_operators.remote import job as remote_job
from nim_operators.remote.job import Job
from nim_operators.remote.lock import Holder
from nim_operators.remote.transport import Host
from tests.lab.in_process import InProcess
from tests.lab.runbook import ESTATE, REPOSITORY, Finished, Installation

IMAGE = "export/nim/mksysb/aix01.mksysb"
SPOT = "export/nim/spot/spot_7300_02/usr"
REFRESH = ESTATE + "    nightly_sync: {stale: refresh}\n"
MIB = 1024 * 1024

Nights = Callable[..., InProcess]


@pytest.fixture
def nights(
    start_lab: Callable[..., Lab], metadata_database: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Nights:
    """A pair in step but for the content of an image, and the night that has listed it."""

    def begin(estate: str = REFRESH, *changed: str, larger: int = 0) -> InProcess:
        lab = start_lab("synced")
        for host in ("nima", "nimb") if larger else ():
            (lab.tree(host) / SPOT / "larger").write_bytes(bytes(larger))
        for place in changed or (IMAGE,):
            renew(lab, place)
        found = InProcess(Installation(lab, tmp_path / "installation", monkeypatch, estate))
        run = found.run()
        assert run.verdict == "done", run.reason
        assert len(stale(run)) == len(changed or (IMAGE,))
        assert not same(lab)
        return found

    return begin


def renew(lab: Lab, place: str) -> None:
    """Change every byte below a place of the source, and no size."""
    top = lab.tree("nima") / place
    for file in [top] if top.is_file() else [one for one in top.rglob("*") if one.is_file()]:
        file.write_bytes(bytes(255 - byte for byte in file.read_bytes()))


def content(lab: Lab, host: str) -> dict[str, bytes]:
    """Every file below /export/nim, what was moved aside included, NIM's own backups and scripts left out."""
    top = lab.tree(host) / "export/nim"
    files = (file for file in top.rglob("*") if file.is_file())
    found = {str(file.relative_to(top)): file.read_bytes() for file in files}
    return {path: data for path, data in found.items() if not path.startswith(("backups/", "scripts/"))}


def same(lab: Lab) -> bool:
    return content(lab, "nima") == content(lab, "nimb")


def stale(run: Finished) -> list[str]:
    (point,) = run.records("recovery_point")
    return sorted(point["stale"])


def notes(run: Finished) -> str:
    return "\n".join(record["text"] for record in run.records("note"))


def syncs(lab: Lab, after: int = 0) -> int:
    return len([call for call in lab.calls("nim", after=after) if "sync" in call["argv"]])


def records_on(lab: Lab) -> list[str]:
    return sorted(file.name for file in (lab.tree("nimb") / "var/adm/nim_operators/aside").glob("*"))


@pytest.mark.sweep
def test_by_default_stale_content_is_named_each_night_and_never_touched(nights: Nights) -> None:
    run_of = nights(ESTATE)
    before = content(run_of.lab, "nimb")
    run = run_of.run()
    assert run.verdict == "done", run.reason
    assert stale(run) == ["mksysb_aix01"]
    assert content(run_of.lab, "nimb") == before
    assert syncs(run_of.lab) == 0


def test_what_was_listed_is_copied_anew_the_night_after_and_then_nothing_is_sent(nights: Nights) -> None:
    run_of = nights(REFRESH, IMAGE, SPOT)
    lab = run_of.lab
    run = run_of.run()
    assert run.verdict == "done", run.reason
    assert stale(run) == []
    assert same(lab)
    assert (syncs(lab), records_on(lab)) == (1, [])
    mark, before = lab.mark(), lab.state_hash()
    run = run_of.run()
    assert run.verdict == "done", run.reason
    assert {call["argv"][0] for call in lab.changing(after=mark)} <= {"m_backup_db"}
    assert lab.state_hash() == before


@pytest.mark.sweep
def test_what_may_not_be_moved_stays_listed_with_the_reason(nights: Nights) -> None:
    run_of = nights(REFRESH + "    backups: {room_mb: 1}\n", IMAGE, SPOT, larger=3 * MIB)
    lab = run_of.lab
    before = content(lab, "nimb")
    (lab.tree("nimb") / "etc/exports").write_text(f"/{IMAGE} -ro,root=aix01\n")
    filler = lab.tree("nimb") / "export/nim/filler"
    with filler.open("wb") as file:
        file.truncate(10240 * MIB - 4 * MIB - 2 * MIB - sum(map(len, before.values())))
    run = run_of.run()
    filler.unlink()
    assert run.verdict == "done", run.reason
    assert stale(run) == ["mksysb_aix01", "spot_7300_02"]
    assert f"/{IMAGE} is exported by NFS" in notes(run)
    assert re.search(r"spot_7300_02 is stale and stays as it is: \d+ KiB are free, \d+ KiB are needed", notes(run))
    assert content(lab, "nimb") == before
    assert (syncs(lab), records_on(lab)) == (0, [])


def rows() -> list[tuple[str, str, str]]:
    table = (REPOSITORY / "docs" / "fault_table_stale.md").read_text()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[:2] == "| "]
    return [(fault, arguments, outcome) for fault, arguments, outcome in cells if fault != "fault"]


@pytest.mark.sweep
def test_each_fault_of_the_table_ends_as_it_says(nights: Nights) -> None:
    """One pair for all rows: the content is stale before each of them, and after each but the last one."""
    run_of = nights()
    lab = run_of.lab
    database = lab.state_hash()
    before = content(lab, "nimb")
    for fault, arguments, outcome in rows():
        mark = lab.mark()
        for one in fault.split(" and "):
            lab.break_fault(one, **dict(word.split("=", 1) for word in arguments.split()))
        run = run_of.run()
        lab.heal()
        row = f"{fault} {arguments}: {run.verdict}, {run.reason}"
        assert records_on(lab) == [], row
        if outcome == "refreshed":
            assert (run.verdict, same(lab)) == ("done", True), row
        else:
            assert run.verdict in {"refused", "failed", "incomplete"}, row
            assert content(lab, "nimb") == before, row
            assert lab.state_hash() == database, row
            assert syncs(lab, after=mark) == (outcome == "former"), row


@pytest.mark.sweep
def test_a_copy_that_is_not_equal_is_taken_back_and_not_tried_again_in_vain(nights: Nights) -> None:
    run_of = nights()
    lab = run_of.lab
    before = content(lab, "nimb")
    lab.break_fault("sync_half_copied", resource="mksysb_aix01")
    run = run_of.run()
    assert run.verdict == "failed", run.reason
    assert content(lab, "nimb") == before
    lab.heal()
    mark = lab.mark()
    run = run_of.run()
    assert (run.verdict, stale(run), syncs(lab, after=mark)) == ("done", ["mksysb_aix01"], 0), run.reason
    assert "a copy of this very content was not equal" in notes(run)
    renew(lab, IMAGE)
    assert same(lab)


def left_aside_by_a_dead_run(lab: Lab, copied: bytes) -> None:
    """What a night leaves that moved the image aside and was never seen again; the sync had copied so much."""
    host, place = lab.tree("nimb"), lab.tree("nimb") / IMAGE
    aside = f"{Path(IMAGE).parent}/.nim_operators.aside.mksysb_aix01"
    place.rename(host / aside)
    if copied:
        place.write_bytes(copied)
    fields = {"resource": "mksysb_aix01", "location": f"/{IMAGE}", "aside": f"/{aside}", "content": "c0ffee"}
    fields |= {"run": "nim_nightly_sync__lab/dead", "since": "2026-11-23T02:00:00Z", "state": "aside"}
    record = host / "var/adm/nim_operators/aside/mksysb_aix01"
    record.parent.mkdir(exist_ok=True)
    record.write_text("".join(f"{name}={value}\n" for name, value in fields.items()))


@pytest.mark.sweep
def test_what_a_dead_run_left_aside_is_settled_by_the_next_night(nights: Nights) -> None:
    run_of = nights()
    lab = run_of.lab
    before = content(lab, "nimb")
    left_aside_by_a_dead_run(lab, copied=b"half of it")
    run = run_of.run()
    assert run.verdict == "failed", run.reason
    assert content(lab, "nimb") == before
    left_aside_by_a_dead_run(lab, copied=b"")
    run = run_of.run()
    assert (run.verdict, same(lab), records_on(lab)) == ("done", True, []), run.reason


@pytest.mark.sweep
def test_former_content_is_in_its_place_on_an_alternate_that_had_to_be_fenced(nights: Nights) -> None:
    run_of = nights()
    lab = run_of.lab
    before = content(lab, "nimb")
    lab.break_fault("sync_fails", phase="11")
    lab.break_fault("restore_refuses", host="nimb")
    run = run_of.run()
    assert [record["state"] for record in run.records("put_back")] == ["unusable"]
    assert content(lab, "nimb") == before
    assert records_on(lab) == []


@pytest.mark.sweep
def test_content_comes_back_where_the_worker_died_right_after_it_began_to_move_it(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_of = nights()
    lab = run_of.lab
    before = content(lab, "nimb")
    start = remote_job.start

    async def die_after(host: Host, holder: Holder, **asked: Any) -> Job:
        job = await start(host, holder, **asked)
        if asked["kind"] != "aside":
            return job
        while not (lab.tree("nimb") / "var/adm/nim_operators/jobs/change/status").exists():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        assert records_on(lab) == ["mksysb_aix01"]
        raise RuntimeError

    monkeypatch.setattr(remote_job, "start", die_after)
    run_of.before["put_back"] = lambda: monkeypatch.setattr(remote_job, "start", start)
    run = run_of.run()
    assert [record["state"] for record in run.records("put_back")] == ["put back"]
    assert (content(lab, "nimb"), records_on(lab)) == (before, [])
