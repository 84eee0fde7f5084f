"""nim: the command that runs operations on objects (nim.md section 4)."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from include.lab.call import Call
from include.lab.errors import NimError
from include.lab.registry import command

USAGE = """usage:
   nim [-F] -o <operation> [-a <attr>=<value>]... [-t <type>] <object name>
   the following operations are supported:
   allocate alt_disk_install bos_inst change check cust deallocate define diag lppchk lppmgr lslpp maint
   reboot remove reset select showlog showres sync takeover unconfig update
"""
READ_ONLY = {"lslpp", "showres", "showlog", "lppchk"}


@dataclass
class NimArgs:
    """A parsed command line of nim; repeated attributes are kept."""

    operation: str = ""
    force: bool = False
    type: str = ""
    attrs: list[tuple[str, str]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def attr(self, name: str, default: str = "") -> str:
        """Return the last value given for an attribute."""
        return next((value for key, value in reversed(self.attrs) if key == name), default)

    @property
    def target(self) -> str:
        """Return the object the operation is for."""
        if not self.names:
            raise NimError(18, "nim", "the object name is missing", wrapped=False)
        return self.names[0]


def parse(args: list[str]) -> NimArgs:
    """Read the flags of nim; flags may be joined, as in -Fo."""
    parsed, rest = NimArgs(), list(args)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            parsed.names.append(word)
            continue
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter == "F":
                parsed.force = True
            elif letter in "oat":
                value = letters or (rest.pop(0) if rest else "")
                letters = ""
                if letter == "o":
                    parsed.operation = value
                elif letter == "t":
                    parsed.type = value
                else:
                    key, equals, text = value.partition("=")
                    if not equals:
                        raise NimError(18, "nim", f'"{value}" is not an attribute assignment', wrapped=False)
                    parsed.attrs.append((key, text))
            else:
                raise NimError(18, "nim", f"-{letter} is not a valid flag\n{USAGE}", wrapped=False)
    return parsed


def changes(argv: list[str]) -> bool:
    """Tell whether a nim command line changes NIM state."""
    with contextlib.suppress(NimError):
        return parse(argv[1:]).operation not in READ_ONLY
    return False


Operation = Callable[[Call, NimArgs], Awaitable[int]]
OPERATIONS: dict[str, Operation] = {}


def operation(name: str) -> Callable[[Operation], Operation]:
    """Enter a coroutine as `nim -o <name>`."""

    def enter(run: Operation) -> Operation:
        OPERATIONS[name] = run
        return run

    return enter


def _operation(name: str) -> Operation:
    if name not in OPERATIONS:
        raise NimError(19, "nim", f'"{name}" is not an operation')
    return OPERATIONS[name]


@command("/usr/sbin/nim", root_only=True, changing=changes)
async def nim(call: Call) -> int:
    """Run one operation."""
    try:
        args = parse(call.args)
        if not args.operation:
            await call.err(USAGE)
            return 1
        return await _operation(args.operation)(call, args)
    except NimError as error:
        await call.err("".join(f"{line}\n" for line in error.lines()))
        if error.status > 255 and call.estate.switches["exit_above_255"] == "one":
            return 1
        return error.status
