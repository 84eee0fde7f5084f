"""NIM needs privileged ports too: a takeover waits until those that our asking used are free again (nim.md 3.4)."""

from __future__ import annotations

import pytest

from include.lab import running_lab
from include.lab.world import WorldSpec
from tests.lab.in_process import InProcess

CLIENTS = 130
"""Two ports each: our asking may use 384 of 512, which leaves room for 64 clients."""
WORLD = WorldSpec(
    start="synced_peer_kept", clients=CLIENTS, vios=0, ssh_clients=0, time_wait=8, switches={"port_budget": "on"}
)


@pytest.mark.sweep
def test_a_rescue_of_many_clients_finds_a_port_for_each_of_them(install, tmp_path, monkeypatch):
    monkeypatch.setattr("nim_operators.remote.asking.PORT_STEP", 1)
    monkeypatch.setattr("nim_operators.remote.ports.PORT_STEP", 1)
    with running_lab(WORLD, tmp_path / "lab", pace=0) as lab:
        lab.break_fault("host_down", host="nima")
        run = InProcess(install(lab)).run("nim_disaster_failover", reason="its frame lost power")
        assert run.verdict == "done", run.reason
        assert len(run.records("takeover")[-1]["moved"]) == CLIENTS
        ports = lab.state()["masters"]["nimb"]["ports"]
    assert (ports["refused"], ports["most"] > 384) == (0, True)
