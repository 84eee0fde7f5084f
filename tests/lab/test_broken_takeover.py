"""Around a takeover: one is lost in the middle, the estate file is edited under it, a client is dead."""

from __future__ import annotations

import pytest

from tests.lab.in_process import InProcess
from tests.lab.test_approval import NEW_CLIENT
from tests.lab.test_killed_between import RunDied, kill_job
from tests.lab.test_planned_takeover import FORM, armed, is_locked, owners


@pytest.fixture
def airflow(start_lab, install):
    return InProcess(install(start_lab("synced_peer_kept", pace=0)))


def test_approvers_who_change_in_the_middle_do_not_keep_what_was_approved_from_being_put_back(airflow):
    lab = airflow.lab
    own = airflow.installation.evidence.parent / "estate.yaml"
    approvers = "    approval: {{approvers: [{}]}}\n".format
    plain = own.read_text()
    own.write_text(plain + approvers("bernd"))
    assert lab.admin("nima", *NEW_CLIENT)["exit"] == 0
    lab.break_fault("sync_fails", phase=6)
    airflow.before["wait_nimesis"] = airflow.before["put_back"] = lambda: own.write_text(plain + approvers("carla"))
    failed = airflow.run("nim_planned_takeover", **FORM)
    assert (failed.tasks["sync"], failed.tasks["put_back"], failed.tasks["unlock"]) == ("failed", "success", "success")
    assert failed.records("put_back")[-1]["state"] == "put back"
    assert (owners(lab), is_locked(lab)) == ({"nima"}, False)


WITHOUT_SYNC = {**FORM, "final_sync": False}


@pytest.mark.parametrize(
    ("runbook", "form", "master_is_down"),
    [
        ("nim_planned_takeover", WITHOUT_SYNC, False),
        pytest.param("nim_disaster_failover", {"reason": FORM["reason"]}, True, marks=pytest.mark.sweep),
    ],
)
def test_a_takeover_that_vanished_is_put_away_and_sent_again_for_those_that_need_it(
    airflow, monkeypatch, runbook, form, master_is_down
):
    monkeypatch.setattr("nim_operators.operators.jobs.INLINE_SECONDS", 0)
    lab = airflow.lab
    if master_is_down:
        lab.break_fault("host_down", host="nima")
    lab.hold("takeover:client=aix02")
    slot = lab.tree("nimb") / "var/adm/nim_operators/jobs/change"

    def die():
        lab.wait("held:takeover:client=aix02")
        kill_job(int((slot / "pid").read_text()))
        lab.wait("takeover:interrupted")
        lab.release()
        raise RunDied

    airflow.waiting["takeover"] = die
    with pytest.raises(RunDied):
        airflow.run(runbook, **form)
    job = (slot / "job").read_text().splitlines()[0].removeprefix("job=")
    assert owners(lab) == {"nima", "nimb"}

    refused = airflow.run(runbook, **form)
    assert refused.verdict == "refused"
    assert f"{job} (takeover) of run {runbook}__lab/manual__0001: vanished" in refused.reason
    mark = lab.mark()
    if not master_is_down:
        night = airflow.run(reason="nimb was rebooted", break_lock_of=f"{runbook}__lab/manual__0001")
        assert night.verdict == "refused"
        assert "interrupted takeover" in night.reason
        assert f"(takeover) of run {runbook}__lab/manual__0001 left no status" in night.reason
        assert "Trigger the runbook of the run that the evidence names again, with an override" in night.reason
    said = {"override": "nimb was rebooted; the log ends at aix02", "break_lock_of": f"{runbook}__lab/manual__0001"}
    again = airflow.run(runbook, **form, **said)
    assert again.verdict == "done", again.reason
    assert (owners(lab), is_locked(lab)) == ({"nimb"}, False)
    assert (lab.tree("nimb") / "var/adm/nim_operators/direction").read_text().startswith("source=nimb\n")
    assert len([call for call in lab.calls("nim", after=mark) if "takeover" in call["argv"]]) == 1
    (lost,) = [record for record in again.records("job") if record["job"] == job]
    assert lost["begun_by"] == said["break_lock_of"]
    assert lost["outcome"] == {"unknown": "the job's process is gone and left no exit status"}
    kept = lab.tree("nimb") / "var/adm/nim_operators/done" / job / "log"
    assert (again.evidence / lost["log_file"]).read_text() == kept.read_text()

    mark = lab.mark()
    assert airflow.run(runbook, **form).verdict == "done"
    assert lab.changing(after=mark) == []


def test_a_client_that_is_never_reached_again_is_set_aside_in_the_estate_and_the_nights_go_on(airflow):
    lab = airflow.lab
    lab.break_fault("client_down", client="aix03")
    left = airflow.run("nim_planned_takeover", **FORM, final_sync=False)
    assert [one["client"] for one in left.records("takeover")[-1]["unresolved"]] == ["aix03"]
    assert (left.verdict, armed(lab)) == ("incomplete", {"source=nimb"})
    before = lab.state_hash()
    refused = airflow.run()
    assert refused.verdict == "refused"
    assert "ownership.source-database, clients: The database of nimb gives 1 client to nima." in refused.reason
    assert "can be set aside in the estate file (clients: set_aside)." in refused.reason
    assert lab.state_hash() == before

    estate = airflow.installation.evidence.parent / "estate.yaml"
    estate.write_text(estate.read_text() + "    clients: {set_aside: {aix03: 'scrapped, CHG0042'}}\n")
    night = airflow.run()
    assert night.verdict == "done", night.reason
    page = (night.evidence / "page.txt").read_text()
    assert "It is silent and set aside, so nothing counts it: scrapped, CHG0042." in page
    assert "Silent and set aside in the estate file, so not counted: aix03." in page

    rehearsed = airflow.run("nim_give_back", **FORM, rehearsal=True)
    plan = rehearsed.records("plan")[-1]
    assert (rehearsed.verdict, plan["plan"]["set_aside"], plan["set_aside"]) == (
        "done",
        ["aix03"],
        {"aix03": "scrapped, CHG0042"},
    )
    assert "counted only if it answers: aix03 (scrapped, CHG0042)" in (rehearsed.evidence / "page.txt").read_text()

    lab.heal()
    back = airflow.run()
    assert back.verdict == "refused"
    assert "[blocks] ownership.target-named" in back.reason
    findings = {one["check"]: one for one in back.records("assessment")[-1]["findings"]}
    assert findings["ownership.set-aside-answers"]["remedy"] == "Take it off clients: set_aside in the estate file."
