"""From the collector's text to a snapshot: take the frames apart, then read each section (remote/scripts)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import NoReturn

from nim_operators.nim.clients import KILLED, parse_client_answers
from nim_operators.nim.errors import Unreadable
from nim_operators.nim.filesets import NOT_INSTALLED, parse_lslpp
from nim_operators.nim.filesystems import parse_df
from nim_operators.nim.identity import hosts_of_peer
from nim_operators.nim.levels import Level, is_fileset_level
from nim_operators.nim.lsnim import assert_complete, parse_lsnim, parse_lsnim_long
from nim_operators.nim.lssrc import NOT_ON_FILE, parse_lssrc
from nim_operators.nim.messages import explain
from nim_operators.nim.names import parse_host
from nim_operators.nim.niminfo import Niminfo, parse_niminfo
from nim_operators.nim.objects import NimObject
from nim_operators.nim.records import parse_own_records
from nim_operators.nim.running import parse_crontabs, parse_ps
from nim_operators.nim.snapshot import ClientAnswer, FileSystem, NameAnswer, Place, Section, Snapshot, SubsystemRow

BASE = "/var/adm/nim_operators"
"""This product's directory on a master."""

COLLECTOR = "the collector"

COMMANDS = {
    "identity": "date; hostname; uname; id",
    "oslevel": "oslevel -s",
    "lslpp": "lslpp -Lqc",
    "niminfo": "cat /etc/niminfo",
    "nim_level": "cat /etc/NIM.level",
    "lsnim": "lsnim",
    "lsnim_l": "lsnim -l",
    "df": "df -k",
    "places": "du -sk and df -k of each resource location",
    "names": "host",
    "nfs_of_peer": "rpcinfo -p",
    "ping_of_peer": "ping -c 1",
    "ps": "ps -ef",
    "crontabs": "cat /var/spool/cron/crontabs/*",
    "own_records": "the records of this product",
    "clients": "c_rsh",
}
_SUBSYSTEMS = ("nimesis", "nimd", "nimsh")
COMMANDS |= {f"lssrc_{subsystem}": f"lssrc -s {subsystem}" for subsystem in _SUBSYSTEMS}
_PORTMAPPER = re.compile(r"^\s*100000\b", re.ASCII | re.MULTILINE)
_RECEIVED = re.compile(r"(\d+) (?:packets )?received", re.ASCII)
_NO_NIMINFO = 2
_NOT_RUN = frozenset({126, 127})
"""Exit statuses of the shell where there is no such command: that says nothing of the database."""
_NO_FILE = re.compile(r"0652-050|[Nn]o such file|does not exist")
_PLACE = re.compile(r"@ (?P<kind>file|directory|absent) (?P<size>\d+|-) (?P<path>/.*)", re.ASCII)
_ASKED = re.compile(r"@ (?P<asked>\S+)\s*", re.ASCII)
_NFS = re.compile(r"\s+100003\s", re.ASCII)
_NOT_INSTALLED_COMMAND = re.compile(r"not found|cannot execute|0403-\d{3}")


def parse_sections(host: str, nonce: str, text: str) -> dict[str, Section]:
    """Take the collector's output apart: one section for each frame, in printed order.

    A frame is ``<nonce> begin NAME``, standard output, ``<nonce> stderr NAME``, standard error and
    ``<nonce> end NAME STATUS``; the last line is ``<nonce> complete``. Whatever stands outside of frames
    (banners, profiles) is passed over. The framing puts one newline after each stream; exactly that one is
    taken away.

    :raises Unreadable: where a frame is not closed, a section comes twice, or ``complete`` is missing: the
        text was cut off, and the error says in which section.
    """
    mark = re.escape(nonce)
    begin = re.compile(rf"{mark} begin (\S+)\r?\n", re.ASCII)
    sections: dict[str, Section] = {}
    at = 0
    while opened := begin.search(text, at):
        name = opened[1]
        frame = re.compile(
            rf"(.*?)\n{mark} stderr {re.escape(name)}\r?\n"
            rf"(.*?)\n{mark} end {re.escape(name)} (\d+)(?:\r?\n|$)",
            re.DOTALL | re.ASCII,
        ).match(text, opened.end())
        if frame is None:
            _cut_off(host, text, f"the text to go on: it ended in section {name}")
        if name in sections:
            _cut_off(host, text[: opened.end()], f"section {name} only once")
        sections[name] = Section(name, int(frame[3]), frame[1], frame[2])
        at = frame.end()
    if not re.search(rf"^{mark} complete\s*$", text[at:], re.MULTILINE):
        where = f"after section {next(reversed(sections))}" if sections else "before the first section"
        _cut_off(host, text, f"the text to go on: it ended {where}")
    return sections


