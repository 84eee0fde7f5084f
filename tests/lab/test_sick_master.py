"""The active master answers, and is given up all the same: its database cannot be read, or it hangs."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from include.lab import Lab
from tests.lab.in_process import InProcess

STORY = {"reason": "nima is ill"}
SIX = (
    "etc/objrepos/nim_attr", "etc/objrepos/nim_attr.vc", "etc/objrepos/nim_object", "etc/objrepos/nim_object.vc",
    "etc/NIM.level", "etc/niminfo",
)  # fmt: skip


@pytest.fixture
def airflow(start_lab: Any, install: Any) -> InProcess:
    return InProcess(install(start_lab("synced_peer_kept")))


def owners(lab: Lab) -> set[str]:
    return {client["niminfo"]["NIM_MASTER_HOSTNAME"] for client in lab.state()["clients"].values()}


@pytest.mark.parametrize("m_backup_db", ["fails", "copies"])
def test_a_database_that_nim_cannot_save_is_kept_as_it_is_and_the_clients_are_rescued(
    m_backup_db: str, airflow: InProcess
) -> None:
    lab = airflow.lab
    lab.switch("m_backup_db_of_broken", m_backup_db)
    lab.break_fault("database_broken", host="nima")
    broken = {name: (lab.tree("nima") / name).read_bytes() for name in SIX}
    refused = airflow.run("nim_disaster_failover", **STORY)
    assert refused.verdict == "refused"
    assert "The NIM database of nima cannot be read: 'lsnim' failed" in refused.reason

    rescued = airflow.run("nim_disaster_failover", **STORY, override="its disk lost blocks; the backup is a week old")
    assert rescued.verdict == "done", rescued.reason
    assert owners(lab) == {"nimb"}
    kept = {record["master"]: record for record in rescued.records("backup")}
    assert "raw" not in kept["nimb"]
    data = Path(urlsplit(kept["nima"]["path"]).path).read_bytes()
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        found = {member.name.removeprefix("./"): archive.extractfile(member).read() for member in archive}
    assert found == broken
    if m_backup_db == "fails":
        assert kept["nima"]["raw"].startswith(
            "a raw copy, which nobody knows whether NIM can restore, because: Job backup"
        )
        assert "a raw copy" in (rescued.evidence / "page.txt").read_text()


def test_a_database_that_hangs_while_it_is_saved_does_not_hold_a_rescue_up(
    airflow: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nim_operators.operators.backup._GIVEN_UP_SECONDS", 3)
    lab = airflow.lab
    lab.break_fault("nimesis_down", host="nima")
    lab.break_fault("command_hangs", host="nima", command="m_backup_db")
    rescued = airflow.run("nim_disaster_failover", **STORY, override="nimesis does not start, seen at the console")
    assert rescued.verdict == "done", rescued.reason
    assert owners(lab) == {"nimb"}
    kept = {record["master"]: record for record in rescued.records("backup")}
    assert "raw" not in kept["nimb"]
    assert "ended with" in kept["nima"]["raw"]


def test_a_master_whose_words_make_no_sense_does_not_hold_a_rescue_up(airflow: InProcess) -> None:
    stub = airflow.lab.tree("nima") / "usr/bin/oslevel"
    stub.rename(stub.with_name("oslevel.aside"))
    stub.write_text(
        "#!/usr/bin/ksh\necho 'oslevel: 0519-004 libodm: The specified object class is damaged.' >&2\nexit 1\n"
    )
    stub.chmod(0o755)
    said = "nima was not observed (what it says makes no sense): Cannot read the output of 'oslevel -s' on nima"
    assert said in str(airflow.alone("watch", "nim_watch"))
    refused = airflow.run("nim_disaster_failover", **STORY)
    assert (refused.verdict, said in refused.reason) == ("refused", True)
    rescued = airflow.run("nim_disaster_failover", **STORY, override="its ODM is damaged, seen at its console")
    assert rescued.verdict == "done", rescued.reason
    assert owners(airflow.lab) == {"nimb"}


@pytest.mark.sweep
def test_a_master_that_lets_us_in_and_hangs_does_not_hold_a_rescue_up(
    airflow: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("asking", "collect", "script"):
        monkeypatch.setattr(f"nim_operators.remote.{module}.FIRST_WORD_SECONDS", 5.0)
    airflow.lab.break_fault("shell_hangs", host="nima")
    refused = airflow.run("nim_disaster_failover", **STORY)
    assert refused.verdict == "refused"
    assert "nima was not observed (it hangs)" in refused.reason
    rescued = airflow.run("nim_disaster_failover", **STORY, override="its console shows no memory is left")
    assert rescued.verdict == "done", rescued.reason
    assert owners(airflow.lab) == {"nimb"}
    assert [fence["stands"] for fence in rescued.records("fence")] == [False]
