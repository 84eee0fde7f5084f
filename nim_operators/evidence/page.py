"""Render the page of a run: one HTML file without scripts, and plain text. Both are deterministic."""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Iterator

import jinja2

from nim_operators.evidence.sections import Row, Section
from nim_operators.evidence.view import Page

WIDTH = 100
"""Columns of the plain text."""

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("nim_operators.evidence"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render_html(page: Page) -> str:
    """Return the page as one HTML file: no script, no other file, readable in light and dark."""
    return _TEMPLATES.get_template("page.html.j2").render(page=page)


def render_text(page: Page) -> str:
    """Return the page as plain text."""
    lines = [page.title, "=" * len(page.title), ""]
    lines += [f"VERDICT: {page.verdict}", *_wrapped(page.reason, ""), ""]
    label_width = max(len(label) for label, _ in page.facts)
    for label, value in page.facts:
        first, *others = _wrapped(value, "", WIDTH - label_width - 2) or [""]
        lines += [f"{label:<{label_width}}  {first}", *(f"{'':<{label_width}}  {other}" for other in others)]
    for section in page.sections:
        lines += ["", section.heading, "-" * len(section.heading), *_section(section)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def text_digest(text: str) -> str:
    """Return the SHA-256 of a rendered text, as its file holds it."""
    return hashlib.sha256(text.encode()).hexdigest()


def _section(section: Section) -> Iterator[str]:
    for sentence in section.sentences:
        yield from _wrapped(sentence, "")
    if not section.rows:
        return
    table = [section.columns, *(row.cells for row in section.rows)]
    widths = [max(len(cells[place]) for cells in table) for place in range(len(section.columns))]
    is_narrow = sum(widths) + 2 * (len(widths) - 1) <= WIDTH
    if is_narrow and not any("\n" in cell for row in section.rows for cell in row.cells):
        for cells in table:
            yield "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
    else:
        for row in section.rows:
            yield from _block(section.columns, row)


def _block(columns: tuple[str, ...], row: Row) -> Iterator[str]:
    """Show one row of a wide table below itself: the first cell, then each other cell with its name."""
    yield f"* {row.cells[0]}"
    for column, cell in zip(columns[1:], row.cells[1:], strict=True):
        if cell:
            yield from _wrapped(f"{column}: {cell}", "  ")


def _wrapped(text: str, indent: str, width: int = WIDTH) -> list[str]:
    """Wrap each line of *text*; a word longer than the page stays whole, because it is a path or a digest."""
    return [
        piece
        for number, line in enumerate(text.splitlines())
        for piece in textwrap.wrap(
            line,
            width,
            initial_indent=indent + ("  " if number and indent else ""),
            subsequent_indent=indent + ("  " if indent else ""),
            break_long_words=False,
            break_on_hyphens=False,
        )
    ]
