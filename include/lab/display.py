"""How objects are printed: widths, order of attributes, and what is computed when shown (nim.md 1.3, 4.8)."""

from __future__ import annotations

import re

from include.lab.odm import NimObject
from include.lab.predefined import ATTRIBUTE_ORDER, DEFAULT_OPERATIONS, OPERATIONS
from include.lab.switches import Switches

_NUMBER = re.compile(r"^(.*?)(\d+)$")
# an lpp_source prints simages between location and alloc_count, unlike the rest of its order [S16]
_LPP_SOURCE_ORDER = ("arch", "Rstate", "prev_state", "location", "simages", "alloc_count", "server")


def plain(objects: list[NimObject]) -> str:
    """Return `name class type` lines: name column = longest name + 5, class column = longest class + 7."""
    if not objects:
        return ""
    name = max(len(item.name) for item in objects) + 5
    cls = max(len(item.cls) for item in objects) + 7
    return "".join(f"{item.name:<{name}}{item.cls:<{cls}}{item.type}\n" for item in objects)


def stanza(name: str, attrs: list[tuple[str, str]]) -> str:
    """Return `name:` and indented `key = value` lines, keys padded to the longest of the stanza."""
    width = max((len(key) for key, _ in attrs), default=0)
    return f"{name}:\n" + "".join(f"   {key:<{width}} = {value}\n" for key, value in attrs)


def _rank(kind: str, key: str) -> tuple[int, int, int]:
    match = _NUMBER.match(key)
    base, number = (match[1], int(match[2])) if match else (key, 0)
    order = _LPP_SOURCE_ORDER if kind == "lpp_source" else ATTRIBUTE_ORDER
    if base not in order:
        base, number = key, 0
    position = order.index(base) if base in order else len(order)
    # if1, cable_type1, if2, cable_type2: pairs stay together
    group = order.index("if") if base in {"if", "cable_type"} and "if" in order else position
    return group, number, position


def attributes(item: NimObject, objects: list[NimObject], switches: Switches) -> list[tuple[str, str]]:
    """Return the attributes of an object as lsnim shows them."""
    attrs = list(item.attrs)
    if item.type == "master":
        attrs += [
            ("serves", other.name) for other in objects if other.cls == "resources" and other.get("server") == "master"
        ]
    if item.type == "alternate_master" and switches["alternate_stanza"] == "with_current_master":
        attrs += [("current_master", item.get("if1").split()[1]), ("sync_required", "no")]
    return sorted(attrs, key=lambda pair: _rank(item.type, pair[0]))


def filter_members(group: NimObject, objects: list[NimObject]) -> list[NimObject]:
    """Return the members of a group."""
    names = {value for key, value in group.attrs if key.startswith("member")}
    return [item for item in objects if item.name in names]


def operations(kind: str) -> tuple[str, ...]:
    """Return the operations objects of a type take."""
    return OPERATIONS.get(kind, DEFAULT_OPERATIONS)
