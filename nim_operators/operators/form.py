"""What a person typed into the trigger form, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from nim_operators.estate.schema import Pair

LONGEST = 2000
"""Letters of a reason, and of the name of a run. Both go into a lock, into records and onto the page."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST_QUOTE = 60


def objections(params: Mapping[str, Any], known: Collection[str], pair: Pair, typed: str = "reason") -> Iterator[str]:
    """Yield a sentence for each param that cannot be honoured.

    *typed* is the param in which this form wants to hear why the law or a lock may be broken.

    Airflow checks a form against its schema. A run that is triggered with a configuration instead may hold params that
    no form has, and what a schema cannot say is checked nowhere else.
    """
    for name in sorted(set(params) - set(known)):
        yield f"There is no param {_quoted(name)}; allowed are {', '.join(sorted(known))}."
    source = params.get("source")
    if "source" in known and source not in [None, *pair.masters]:
        yield f"Param 'source' is {_quoted(source)}; allowed is {' or '.join(pair.masters)}."
    for name in (typed, "break_lock_of"):
        if (wrong := _wrong(params.get(name))) is not None:
            yield f"Param '{name}' {wrong}"
    if params.get("break_lock_of") and not params.get(typed):
        yield f"Param 'break_lock_of' is set without param '{typed}'; say there why that lock may be broken."


def chosen_source(params: Mapping[str, Any], pair: Pair) -> str | None:
    """Return the master that a person chose; None for what is no master, which :func:`objections` names."""
    return next((master for master in pair.masters if master == params.get("source")), None)


def _wrong(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        return f"is {_quoted(value)}; allowed is text."
    if not value.strip():
        return "holds nothing but blanks; fill it in or leave it empty."
    if len(value) > LONGEST:
        return f"has {len(value)} letters; allowed are {LONGEST}."
    if _CONTROL.search(value):
        return f"is {_quoted(value)}; allowed is one line without control characters."
    return None


def _quoted(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}..."
