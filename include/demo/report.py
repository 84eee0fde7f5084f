"""What the demo prints, made of answers of the REST API and of the lab alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from include.demo.api import AirflowApi, ApiError, Json, TaskInstance
from include.demo.ground_truth import Call, Estate
from include.demo.judgement import Exit, Finding

MARKS = {
    "success": "[green]✓[/]",
    "failed": "[red]✗[/]",
    "upstream_failed": "[yellow]-[/]",
    "skipped": "[dim]-[/]",
}
LIST_LIMIT = 6


class Report:
    """Prints to one console.

    :param console: where to.
    """

    def __init__(self, console: Console) -> None:
        self.console = console

    def say(self, text: str) -> None:
        """Print one line of progress, whole, so that an address in it can be copied."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def steps(self, dag_id: str, run_id: str, tasks: Sequence[TaskInstance]) -> None:
        """Print the steps of a run with what became of them and how long they took."""
        self.title(f"{dag_id}  {run_id}")
        table = Table(header_style="bold")
        for heading in ("", "step", "state", "try", "seconds", "operator"):
            table.add_column(heading, justify="right" if heading in {"try", "seconds"} else "left")
        for task in tasks:
            seconds = "" if task.duration is None else f"{task.duration.total_seconds():.1f}"
            state = task.state or "not started"
            mark = MARKS.get(state, "")
            table.add_row(mark, task.task_id, state, str(task.try_number), seconds, task.operator)
        self.console.print(table)

    def values(self, title: str, value: Any) -> None:
        """Print a JSON value as key and value rows."""
        self.title(title)
        table = Table(show_header=False)
        table.add_column(overflow="fold")
        table.add_column(overflow="fold")
        for key, text in flatten(value):
            table.add_row(Text(key), Text(text))
        self.console.print(table)

    def findings(self, findings: Sequence[Finding]) -> None:
        """Print the independent checker's table."""
        self.title("Checked in the lab, without the product's code")
        table = Table(header_style="bold")
        for heading in ("", "claim", "seen"):
            table.add_column(heading)
        for finding in findings:
            table.add_row(MARKS["success" if finding.holds else "failed"], finding.claim, Text(finding.saw))
        self.console.print(table)

    def changes(self, calls: Sequence[Call]) -> None:
        """Print the NIM commands the lab counts as changing; what ran alike on several clients is one row."""
        rows = Counter(f"{call.host}: {call.generic_text} → {call.exit}" for call in calls if call.is_changing)
        self.values("Commands that may have changed something", rows)

    def owners(self, before: Estate, after: Estate) -> None:
        """Print whom each client's own /etc/niminfo names, before a run and after it."""
        self.title("Who controls each client, by its own /etc/niminfo")
        table = Table(header_style="bold")
        for heading in ("client", "before", "after"):
            table.add_column(heading)
        for name, then in before.owners.items():
            table.add_row(name, then, after.owners[name])
        self.console.print(table)

    def skips(self, api: AirflowApi, dag_id: str, run_id: str, tasks: Sequence[TaskInstance]) -> None:
        """Print why each task that skipped itself did."""
        for task in tasks:
            reason = api.skip_reason(dag_id, run_id, task) if task.state == "skipped" else ""
            if reason:
                self.say(f"{task.task_id} was skipped: {reason}")

    def failures(self, api: AirflowApi, dag_id: str, run_id: str, tasks: Sequence[TaskInstance]) -> None:
        """Print what each failed task ended with, as its log has it."""
        for task in tasks:
            if task.state != "failed":
                continue
            try:
                errors = api.task_errors(dag_id, run_id, task.task_id, task.try_number)
            except ApiError as error:
                errors = [str(error)]
            text = Text("\n".join(errors) or "The log of its last try holds no exception.")
            self.console.print(Panel(text, title=f"{task.task_id} failed", title_align="left"))

    def title(self, text: str) -> None:
        """Print a heading."""
        self.console.print()
        self.console.print(Text(text, style="bold"))

    def result(self, exit_code: Exit, sentence: str) -> None:
        """Print the last word."""
        colour = {Exit.DONE: "green", Exit.WITHSTOOD: "yellow", Exit.AS_PROMISED: "yellow"}.get(exit_code, "red")
        self.console.print(Panel(Text(sentence), border_style=colour))


def flatten(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield dotted keys and short texts for nested mappings; long lists are cut and counted."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from flatten(inner, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, list):
        texts = [item if isinstance(item, str) else _inline(item) for item in value[:LIST_LIMIT]]
        rest = f"\n… {len(value) - LIST_LIMIT} more" if len(value) > LIST_LIMIT else ""
        yield prefix, "\n".join(texts) + rest if texts else "none"
    else:
        yield prefix, "" if value is None else str(value)


def _inline(value: Any) -> str:
    return ", ".join(f"{key}={text}" if key else text for key, text in flatten(value))


def xcoms_of(api: AirflowApi, dag_id: str, run_id: str, task_id: str) -> Json:
    """Return what a task pushed, as one mapping; empty if it pushed nothing."""
    found: dict[str, Any] = {}
    for key in api.xcom_keys(dag_id, run_id, task_id):
        value = api.xcom(dag_id, run_id, task_id, key)
        found |= value if isinstance(value, Mapping) else {key: value}
    return found
