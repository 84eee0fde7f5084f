"""The old master never returns: a new host becomes the survivor's partner by the commands of docs/guide.md."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from include.lab import Lab, running_lab
from include.lab.world import MasterSpec, WorldSpec
from tests.lab.in_process import InProcess
from tests.lab.runbook import ESTATE, Installation

NIMC = MasterSpec(name="nimc", address="10.1.0.13", mac="00145EB74E11", cpuid="00F690DE4C00")
WORLD = WorldSpec(clients=2, vios=0, spares=[NIMC], start="synced_peer_kept")
NEW_ESTATE = ESTATE.replace("nima: {conn_id: nim_lab_a}", "nimc: {conn_id: nim_lab_nimc}").replace(
    "source: nima", "source: nimb"
)
ALTERNATE = ("niminit", "-a", "is_alternate=yes", "-a", "pif_name=en0", "-a", "platform=chrp", "-a",
             "netboot_kernel=64", "-a", "connect=nimsh")  # fmt: skip


@pytest.fixture
def lab(tmp_path) -> Iterator[Lab]:
    with running_lab(WORLD, tmp_path / "lab", pace=0) as lab:
        yield lab


def typed(lab: Lab, host: str, *argv: str) -> str:
    """What a person types at a host's console, as the guide has it."""
    done = lab.admin(host, *argv)
    assert done["exit"] == 0, done
    return str(done["stdout"])


def typed_over_ssh(lab: Lab, host: str, line: str) -> None:
    subprocess.run(["ssh", "-F", str(lab.directory / "ssh_config"), host, line], check=True, capture_output=True)


def attributes(lab: Lab, master: str, name: str) -> dict[str, str]:
    found = lab.state()["masters"][master]["objects"][name]
    return {"type": found["type"], **dict(map(tuple, found["attrs"]))}


def lists(lab: Lab) -> dict[str, list[str]]:
    """The masters that each client lists by its own /etc/niminfo."""
    return {name: client["masters"] for name, client in lab.state()["clients"].items()}


def test_a_new_partner_is_built_from_the_survivor(
    lab, tmp_path, metadata_database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = InProcess(Installation(lab, tmp_path, monkeypatch))
    lab.break_fault("host_down", host="nima")
    assert first.run("nim_disaster_failover", reason="the frame of nima burnt").verdict == "done"

    typed(lab, "nimb", "m_backup_db", "/tmp/before_nimc.backup")
    typed(lab, "nimb", "nim", "-o", "remove", "nima")
    typed(lab, "nimc", *ALTERNATE, "-a", "name=nimc", "-a", "master=nimb", "-a", f"adpt_add={NIMC.mac}")
    assert "alternate_master" in typed(lab, "nimb", "lsnim", "-l", "nimc")
    assert attributes(lab, "nimb", "nimc")["cpuid"] == NIMC.cpuid
    typed(lab, "nimb", *ALTERNATE, "-a", "name=nimb", "-a", "master=nimc")
    assert attributes(lab, "nimc", "nimb")["type"] == "alternate_master"
    for host, other in (("nimb", "nimc"), ("nimc", "nimb")):
        assert f'NIM_ALTERNATE_MASTER="{other}"' in (lab.tree(host) / "etc/niminfo").read_text()

    airflow = InProcess(
        Installation(lab, tmp_path / "again", monkeypatch, NEW_ESTATE, evidence=first.installation.evidence)
    )
    assert airflow.run("nim_setup", source="nimb", reason="nimc takes the place of nima").verdict == "done"
    copied = airflow.run("nim_reprotect", reason="nimc takes the place of nima")
    assert (copied.verdict, copied.reason) == ("done", "Every required step recorded its read-back.")
    held = {host: set(lab.state()["masters"][host]["resources"]) for host in ("nimb", "nimc")}
    assert held["nimc"] == held["nimb"] != set()

    for client in lists(lab):
        typed_over_ssh(lab, client, "cp /etc/niminfo /etc/niminfo.saved; rm /etc/niminfo")
        typed_over_ssh(lab, client, f"niminit -a name={client} -a master=nimb -a pif_name=en0 -a connect=nimsh")
    assert set(map(tuple, lists(lab).values())) == {("nimb", "nimc")}

    rehearsed = airflow.run("nim_planned_takeover", reason="drill", change_ticket="none", rehearsal=True)
    (plan,) = rehearsed.records("plan")
    assert (rehearsed.verdict, plan["plan"]["stays"], plan["plan"]["obstacles"]) == ("done", [], [])
