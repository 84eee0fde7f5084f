"""What every section of the estate file shares: fields that say their meaning and what is allowed."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


def whole(low: int, high: int, description: str) -> Any:
    """Return the field of a whole number between two limits."""
    return Field(
        strict=True,
        ge=low,
        le=high,
        description=description,
        json_schema_extra={"allowed": f"a whole number from {low} to {high}"},
    )


def field(description: str, allowed: str, **rules: Any) -> Any:
    """Return a field with its meaning and with what is *allowed*, as the refusing sentence says it."""
    return Field(description=description, json_schema_extra={"allowed": allowed}, **rules)


class Section(BaseModel):
    """A mapping of the estate file: no key that is not known, no change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)
