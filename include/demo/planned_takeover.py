"""Second act: every client is handed to the alternate for maintenance, and given back."""

from __future__ import annotations

from include.demo.act import Act, Answer, Scene, conclude, play
from include.demo.judgement import Exit
from include.demo.takeover_checker import check_takeover

APPROVED = {"approve": Answer("Approve", {"comment": "agreed with the client owners"})}


def hand_over(scene: Scene, runbook: str, reason: str, *, to: int) -> Exit:
    """Play a planned takeover or its way back: asked for by one person, approved by another.

    :param to: which master takes the clients over, 0 for the source of the nightly sync.
    """
    target = scene.ground_truth().masters[to].name
    played = play(scene, runbook, conf={"reason": reason, "change_ticket": "CHG0042"}, answers=APPROVED)
    return conclude(scene, played, check_takeover(played.before, played.after, played.calls, target))


def _play(scene: Scene) -> Exit:
    result = hand_over(scene, "nim_planned_takeover", "firmware of the active master", to=1)
    if result is not Exit.DONE:
        return result
    scene.report.title("And back again")
    return hand_over(scene, "nim_give_back", "the firmware is done", to=0)


ACT = Act("takeover", "A planned takeover, approved by somebody else, and the way back", _play)
