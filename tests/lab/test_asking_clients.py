"""Clients are asked for their own words: by ``c_rsh`` from the masters, and over SSH where they can be reached so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from include.lab import Lab
from nim_operators.nim.snapshot import BY_SSH, ClientAnswer, Snapshot
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


def answers_of(lab: Lab, asking: Asking) -> list[ClientAnswer]:
    """Ask the clients of the lab's pair, the masters observed from nima."""
    endpoints = {"nima": endpoint(lab, "nim_lab_a"), "nimb": endpoint(lab, "nim_lab_b")}
    observed = asyncio.run(observe_pair("nima", "nimb", endpoints, asking))
    snapshots = [found.observation for found in observed.values()]
    assert all(isinstance(snapshot, Snapshot) for snapshot in snapshots)
    return [answer for snapshot in snapshots for answer in snapshot.clients]


def machine_ids(answers: Iterable[ClientAnswer], asked_by: str) -> dict[str, str | None]:
    return {answer.client: answer.machine_id for answer in answers if answer.asked_by == asked_by}


def test_each_client_tells_its_machine_id_with_everything_else_in_one_call(lab: Lab) -> None:
    answers = answers_of(lab, Asking())
    cpuids = {name: client["cpuid"] for name, client in lab.state()["clients"].items()}
    assert machine_ids(answers, "nima") == cpuids
    assert all(answer.level and answer.niminfo for answer in answers)
    assert len(lab.calls("c_rsh")) == len(cpuids)


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
