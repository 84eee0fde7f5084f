"""Clients are asked for their own words: by ``c_rsh`` from the masters, and over SSH where they can be reached so."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from include.lab import Lab, running_lab
from include.lab.world import WorldSpec
from nim_operators.nim.snapshot import BY_SSH, ClientAnswer, Snapshot
from nim_operators.remote import asking
from nim_operators.remote.endpoint import Endpoint, endpoint_from_connection
from nim_operators.remote.pair import Asking, observe_pair


def endpoint(lab: Lab, conn_id: str) -> Endpoint:
    connection = lab.connections[conn_id]
    return endpoint_from_connection(
        conn_id,
        host=connection["host"],
        port=connection["port"],
        login=connection["login"],
        password=None,
        extra=connection["extra"],
    )


def snapshots_of(lab: Lab, how: Asking) -> list[Snapshot]:
    """Observe the lab's pair from nima to nimb."""
    endpoints = {"nima": endpoint(lab, "nim_lab_a"), "nimb": endpoint(lab, "nim_lab_b")}
    observed = asyncio.run(observe_pair("nima", "nimb", endpoints, how))
    snapshots = [found.observation for found in observed.values()]
    assert all(isinstance(snapshot, Snapshot) for snapshot in snapshots)
    return snapshots


def answers_of(lab: Lab, how: Asking) -> list[ClientAnswer]:
    """Ask the clients of the lab's pair, the masters observed from nima."""
    return [answer for snapshot in snapshots_of(lab, how) for answer in snapshot.clients]


def machine_ids(answers: Iterable[ClientAnswer], asked_by: str) -> dict[str, str | None]:
    return {answer.client: answer.machine_id for answer in answers if answer.asked_by == asked_by}


def test_each_client_tells_its_machine_id_with_everything_else_in_one_call_and_one_trip(
    start_lab: Callable[..., Lab],
) -> None:
    lab = start_lab("synced")
    answers = answers_of(lab, Asking())
    cpuids = {name: client["cpuid"] for name, client in lab.state()["clients"].items()}
    assert machine_ids(answers, "nima") == cpuids
    assert all(answer.level and answer.niminfo for answer in answers)
    assert len(lab.calls("c_rsh")) == len(cpuids)
    assert sorted(command["host"] for command in lab.log(event="command")) == ["nima", "nimb"]


def test_a_question_whose_link_is_lost_is_asked_once_more(start_lab: Callable[..., Lab]) -> None:
    lab, everybody = start_lab("synced"), Asking(by_target_too=True)
    lab.tree("nima").joinpath("export/nim/new").mkdir()
    by_hand = ("define", "-t", "lpp_source", "-a", "server=master", "-a", "location=/export/nim/new", "new")
    assert lab.admin("nima", "nim", "-o", *by_hand)["exit"] == 0
    heard = {answer.client: answer.silence for answer in snapshots_of(lab, everybody)[1].clients}
    assert set(heard.values()) == {None}
    trips = len(lab.log(event="command", host="nimb"))
    for nth in range(2, trips + 1):
        mark = lab.mark()
        lab.break_fault("ssh_drop", host="nimb", nth=nth, at="end")
        seen = snapshots_of(lab, everybody)[1]
        lab.heal()
        assert "/export/nim/new" in seen.places
        assert {answer.client: answer.silence for answer in seen.clients} == heard
        assert len(lab.log(event="command", host="nimb", after=mark)) == trips + 1 == 4


def test_a_moved_client_that_denies_its_master_tells_its_new_machine_id_by_ssh(lab: Lab) -> None:
    by_ssh = Asking(connections={"aix02": endpoint(lab, "nim_lab_aix02")})
    before = lab.state()["clients"]["aix02"]["cpuid"]
    assert machine_ids(answers_of(lab, by_ssh), BY_SSH) == {"aix02": before}
    lab.break_fault("wrong_cpuid", client="aix02")
    moved = lab.state()["clients"]["aix02"]["cpuid"]
    answers = answers_of(lab, by_ssh)
    by_nima = next(answer for answer in answers if (answer.client, answer.asked_by) == ("aix02", "nima"))
    assert by_nima.niminfo is None
    assert f"cpuid {before} is not this machine's" in by_nima.silence
    assert machine_ids(answers, BY_SSH) == {"aix02": moved}
    assert moved != before


def test_a_client_that_no_master_claims_is_asked_all_the_same(lab: Lab) -> None:
    for value in (("takeover_updates_target", "before_clients"), ("peer_record_after_sync", "kept")):
        lab.switch(*value)
    lab.admin("nima", "nim", "-Fo", "sync", "-a", "replicate=yes", "nimb")
    lab.break_fault("client_false_failure", client="aix02")
    lab.admin("nimb", "nim", "-o", "takeover", "-a", "async=no", "nima")
    said = [one.niminfo.master_hostname for one in answers_of(lab, Asking()) if one.client == "aix02" and one.niminfo]
    assert said == ["nimb"]


@pytest.mark.sweep
def test_asking_leaves_ports_to_others_and_a_client_that_hangs_costs_its_limit_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PORT_STEP", 1)
    world = WorldSpec(clients=64, ssh_clients=0, time_wait=3, switches={"port_budget": "on"})
    with running_lab(world, tmp_path) as lab:
        lab.break_fault("ports_busy", host="nima", count=370)
        lab.break_fault("client_down", client="aix20")
        lab.hold("c_rsh:aix30")
        answers = {answer.client: answer for answer in answers_of(lab, Asking())}
        ports = lab.state()["masters"]["nima"]["ports"]
        calls = lab.calls("c_rsh", host="nima")
    assert ports["refused"] == 0
    assert 370 < ports["most"] <= 384 + 2 * 16
    assert len(answers) == 64
    assert {name for name, answer in answers.items() if answer.silence} == {"aix20", "aix30"}
    assert answers["aix20"].silence.startswith("0042-006: the host could not be reached")
    assert answers["aix30"].silence == "no answer within its limit"
    assert Counter(call["argv"][1].partition(".")[0] for call in calls) == Counter(
        [*answers, "aix20"]
    )  # by its host too


def test_the_task_log_tells_how_far_asking_is_and_the_deadline_follows_the_number_of_clients(
    caplog: pytest.LogCaptureFixture,
) -> None:
    progress = asking.Progress("nima", "@nim.1@")
    with caplog.at_level(logging.INFO, logger="nim_operators"):
        asking_begins = ("lpar0 @ 0", "@nim.1@ asking 600", "@nim.1@ limit 3420", "@nim.1@ begin clients")
        granted = [progress.lines(line) for line in asking_begins]
        for number in range(1, 601):
            progress.lines(f"lpar{number} export NIM_NAME=lpar{number}")
            progress.lines(f"lpar{number} @ {137 if number % 20 else 0}")
    assert granted == [None, None, 3435.0, None]
    assert caplog.messages == ["nima: asked 250 of 600 clients", "nima: asked 500 of 600 clients"]
