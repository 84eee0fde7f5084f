"""A client that does not know both masters gets a new /etc/niminfo, and is never left without one."""

from __future__ import annotations

import pytest

from include.lab import running_lab
from tests.lab.in_process import Answer, InProcess
from tests.lab.runbook import ESTATE, Installation

FORM = {"client": "aix02", "reason": "0042-372 in the last drill"}
SAVED = "var/adm/nim_operators/niminfo.saved"


@pytest.fixture(scope="module")
def airflow(metadata_database, tmp_path_factory):
    folder = tmp_path_factory.mktemp("repair")
    estate = f"{ESTATE}    clients: {{connections: {{aix03: nim_lab_aix03}}}}\n"
    with (
        pytest.MonkeyPatch.context() as patch,
        running_lab("synced_peer_kept", folder / "lab", pace=0, clients=3) as lab,
    ):
        for client in ("aix02", "aix03"):
            lab.admin(client, "oslevel")  # a client of the lab has files of its own once something ran on it
        yield InProcess(Installation(lab, folder, patch, estate))


@pytest.fixture(autouse=True)
def whole_again(airflow):
    """Give each test clients that list both masters; they run in any order."""
    files = [airflow.lab.tree(client) / "etc/niminfo" for client in ("aix02", "aix03")]
    texts = [file.read_text() for file in files]
    yield
    for file, text in zip(files, texts, strict=True):
        file.write_text(text)


def forgets(lab, client="aix02") -> str:
    """Let a client know its current master only, as one that was defined before there was an alternate."""
    file = lab.tree(client) / "etc/niminfo"
    lines = [line for line in file.read_text().splitlines() if "NIM_MASTER_HOSTNAME_LIST" not in line]
    file.write_text("\n".join(lines) + "\n")
    return file.read_text()


def lists(lab, client="aix02") -> list[str]:
    return lab.state()["clients"][client]["masters"]


def changed(lab, mark) -> list[str]:
    """The commands that changed something, on whichever host."""
    return [call["argv"][0] for call in lab.changing(after=mark) if call["argv"][0] != "m_backup_db"]


def test_it_lists_both_again_and_a_second_run_changes_nothing(airflow):
    lab = airflow.lab
    old, mark = forgets(lab), lab.mark()
    run = airflow.run("nim_repair_client", **FORM)
    assert (run.verdict, run.reason) == ("done", "Every required step recorded its read-back.")
    assert lists(lab) == ["nima", "nimb"]
    assert changed(lab, mark) == ["c_rsh", "niminit"]
    assert (lab.tree("aix02") / SAVED).read_text() == old
    assert old.splitlines()[-1] in run.log_of("repair_client")

    mark = lab.mark()
    again = airflow.run("nim_repair_client", **FORM)
    assert (again.verdict, again.tasks["repair"]) == ("done", "skipped")
    assert airflow.clear(run, "repair").verdict == "done"
    assert changed(lab, mark) == []


def test_one_that_needs_none_is_rebuilt_for_an_override_and_once_though_the_link_is_lost(airflow):
    lab = airflow.lab
    lab.break_fault("client_list_missing", client="aix02")
    lab.heal()  # by which the client gets its list back, whatever another test has left
    assert lists(lab) == ["nima", "nimb"]
    mark = lab.mark()
    airflow.before["repair"] = lambda: lab.break_fault("ssh_drop", host="nima", nth=4, at="end")
    run = airflow.run("nim_repair_client", **FORM, override="its port is to be written anew", tries=2)
    lab.heal()
    assert (run.verdict, run.reason) == ("done", "Every required step recorded its read-back.")
    assert [step["result"] for step in run.records("step")].count("unknown") == 1
    assert changed(lab, mark) == ["c_rsh", "niminit"]
    assert "NIM_MASTER_HOSTNAME" in run.log_of("repair_client")
    assert not list((lab.tree("nima") / "var/adm/nim_operators/jobs").iterdir())


def test_bad_input_a_rehearsal_and_a_rejection_change_nothing(airflow):
    lab = airflow.lab
    forgets(lab)
    before, mark = lab.state_hash(), lab.mark()
    for client, sentence in (
        (None, "'Client' is empty; enter one of: aix02, aix03."),
        ("nimb", "'Client' is 'nimb', which is no standalone machine of nima; enter one of: aix02, aix03."),
    ):
        assert sentence in str(airflow.alone("plan", "nim_repair_client", **{**FORM, "client": client}))
    assert airflow.run("nim_repair_client", **FORM, rehearsal=True).verdict == "done"
    assert airflow.run("nim_repair_client", **FORM, answer=Answer("Reject")).verdict == "refused"
    assert (lab.changing(after=mark), lab.state_hash()) == ([], before)


@pytest.mark.sweep
def test_where_niminit_lists_one_master_only_that_is_said(airflow):
    lab = airflow.lab
    forgets(lab)
    lab.switch("niminit_lists", "current")
    run = airflow.run("nim_repair_client", **FORM)
    lab.switch("niminit_lists", "both")
    assert run.verdict == "incomplete"
    assert "/etc/niminfo of aix02 was rebuilt, but it does not list nimb" in run.reason


def test_one_that_nobody_reaches_is_left_to_a_person_with_the_commands(airflow):
    lab = airflow.lab
    (lab.tree("aix02") / "etc/niminfo").rename(lab.tree("aix02") / "tmp/niminfo")
    said = str(airflow.alone("plan", "nim_repair_client", **FORM))
    (lab.tree("aix02") / "tmp/niminfo").rename(lab.tree("aix02") / "etc/niminfo")
    assert "niminit -a name=aix02 -a master=nima -a master_port=1058" in said
    assert "cp -p /etc/niminfo /etc/niminfo.saved; rm /etc/niminfo;" in said


def test_one_that_lost_its_file_in_between_gets_it_over_its_own_connection(airflow):
    lab = airflow.lab
    old = forgets(lab, "aix03")
    saved = lab.tree("aix03") / SAVED
    saved.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    (lab.tree("aix03") / "etc/niminfo").rename(saved)
    run = airflow.run("nim_repair_client", **{**FORM, "client": "aix03"})
    assert (run.verdict, run.reason) == ("done", "Every required step recorded its read-back.")
    assert lists(lab, "aix03") == ["nima", "nimb"]
    assert saved.read_text() == old


def test_a_niminit_that_fails_gives_the_old_file_back_and_one_that_works_may_let_anybody_read_the_new_one(airflow):
    lab = airflow.lab
    old = forgets(lab)
    stub = lab.tree("aix02") / "usr/sbin/niminit"
    aside = stub.rename(stub.with_name("niminit.aside"))
    stub.write_text("#!/usr/bin/ksh\numask\necho '0042-137 niminit: it cannot' >&2\nexit 1\n")
    stub.chmod(0o755)
    run = airflow.run("nim_repair_client", **FORM)
    aside.rename(stub)
    assert run.verdict == "incomplete"
    assert "aix02: niminit made no /etc/niminfo, so the old one was put back. It said: 0042-137: " in run.reason
    assert {"022", "0022"} & set(run.log_of("repair_client").splitlines())
    assert (lab.tree("aix02") / "etc/niminfo").read_text() == old
