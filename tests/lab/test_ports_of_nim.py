"""NIM needs privileged ports too: a takeover waits until those that our asking used are free again (nim.md 3.4)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from include.lab import running_lab
from include.lab.world import WorldSpec
from nim_operators.operators import ports
from nim_operators.remote.ports import Free
from nim_operators.remote.transport import Host
from tests.lab.in_process import InProcess

CLIENTS = 130
"""Two ports each: our asking may use 384 of 512, which leaves room for 64 clients."""
WORLD = WorldSpec(
    start="synced_peer_kept", clients=CLIENTS, vios=0, ssh_clients=0, time_wait=8, switches={"port_budget": "on"}
)
STORY = {"reason": "its frame lost power"}

pytestmark = pytest.mark.sweep


@pytest.fixture
def airflow(install, tmp_path, monkeypatch) -> Iterator[InProcess]:
    """A pair whose active master is dead."""
    monkeypatch.setattr("nim_operators.remote.asking.PORT_STEP", 1)
    monkeypatch.setattr("nim_operators.remote.ports.PORT_STEP", 1)
    with running_lab(WORLD, tmp_path / "lab", pace=0) as lab:
        lab.break_fault("host_down", host="nima")
        yield InProcess(install(lab))


def test_a_rescue_of_many_clients_finds_a_port_for_each_of_them(airflow):
    run = airflow.run("nim_disaster_failover", **STORY)
    assert run.verdict == "done", run.reason
    assert len(run.records("takeover")[-1]["moved"]) == CLIENTS
    seen = airflow.lab.state()["masters"]["nimb"]["ports"]
    assert (seen["refused"], seen["most"] > 384) == (0, True)


def test_a_master_that_comes_back_while_ports_are_waited_for_keeps_its_clients(airflow, monkeypatch):
    lab, wait_for_ports = airflow.lab, ports.wait_for_ports

    async def and_it_comes_back(host: Host, clients: int) -> Free:
        free = await wait_for_ports(host, clients)
        lab.heal("host_down", host="nima")
        return free

    monkeypatch.setattr(ports, "wait_for_ports", and_it_comes_back)
    mark = lab.mark()
    run = airflow.run("nim_disaster_failover", **STORY)
    assert run.tasks["takeover"] == "failed"
    assert [call for call in lab.changing(after=mark) if "takeover" in call["argv"]] == []
