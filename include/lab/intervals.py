"""When each NIM command began and ended, by the lab's log, to see what ran at the same time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

Record = dict[str, Any]


@dataclass(frozen=True)
class Interval:
    """One command: `begin` and `end` are numbers of the log, `end` is None while it runs."""

    host: str
    text: str
    changing: bool
    begin: int
    end: int | None

    def overlaps(self, other: Interval) -> bool:
        """Tell whether both ran at some moment."""
        return (other.end is None or self.begin < other.end) and (self.end is None or other.begin < self.end)


def intervals(records: Iterable[Record]) -> list[Interval]:
    """
    Return the commands of a raw log in the order in which they began.

    A sync or takeover lasts as long as its work, which may outlive the command that began it (nim.md 4.4).
    """
    calls: dict[int, Record] = {}
    ends: dict[int, int | None] = {}
    works: dict[int, int] = {}
    for record in records:
        ref = record.get("ref")
        if record["event"] == "call":
            calls[record["seq"]] = record
            ends[record["seq"]] = None
        elif record["event"] == "call_end" and ref in calls:
            ends[ref] = record["seq"]
        elif record["event"] in {"sync", "takeover"} and ref in calls:
            works[ref] = 0 if record["key"].endswith(":start") else works.get(ref, 0)
            if record["key"].endswith(":end"):
                works[ref] = record["seq"]
    found = []
    for seq, call in calls.items():
        end = ends[seq]
        if seq in works and end is not None:
            end = max(end, works[seq]) if works[seq] else None
        found.append(Interval(call["host"], call["text"], call["changing"], seq, end))
    return found


def overlapping(found: Iterable[Interval]) -> list[tuple[Interval, Interval]]:
    """Return the pairs of changing commands that ran at the same time."""
    changing = [interval for interval in found if interval.changing]
    return [pair for pair in combinations(changing, 2) if pair[0].overlaps(pair[1])]
