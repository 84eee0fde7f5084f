"""oslevel and lslpp: what is installed (nim.md 4.10)."""

from __future__ import annotations

import fnmatch

from include.lab.call import Call
from include.lab.estate import Estate
from include.lab.faults import ActiveFault, Fault, register
from include.lab.host import Fileset
from include.lab.registry import command

COLUMNS = (
    "#Package Name:Fileset:Level:State:PTF Id:Fix State:Type:Description:Destination Dir.:Uninstaller:"
    "Message Catalog:Message Set:Message Number:Parent:Automatic:EFIX Locked:Install Path:Build Date"
)


@command("/usr/bin/oslevel", logged=False)
async def oslevel(call: Call) -> int:
    """Print the level: bare, -r, -s."""
    level = call.host.oslevel
    version = f"{level[0]}.{level[1]}.0.0"
    technology = level.rsplit("-", 2)[0]
    texts = {(): version, ("-r",): technology, ("-s",): level}
    text = texts.get(tuple(call.args))
    if text is None:
        return await call.fail(1, "Usage: oslevel [-l level | -g | -q | -r | -s | -f]")
    await call.line(text)
    return 0


@command("/usr/bin/lslpp", logged=False)
async def lslpp(call: Call) -> int:
    """List filesets: -L, -l, -h with -c and -q."""
    flags = "".join(word[1:] for word in call.args if word.startswith("-"))
    patterns = [word for word in call.args if not word.startswith("-")] or ["*"]
    found: list[Fileset] = []
    status = 0
    for pattern in patterns:
        hits = [f for f in call.host.filesets if pattern == "all" or fnmatch.fnmatchcase(f.name, pattern)]
        if not hits:
            await call.err(f"lslpp: 0504-132  Fileset {pattern} not installed.\n")
            status = 1
        found += hits
    if "c" in flags and "L" in flags:
        lines = [_colon_long(fileset) for fileset in found]
        header = [COLUMNS]
    elif "c" in flags:
        lines = [f"/usr/lib/objrepos:{f.name}:{f.level}::COMMITTED:I:{f.description}: " for f in found]
        header = ["#Path:Fileset:Level:PTF Id:State:Type:Description:EFIX Locked"]
    else:
        header = [
            "  Fileset                      Level  State  Type  Description (Uninstaller)",
            "  " + "-" * 76,
        ]
        lines = [f"  {f.name:<26}{f.level:>8}    C     F    {f.description}" for f in found]
    if found:
        await call.line(*(lines if "q" in flags else [*header, *lines]))
    return status


def _colon_long(fileset: Fileset) -> str:
    """Return the 18 fields of lslpp -Lc; an empty one is a single blank [S51]."""
    package = fileset.name.rsplit(".", 1)[0] if fileset.name.count(".") > 1 else fileset.name
    fields = [
        package,
        fileset.name,
        fileset.level,
        " ",
        " ",
        "C",
        " ",
        fileset.description,
        " ",
        " ",
        " ",
        " ",
        " ",
        " ",
    ]
    return ":".join([*fields, "0", " ", "/", "2346"])


def _levels_apart(estate: Estate, fault: ActiveFault) -> None:
    host = estate.hosts[fault.host or estate.masters[1].name]
    host.saved.setdefault("saved level", f"{host.oslevel} {host.fileset_level}")
    host.oslevel = fault.args.get("oslevel", "7300-01-04-2320")
    host.fileset_level = fault.args.get("fileset", "7.3.1.4")
    _set_filesets(estate, host.name)


def _levels_together(estate: Estate, fault: ActiveFault) -> None:
    host = estate.hosts[fault.host or estate.masters[1].name]
    host.oslevel, host.fileset_level = host.saved.pop("saved level", f"{host.oslevel} {host.fileset_level}").split()
    _set_filesets(estate, host.name)


def _set_filesets(estate: Estate, name: str) -> None:
    host = estate.hosts[name]
    for fileset in host.filesets:
        fileset.level = host.fileset_level


register(
    Fault(
        "levels_apart",
        "a master is at another level: oslevel, filesets, and NIM.level check",
        {"oslevel": "default 7300-01-04-2320", "fileset": "default 7.3.1.4"},
        default_host="second",
        on_break=_levels_apart,
        on_heal=_levels_together,
    ),
    Fault("lsnim_truncated", "lsnim output ends in the middle, status 0", default_host="first"),
    Fault("translated_messages", "messages are German unless LC_ALL=C", default_host="none"),
)
