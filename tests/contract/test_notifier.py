"""Whoever the estate names is told of a run that did not reach its goal, in words of the verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from airflow.sdk import BaseNotifier

from nim_operators.estate.load import load_estate
from nim_operators.nim.runbooks import Runbook
from nim_operators.operators.verdict import RunNotDone
from nim_operators.runbooks.per_pair import notifiers

ESTATE = """\
version: 1
pairs:
  berlin:
    masters:
      nima: {conn_id: a}
      nimb: {conn_id: b}
    source: nima
    notify:
      - notifier: tests.contract.test_notifier.Heard
        arguments: {message: "{{ nim.pair }} {{ nim.runbook }} {{ nim.verdict }}: {{ nim.reason }} {{ nim.evidence }}"}
"""


class Heard(BaseNotifier):
    """Keeps what it was told."""

    template_fields = ("message",)
    messages: ClassVar[list[str]] = []

    def __init__(self, message: str) -> None:
        super().__init__()
        self.message = message

    def notify(self, context: Any) -> None:
        self.messages.append(self.message)


def told(tmp_path: Path, error: Exception) -> str:
    file = tmp_path / "estate.yaml"
    file.write_text(ESTATE)
    (notifier,) = notifiers(Runbook.NIGHTLY_SYNC, load_estate(file).pairs["berlin"])
    notifier({"exception": error})
    return Heard.messages.pop()


def test_the_verdict_reaches_whoever_the_estate_names(tmp_path: Path) -> None:
    message = told(tmp_path, RunNotDone("refused", "nimesis is down.", "file:///evidence/run"))
    assert message == "berlin nim_nightly_sync refused: nimesis is down. file:///evidence/run"


def test_a_verdict_task_that_breaks_is_told_of_as_a_failure(tmp_path: Path) -> None:
    assert told(tmp_path, ValueError("no evidence")) == "berlin nim_nightly_sync failed: no evidence "
