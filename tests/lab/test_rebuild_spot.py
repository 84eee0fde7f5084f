"""A SPOT is built anew on the master that has taken over, and one that can be used stands at every moment."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from include.lab import running_lab
from tests.lab.in_process import Answer, InProcess
from tests.lab.runbook import Installation

SPOT, PROOF = "spot_7300_02", "spot_7300_02_rebuild"
FORM = {"spot": SPOT, "reason": "its boot kernel is gone"}
ANEW = {**FORM, "override": "an earlier test has rebuilt it"}
LOCATION = f"export/nim/spot/{SPOT}"


@pytest.fixture(scope="module")
def taken_over(metadata_database, tmp_path_factory):
    folder = tmp_path_factory.mktemp("taken_over")
    with pytest.MonkeyPatch.context() as patch, running_lab("taken_over", folder / "lab", pace=0, clients=2) as lab:
        airflow = InProcess(Installation(lab, folder, patch))
        assert airflow.run("nim_setup", source="nimb", reason="taken over by hand").verdict == "done"
        yield airflow


@pytest.fixture
def airflow(taken_over):
    """The pair of the module; each test leaves it whole."""
    yield taken_over
    taken_over.lab.heal()
    assert spots(taken_over.lab) == {SPOT: "ready for use"}


def spots(lab, host="nimb") -> dict[str, str]:
    """The SPOTs of a master and their Rstate."""
    objects = lab.state()["masters"][host]["objects"]
    return {name: dict(map(tuple, one["attrs"]))["Rstate"] for name, one in objects.items() if one["type"] == "spot"}


def sent(lab, after=0) -> list[str]:
    return [call["text"] for call in lab.changing(after=after) if call["argv"][0] == "nim"]


def damaged(lab) -> None:
    (lab.tree("nimb") / LOCATION / "usr/lib/boot/unix_64").unlink()


def test_a_damaged_one_is_rebuilt_and_a_second_run_changes_nothing(airflow):
    lab = airflow.lab
    damaged(lab)
    mark = lab.mark()
    run = airflow.run("nim_rebuild_spot", **ANEW)
    assert (run.verdict, run.reason) == ("done", "Every required step recorded its read-back.")
    assert spots(lab)[SPOT] == "ready for use"
    assert PROOF not in spots(lab)
    assert (lab.tree("nimb") / LOCATION / "usr/lib/boot/unix_64").is_file()
    assert not (lab.tree("nimb") / f"{LOCATION}_rebuild").exists()
    assert [line.removeprefix("nim ").replace("/usr/sbin/", "") for line in sent(lab, mark)] == [
        f"-o define -t spot -a server=master -a location=/export/nim/spot -a source=lpp_7300_02 {PROOF}",
        f"-o check {PROOF}",
        f"-o remove {SPOT}",
        f"-o define -t spot -a server=master -a location=/export/nim/spot -a source=lpp_7300_02 {SPOT}",
        f"-o check {SPOT}",
        f"-o remove {PROOF}",
    ]

    before, mark = lab.state_hash(), lab.mark()
    again = airflow.run("nim_rebuild_spot", **FORM)
    assert (again.verdict, again.tasks["approve"], again.tasks["rebuild"]) == ("done", "skipped", "skipped")
    assert lab.changing(after=mark) == []
    assert lab.state_hash() == before
    cleared = airflow.clear(run, "build", "rebuild")
    assert cleared.verdict == "done"
    assert sent(lab, mark) == []


def attributes(lab, name, host="nimb") -> dict[str, str]:
    return dict(map(tuple, lab.state()["masters"][host]["objects"][name]["attrs"]))


def refuses(airflow, sentence: str, **form) -> None:
    """The plan says no, in that sentence, and nothing that changes anything is sent."""
    mark = airflow.lab.mark()
    said = str(airflow.alone("plan", "nim_rebuild_spot", **{**FORM, **form}))
    assert sentence in said, said
    assert airflow.lab.changing(after=mark) == []


def test_what_must_not_be_rebuilt_is_named_and_nothing_is_sent(airflow):
    lab = airflow.lab
    refuses(airflow, "'SPOT' is empty; enter one of its SPOTs: spot_7300_02", spot=None)
    refuses(airflow, "'SPOT' is 'lpp_7300_02', which nimb does not define; enter one of its SPOTs:", spot="lpp_7300_02")
    refuses(airflow, "'lpp_source' is 'mars', which nimb does not define; enter", lpp_source="mars")
    refuses(airflow, "'Reason' is empty: say why this is wanted", reason=" ")

    lab.admin("nimb", "nim", "-o", "allocate", "-a", f"spot={SPOT}", "aix02")
    refuses(airflow, f"{SPOT} is allocated to aix02 (alloc_count = 1)")
    lab.admin("nimb", "nim", "-o", "deallocate", "-a", "subclass=all", "aix02")

    images = lab.tree("nimb") / "export/nim/lpp_source/lpp_7300_02/installp/ppc"
    (images / "bos.rte.bff").rename(images.parent / "aside")
    lab.admin("nimb", "nim", "-o", "check", "lpp_7300_02")
    refuses(
        airflow, "lpp_7300_02 has simages = no, wanted is yes: add the images that it lacks, then run 'nim -o check"
    )
    (images.parent / "aside").rename(images / "bos.rte.bff")
    lab.admin("nimb", "nim", "-o", "check", "lpp_7300_02")

    lab.break_fault("fs_full", host="nimb", fs="/export/nim")
    refuses(airflow, "nimb:/export/nim has 0 KiB free")
    lab.heal()

    lab.admin("nima", "nim", "-o", "takeover", "-a", "async=no", "nimb")
    refuses(airflow, "The clients name the other master, and the armed direction does not say so.")
    assert lab.admin("nimb", "nim", "-o", "takeover", "-a", "async=no", "nima")["exit"] == 0


def test_one_that_comes_out_at_another_level_is_never_put_in_its_place(airflow):
    lab = airflow.lab
    image = lab.tree("nimb") / "export/nim/lpp_source/lpp_7300_02/installp/ppc/bos.rte.bff"
    whole, before = image.read_bytes(), attributes(lab, SPOT)
    image.write_bytes(whole + b"oslevel_r=7300-03\n")
    lab.break_fault("host_down", host="nima")  # the standby need not answer
    run = airflow.run("nim_rebuild_spot", **ANEW)
    image.write_bytes(whole)
    assert (run.verdict, run.tasks["rebuild"]) == ("failed", "upstream_failed")
    assert "it is at version=7 release=3 mod=3 oslevel_r=7300-03, not at version=7" in run.reason
    assert f"{SPOT} was left alone" in run.reason
    assert attributes(lab, SPOT) == before
    assert spots(lab) == {SPOT: "ready for use", PROOF: "ready for use"}
    assert lab.admin("nimb", "nim", "-o", "remove", PROOF)["exit"] == 0


@pytest.mark.sweep
def test_unapproved_or_rehearsed_it_sends_nothing(airflow):
    lab = airflow.lab
    before, mark = lab.state_hash(), lab.mark()
    rehearsed = airflow.run("nim_rebuild_spot", **ANEW, rehearsal=True)
    assert (rehearsed.verdict, rehearsed.tasks["lock"]) == ("done", "skipped")
    rejected = airflow.run("nim_rebuild_spot", **ANEW, answer=Answer("Reject"))
    assert (rejected.verdict, rejected.tasks["lock"]) == ("refused", "upstream_failed")
    forged = airflow.run("nim_rebuild_spot", **ANEW, marked={"approve", "lock", "backup", "build"})
    assert forged.verdict == "refused"
    assert (lab.changing(after=mark), lab.state_hash()) == ([], before)


@pytest.mark.sweep
def test_a_master_that_dies_between_removing_and_building_is_helped_by_the_next_run(airflow):
    lab = airflow.lab
    lab.break_fault("host_dies_at", host="nimb", point=f"spot:{SPOT}=*")
    died = airflow.run("nim_rebuild_spot", **ANEW)
    assert died.verdict == "incomplete"
    shell = (lab.tree("nimb") / "var/adm/nim_operators/jobs/change/pid").read_text().strip()
    while Path(f"/proc/{shell}").exists():  # killed, and not yet reaped by the machine that the lab runs on
        time.sleep(0.05)
    lab.heal()
    assert spots(lab) == {SPOT: "unavailable for use", PROOF: "ready for use"}

    holder = f"nim_rebuild_spot__lab/{json.loads((died.evidence / 'run.json').read_text())['run_id']}"
    mark = lab.mark()
    run = airflow.run("nim_rebuild_spot", **FORM, override="the log shows it: cut while building", break_lock_of=holder)
    assert (run.verdict, run.reason) == ("done", "Every required step recorded its read-back.")
    assert [line.split()[2] for line in sent(lab, mark)] == ["check", "remove", "define", "check", "remove"]
    assert spots(lab) == {SPOT: "ready for use"}


@pytest.mark.sweep
def test_the_standby_need_not_answer_and_groups_that_lost_it_are_named(airflow):
    lab = airflow.lab
    lab.break_fault("host_down", host="nima")
    lab.switch("removed_group_member", "leaves")
    run = airflow.run("nim_rebuild_spot", **ANEW)
    lab.switch("removed_group_member", "stays")
    assert run.verdict == "incomplete"
    assert f"{SPOT} is rebuilt, but basic_res_grp does not name it as a member any more" in run.reason
    assert PROOF not in spots(lab)
    lab.admin("nimb", "nim", "-o", "change", "-a", f"member1={SPOT}", "basic_res_grp")
