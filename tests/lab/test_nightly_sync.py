"""The nightly sync against a simulated pair, over real SSH."""

from __future__ import annotations

from tests.lab.runbook import Installation


def syncs(installation: Installation) -> list[dict]:
    return [call for call in installation.lab.changing() if "sync" in call["argv"]]


def test_first_night_copies_everything_once(installation: Installation) -> None:
    run = installation.run()
    assert run.verdict == "done", run.reason
    assert run.state == "success"
    assert len(syncs(installation)) == 1
