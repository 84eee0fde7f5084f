"""Before a master is called dead, its clients say whether they reach it: one that does is a veto."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from include.lab import Lab
from nim_operators.remote.endpoint import Endpoint
from nim_operators.remote.witnesses import nim_answers
from tests.lab.in_process import InProcess

STORY = {"reason": "nima does not answer"}
WITH_SSH = "clients: {connections: {aix02: nim_lab_aix02}}"
Start = Callable[..., Lab]


def of_the_plan(airflow: InProcess, **params: Any) -> tuple[Any, dict[str, Any]]:
    """Run the failover and return it with the diagnosis that its plan, or its refusal, rests on."""
    run = airflow.run("nim_disaster_failover", **STORY, rehearsal=True, **params)
    return run, run.records("assessment")[0]["diagnosis"]


def cut_off_from_us_and_the_alternate(lab: Lab) -> None:
    lab.break_fault("link_cut", host="nima", to="controller,nimb")
    lab.break_fault("ssh_refused", host="nima")


def reached_by(diagnosis: dict[str, Any]) -> list[str]:
    return [reason for reason in diagnosis["reasons"] if reason.startswith("Reached from ")]


def test_a_client_that_the_alternate_asks_and_that_reaches_the_master_is_a_veto(start_lab: Start, install: Any) -> None:
    lab = start_lab("synced_peer_kept")
    airflow = InProcess(install(lab))
    cut_off_from_us_and_the_alternate(lab)
    refused, diagnosis = of_the_plan(airflow)
    assert (refused.verdict, diagnosis["state"]) == ("refused", "active unreachable but unconfirmed")
    assert "nimb tried to reach it and got no answer." in diagnosis["reasons"]
    everybody = "Reached from aix02, aix03, aix04, aix05, aix06 and 1 more, asked by nimb"
    assert reached_by(diagnosis) == [f"{everybody}: nimesis answered nimclient."]
    assert f"Evidence: {everybody}: nimesis answered nimclient." in refused.reason
    assert lab.changing() == []

    told = {"override": "seen at its console: its network is down, and it stays off"}
    allowed, diagnosis = of_the_plan(airflow, **told)
    assert allowed.tasks["plan"] == "success"
    assert reached_by(allowed.records("plan")[0]["plan"]["diagnosis"]) == reached_by(diagnosis) != []

    lab.break_fault("nimesis_down", host="nima")
    _, diagnosis = of_the_plan(airflow)
    assert reached_by(diagnosis) == [f"{everybody}: it answered ping."]

    lab.switch("c_rsh_from_non_current", "refused")
    _, diagnosis = of_the_plan(airflow)
    assert diagnosis["state"] == "active dead"
    nobody = "None of its clients could be asked whether it reaches it, which says nothing either way."
    assert nobody in diagnosis["reasons"]


def test_a_client_that_is_asked_over_ssh_is_a_veto_where_the_alternate_may_ask_none(
    start_lab: Start, install: Any
) -> None:
    lab = start_lab("synced_peer_kept")
    airflow = InProcess(install(lab, WITH_SSH))
    lab.switch("c_rsh_from_non_current", "refused")
    cut_off_from_us_and_the_alternate(lab)
    refused, diagnosis = of_the_plan(airflow)
    assert (refused.verdict, diagnosis["state"]) == ("refused", "active unreachable but unconfirmed")
    (reached,) = reached_by(diagnosis)
    assert reached.startswith("Reached from aix02, asked by SSH: ")

    lab.heal()
    lab.break_fault("host_down", host="nima")
    _, diagnosis = of_the_plan(airflow)
    assert diagnosis["state"] == "active dead"
    assert "Not reached from aix02, asked by SSH: no answer to ping or nimclient." in diagnosis["reasons"]


def test_a_nim_port_that_accepts_us_is_a_sign_of_life_whichever_was_chosen(start_lab: Start, install: Any) -> None:
    lab = start_lab("synced_peer_kept", clients=1)
    airflow = InProcess(install(lab))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        file = lab.tree("nimb") / "etc/niminfo"
        file.write_text(file.read_text().replace("NIM_MASTER_PORT=1058", f"NIM_MASTER_PORT={port}"))
        lab.break_fault("host_down", host="nima")
        refused, diagnosis = of_the_plan(airflow)
        assert (refused.verdict, diagnosis["state"]) == ("refused", "active unreachable but unconfirmed")
        assert "Its NIM ports accepted a connection from here." in diagnosis["reasons"]
        endpoint = Endpoint("127.0.0.1")
        assert asyncio.run(nim_answers(endpoint, {port})) is True
    assert asyncio.run(nim_answers(endpoint, {port})) is False
    assert asyncio.run(nim_answers(replace(endpoint, proxy_command="ssh -W %h:%p jump"), {port})) is None
