"""Spans of time on one clock, and how much of a run they cover."""

from __future__ import annotations

from collections.abc import Iterable

Span = tuple[float, float]
"""When something began and ended, in seconds since the epoch."""


def union(spans: Iterable[Span]) -> list[Span]:
    """Return what some spans cover together, in order and without overlaps."""
    covered: list[Span] = []
    for begin, end in sorted(spans):
        if covered and begin <= covered[-1][1]:
            covered[-1] = (covered[-1][0], max(end, covered[-1][1]))
        else:
            covered.append((begin, end))
    return covered


def seconds_of(run: Span, spans: Iterable[Span]) -> float:
    """Return how many seconds of *run* the spans cover."""
    return sum(max(0.0, min(end, run[1]) - max(begin, run[0])) for begin, end in union(spans))
