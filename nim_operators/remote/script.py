"""Turn a script file and its values into the text that is fed to a host's Korn shell.

Nothing from a host, a parameter or the estate is ever pasted into a shell line: values are quoted, and lists travel as
functions that print a line each, because ARG_MAX is small on AIX.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from nim_operators.nim.collector import BASE, parse_sections
from nim_operators.nim.outcome import Exited, Unknown
from nim_operators.nim.snapshot import Section
from nim_operators.remote.asking import FIRST_WORD_SECONDS, Progress
from nim_operators.remote.errors import (
    HostRefused,
    JobInTheWay,
    LinkLost,
    LockHeld,
    NoRoom,
    NotLocked,
    OutcomeUnknown,
    RemoteError,
    Superseded,
)
from nim_operators.remote.text import text_of
from nim_operators.remote.transport import Ended, Host

_VARIABLE = re.compile(r"[A-Z][A-Z_]*", re.ASCII)
_REFUSALS: Mapping[int, type[HostRefused]] = {
    21: LockHeld,
    22: Superseded,
    23: NoRoom,
    24: JobInTheWay,
    25: NotLocked,
}


def quote(value: str) -> str:
    """Return *value* as one word of a ksh88 line.

    :raises ValueError: for a newline or NUL, which no value of ours may hold.
    """
    if "\n" in value or "\0" in value:
        message = f"a value for a remote script holds a newline or NUL: {value!r}"
        raise ValueError(message)
    return "'" + value.replace("'", "'\\''") + "'"


@cache
def _source(name: str) -> str:
    return resources.files("nim_operators.remote").joinpath("scripts", f"{name}.ksh").read_text()


@dataclass(frozen=True, slots=True)
class Script:
    """One script with its values; ``text`` is what the shell reads.

    Everything sits in one function that is called last, with no standard input: a link cut while the script is still
    being sent runs nothing at all, and no command can swallow the rest of the script.
    """

    name: str
    nonce: str
    text: str


def build(
    name: str,
    values: Mapping[str, str],
    lists: Mapping[str, Iterable[str]] | None = None,
    *,
    uses: tuple[str, ...] = (),
) -> Script:
    """Return the script file *name* with *values* set as variables and each of *lists* printable by a function.

    :param uses: script files of functions that this one calls, read before it.
    :raises ValueError: if a value or a list item holds a newline.
    """
    nonce = f"@nim.{secrets.token_hex(6)}@"
    settings = {"NONCE": nonce, "BASE": BASE, **values}
    for variable in settings:
        if not _VARIABLE.fullmatch(variable):
            message = f"not the name of a script variable: {variable!r}"
            raise ValueError(message)
    lines = [f"{variable}={quote(value)}" for variable, value in settings.items()]
    lines += [_printer(function, items) for function, items in (lists or {}).items()]
    body = "\n".join([*lines, *(_source(part) for part in ("common", "say", *uses, name))])
    return Script(name, nonce, f"nim_operators_script() {{\n{body}\n}}\nnim_operators_script </dev/null\nexit $?\n")


def _printer(function: str, items: Iterable[str]) -> str:
    return "\n".join([f"{function}() {{", ":", *(f"say {quote(item)}" for item in items), "}"])


def embedded(
    name: str,
    values: Mapping[str, str],
    lists: Mapping[str, Iterable[str]] | None = None,
    *,
    uses: tuple[str, ...] = (),
) -> str:
    """Return a script file as the body of a job: the same quoting, without the outer function."""
    parts = (_source(part) for part in ("say", *uses))
    return "\n".join([*parts, _given(values, lists or {}), _source(name)])


def _given(values: Mapping[str, str], lists: Mapping[str, Iterable[str]]) -> str:
    lines = [f"{variable}={quote(value)}" for variable, value in values.items()]
    return "\n".join([*lines, *(_printer(function, items) for function, items in lists.items())])


def standalone(
    name: str,
    head: Iterable[str],
    values: Mapping[str, str],
    lists: Mapping[str, Iterable[str]],
    *,
    uses: tuple[str, ...],
) -> str:
    """Return a script file as a whole program that a person starts: its own function of the same name is called last.

    Its steps come first, what they use after them, so that a reader finds them.
    """
    parts = (_source(part) for part in (name, *uses))
    lines = [*head, "", _given(values, lists), "", "\n".join(parts), name, ""]
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a script said in its own lines (led by the nonce), and everything else that it printed."""

    said: tuple[tuple[str, str], ...]
    """``(word, rest)`` of each of the script's own lines, e.g. ``("started", "running")``."""
    text: str
    ended: Ended

    def last(self, word: str) -> str | None:
        """Return the rest of the last line of that word, or None where it was not said."""
        return next((rest for said, rest in reversed(self.said) if said == word), None)

    @property
    def fields(self) -> dict[str, str]:
        """Every ``name=value`` line of the text."""
        pairs = (line.partition("=") for line in self.text.splitlines())
        return {name: value for name, separator, value in pairs if separator}


