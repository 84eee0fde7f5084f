"""Errors that the pure core raises.

::

    NimError                     everything this package raises on purpose
    ├── Unreadable               a host printed something that makes no sense
    ├── Refused                  a rule forbids the step; nothing was changed by it
    ├── CommandFailed            a command that changes something ended badly
    ├── StillRunning             a job did not end within the time given to wait for it
    ├── Incomplete               something changed as wanted, not all of it
    ├── UnusableMaster           a master was fenced, because its database could not be put back
    └── NotReadBack              the post-condition was not seen afterwards
"""

from __future__ import annotations


class NimError(Exception):
    """Base of every error that this package raises on purpose; its text is one or more whole sentences."""


_LONGEST_QUOTE = 200


def _quoted(line: str) -> str:
    shown = repr(line[:_LONGEST_QUOTE])
    return f"{shown} and {len(line) - _LONGEST_QUOTE} more characters" if line[_LONGEST_QUOTE:] else shown


class Unreadable(NimError):
    """A host printed something that no known shape explains. Never answered by a guess.

    :param host: the master whose output it is.
    :param command: the command that printed it, as a person would type it.
    :param line_number: 1-based number of the line in that output.
    :param line: the line itself.
    :param expected: what would have made sense there.
    """

    def __init__(self, host: str, command: str, line_number: int, line: str, expected: str) -> None:
        self.host = host
        self.command = command
        self.line_number = line_number
        self.line = line
        self.expected = expected
        super().__init__(
            f"Cannot read the output of '{command}' on {host}: line {line_number} is {_quoted(line)}, "
            f"expected {expected}."
        )


class Refused(NimError):
    """A rule forbids this step now. The text gives cause, evidence and the next action; nothing was changed by it."""


class AskAgain(Refused):
    """A person's answer cannot be used as it is, and is asked for once more."""


class CommandFailed(NimError):
    """A changing command ended badly or nobody knows how. What it left behind is in the evidence; observe first."""


class NotReadBack(NimError):
    """A command ended well, but the state it should have brought about was not seen when looking again."""


class Incomplete(NimError):
    """Part of what was wanted was seen to be done; the text names the rest, each with its cause and remedy."""


class StillRunning(NimError):
    """A job was not seen to end within the time given to wait for it. It goes on; a later try attaches to it."""


class UnusableMaster(NimError):
    """A master's own database could not be put back; it was fenced. The text holds the commands for a person."""
