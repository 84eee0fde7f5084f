"""lsnim in all its shapes (nim.md 4.8)."""

from __future__ import annotations

from dataclasses import dataclass, field

from include.lab.call import Call
from include.lab.display import attributes, filter_members, operations, plain, stanza
from include.lab.errors import NimError, no_object
from include.lab.nimdb import load_database
from include.lab.odm import NimObject
from include.lab.predefined import CLASSES, OPERATION_ATTRIBUTES, TYPES
from include.lab.registry import command

USAGE = """usage:
   lsnim [-c <object class>|-s <object subclass>|-t <object type>] [-l [-o]|-O] [-Z]
   lsnim [-a <attr name>]... [-Z]
   lsnim [-l|-O|-a <attr name>...] [-Z] <object name>
   lsnim -q <operation> <object name>
   lsnim -q <operation> -t <object type>
   lsnim -L [-s <object subclass>|-t <object type>] <object name>
   lsnim -g|-m [-l|-O|-a <attr name>...] <group object name>
   lsnim -p|-P [-c <object class>|-s <object subclass>|-t <object type>] [-l] [-S]
"""


@dataclass
class _Options:
    flags: set[str] = field(default_factory=set)
    attrs: list[str] = field(default_factory=list)
    cls: str = ""
    subclass: str = ""
    type: str = ""
    operation: str = ""
    next_of: str = ""
    names: list[str] = field(default_factory=list)


def _parse(args: list[str]) -> _Options:
    options, rest = _Options(), list(args)
    valued = {"a": "attrs", "c": "cls", "s": "subclass", "t": "type", "q": "operation", "A": "next_of"}
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or word == "-":
            options.names.append(word)
            continue
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter in valued:
                if not letters and not rest:
                    raise NimError(18, "lsnim", f"the -{letter} flag requires an argument", wrapped=False)
                value, letters = (letters, "") if letters else (rest.pop(0), "")
                if letter == "a":
                    options.attrs.append(value)
                else:
                    setattr(options, valued[letter], value)
            elif letter in "lOoZLgmpPS":
                options.flags.add(letter)
            else:
                raise NimError(18, "lsnim", f"-{letter} is not a valid flag\n{USAGE}", wrapped=False)
    return options