def read_reply(script: Script, ended: Ended) -> Reply:
    """Separate the script's own lines from the rest; banners and profiles cannot forge the nonce."""
    said: list[tuple[str, str]] = []
    rest: list[str] = []
    for line in text_of(ended.stdout).splitlines():
        if line.startswith(script.nonce + " "):
            word, _, value = line[len(script.nonce) + 1 :].partition(" ")
            said.append((word, value))
        else:
            rest.append(line)
    return Reply(tuple(said), "\n".join(rest), ended)


async def ask(host: Host, script: Script, *, deadline: float) -> Reply:
    """Run *script* and return what it said once it has said that it is done.

    :raises HostRefused: one of its kinds, where the script declined; nothing was changed.
    :raises OutcomeUnknown: where nobody saw how it ended.
    :raises RemoteError: where the shell did not run the script at all.
    """
    reply = read_reply(script, await host.run(script.text, deadline=deadline))
    refusal = reply.last("refused")
    outcome = reply.ended.outcome
    if refusal is not None and isinstance(outcome, Exited):
        raise _REFUSALS.get(outcome.code, HostRefused)(host.name, refusal)
    if not isinstance(outcome, Exited):
        raise unseen(host, reply.ended, f"{script.name}: {outcome}; look at the host before anything else.")
    if reply.last("done") is None:
        raise RemoteError(
            host.name,
            f"{script.name} ended with {outcome} and without its last word: {complaint(host, reply.ended)}",
        )
    return reply


async def read_sections(host: Host, script: Script) -> dict[str, Section]:
    """Run *script*, which only reads, and return what its sections printed, each within its own limit.

    :raises OutcomeUnknown: where nobody saw how it ended.
    :raises nim_operators.nim.errors.Unreadable: where its frame is not whole.
    """
    ended = await host.run(script.text, deadline=FIRST_WORD_SECONDS, on_lines=Progress(host.name, script.nonce).lines)
    if not isinstance(ended.outcome, Exited):
        raise unseen(host, ended, f"{script.name}: {ended.outcome}")
    return parse_sections(host.name, script.nonce, text_of(ended.stdout))


def unseen(host: Host, ended: Ended, sentence: str) -> OutcomeUnknown:
    """Return the error for a script of which nobody saw how it ended, a lost link told from a host that hangs."""
    lost = isinstance(ended.outcome, Unknown) and not ended.overdue
    return (LinkLost if lost else OutcomeUnknown)(host.name, sentence)


def complaint(host: Host, ended: Ended) -> str:
    """Say in one sentence why a script printed nothing of its own: no Korn shell, no sudo rights, another shell."""
    text = (text_of(ended.stderr).strip() or text_of(ended.stdout).strip())[-400:]
    if "sudo" in text or host.endpoint.privilege == "sudo":
        return f"login {host.endpoint.login!r} may not run '{host.endpoint.sudo} -n {host.endpoint.ksh} -s': {text!r}"
    return f"{host.endpoint.ksh} did not run the script: {text!r}"
