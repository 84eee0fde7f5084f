"""The nightly sync against simulated pairs, over real SSH; judged by the lab's own state and log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from include.lab import Lab
from tests.lab.in_process import InProcess
from tests.lab.runbook import ESTATE, Installation

Start = Callable[..., Lab]
Install = Callable[[Lab], Installation]


@pytest.fixture
def nights(installation: Installation) -> InProcess:
    """Runs against the default pair, before its first sync."""
    return InProcess(installation)


def syncs(lab: Lab, after: int = 0) -> list[dict]:
    return [call for call in lab.calls("nim", after=after) if "sync" in call["argv"]]


def changing(lab: Lab, after: int = 0) -> list[list[str]]:
    return [call["argv"] for call in lab.changing(after=after)]


def databases(lab: Lab) -> dict[str, dict]:
    return {host: facts["objects"] for host, facts in lab.state()["masters"].items()}


def lock_is_free(lab: Lab) -> bool:
    return not any((lab.tree(host) / "var/adm/nim_operators/lock").exists() for host in ("nima", "nimb"))


def test_first_night_copies_everything_with_one_sync_and_leaves_a_recovery_point(installation: Installation) -> None:
    lab = installation.lab
    run = installation.run()
    assert (run.state, run.verdict) == ("success", "done"), run.reason
    assert [call["argv"] for call in syncs(lab)] == [["nim", "-F", "-o", "sync", "-a", "replicate=yes", "nimb"]]
    on_a, on_b = databases(lab)["nima"], databases(lab)["nimb"]
    assert set(on_a) - set(on_b) == {"nimb"}
    assert "alternate_master" in {found["type"] for found in on_b.values()}
    assert lock_is_free(lab)
    backups = sorted((installation.evidence / "lab/backups").glob("*/*.backup"))
    assert [(file.parent.name, file.stat().st_mode & 0o777) for file in backups] == [("nima", 0o600), ("nimb", 0o600)]
    assert run.log_of("sync").rstrip().endswith("nim_master_recover Complete")
    (point,) = run.records("recovery_point")
    assert sorted(point["verified"]) == sorted(
        name
        for name, found in databases(lab)["nima"].items()
        if found["class"] == "resources" and name not in {"boot", "nim_script"}
    )
    assert (run.evidence / "page.html").is_file()


def test_second_night_changes_no_database(nights: InProcess) -> None:
    lab = nights.lab
    assert nights.run().verdict == "done"
    before, mark = lab.state_hash(), lab.mark()
    run = nights.run()
    assert run.verdict == "done", run.reason
    assert {argv[0] for argv in changing(lab, after=mark)} <= {"m_backup_db"}
    assert syncs(lab, after=mark) == []
    assert lab.state_hash() == before


ELSEWHERE = ("rsh", "synced", "synced_peer_kept")
"""Pairs that other tests have as well."""


@pytest.mark.parametrize(
    "world",
    ["sudo", "mixed_names", *(pytest.param(world, marks=pytest.mark.sweep) for world in ELSEWHERE)],
)
def test_other_pairs_are_synchronised_just_the_same(start_lab: Start, install: Install, world: str) -> None:
    lab = start_lab(world)
    run = InProcess(install(lab)).run()
    assert run.verdict == "done", run.reason
    assert len(syncs(lab)) <= 1
    assert lock_is_free(lab)


# the lab's hosts have mksh by themselves, where it is installed
@pytest.mark.parametrize(
    "shell", ["ksh93", *(pytest.param(shell, marks=pytest.mark.sweep) for shell in ("mksh", "dash"))]
)
def test_every_remote_script_works_in(start_lab: Start, install: Install, shell: str) -> None:
    lab = start_lab("default", shell=shell)
    run = InProcess(install(lab)).run()
    assert run.verdict == "done", run.reason


def test_a_copy_that_is_shorter_than_its_source_is_not_trusted(start_lab: Start, install: Install) -> None:
    run = InProcess(install(start_lab("stale"))).run()
    assert run.verdict == "failed"
    assert "partial" in run.reason
    assert run.records("recovery_point") == []


@pytest.mark.sweep
def test_content_that_cannot_be_read_is_said_with_where_to_look(nights: InProcess) -> None:
    objects = nights.lab.state()["masters"]["nima"]["objects"]
    (location,) = (dict(found["attrs"])["location"] for found in objects.values() if found["type"] == "lpp_source")
    (nights.lab.tree("nima") / location.lstrip("/") / "two\nlines").write_text("x")
    run = nights.run()
    assert run.verdict == "failed"
    assert "is unreadable (could not be read on the source). Why it could not be read is in the log" in run.reason


def test_a_sync_in_the_wrong_direction_is_refused(start_lab: Start, install: Install) -> None:
    lab = start_lab("taken_over")
    before = lab.state_hash()
    run = InProcess(install(lab)).run()
    assert run.verdict == "refused", run.reason
    assert changing(lab) == []
    assert lab.state_hash() == before


@pytest.mark.parametrize(
    ("fault", "arguments"),
    [
        ("nimesis_down", {}),
        ("levels_apart", {}),
        ("fs_unmounted", {}),
        ("smit_running", {}),
        ("stray_cron_sync", {}),
        ("name_resolution_broken", {}),
        ("lsnim_truncated", {}),
        ("cstate_busy", {"client": "aix02"}),
    ],
)
def test_a_fault_seen_beforehand_is_refused_and_nothing_is_changed(
    nights: InProcess, fault: str, arguments: dict[str, str]
) -> None:
    lab = nights.lab
    lab.break_fault(fault, **arguments)
    before = lab.state_hash()
    run = nights.run()
    assert run.verdict in {"refused", "failed"}, run.reason
    assert changing(lab) == []
    assert lab.state_hash() == before
    assert lock_is_free(lab)


def test_clients_that_are_switched_off_stop_nobody(nights: InProcess) -> None:
    nights.lab.break_fault("client_down", client="aix03")
    run = nights.run()
    assert run.verdict == "done", run.reason


def test_a_truncated_backup_stops_the_run_before_anything_is_changed(nights: InProcess) -> None:
    lab = nights.lab
    lab.break_fault("backup_truncated", host="nimb")
    before = lab.state_hash()
    run = nights.run()
    assert run.verdict == "failed"
    assert "not a readable tar" in run.reason
    assert syncs(lab) == []
    assert lab.state_hash() == before


@pytest.mark.parametrize("fault", ["sync_unreplicated", "sync_half_copied"])
def test_a_copy_that_is_not_whole_is_no_recovery_point(nights: InProcess, fault: str) -> None:
    nights.lab.break_fault(fault, resource="mksysb_aix01")
    run = nights.run()
    assert run.verdict == "failed"
    assert "mksysb_aix01" in run.reason
    assert run.records("recovery_point") == []


def test_a_sync_that_got_to_its_end_and_complained_is_proven_by_checksum(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    estate = ESTATE + "    nightly_sync: {content: size}\n"
    nights = InProcess(Installation(lab, tmp_path / "by_size", monkeypatch, estate))
    lab.break_fault("sync_complains")
    run = nights.run()
    assert run.verdict == "done", run.reason
    assert [point["compared_by"] for point in run.records("recovery_point")] == ["checksum"]
    assert "1831-187" in (run.evidence / "page.txt").read_text()

    lab.heal()
    lab.break_fault("sync_complains")
    (lab.tree("nimb") / "export/nim/mksysb/aix01.mksysb").unlink()
    lab.break_fault("sync_half_copied", resource="mksysb_aix01")
    half = nights.run()
    assert half.verdict == "failed"
    assert "mksysb_aix01 is partial" in half.reason


def test_setup_arms_the_direction_before_the_first_night(nights: InProcess) -> None:
    run = nights.run("nim_setup", source="nima")
    assert run.verdict == "done", run.reason
    for host in ("nima", "nimb"):
        record = (nights.lab.tree(host) / "var/adm/nim_operators/direction").read_text()
        assert "source=nima\ntarget=nimb\n" in record
    assert [argv for argv in changing(nights.lab) if argv[0] != "m_backup_db"] == []


def test_setup_refuses_a_source_that_no_client_names(nights: InProcess) -> None:
    run = nights.run("nim_setup", source="nimb")
    assert run.verdict == "refused", run.reason
    assert not (nights.lab.tree("nima") / "var/adm/nim_operators/direction").exists()


def test_setup_turns_the_direction_after_a_takeover_for_a_typed_reason(start_lab: Start, install: Install) -> None:
    nights = InProcess(install(start_lab("taken_over")))
    run = nights.run("nim_setup", source="nimb", reason="nimb took the clients over on Friday")
    assert run.verdict == "done", run.reason
    assert "source=nimb" in (nights.lab.tree("nima") / "var/adm/nim_operators/direction").read_text()


def test_backups_are_kept_as_many_as_the_estate_says_on_the_host_too(
    start_lab: Start, tmp_path: Path, metadata_database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = start_lab()
    estate = ESTATE + "    backups: {keep: 1}\n"
    automatic = lab.tree("nima") / "export/nim/backups"
    automatic.mkdir(parents=True, exist_ok=True)
    for stamp in ("10073807242010", "09000001012024", "23595912312009"):
        (automatic / f"nima.{stamp}.backup").write_text("old")
    nights = InProcess(Installation(lab, tmp_path / "installation", monkeypatch, estate))
    assert [nights.run().verdict for _ in range(2)] == ["done", "done"]
    assert [file.name for file in automatic.iterdir()] == ["nima.09000001012024.backup"]
    assert len(list((lab.tree("nima") / "var/adm/nim_operators/backups").iterdir())) == 1
