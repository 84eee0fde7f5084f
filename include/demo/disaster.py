"""Third act: the active master dies while a night looks at it; its clients are rescued; it comes back stale."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from include.demo.act import Act, Answer, Played, Scene, conclude, play
from include.demo.checker import check_nightly_sync
from include.demo.fault_table import promised
from include.demo.judgement import Exit, Finding, judge
from include.demo.planned_takeover import hand_over
from include.demo.takeover_checker import check_takeover, check_untouched

APPROVED = {"approve": Answer("Approve", {"comment": "seen on the HMC: the frame is dark"})}
DEATH, DEAD = "host_dies_at", "host_down"
IN_MID_RUN = "call:lsnim*"
"""A night reads the database of the active master."""


def _play(scene: Scene) -> Exit:
    for part in PARTS:
        result = part(scene)
        if result is not Exit.DONE:
            return result
    return Exit.DONE


def _night_meets_death(scene: Scene) -> Exit:
    active = scene.ground_truth().masters[0].name
    fault = f"{DEATH} host={active} point={IN_MID_RUN}"
    scene.report.say(f"The lab switches {active} off as soon as the next night reads its database.")
    scene.stage.labs[scene.pair].break_(fault)
    played = play(scene, "nim_nightly_sync")
    findings = check_nightly_sync(played.before, played.after, played.calls, "refused")
    scene.report.findings(findings)
    exit_code, sentence = judge(played.state, played.word, findings, DEAD, promised(DEAD))
    if exit_code is Exit.AS_PROMISED:
        scene.report.say(sentence)
        return Exit.DONE
    scene.report.result(exit_code, sentence)
    return exit_code


def _clients_are_rescued(scene: Scene) -> Exit:
    scene.report.title("The alternate takes over from the dead master")
    dead, target = (master.name for master in scene.ground_truth().masters)
    played = play(scene, "nim_disaster_failover", conf={"reason": f"{dead} lost power"}, answers=APPROVED)
    found = check_takeover(played.before, played.after, played.calls, target, away={dead})
    return conclude(scene, played, found)


def _old_master_returns(scene: Scene) -> Exit:
    scene.report.title("The old master comes back with its old database")
    scene.stage.labs[scene.pair].command("heal", DEATH)
    played = play(scene, "nim_watch", is_scheduled=True)
    scene.stage.airflow.api.set_paused(played.dag_id, paused=True)
    findings = [
        Finding("the watch is red", played.state == "failed", played.state),
        _says(scene, played, "returned stale"),
        *check_untouched(played.before, played.after, played.calls),
    ]
    scene.report.owners(played.before, played.after)
    scene.report.findings(findings)
    untrue = "; ".join(finding.claim for finding in findings if not finding.holds)
    if untrue:
        scene.report.result(Exit.NOT_DONE, f"Not done: of the old master that came back this does not hold: {untrue}.")
        return Exit.NOT_DONE
    scene.report.say("The watch says so, and changed nothing.")
    return Exit.DONE


def _pair_is_whole_again(scene: Scene) -> Exit:
    scene.report.title("The old master becomes the standby")
    played = play(scene, "nim_reprotect", conf={"reason": "power is back"}, answers=APPROVED)
    before, after = played.before.turned(), played.after.turned()
    return conclude(scene, played, check_nightly_sync(before, after, played.calls))


def _clients_come_home(scene: Scene) -> Exit:
    scene.report.title("And back again")
    return hand_over(scene, "nim_give_back", "the old master is whole again", to=0)


def _says(scene: Scene, played: Played, state: str) -> Finding:
    """Look for the state in the error that the watch shows."""
    api = scene.stage.airflow.api
    errors = " ".join(
        error
        for task in played.tasks
        for error in api.task_errors(played.dag_id, played.run_id, task.task_id, task.try_number)
    )
    return Finding(f"the watch says '{state}'", state in errors, errors if state not in errors else "")


PARTS: Sequence[Callable[[Scene], Exit]] = (
    _night_meets_death,
    _clients_are_rescued,
    _old_master_returns,
    _pair_is_whole_again,
    _clients_come_home,
)

ACT = Act("disaster", "A disaster: the active master dies", _play)
