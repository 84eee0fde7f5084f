"""The pairs this installation looks after: what the estate file may say, and its reading.

Pure apart from reading that one file and its two environment variables.
"""

from __future__ import annotations

from nim_operators.estate.errors import EstateError, Problem
from nim_operators.estate.load import estate_path, evidence_base, load_estate
from nim_operators.estate.schema import Content, Estate, Pair, Window

__all__ = [
    "Content",
    "Estate",
    "EstateError",
    "Pair",
    "Problem",
    "Window",
    "estate_path",
    "evidence_base",
    "load_estate",
]
