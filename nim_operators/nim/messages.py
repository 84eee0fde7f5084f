"""Messages of NIM and of the commands beneath it: what they mean and what to do (nim.md 3.2 and 6).

Exit statuses are eight bits and codes are not, so a failure is classified by the text of its messages, never
by its number (nim.md 4.0).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a message says about trying again."""

    ENVELOPE = "envelope"
    """Says only that something inside failed; the text after it counts. As the innermost one it is final."""
    HARMLESS = "harmless"
    """Reports progress, or a state that was wanted anyway."""
    RETRIABLE = "retriable"
    """The same command may succeed later with nothing changed."""
    FINAL = "final"
    """The same command fails again until somebody changes something."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """One row of the table."""

    kind: Kind
    means: str
    remedy: str


_E, _H, _R, _F = Kind.ENVELOPE, Kind.HARMLESS, Kind.RETRIABLE, Kind.FINAL

MEANINGS: dict[str, Meaning] = {
    code: Meaning(kind, means, remedy)
    for code, kind, means, remedy in (
        ("0042-001", _E, "NIM met an error while it worked", "Read the message inside it."),
        (
            "0042-006",
            _R,
            "the host could not be reached by nimsh or rsh",
            "Start nimsh, open ports 3901 and 3902.",
        ),
        ("0042-008", _F, "nimsh does not accept this master", "Refresh the client's niminfo, or take over."),
        ("0042-021", _F, "a required attribute is missing", "Give the attribute that the message names."),
        (
            "0042-022",
            _F,
            "the attribute does not belong to this operation",
            "Ask lsnim -q for the attributes.",
        ),
        (
            "0042-023",
            _F,
            "the value of an attribute is not valid",
            "Ask lsnim -q for the attribute's values.",
        ),
        (
            "0042-032",
            _F,
            "an object of this name exists",
            "Compare it; if it is the same, nothing is to be done.",
        ),
        ("0042-052", _F, "resources are allocated to the object", "Deallocate them: subclass=all."),
        ("0042-053", _F, "there is no NIM object of this name", "Check the name; it counts as absent."),
        ("0042-081", _F, "a resource exists at this location", "Compare it, or choose another location."),
        ("0042-137", _F, "/etc/niminfo lacks variables that NIM needs", "Write it anew with niminit."),
        ("0042-154", _F, "a file or directory does not exist", "Create it, or mend the resource's location."),
        ("0042-175", _E, "a command that NIM called failed", "Read that command's own message."),
        ("0042-207", _R, "the resource could not be allocated to the master", "Wait until it is free."),
        (
            "0042-372",
            _F,
            "the client's list of masters does not hold this master",
            "Trigger nim_repair_client for the client, or nim_reset_clients for every one.",
        ),
        (
            "0042-378",
            _F,
            "another master is the current master of this client",
            "Ask from that master, or take over on purpose.",
        ),
        ("0504-132", _F, "a fileset is not installed", "Install it."),
        ("0513-001", _R, "the System Resource Controller does not run", "Start srcmstr on the host."),
        ("0513-004", _H, "the subsystem was not running", "Nothing."),
        ("0513-029", _H, "the subsystem was running already", "Nothing."),
        ("0513-044", _H, "the subsystem was asked to stop", "Nothing."),
        ("0513-059", _H, "the subsystem was started", "Nothing."),
        ("0513-071", _H, "the subsystem was added", "Nothing."),
        ("0513-077", _H, "the subsystem was changed", "Nothing."),
        ("0513-083", _H, "the subsystem was deleted", "Nothing."),
        ("0513-085", _F, "the subsystem is not defined", "Define it, or restore the NIM database."),
        ("1831-011", _F, "the NFS server denied access", "Check name resolution both ways and /etc/exports."),
    )
}
"""Codes with a known meaning. nim.md 6 has the sources."""

FAMILIES: dict[str, Meaning] = {
    "0042": Meaning(_F, "NIM reports an error that is not in our table", "Look it up in IBM's list of messages."),
    "0504": Meaning(_F, "installp reports an error", "Read the message of installp."),
    "0505": Meaning(_F, "alt_disk_install reports an error", "Read the message of alt_disk_install."),
    "0506": Meaning(_F, "mount or umount reports an error", "Look at the mounts on the host."),
    "0511": Meaning(_F, "tar reports an error", "Look at the file system that it reads or writes."),
    "0513": Meaning(_F, "the System Resource Controller reports an error", "Look at the subsystem with lssrc."),
    "0516": Meaning(_F, "the Logical Volume Manager reports an error", "Look at the volume group on the host."),
    "1831": Meaning(_F, "NFS or mount reports an error", "Check exports, mounts and name resolution."),
}
"""What is said of a code outside the table. It is final: what nobody understands is not tried again."""

_FAMILY = "|".join(FAMILIES)
_CODE = re.compile(rf"(?P<before>.*?)\b(?P<code>(?:{_FAMILY})-\d{{3}})\b[:\s]*(?P<after>.*)")
_METHOD = re.compile(r"(?P<method>[A-Za-z_][\w.-]*):\s+(?P<rest>.*)", re.ASCII)
_STATUS = re.compile(r"\s*rc\s*=\s*\d+\s*", re.ASCII)
_ENVELOPE = re.compile(
    r'(?:processing error encountered on|An unexpected result was returned by the) "[^"]*"(?: command)?:?\s*'
)


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its code, the method that wrote it ("" where none is named), and its text on one line."""

    code: str
    method: str
    text: str
    is_warning: bool = False

    @property
    def meaning(self) -> Meaning:
        """What the message means; a code outside the table has its family's meaning."""
        return MEANINGS.get(self.code) or FAMILIES[self.code.partition("-")[0]]

    @property
    def told(self) -> str:
        """The text without the fixed words of an envelope: what came after it."""
        return _ENVELOPE.sub("", self.text, count=1) if self.meaning.kind is Kind.ENVELOPE else self.text

    def __str__(self) -> str:
        sentence = f"{self.code}: {self.meaning.means}. {self.meaning.remedy}"
        return f'{sentence} It said: "{self.told}"' if self.told else sentence


