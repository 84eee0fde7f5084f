"""Errors that the pure core raises.

::

    NimError                     everything this package raises on purpose
    └── Unreadable               a host printed something that makes no sense
"""

from __future__ import annotations


class NimError(Exception):
    """Base of every error that this package raises on purpose; its text is one or more whole sentences."""


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
            f"Cannot read the output of '{command}' on {host}: line {line_number} is {line!r}, expected {expected}."
        )
