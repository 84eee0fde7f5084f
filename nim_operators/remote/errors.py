"""Errors of the far side.

::

    NimError
    └── RemoteError              something about a host
        ├── HostAbsent           no session: nothing was sent
        │   └── HostAway         and it may be there a moment later: trying again is safe
        ├── OutcomeUnknown       a script was sent and nobody saw how it ended: observe before anything else
        │   └── LinkLost         since the link went down, not since the host hangs
        └── HostRefused          a script looked and declined to act; it says why
            ├── NoRoom           the file system that holds this product's directory is full
            ├── NotLocked        nobody holds the pair lock on the host
            ├── LockHeld         the pair lock belongs to another run, or a job holds it
            ├── Superseded       a later try of the same task took over
            └── JobInTheWay      another kind of job is still open on the host
"""

from __future__ import annotations

from nim_operators.nim.errors import NimError
from nim_operators.nim.snapshot import Absence


class RemoteError(NimError):
    """Base of the errors that concern one host.

    :param host: the estate's name of the host.
    :param sentence: what happened, where, and what to do.
    """

    def __init__(self, host: str, sentence: str) -> None:
        self.host = host
        self.sentence = sentence
        super().__init__(f"{host}: {sentence}")


class HostAbsent(RemoteError):
    """No session could be opened; nothing was sent to the host."""

    def __init__(self, host: str, absence: Absence, reason: str) -> None:
        self.absence = absence
        self.reason = reason
        super().__init__(host, f"{absence}: {reason}")

    @classmethod
    def of(cls, host: str, absence: Absence, reason: str) -> HostAbsent:
        """Return the error for that absence: one after which trying again may help, or one after which it does not.

        A login that was refused is tried again by nobody but a person: AIX locks an account after some of them.
        """
        return (HostAway if absence.may_pass else HostAbsent)(host, absence, reason)


class HostAway(HostAbsent):
    """No session could be opened now; nothing stands in the way of another try."""


class OutcomeUnknown(RemoteError):
    """A script was sent, but nobody saw how it ended."""


class LinkLost(OutcomeUnknown):
    """The link went down meanwhile; another one tells at once whether the host is there. One that hangs is no such."""


class HostRefused(RemoteError):
    """A script on the host declined to act. Nothing was changed by it."""


class LockHeld(HostRefused):
    """The pair lock belongs to somebody else, or a job that was started under it is not over."""


class Superseded(HostRefused):
    """A later try of the same task has taken over; this one must not act any more."""


class JobInTheWay(HostRefused):
    """A job of another kind is open on the host and must be collected first."""


class NoRoom(HostRefused):
    """What a step has to write on the host before it may act could not be written."""


class NotLocked(HostRefused):
    """Nobody holds the pair lock on the host, so nothing may be changed there."""


UNABLE = (HostAbsent, OutcomeUnknown, NoRoom, NotLocked)
"""Why a step may not be able to act on a master that is given up; none of them holds a rescue up."""