def build_snapshot(master: str, sections: Mapping[str, Section], base: str = BASE) -> Snapshot:
    """Read every section of one observation of *master* (the estate's name of it).

    *base* is this product's directory on the host. A missing niminfo, NIM.level or fileset, a subsystem that
    is not on file, a database that cannot be listed and a host without the ``host`` command are values, not errors.

    :raises Unreadable: if a section is missing, its command failed or was ended by its limit, or its output
        makes no sense; the error names the host, the command and what it said, with its meaning.
    """
    reader = _Reader(master, sections)
    identity = reader.identity()
    own = Snapshot(
        master=master,
        clock=identity["clock"],
        hostname=identity["hostname"],
        machine_id=identity["machine_id"],
        niminfo=reader.niminfo(),
        nim_level=reader.nim_level(),
        level=Level.parse(master, reader.good("oslevel").stdout),
        filesets=reader.filesets(),
        subsystems=reader.subsystems(),
        objects=reader.objects(),
        database_fault=reader.database_fault(),
        file_systems=reader.file_systems(),
        places=reader.places(),
        names=reader.names(),
        nfs_of_peer=None,
        processes=parse_ps(master, reader.good("ps").stdout, base),
        cron=parse_crontabs(reader.good("crontabs").stdout),
        clients=reader.clients(),
        own=parse_own_records(master, reader.good("own_records").stdout, identity["uid"]),
        raw=dict(sections),
    )
    peer = hosts_of_peer(own)
    return replace(own, nfs_of_peer=reader.nfs_of_peer(peer), peer_answers=reader.peer_answers(peer))


def _cut_off(host: str, text: str, expected: str) -> NoReturn:
    lines = text.rstrip("\n").split("\n")
    raise Unreadable(host, COLLECTOR, len(lines), lines[-1], expected)


def _has_rows(section: Section) -> bool:
    """Tell whether ``df`` failed, or hung, on some file systems only: a stale NFS mount must not hide the others."""
    return section.stdout.count("\n") > 1


