"""The sections of a run's page: headings, sentences and tables that can be rendered in any form."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nim_operators.evidence.sections import copied, moved, pair, work
from nim_operators.evidence.sections.advice import advice
from nim_operators.evidence.sections.base import Row, Section, Told
from nim_operators.evidence.sections.request import request_facts

__all__ = ["Row", "Section", "Told", "request_facts", "sections_of"]


def sections_of(told: Told) -> Iterator[Section]:
    """Yield the sections of a page, what a reader needs first first; one without content is left out."""
    for make in _SECTIONS:
        section = make(told)
        if section is not None:
            yield section


_SECTIONS: tuple[Callable[[Told], Section | None], ...] = (
    copied.put_back,
    advice,
    moved.came_to,
    moved.fences,
    moved.ownership_over_time,
    moved.clients_over_time,
    moved.planned,
    moved.lost,
    moved.obstacles,
    work.steps,
    pair.diagnosis,
    work.notes,
    pair.findings_afterwards,
    pair.findings,
    copied.recovery_point,
    pair.ownership,
    copied.drift,
    copied.contents,
    copied.sync,
    copied.backups,
    work.commands,
    work.jobs,
    pair.observations,
    work.reading_commands,
)
