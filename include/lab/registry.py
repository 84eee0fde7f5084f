"""The table of lab commands: what a stub in a host's tree runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from include.lab.call import Call

Runner = Callable[[Call], Awaitable[int]]


@dataclass(frozen=True)
class Command:
    """
    One command: where it lies, what runs it, and which calls of it change NIM state.

    `root_only` ones are executable by root and group system alone, as NIM's own are. `logged` says whether
    the calls are worth a record in the lab's log.
    """

    paths: tuple[str, ...]
    run: Runner
    changing: Callable[[list[str]], bool]
    root_only: bool = False
    logged: bool = True


COMMANDS: dict[str, Command] = {}


def never(_argv: list[str]) -> bool:
    """Say that no call of a command changes NIM state."""
    return False


def always(_argv: list[str]) -> bool:
    """Say that every call of a command changes NIM state."""
    return True


def command(
    *paths: str,
    changing: Callable[[list[str]], bool] | None = None,
    root_only: bool = False,
    logged: bool = True,
) -> Callable[[Runner], Runner]:
    """Enter a coroutine as the program behind the given in-tree paths."""
    decide = changing or never

    def enter(run: Runner) -> Runner:
        name = paths[0].rsplit("/", 1)[1]
        COMMANDS[name] = Command(paths, run, decide, root_only, logged)
        return run

    return enter


def stub_paths() -> dict[str, int]:
    """Return every in-tree path with its file mode."""
    return {path: 0o550 if entry.root_only else 0o555 for entry in COMMANDS.values() for path in entry.paths}