def messages_in(text: str) -> tuple[Message, ...]:
    """Return every message in *text*, outermost first, wrapped lines put together again.

    A line without a code goes on with the message before it, indented or not; text before the first code and
    lines that only repeat a status (``rc=175``) are left out. Real output (nim.md 6)::

        0042-001 nim: processing error encountered on "master":
        0042-372 c_switch_master: The client is not configured to allow this master to execute this command
    """
    found: list[Message] = []
    for line in text.split("\n"):
        coded = _CODE.fullmatch(line.rstrip())
        if coded is not None:
            found.append(_message(coded))
        elif found and line.strip() and not _STATUS.fullmatch(line):
            last = found.pop()
            joined = f"{last.text} {line.strip()}".strip()
            found.append(Message(last.code, last.method, joined, is_warning=last.is_warning))
    return tuple(found)


def innermost(text: str) -> Message | None:
    """Return the message that decides: the last one that is neither a warning nor harmless, or None.

    If only envelopes were printed the last of them is returned, and its :attr:`Message.told` says the rest.
    """
    errors = [
        message for message in messages_in(text) if not message.is_warning and message.meaning.kind is not Kind.HARMLESS
    ]
    return errors[-1] if errors else None


def explain(text: str, *, last: bool = False) -> str:
    """Say why a command failed: the deciding message, else its first line, else that it was silent.

    :param last: take its last line instead, for a command that tells its progress before it fails.
    """
    message = innermost(text)
    if message is not None:
        return str(message)
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return lines[-1 if last else 0] if lines else "It printed nothing."


def _message(coded: re.Match[str]) -> Message:
    method = _METHOD.fullmatch(coded["after"])
    before = coded["before"].strip()
    is_warning = before.lower().endswith("warning:")
    return Message(
        coded["code"],
        method["method"] if method else before.removesuffix(":") if not is_warning else "",
        (method["rest"] if method else coded["after"]).strip(),
        is_warning=is_warning,
    )
