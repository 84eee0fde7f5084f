"""Read the estate file and say, all at once, what is wrong with it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from nim_operators.estate.errors import EstateError, Problem
from nim_operators.estate.fields import Section
from nim_operators.estate.misread import BrokenYaml
from nim_operators.estate.schema import Estate, Pair
from nim_operators.estate.tree import Tree

_Path = tuple[str | int, ...]
_LONGEST_QUOTE = 60
_PASSWORD = re.compile(r"://[^\s/]*:[^\s]*@")


def estate_path() -> Path:
    """Return the estate file: ``NIM_OPERATORS_ESTATE``, else ``$AIRFLOW_HOME/include/estate.yaml``."""
    named = os.environ.get("NIM_OPERATORS_ESTATE")
    home = os.environ.get("AIRFLOW_HOME") or "~/airflow"
    return Path(named) if named else Path(home).expanduser() / "include" / "estate.yaml"


def evidence_base(estate: Estate | None = None) -> str:
    """Return where evidence is kept: ``NIM_OPERATORS_EVIDENCE``, else what the estate file says.

    :param estate: the estate, where it is loaded already.
    :raises EstateError: if the file must be read and cannot be used.
    """
    return os.environ.get("NIM_OPERATORS_EVIDENCE") or (estate or load_estate(estate_path())).evidence


def load_estate(path: Path) -> Estate:
    """Read and check the estate file at *path*.

    :raises EstateError: with one sentence for each thing that is wrong, or that keeps it from being read.
    """
    file = str(path)
    try:
        tree = Tree(_text(path))
    except BrokenYaml as error:
        broken = error.misread
        raise EstateError((Problem(file, broken.line, "", "", broken.saw),)) from error
    found = [(misread.line, misread.path, misread.saw) for misread in tree.repeated]
    found += [(tree.line(path), path, saw) for path, saw in _own_rules(tree)]
    try:
        estate = Estate.model_validate(_with_names(tree.values))
    except ValidationError as error:
        found += [_explained(tree, detail) for detail in error.errors(include_url=False)]
    if found:
        found.sort(key=lambda one: one[0])
        raise EstateError(tuple(Problem(file, line, *_place(path), saw) for line, path, saw in found))
    return estate


def _text(path: Path) -> str:
    """Return the file's text.

    :raises EstateError: if there is none.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        saw = (
            "there is no such file; NIM_OPERATORS_ESTATE names the estate file, without it "
            "$AIRFLOW_HOME/include/estate.yaml is read"
        )
        raise EstateError((Problem(str(path), None, "", "", saw),)) from error
    except OSError as error:
        saw = f"the file cannot be read ({error.strerror}), allowed is a text file that Airflow's user may read"
        raise EstateError((Problem(str(path), None, "", "", saw),)) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        saw = f"byte {content[error.start]:#04x} on this line is not UTF-8, allowed is UTF-8 text"
        raise EstateError((Problem(str(path), line, "", "", saw),)) from error


def _with_names(values: Any) -> Any:
    """Return *values* with each pair's key in the pair itself."""
    pairs = _inner(values, "pairs")
    if not pairs:
        return values
    named = {key: {**pair, "name": key} if isinstance(pair, dict) else pair for key, pair in pairs.items()}
    return {**values, "pairs": named}


def _own_rules(tree: Tree) -> Iterator[tuple[_Path, str]]:
    """Check what spans pairs and what the schema cannot see, on values of any shape."""
    for pair in _inner(tree.values, "pairs"):
        if "name" in _inner(tree.values, "pairs", pair):
            yield ("pairs", pair, "name"), _unknown("name", Pair)
    first: dict[str, tuple[_Path, str]] = {}
    for path, host, conn_id in _connections(tree.values):
        if not isinstance(conn_id, str):
            continue
        known_path, known_host = first.setdefault(conn_id, (path, host))
        if known_path != path:
            taken = f"{known_host} already (line {tree.line(known_path)})"
            yield path, f"{_quoted(conn_id)} is the connection of {taken}, allowed is one of its own per host"