@command("/usr/sbin/lsnim")
async def lsnim(call: Call) -> int:
    """Show the NIM database of this machine."""
    try:
        text = render(call, call.args)
    except NimError as error:
        return await call.fail(error.status, *error.lines())
    if call.estate.fault("lsnim_truncated", call.host.name):
        text = text[: len(text) * 2 // 3]
    if call.estate.switches["lsnim_final_newline"] == "no":
        text = text.removesuffix("\n")
    await call.out(text)
    return 0


def render(call: Call, args: list[str]) -> str:
    """Return what lsnim prints."""
    options = _parse(args)
    if options.flags & {"p", "P"}:
        return _predefined(options)
    objects = load_database(call.host, "lsnim")
    if options.operation:
        return _query(call, options, objects)
    if options.names and not options.cls:
        return _one(call, options, objects)
    if options.cls == "resources" and options.names:
        return _allocated(options.names[0], objects)
    chosen = [item for item in objects if _matches(item, options)]
    if options.flags & {"L"}:
        return plain([item for item in objects if item.cls == "resources"])
    return _many(call, options, chosen, objects)


def _matches(item: NimObject, options: _Options) -> bool:
    if options.cls and item.cls != options.cls:
        return False
    if options.type and item.type != options.type:
        return False
    return not options.subclass or options.subclass in {"all", item.type}


def _find(name: str, objects: list[NimObject]) -> NimObject:
    for item in objects:
        if item.name == name:
            return item
    raise no_object(name)


def _one(call: Call, options: _Options, objects: list[NimObject]) -> str:
    item = _find(options.names[0], objects)
    if options.next_of:
        used = {name for name, _ in item.attrs}
        number = next(i for i in range(1, 1025) if f"{options.next_of}{i}" not in used)
        return f"{number}\n"
    if options.flags & {"L"}:
        return plain([other for other in objects if other.cls == "resources" and _matches(other, options)])
    if options.flags & {"g", "m"}:
        return _many(call, options, filter_members(item, objects), objects)
    return _many(call, options, [item], objects)


def _many(call: Call, options: _Options, chosen: list[NimObject], objects: list[NimObject]) -> str:
    switches = call.estate.switches
    if options.attrs:
        if "Z" in options.flags:
            return "".join(_colon(call, item, options.attrs, objects) for item in chosen)
        return "".join(
            stanza(item.name, found)
            for item in chosen
            if (found := [(k, v) for k, v in attributes(item, objects, switches) if _named(k, options.attrs)])
        )
    if "O" in options.flags:
        return "".join(f"{item.name}:\n" + "".join(f"   {op}\n" for op in operations(item.type)) for item in chosen)
    if "l" in options.flags and "Z" in options.flags:
        return _bulk(call, chosen, objects)
    if "l" in options.flags:
        gap = "\n" if switches["lsnim_stanza_gap"] == "blank_line" else ""
        return gap.join(
            stanza(item.name, [("class", item.cls), ("type", item.type), *attributes(item, objects, switches)])
            for item in chosen
        )
    if "Z" in options.flags:
        return "".join(f"#name:class:type:\n{item.name}:{item.cls}:{item.type}:\n" for item in chosen)
    return plain(chosen)


def _named(key: str, wanted: list[str]) -> bool:
    # an attribute asked for without its number means all of that name [S48]
    return key in wanted or key.rstrip("0123456789") in wanted


def _colon(call: Call, item: NimObject, wanted: list[str], objects: list[NimObject]) -> str:
    """Return one object in the -Z shape: an unset attribute is left out, shifting later columns [S22]."""
    known = [("class", item.cls), ("type", item.type), *attributes(item, objects, call.estate.switches)]
    columns: list[tuple[str, str]] = []
    for name in wanted:
        found = [(key, value) for key, value in known if _named(key, [name])]
        if found or call.estate.switches["lsnim_unset_attr"] == "left_out":
            columns += found
        else:
            columns.append((name, ""))
    if not columns:
        return ""
    names = "".join(f"{key}:" for key, _ in columns)
    return f"#name:{names}\n{item.name}:" + "".join(f"{value}:" for _, value in columns) + "\n"


def _bulk(call: Call, chosen: list[NimObject], objects: list[NimObject]) -> str:
    """Return lsnim -l -Z; IBM's module expects two lines with `name` repeated inside the header [S17]."""
    parts: list[tuple[str, str]] = []
    for item in chosen:
        columns = [("class", item.cls), ("type", item.type), *attributes(item, objects, call.estate.switches)]
        header = "name:" + "".join(f"{key}:" for key, _ in columns)
        parts.append((header, f"{item.name}:" + "".join(f"{value}:" for _, value in columns)))
    if call.estate.switches["lsnim_Z_bulk"] == "two_lines":
        return f"#{''.join(head for head, _ in parts)}\n{''.join(row for _, row in parts)}\n" if parts else ""
    return "".join(f"#{head}\n{row}\n" for head, row in parts)


def _allocated(machine: str, objects: list[NimObject]) -> str:
    """Return the resources allocated to a machine: two columns, padded with trailing blanks [S28]."""
    item = _find(machine, objects)
    names = {value for key, value in item.attrs if key in TYPES["resources"]}
    rows = [other for other in objects if other.cls == "resources" and other.name in names]
    if not rows:
        return ""
    first, second = max(len(r.name) for r in rows) + 5, max(len(r.type) for r in rows) + 5
    return "".join(f"{row.name:<{first}}{row.type:<{second}}\n" for row in rows)


def _query(call: Call, options: _Options, objects: list[NimObject]) -> str:
    kind = options.type or _find("".join(options.names[:1]), objects).type
    if options.operation not in operations(kind):
        text = f'the "{options.operation}" operation is not supported on "{kind}" objects'
        raise NimError(22, "lsnim", text, wrapped=False)
    required, optional = OPERATION_ATTRIBUTES.get(options.operation, ((), ()))
    if call.estate.switches["reset_clients"] == "unknown":
        optional = tuple(name for name in optional if name != "reset_clients")
    text = "\nthe following attributes are required:\n" + "".join(f"\t-a {name}=<value>\n" for name in required)
    if not required:
        text = ""
    return text + "\nthe following attributes are optional:\n" + "".join(f"\t-a {name}=<value>\n" for name in optional)


def _predefined(options: _Options) -> str:
    if options.cls:
        if options.cls not in TYPES:
            raise NimError(16, "lsnim", f'"{options.cls}" is not an object class', wrapped=False)
        return "".join(f"{name}\n" for name in TYPES[options.cls])
    return "".join(f"{name}\n" for name in CLASSES)
