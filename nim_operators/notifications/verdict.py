"""Send the verdict of a run through any notifier that Airflow has."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from airflow.sdk import BaseNotifier, Context

from nim_operators.operators.verdict import NothingNew, RunNotDone


class NimVerdictNotifier(BaseNotifier):
    """
    Tell people that a run did not reach its goal.

    The message goes through another notifier: SMTP, Slack, PagerDuty, whatever the installation has. Templates in its
    arguments see ``nim.pair``, ``nim.runbook``, ``nim.verdict``, ``nim.reason`` and ``nim.evidence``.

    :param pair: name of the pair.
    :param runbook: the runbook.
    :param notifier: import path of a notifier class.
    :param arguments: its constructor's arguments.
    """

    def __init__(self, *, pair: str, runbook: str, notifier: str, arguments: Mapping[str, Any]) -> None:
        super().__init__()
        self.pair = pair
        self.runbook = runbook
        self.notifier = notifier
        self.arguments = arguments

    def notify(self, context: Context) -> None:
        """Send from a task's or a DAG's callback."""
        if isinstance(context.get("exception"), NothingNew):
            return
        sender, known = self._prepare(context)
        sender(known)

    async def async_notify(self, context: Context) -> None:
        """Send from the triggerer."""
        sender, known = self._prepare(context)
        sender.context = known
        await sender

    def _prepare(self, context: Context) -> tuple[BaseNotifier, Any]:
        error = context.get("exception")
        seen = error if isinstance(error, RunNotDone) else RunNotDone("failed", str(error or "no reason is known"), "")
        said = {"verdict": seen.verdict, "reason": seen.reason, "evidence": seen.evidence}
        known = {**context, "nim": {"pair": self.pair, "runbook": self.runbook, **said}}
        module, _, name = self.notifier.rpartition(".")
        return getattr(import_module(module), name)(**self.arguments), known
