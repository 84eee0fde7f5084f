"""What a person asks of a takeover in the trigger form, validated before anything is observed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from nim_operators.estate.schema import Pair
from nim_operators.nim.errors import Refused
from nim_operators.operators.form import objections

_LONGEST = 2000
_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """The trigger form of a takeover; ``threshold`` is in percent, ``window_minutes`` how long the outage may be."""

    reason: str
    change_ticket: str
    threshold: int
    window_minutes: int
    final_sync: bool
    rehearsal: bool

    def to_json(self, pair: Pair) -> dict[str, Any]:
        """Return the form as plain JSON, with what the estate adds for the reader of the plan."""
        return {
            "reason": self.reason,
            "change_ticket": self.change_ticket,
            "threshold": self.threshold,
            "window_minutes": self.window_minutes,
            "copy_rate": pair.takeover.copy_rate,
            "recovery_target_minutes": int(pair.takeover.recovery_target.total_seconds() // 60),
        }


def asked(params: Mapping[str, Any], pair: Pair, known: Collection[str]) -> Asked:
    """
    Return what a person asked for.

    :param known: the params of the form; a misspelt 'rehearsal' must not become a run that is none.
    :raises Refused: with one sentence per field that cannot be used.
    """
    problems = list(objections(params, known, pair, typed="override"))
    wanted = Asked(
        reason=_text(params, "reason", "Reason", "say why this is wanted", problems),
        change_ticket=_text(params, "change_ticket", "Change ticket", "enter its number, or 'none'", problems),
        threshold=_number(
            params, "success_threshold", "Success threshold", pair.takeover.success_threshold, _PERCENT, problems
        ),
        window_minutes=_number(params, "window_minutes", "Outage window", 120, 7 * 24 * 60, problems),
        final_sync=_choice(params, "final_sync", "Final sync", default=True, problems=problems),
        rehearsal=_choice(params, "rehearsal", "Rehearsal", default=False, problems=problems),
    )
    if problems:
        raise Refused("The trigger form cannot be used, and nothing was looked at. " + " ".join(problems))
    return wanted


def _text(params: Mapping[str, Any], key: str, title: str, wanted: str, problems: list[str]) -> str:
    if key not in params:  # this runbook's form does not ask it
        return ""
    value = params[key]
    text = value.strip() if isinstance(value, str) else ""
    if not text or len(text) > _LONGEST or not text.replace("\n", " ").isprintable():
        shown = "is empty" if value is None or not str(value).strip() else f"is {_shown(value)}"
        problems.append(f"'{title}' {shown}: {wanted}, up to {_LONGEST} printable characters.")
    return text


def _number(  # noqa: PLR0917 - one field of a form
    params: Mapping[str, Any], key: str, title: str, default: int, highest: int, problems: list[str]
) -> int:
    value = params.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= highest:
        problems.append(f"'{title}' is {_shown(value)}: enter a whole number from 1 to {highest}.")
        return default
    return value


def _choice(params: Mapping[str, Any], key: str, title: str, *, default: bool, problems: list[str]) -> bool:
    value = params.get(key)
    if value is None:
        return default
    if not isinstance(value, bool):
        problems.append(f"'{title}' is {_shown(value)}: choose true or false.")
        return default
    return value


def _shown(value: Any) -> str:
    return repr(value)[:60]
