"""First act: one nightly sync, and what is true afterwards against what the run says."""

from __future__ import annotations

from include.demo.act import Act, Played, Scene, play
from include.demo.checker import check_nightly_sync
from include.demo.fault_table import promised
from include.demo.judgement import Exit, Finding, judge


def _play(scene: Scene) -> Exit:
    played = play(scene, "nim_nightly_sync")
    report = scene.report
    for event in played.events:
        report.values(f"Recovery point and what was verified: asset event {event['uri']}", event["extra"])
    if not played.events:
        report.say("\nNo recovery point was emitted.")
    report.values("What the product says (verdict)", played.verdict or {"": "no verdict was pushed"})
    report.changes(played.calls)
    promise = promised(scene.fault) if scene.fault else ""
    findings = _findings(played, promise)
    if scene.fault:
        report.say(f"\nWhat docs/fault_table.md promises with {scene.fault}: {promise or 'nothing'}")
    report.owners(played.before, played.after)
    report.findings(findings)
    exit_code, sentence = judge(played.state, played.word, findings, scene.fault, promise)
    report.result(exit_code, sentence)
    return exit_code


def _findings(played: Played, promise: str) -> list[Finding]:
    """Check what a run that calls itself done must leave, else what was promised."""
    is_green = played.state == "success" and played.word == "done"
    outcome = "done" if is_green else promise
    findings = check_nightly_sync(played.before, played.after, played.calls, outcome)
    if not is_green:
        findings.append(Finding("no recovery point was emitted", not played.events, f"{len(played.events)} emitted"))
    return [*findings, played.evidence_is_there()]


ACT = Act("sync", "A nightly sync", _play)