def _connections(values: Any) -> Iterator[tuple[_Path, str, Any]]:
    """Yield where each connection is named, for which host, and its id."""
    for pair in _inner(values, "pairs"):
        at: _Path = ("pairs", pair)
        for name in _inner(values, *at, "masters"):
            conn_id = _inner(values, *at, "masters", name).get("conn_id")
            yield (*at, "masters", name, "conn_id"), f"master '{name}' of pair '{pair}'", conn_id
        for name, conn_id in _inner(values, *at, "clients", "connections").items():
            yield (*at, "clients", "connections", name), f"client '{name}' of pair '{pair}'", conn_id


def _inner(values: Any, *path: str | int) -> dict[str, Any]:
    """Return the mapping at *path*, empty where there is none."""
    for step in path:
        values = values.get(step) if isinstance(values, dict) else None
    return values if isinstance(values, dict) else {}


def _explained(tree: Tree, detail: ErrorDetails) -> tuple[int, _Path, str]:
    """Turn one error of pydantic into its line, its place and its sentence."""
    path: _Path = detail["loc"]
    line = tree.line(path)
    key = path[-1] if path else ""
    match detail["type"]:
        case "sentence":
            saw = detail["msg"]
        case "missing":
            saw = f"the field is missing, allowed is {_allowed(path)}"
        case "extra_forbidden":
            section = _section(_annotation(path[:-1]))
            saw = _unknown(str(key), section or Estate)
        case _:
            saw = f"{_quoted(detail['input'])} was given, allowed is {_allowed(path)}"
    if key == "[key]":
        path = path[:-2]
    return line, path, saw


def _unknown(key: str, section: type[Section]) -> str:
    """Say that *key* is no field of *section* and which one may have been meant."""
    known = _fields(section)
    inner = [f"{field}.{key}" for field in known if key in _fields(_section_of(section, field))]
    close = get_close_matches(key, known, n=1) or inner
    hint = f" (did you mean '{close[0]}'?)" if close else ""
    return f"there is no such field{hint}, allowed {'are' if known[1:] else 'is'} {', '.join(known)}"


def _fields(section: type[Section] | None) -> list[str]:
    """Return the keys that a mapping of the file may have; a pair's name is its own key."""
    return [field for field in (section.model_fields if section else ()) if (section, field) != (Pair, "name")]


def _section_of(section: type[Section], field: str) -> type[Section] | None:
    return _section(section.model_fields[field].annotation)


def _section(annotation: Any) -> type[Section] | None:
    """Return the section that *annotation* stands for, ``Window | None`` included."""
    kinds = get_args(annotation) if get_origin(annotation) in {Union, UnionType} else (annotation,)
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Section)), None)


def _annotation(path: _Path) -> Any:
    """Return the type of what stands at *path*."""
    kind: Any = Estate
    for step in path:
        section = _section(kind)
        kind = section.model_fields[str(step)].annotation if section else get_args(kind)[-1]
    return kind


def _allowed(path: _Path) -> str:
    """Say what may stand at *path*; entries of a list or a mapping share the text of their field."""
    section = _section(_annotation(path))
    if section:
        fields = _fields(section)
        return f"a mapping with the field{'s' if fields[1:] else ''} {', '.join(fields)}"
    while not (parent := _section(_annotation(path[:-1]))):
        path = path[:-1]
    extra = parent.model_fields[str(path[-1])].json_schema_extra
    return str(extra["allowed"]) if isinstance(extra, Mapping) else ""


def _quoted(value: Any) -> str:
    """Show a value of the file in a sentence, shortened."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case dict():
            return "a mapping" if value else "an empty mapping"
        case list():
            return "a list"
    text = _PASSWORD.sub("://***@", str(value))
    shown = text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}..."
    return f"'{shown}'" if isinstance(value, str) else shown


def _place(path: _Path) -> tuple[str, str]:
    """Return the pair and the field that *path* belongs to."""
    steps = [str(step) for step in path if isinstance(step, str)]
    if len(steps) > 1 and steps[0] == "pairs":
        return steps[1], ".".join(steps[2:])
    return "", ".".join(steps)
