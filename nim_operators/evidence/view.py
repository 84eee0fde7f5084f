"""The page of a run as plain values: verdict first, raw files last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nim_operators.evidence.records import Stored
from nim_operators.evidence.sections import Row, Section, Told, request_facts, sections_of
from nim_operators.evidence.times import between, moment
from nim_operators.evidence.verdict import OPEN

_VERDICT_TONES = {"done": "good", "refused": "warn", "incomplete": "warn", OPEN: "warn"}


@dataclass(frozen=True, slots=True)
class Page:
    """Everything the page of one run says."""

    title: str
    verdict: str
    tone: str
    reason: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]


def page_of(
    run: Mapping[str, Any],
    verdict: Mapping[str, Any],
    records: Sequence[Stored],
    files: Iterable[str],
    location: str,
) -> Page:
    """Build the page of a run from what its folder holds.

    :param run: the content of ``run.json``.
    :param verdict: the content of ``verdict.json``, or an open one.
    :param files: every file of the folder, relative to *location*.
    """
    told = Told(verdict, records)
    ended = max((step["ended_at"] for step in verdict["steps"]), default="")
    facts = (
        ("Pair", run["pair"]),
        ("Runbook", run["runbook"]),
        ("Requested by", run["requested_by"]),
        *request_facts(told),
        ("Began", moment(run["started_at"])),
        ("Last record" if verdict["verdict"] == OPEN else "Ended", moment(ended)),
        ("Took", between(run["started_at"], ended)),
        ("Changed a master", "yes" if verdict["changed"] else "no"),
        ("Run", f"{run['run_id']} of {run['dag_id']}"),
        ("Run uid", run["uid"]),
        ("Configuration", f"sha256 {run['estate_digest']}"),
        ("Evidence", location),
    )
    below = tuple(Row((file,)) for file in sorted(files))
    raw = Section("Raw files", (f"Below {location}",), ("file",), below, folded=True, linked=True)
    return Page(
        title=f"{run['runbook']} of {run['pair']}",
        verdict=verdict["verdict"],
        tone=_VERDICT_TONES.get(verdict["verdict"], "bad"),
        reason=verdict["reason"],
        facts=tuple((label, str(value)) for label, value in facts),
        sections=(*sections_of(told), raw),
    )
