"""SPOTs after a takeover: built from a replicated lpp_source, checked, removed (nim.md 4.3, 4.6, 8)."""

from __future__ import annotations

import pytest

from include.lab import running_lab

from .conftest import ssh

BUILD = (
    "nim", "-o", "define", "-t", "spot", "-a", "server=master", "-a", "location=/export/nim/spot",
    "-a", "source=lpp_7300_02",
)  # fmt: skip


def attributes(lab, master, name):
    return dict(map(tuple, lab.state()["masters"][master]["objects"][name]["attrs"]))


def digest(lab, master, name):
    return lab.state()["masters"][master]["resources"][name]["digest"]


@pytest.fixture(scope="module")
def taken_over(tmp_path_factory):
    with running_lab("taken_over", tmp_path_factory.mktemp("lab"), clients=2, pace=0) as lab:
        yield lab


def test_one_built_from_the_replicated_source_is_the_one_the_first_master_would_build(start):
    lab = start("synced_peer_kept", clients=2)
    assert lab.admin("nima", *BUILD, "spot_new")["exit"] == 0
    lab.admin("nimb", "nim", "-o", "takeover", "-a", "async=no", "nima")
    result = lab.admin("nimb", *BUILD, "spot_new")
    assert result["exit"] == 0
    assert result["stdout"].startswith(
        ' Creating SPOT in "/export/nim/spot" on machine "master" from "lpp_7300_02" ...'
    )
    spot = attributes(lab, "nimb", "spot_new")
    assert (spot["location"], spot["Rstate"]) == ("/export/nim/spot/spot_new/usr", "ready for use")
    assert digest(lab, "nimb", "spot_new") == digest(lab, "nima", "spot_new")


def test_it_shows_what_its_source_has_become(taken_over):
    taken_over.admin("nimb", *BUILD, "spot_a")
    ssh(taken_over, "nimb", "echo newer >/export/nim/lpp_source/lpp_7300_02/installp/ppc/bos.sysmgt.bff")
    taken_over.admin("nimb", *BUILD, "spot_b")
    assert digest(taken_over, "nimb", "spot_a") != digest(taken_over, "nimb", "spot_b")
    assert taken_over.admin("nimb", "nim", "-o", "cust", "-a", "lpp_source=lpp_7300_02", "spot_a")["exit"] == 0
    assert digest(taken_over, "nimb", "spot_a") == digest(taken_over, "nimb", "spot_b")


def test_what_is_missing_or_taken_is_refused_and_nothing_is_left(taken_over):
    before = taken_over.state_hash()
    for words, text in (
        ((*BUILD[:-2], "spot_x"), '0042-021 m_mkspot: the "source" attribute is required'),
        ((*BUILD[:-1], "source=mars", "spot_x"), '0042-053 nim: there is no NIM object named "mars"'),
        ((*BUILD[:-1], "source=bosinst_ow", "spot_x"), "0042-023"),
        ((*BUILD, "spot_7300_02"), "0042-032"),
    ):
        result = taken_over.admin("nimb", *words)
        assert result["exit"] == 1
        assert text in result["stderr"]
    assert taken_over.state_hash() == before


def test_a_source_without_base_images_builds_nothing(taken_over):
    images = "/export/nim/lpp_source/lpp_7300_02/installp/ppc"
    ssh(taken_over, "nimb", f"mv {images}/bos.rte.bff /tmp")
    result = taken_over.admin("nimb", *BUILD, "spot_x")
    assert result["exit"] == 1
    assert "0503-461 bos.rte is not on" in result["stderr"]
    assert "spot_x" not in taken_over.state()["masters"]["nimb"]["objects"]
    assert taken_over.admin("nimb", "nim", "-o", "check", "lpp_7300_02")["exit"] == 0
    assert attributes(taken_over, "nimb", "lpp_7300_02")["simages"] == "no"
    ssh(taken_over, "nimb", f"mv /tmp/bos.rte.bff {images}")
    taken_over.admin("nimb", "nim", "-o", "check", "lpp_7300_02")
    assert attributes(taken_over, "nimb", "lpp_7300_02")["simages"] == "yes"


def test_a_full_file_system_takes_the_unfinished_one_away(taken_over):
    taken_over.break_fault("fs_full", host="nimb", fs="/export/nim")
    result = taken_over.admin("nimb", *BUILD, "spot_x")
    taken_over.heal()
    assert result["exit"] == 1
    assert "0042-175 m_mkspot" in result["stderr"]
    assert "spot_x" not in taken_over.state()["masters"]["nimb"]["objects"]
    assert not (taken_over.tree("nimb") / "export/nim/spot/spot_x").exists()


def test_an_interrupted_build_leaves_an_unusable_one(taken_over):
    taken_over.hold("spot:spot_cut=*")
    ssh(taken_over, "nimb", f"nohup {' '.join(BUILD)} spot_cut >/dev/null 2>&1 </dev/null &")
    taken_over.wait("held:spot:spot_cut=*")
    taken_over.break_fault("reboot", host="nimb")
    taken_over.release()
    assert attributes(taken_over, "nimb", "spot_cut")["Rstate"] == "unavailable for use"
    result = taken_over.admin("nimb", "nim", "-o", "check", "spot_cut")
    assert attributes(taken_over, "nimb", "spot_cut")["Rstate"] == "unavailable for use"
    assert "0042-154" in result["stderr"]
    assert taken_over.admin("nimb", "nim", "-o", "remove", "spot_cut")["exit"] == 0


def test_removing_one_removes_its_files_and_of_a_source_only_if_told(taken_over):
    taken_over.admin("nimb", *BUILD, "spot_gone")
    place = taken_over.tree("nimb") / "export/nim/spot/spot_gone"
    assert (place / "usr/lib/boot/unix_64").is_file()
    assert taken_over.admin("nimb", "nim", "-o", "remove", "spot_gone")["exit"] == 0
    assert not place.exists()
    image = taken_over.tree("nimb") / "export/nim/mksysb/aix01.mksysb"
    assert taken_over.admin("nimb", "nim", "-o", "remove", "mksysb_aix01")["exit"] == 0
    assert image.is_file()


@pytest.mark.parametrize("value", ["refused", "allowed"])
def test_before_takeover_it_is_a_switch(start, value):
    lab = start("synced_peer_kept", clients=2)
    lab.switch("spot_operations_before_takeover", value)
    before = lab.state_hash()
    for words in ((*BUILD, "spot_x"), ("nim", "-o", "check", "spot_7300_02"), ("nim", "-o", "remove", "spot_7300_02")):
        result = lab.admin("nimb", *words)
        assert result["exit"] == (1 if value == "refused" else 0)
        assert ("this master controls no client" in result["stderr"]) == (value == "refused")
    assert (lab.state_hash() == before) == (value == "refused")