class _Reader:
    """The sections of one host, each read by a method of its own."""

    def __init__(self, host: str, sections: Mapping[str, Section]) -> None:
        self._host = host
        self._sections = sections

    def any(self, name: str) -> Section:
        """Return a section whatever its exit status."""
        section = self._sections.get(name)
        if section is None:
            raise Unreadable(self._host, COLLECTOR, 1, "", f"a section {name}")
        return section

    def good(self, name: str, tolerated: Callable[[Section], bool] = lambda _: False) -> Section:
        """Return a section that succeeded, or that failed in a way that is *tolerated*."""
        section = self.any(name)
        if section.exit != 0 and not tolerated(section):
            self._failed(section)
        return section

    def _failed(self, section: Section) -> NoReturn:
        command = COMMANDS[section.name]
        said = section.stderr if section.stderr.strip() else section.stdout
        line = next((line for line in said.split("\n") if line.strip()), "")
        if section.exit in KILLED:
            raise Unreadable(self._host, command, 1, line, "an end within the collector's limit; it was killed")
        why = f"exit status 0, not {section.exit} ({explain(said)})"
        raise Unreadable(self._host, command, 1, line, why)

    def identity(self) -> dict[str, str]:
        """Return the clock, names and user of the host."""
        found: dict[str, str] = {}
        for line in self.good("identity").stdout.split("\n"):
            name, _, value = line.partition("=")
            found[name] = value.strip()
        for number, name in enumerate(("clock", "hostname", "machine_id", "system", "uid"), 1):
            if not found.get(name):
                raise Unreadable(self._host, COMMANDS["identity"], number, "", f"a value for {name}")
        return found

    def niminfo(self) -> Niminfo | None:
        """Return the niminfo file, None where it does not exist."""

        def absent(section: Section) -> bool:
            return section.exit == _NO_NIMINFO and not section.stdout and not section.stderr.strip()

        section = self.good("niminfo", tolerated=absent)
        return None if absent(section) else parse_niminfo(self._host, section.stdout)

    def nim_level(self) -> str | None:
        """Return the level that wrote the database, None where no database was ever written."""
        section = self.good("nim_level", tolerated=lambda failed: bool(_NO_FILE.search(failed.stderr)))
        level = section.stdout.strip()
        if section.exit != 0:
            return None
        if not is_fileset_level(level):
            raise Unreadable(self._host, COMMANDS["nim_level"], 1, section.stdout, "a level such as 5.3.9.0")
        return level

    def filesets(self) -> dict[str, str]:
        """Return the levels of NIM's filesets; one that is not installed has none."""

        def only_missing(section: Section) -> bool:
            lines = [line for line in section.stderr.split("\n") if line.strip()]
            return section.exit not in KILLED and bool(lines) and all(NOT_INSTALLED in line for line in lines)

        return parse_lslpp(self._host, self.good("lslpp", tolerated=only_missing).stdout)

    def subsystems(self) -> tuple[SubsystemRow, ...]:
        """Return the rows of NIM's subsystems; one that is not on file has none."""
        rows: list[SubsystemRow] = []
        for subsystem in _SUBSYSTEMS:
            section = self.good(
                f"lssrc_{subsystem}", tolerated=lambda failed: NOT_ON_FILE in failed.stdout + failed.stderr
            )
            rows += parse_lssrc(self._host, section.stdout, f"lssrc -s {subsystem}")
        return tuple(rows)

    def database_fault(self) -> str | None:
        """Say why the database could not be listed; None where it was."""
        for section in (self.any("lsnim"), self.any("lsnim_l")):
            if section.exit in KILLED:
                return f"'{COMMANDS[section.name]}' did not end within its limit and was killed"
            if section.exit in _NOT_RUN:
                self._failed(section)
            if section.exit != 0:
                return f"'{COMMANDS[section.name]}' failed: {explain(section.stderr + section.stdout)}"
        return None

    def objects(self) -> dict[str, NimObject]:
        """Return the database once two listings agree on what is in it; nothing where it cannot be listed."""
        if self.database_fault() is not None:
            return {}
        listing = parse_lsnim(self._host, self.good("lsnim").stdout)
        objects = parse_lsnim_long(self._host, self.good("lsnim_l").stdout)
        assert_complete(self._host, listing, objects)
        return objects

    def file_systems(self) -> tuple[FileSystem, ...]:
        """Return every file system; there is one at least, ``/``."""
        section = self.good("df", tolerated=_has_rows)
        rows = parse_df(self._host, section.stdout)
        if not rows:
            raise Unreadable(self._host, COMMANDS["df"], 1, section.stdout, "at least one file system")
        return rows

    def places(self) -> dict[str, Place]:
        """Return where each location is. The last ``df`` makes the exit status, so only a limit counts."""
        section = self.good("places", tolerated=lambda failed: failed.exit not in KILLED)
        command = COMMANDS["places"]
        found: dict[str, Place] = {}
        for number, head, text in self._groups(section, _PLACE):
            size = None if head["size"] == "-" else int(head["size"])
            rows = parse_df(self._host, text, command)
            if len(rows) > 1:
                raise Unreadable(self._host, command, number, head[0], "one file system below it")
            found[head["path"]] = Place(head["path"], head["kind"], size, rows[0] if rows else None)
        return found

    def names(self) -> tuple[NameAnswer, ...]:
        """Return what the resolver said, leaving out what nobody answered."""
        answers = [
            parse_host(self._host, head["asked"], text) for _, head, text in self._groups(self.any("names"), _ASKED)
        ]
        return tuple(answer for answer in answers if answer is not None)

    def peer_answers(self, hosts: Collection[str]) -> bool | None:
        """Return whether the peer answered this master by ping or by its portmapper; None where nobody can tell.

        AIX's ping ends with ``1 packets transmitted, 0 packets received, 100% packet loss``.

        :param hosts: the names of the peer.
        """
        heard = [int(count) for count in _RECEIVED.findall("\n".join(self._said_of("ping_of_peer", hosts)))]
        if any(heard) or any(_PORTMAPPER.search(text) for text in self._said_of("nfs_of_peer", hosts)):
            return True
        return False if heard else None

    def nfs_of_peer(self, hosts: Collection[str]) -> bool | None:
        """Tell whether NFS answered on any of *hosts*, the peer's names; None where nobody could ask."""
        asked = [text for text in self._said_of("nfs_of_peer", hosts) if not _NOT_INSTALLED_COMMAND.search(text)]
        return any(_NFS.search(text) for text in asked) if asked else None

    def _said_of(self, name: str, hosts: Collection[str]) -> list[str]:
        """Return what was printed of *hosts*: a master asks for both names that its niminfo holds, one is its own."""
        return [text for _, head, text in self._groups(self.any(name), _ASKED) if head["asked"] in hosts]

    def clients(self) -> tuple[ClientAnswer, ...]:
        """Return what clients said, nothing where none was to be asked. A limit only leaves some unasked."""
        section = self._sections.get("clients")
        return () if section is None else parse_client_answers(self._host, self._host, section.stdout)

    def _groups(self, section: Section, head: re.Pattern[str]) -> list[tuple[int, re.Match[str], str]]:
        """Return the line number, match and following text of each head line of a section."""
        groups: list[tuple[int, re.Match[str], list[str]]] = []
        for number, line in enumerate(section.stdout.split("\n"), 1):
            if found := head.fullmatch(line.rstrip("\r")):
                groups.append((number, found, []))
            elif groups:
                groups[-1][2].append(line)
            elif line.strip():
                raise Unreadable(self._host, COMMANDS[section.name], number, line, "a line that begins with @")
        return [(number, found, "\n".join(lines)) for number, found, lines in groups]
