"""Airflow is down and the active master is dead: a person takes the clients over with the script of the last night."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncssh
import pytest

from include.lab import Lab, running_lab
from nim_operators.hooks.nim import NimHook
from nim_operators.operators.breakglass import _left
from tests.lab.in_process import InProcess
from tests.lab.runbook import Installation

SCRIPT = "/var/adm/nim_operators/break_glass.ksh"
FENCED = "var/adm/nim_operators/fenced"
STORY = {"reason": "nima lost its disks while Airflow was down"}
UNCHANGED = "NOTHING WAS CHANGED."


def by_hand(lab: Lab, host: str, *typed: str, shell: str = "ksh") -> tuple[int | None, str]:
    """Start the script at a terminal and type each answer when it asks; return its status and the screen."""

    async def run() -> tuple[int | None, str]:
        address, port = lab.address(host)
        async with asyncssh.connect(
            address,
            port,
            username=lab.login(host),
            client_keys=[str(lab.key_file)],
            known_hosts=str(lab.known_hosts),
            config=None,
            agent_path=None,
        ) as connection:
            process = await connection.create_process(f"/usr/bin/{shell} {SCRIPT}", term_type="vt220")
            for word in typed:
                process.stdin.write(f"{word}\n")
            screen = await process.stdout.read()
            return (await process.wait()).exit_status, str(screen).replace("\r", "")

    return asyncio.run(asyncio.wait_for(run(), 120))


def with_shells(lab: Lab) -> tuple[str, str]:
    """Give nimb ksh93 and dash besides its own ksh, where this machine has them."""
    found = [shell for shell in ("ksh93", "dash") if shutil.which(shell)]
    for shell in found:
        shutil.copy(shutil.which(shell) or "", lab.tree("nimb") / "usr/bin" / shell)
    return (*found, "ksh", "ksh")[0], (*found, "ksh", "ksh")[1]


def sent(lab: Lab, mark: int) -> list[str]:
    """Return the first words of every command since then that may have changed something."""
    return [" ".join(call["argv"][:3]) for call in lab.changing(after=mark)]


@pytest.fixture
def airflow(start_lab: Callable[..., Lab], install: Callable[[Lab], Installation]) -> InProcess:
    return InProcess(install(start_lab("synced_peer_kept")))


def test_a_link_that_is_lost_once_leaves_no_older_script_behind(airflow: InProcess) -> None:
    run: Any = SimpleNamespace(endpoint=lambda _: NimHook("nim_lab_a").get_conn(), note=pytest.fail)
    place = airflow.lab.tree("nima") / SCRIPT.lstrip("/")
    assert _left(run, "nima", "# of last night\n")
    airflow.lab.break_fault("ssh_drop", host="nima", nth=1, at="before")
    assert _left(run, "nima", "# of tonight\n")
    assert place.read_text() == "# of tonight\n"


def test_nothing_is_changed_on_the_wrong_host_or_without_the_word_of_a_person(airflow: InProcess) -> None:
    lab = airflow.lab
    night = airflow.run()
    assert night.verdict == "done", night.reason
    (left,) = night.records("break_glass")
    assert left == {"file": "break_glass.ksh", "masters": ["nima", "nimb"]}
    for host in ("nima", "nimb"):
        place = lab.tree(host) / SCRIPT.lstrip("/")
        assert place.read_bytes() == (night.evidence / "break_glass.ksh").read_bytes()
        assert place.stat().st_mode & 0o777 == 0o700

    before, mark = lab.state_hash(), lab.mark()
    status, screen = by_hand(lab, "nima", "DEAD")
    assert (status, screen.count(UNCHANGED)) == (1, 1), screen
    assert "The clients can only be taken over on nimb" in screen
    status, screen = by_hand(lab, "nimb", "DEAD")
    assert (status, screen.count(UNCHANGED)) == (1, 1), screen
    assert "nima ANSWERS PING: IT IS NOT DEAD." in screen
    (lab.tree("nimb") / FENCED).write_text("run=nim_disaster_failover__lab/1\n")
    status, screen = by_hand(lab, "nimb", "FENCED")
    assert (status, screen.count(UNCHANGED)) == (1, 1), screen
    assert "This master was fenced, see above" in screen
    assert (lab.state_hash(), sent(lab, mark)) == (before, [])


@pytest.mark.sweep
def test_the_clients_end_where_the_runbook_brings_them_and_the_runbook_goes_on_from_there(
    airflow: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = airflow.lab
    one, another = with_shells(lab)
    assert airflow.run().verdict == "done"
    lab.break_fault("host_down", host="nima")
    lab.break_fault("client_down", client="aix03")
    lab.hold("takeover:start")
    with ThreadPoolExecutor(1) as colleague:
        begun = colleague.submit(by_hand, lab, "nimb", "DEAD", shell=one)
        lab.wait("takeover:start", 60)
        status, screen = by_hand(lab, "nimb", "DEAD")
        assert (status, screen.count(UNCHANGED)) == (1, 1), screen
        assert "NIM is at work here:" in screen
        side_by_side = airflow.run("nim_disaster_failover", **STORY)
        assert side_by_side.verdict == "refused"
        assert "nim -o takeover -a async=no nima" in side_by_side.reason
        lab.release()
        status, screen = begun.result()
    assert status == 3, screen
    assert "aix03  DOES NOT FOLLOW: it did not answer" in screen
    assert "5 of 6 clients follow nimb." in screen
    lab.heal("client_down", client="aix03")
    status, screen = by_hand(lab, "nimb", "DEAD", shell=another)
    assert status == 0, screen
    assert "6 of 6 clients follow nimb." in screen
    rescued = lab.state()["clients"]

    before, mark = lab.state_hash(), lab.mark()
    status, screen = by_hand(lab, "nimb")
    assert (status, lab.state_hash(), sent(lab, mark)) == (0, before, []), screen
    assert "There is nothing to do." in screen
    recorded = airflow.run("nim_disaster_failover", **STORY)
    assert recorded.verdict == "done", recorded.reason
    assert "nim -o takeover" not in sent(lab, mark)
    assert {record["source"] for record in recorded.records("direction")} == {"nimb"}

    with running_lab("synced_peer_kept", tmp_path / "the-runbook") as other:
        runbook = InProcess(Installation(other, tmp_path / "other", monkeypatch))
        other.break_fault("host_down", host="nima")
        assert runbook.run("nim_disaster_failover", **STORY).verdict == "done"
        assert other.state()["clients"] == rescued


def test_a_recovery_point_stands_where_the_script_cannot_be_left(airflow: InProcess) -> None:
    place = airflow.lab.tree("nimb") / SCRIPT.lstrip("/")
    place.mkdir(parents=True)
    place.parent.chmod(0o700)
    night = airflow.run()
    assert night.verdict == "done", night.reason
    assert len(night.records("recovery_point")) == 1
    assert [left["masters"] for left in night.records("break_glass")] == [["nima"]]
    (note,) = [note["text"] for note in night.records("note") if "break_glass" in note["text"]]
    assert "could not be written on nimb" in note
    assert note in (night.evidence / "page.txt").read_text().replace("\n", " ")
