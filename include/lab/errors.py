"""NIM's error messages: an envelope 0042-001 around the message that matters (nim.md section 6)."""

from __future__ import annotations

import textwrap

WIDTH = 78


class NimError(Exception):
    """
    A fatal NIM message.

    `status` is the exit status of a command that prints the message bare: the three-digit number (nim.md
    4.0). `wrapped` is False for commands that print it without the 0042-001 envelope, like lsnim.
    """

    def __init__(self, code: int, method: str, text: str, *, wrapped: bool = True, target: str = "master") -> None:
        super().__init__(text)
        self.code, self.method, self.message = code, method, text
        self.wrapped, self.target = wrapped, target

    @property
    def status(self) -> int:
        """Return the exit status before it is cut to 8 bits."""
        return 1 if self.wrapped else self.code

    def lines(self, command: str = "nim") -> list[str]:
        """Return the message as printed."""
        first, *rest = self.message.split("\n")
        head = f"0042-{self.code:03d} {self.method}: {first}"
        # texts that carry their own line breaks are quoted from real output and printed as they are
        inner = [head, *rest] if rest else textwrap.wrap(head, WIDTH, subsequent_indent=" " * 8)
        if not self.wrapped:
            return inner
        return [f'0042-001 {command}: processing error encountered on "{self.target}":', *inner]


def no_object(name: str, method: str = "lsnim", *, wrapped: bool = False) -> NimError:
    """Return 0042-053."""
    return NimError(53, method, f'there is no NIM object named "{name}"', wrapped=wrapped)


def not_master(method: str) -> NimError:
    """Return the message on a machine that is no master; its text is not documented (nim.md 4.8)."""
    return NimError(12, method, "this command may only be executed on a NIM master", wrapped=False)


def other_master(client: str, master: str, method: str, operation: str) -> NimError:
    """Return 0042-378, the asking master's own database speaking [S1]."""
    text = (
        f'The current master for "{client}"\nis "{master}". You must run the "takeover" operation to\n'
        f'become the current master before you can execute the "{operation}"\noperation on this client.'
    )
    return NimError(378, method, text)


def refused_connection(host: str, method: str, via: str = "From_Master") -> NimError:
    """Return 0042-006 for a machine nobody listens on [S1][S54]."""
    if via == "From_Master":
        return NimError(6, method, f"(From_Master) connect Connection refused\n\n{host}: Connection refused")
    return NimError(6, method, "(exec_nimsh_cmd) exec_cmd Connection refused\n")


def not_allowed(method: str = "c_switch_master") -> NimError:
    """Return 0042-372 [S1]."""
    return NimError(372, method, "The client is not configured to allow this master to execute this command\n")


def unexpected(method: str, command: str, text: str) -> NimError:
    """Return 0042-175 with the text of the command that failed."""
    return NimError(175, method, f'An unexpected result was returned by the "{command}" command:\n{text}')
