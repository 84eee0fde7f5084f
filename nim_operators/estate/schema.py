"""What the estate file may say. Every field has its meaning and its default in its description."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationInfo, field_validator

from nim_operators.estate.fields import Section, field, whole
from nim_operators.estate.takeover import Approval, Takeover
from nim_operators.estate.values import (
    ConnectionId,
    CronSchedule,
    Duration,
    EvidenceAddress,
    HostDirectory,
    Lines,
    ObjectName,
    ObjectNames,
    PairName,
    Reason,
    TimeOfDay,
    ZoneName,
    firing_times,
    sentence,
)
from nim_operators.estate.watch import Watch
from nim_operators.nim.pair import Policy

_MASTERS_OF_A_PAIR = 2
_KIB_PER_MIB = 1024


class Content(StrEnum):
    """How the bytes of a resource are compared after a sync."""

    CHECKSUM = "checksum"
    SIZE = "size"


class Stale(StrEnum):
    """What becomes of content that is older on the target; a sync never copies what is there already."""

    LIST = "list"
    REFRESH = "refresh"


class Window(Section):
    """When a nightly sync may start, as wall-clock times of the pair's time zone; it may cross midnight."""

    start: Annotated[TimeOfDay, field("First minute of the window.", 'a time of day from "00:00" to "23:59"')]
    end: Annotated[TimeOfDay, field("First minute after the window.", 'a time of day from "00:00" to "23:59"')]

    @field_validator("end")
    @classmethod
    def _not_empty(cls, end: time, info: ValidationInfo) -> time:
        if end == info.data.get("start"):
            raise sentence(f"{end:%H:%M} is also the start, allowed is any other time of day")
        return end

    def contains(self, clock: time) -> bool:
        """Tell whether the wall-clock time *clock* lies in the window; its end does not."""
        if self.start < self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end


class NightlySync(Section):
    """When the nightly sync runs and how its result is compared."""

    schedule: Annotated[
        CronSchedule | None,
        field(
            "Five cron fields, read in the pair's time zone. Default: none, a sync is started by hand.",
            'five cron fields such as "0 2 * * *"',
        ),
    ] = None
    window: Annotated[
        Window | None,
        Field(
            description="When a sync may start; a run outside it refuses, such as the missed one that begins "
            "when a DAG is switched on by day. Default: none, a sync may start at any time."
        ),
    ] = None
    wait_limit: Annotated[
        Duration,
        field(
            "How long the run waits for the end of a sync. The sync itself is never ended. Default: 6h.",
            "a duration from 1m to 48h such as 90m, 6h or PT6H",
            ge=timedelta(minutes=1),
            le=timedelta(hours=48),
        ),
    ] = timedelta(hours=6)
    content: Annotated[
        Content,
        field(
            "How resource files are compared afterwards: checksum reads every byte on both masters, size "
            "compares names and sizes. Default: checksum.",
            "checksum or size",
        ),
    ] = Content.CHECKSUM
    stale: Annotated[
        Stale,
        field(
            "What becomes of resource files that are older on the target. list: they are named, every night. refresh: "
            "the night after they were named they are moved aside on the target, copied by the sync, compared, and "
            "only then removed; needs content: checksum. Default: list.",
            "list or refresh",
        ),
    ] = Stale.LIST

    @field_validator("stale")
    @classmethod
    def _proven(cls, stale: Stale, info: ValidationInfo) -> Stale:
        if stale is Stale.REFRESH and info.data.get("content") is Content.SIZE:
            raise sentence(
                "refresh removes the former content, which sizes alone do not justify, "
                "allowed is list, or refresh with content: checksum"
            )
        return stale

    @field_validator("window")
    @classmethod
    def _fires_inside(cls, window: Window | None, info: ValidationInfo) -> Window | None:
        schedule = info.data.get("schedule")
        if window is None or schedule is None:
            return window
        outside = next((clock for clock in firing_times(schedule) if not window.contains(clock)), None)
        if outside is not None:
            raise sentence(
                f"the schedule '{schedule}' fires at {outside:%H:%M}, outside this window "
                f"({window.start:%H:%M} to {window.end:%H:%M}), allowed is a window that holds every start"
            )
        return window


class Backups(Section):
    """Backups of both NIM databases, taken before anything changes."""

    directory: Annotated[
        HostDirectory,
        field(
            "Where on a master a backup is written before it is fetched. Default: /var/adm/nim_operators/backups.",
            "an absolute path of plain names such as /var/adm/nim_operators/backups",
        ),
    ] = "/var/adm/nim_operators/backups"
    keep: Annotated[int, whole(1, 1000, "How many backups of each master are kept off the hosts. Default: 14.")] = 14
    room_mb: Annotated[
        int,
        whole(1, 100_000, "Room in MiB that the directory's file system must have before a backup. Default: 20."),
    ] = 20


class Clients(Section):
    """How the clients of a pair are asked who their master is."""

    width: Annotated[int, whole(1, 128, "How many clients are asked at once. Default: 16.")] = 16
    limit_seconds: Annotated[int, whole(1, 300, "How long one client may take to answer, in seconds. Default: 10.")] = (
        10
    )
    connections: Annotated[
        Mapping[ObjectName, ConnectionId],
        field(
            "Client name to the id of an Airflow connection, for clients that may be asked by SSH. "
            "Default: none, clients are asked through their master only.",
            "a mapping of client names to ids of Airflow connections",
        ),
    ] = Field(default_factory=dict)
    set_aside: Annotated[
        Mapping[ObjectName, Reason],
        field(
            "Client name to the reason why nobody expects it to answer again. While it is silent, no check, plan or "
            "threshold counts it; if it answers, it counts as any other. Default: none.",
            "a mapping of client names to reasons, each one line of at most 200 characters such as 'scrapped, CHG0042'",
        ),
    ] = Field(default_factory=dict)


class Space(Section):
    """Room that a replication must find on the target."""

    margin_percent: Annotated[int, whole(0, 1000, "Added to what a replication needs, in percent. Default: 10.")] = 10


class Notify(Section):
    """One way to tell people that a run did not reach its goal."""

    notifier: Annotated[
        str,
        field(
            "Import path of an Airflow notifier class.",
            "an import path such as airflow.providers.smtp.notifications.smtp.SmtpNotifier",
            pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$",
        ),
    ]
    arguments: Annotated[
        Mapping[str, Any],
        field(
            "Its constructor's arguments. Templates see nim.pair, nim.runbook, nim.verdict, nim.reason and "
            "nim.evidence. Default: none.",
            "a mapping of argument names to values",
        ),
    ] = Field(default_factory=dict)


class Master(Section):
    """One of the two NIM masters."""

    conn_id: Annotated[
        ConnectionId,
        field(
            "The id of the Airflow connection of this host; no other entry of the file may use it.",
            "the id of an Airflow connection (letters, digits and _#!()-.:/\\)",
        ),
    ]


class Pair(Section):
    """Two NIM masters that stand in for each other."""

    name: str
    """The key of the pair in the file."""
    description: Annotated[
        str, field("What this pair serves; the documentation of its DAGs begins with it. Default: empty.", "text")
    ] = ""
    masters: Annotated[
        Mapping[ObjectName, Master],
        field(
            "The two masters; the keys are the names that DAGs and evidence use.",
            "two masters, each as <name>: {conn_id: <id of an Airflow connection>}",
        ),
    ]
    source: Annotated[
        str,
        field(
            "The master that is copied from as long as no armed direction is recorded anywhere.",
            "the name of one of the two masters",
        ),
    ]
    timezone: Annotated[
        ZoneName,
        field("Time zone of schedule and window. Default: UTC.", "a time zone such as Europe/Berlin or UTC"),
    ] = "UTC"
    nightly_sync: NightlySync = NightlySync()
    backups: Backups = Backups()
    clients: Clients = Clients()
    space: Space = Space()
    approval: Approval = Approval()
    takeover: Takeover = Takeover()
    watch: Watch = Watch()
    allowed_target_only: Annotated[
        ObjectNames,
        field(
            "Objects that only the target has and that a sync may remove there. Default: none.",
            "a list of NIM object names",
        ),
    ] = ()
    notify: Annotated[
        tuple[Notify, ...],
        field(
            "Who is told when a run does not reach its goal. Default: nobody.",
            "a list of {notifier: ..., arguments: ...}",
        ),
    ] = ()
    ignored_cron: Annotated[
        Lines,
        field(
            "Crontab lines on either master, character by character, that mention NIM and were found "
            "harmless. Default: none.",
            "a list of crontab lines",
        ),
    ] = ()

    @field_validator("masters")
    @classmethod
    def _two(cls, masters: Mapping[str, Master]) -> Mapping[str, Master]:
        if len(masters) != _MASTERS_OF_A_PAIR:
            raise sentence(f"{len(masters)} given ({', '.join(masters) or 'none'}), allowed are exactly two masters")
        return masters

    @field_validator("source")
    @classmethod
    def _is_a_master(cls, source: str, info: ValidationInfo) -> str:
        masters = info.data.get("masters")
        if masters is not None and source not in masters:
            raise sentence(f"'{source}' is no master of this pair, allowed is one of {', '.join(masters)}")
        return source

    def peer(self, master: str) -> str:
        """Return the name of the other master.

        :raises KeyError: if *master* is none of the two.
        """
        others = [name for name in self.masters if name != master]
        if len(others) == _MASTERS_OF_A_PAIR:
            raise KeyError(master)
        return others[0]

    def may_start_at(self, moment: datetime) -> bool:
        """Tell whether a nightly sync may start at *moment*, whatever time zone it is given in.

        :raises ValueError: if *moment* has no time zone.
        """
        if moment.tzinfo is None:
            raise ValueError(f"{moment} has no time zone")
        window = self.nightly_sync.window
        return window is None or window.contains(moment.astimezone(ZoneInfo(self.timezone)).time())

    def policy(self) -> Policy:
        """Return what checks and law need to know of this pair."""
        return Policy(
            space_margin_percent=self.space.margin_percent,
            backup_room_kb=self.backups.room_mb * _KIB_PER_MIB,
            allowed_target_only=frozenset(self.allowed_target_only),
            ignored_cron=frozenset(self.ignored_cron),
            set_aside=dict(self.clients.set_aside),
        )

    @property
    def reach_digest(self) -> str:
        """SHA-256 of what giving a lock back and putting a database back rest on: the hosts, and where backups are."""
        masters = {name: master.conn_id for name, master in self.masters.items()}
        return hashlib.sha256(json.dumps([masters, self.backups.directory], sort_keys=True).encode()).hexdigest()

    @property
    def digest(self) -> str:
        """SHA-256 of the pair's configuration. Order, spelt-out defaults and the description do not count."""
        canonical = self.model_dump(mode="json", exclude={"description"})
        return hashlib.sha256(json.dumps(canonical, sort_keys=True).encode()).hexdigest()


class Estate(Section):
    """Every pair this installation looks after."""

    version: Annotated[
        int,
        field("Version of this layout.", "1, the layout that this release reads", strict=True, ge=1, le=1),
    ]
    evidence: Annotated[
        EvidenceAddress,
        field(
            "Where all evidence is kept; the environment variable NIM_OPERATORS_EVIDENCE overrides it. "
            "Default: file:///var/lib/nim_operators/evidence.",
            "an address such as file:///var/lib/nim_operators/evidence or s3://conn_id@bucket/path",
        ),
    ] = "file:///var/lib/nim_operators/evidence"
    pairs: Annotated[
        Mapping[PairName, Pair],
        field(
            "The pairs by name.",
            "at least one pair, each as <name>: {masters: ..., source: ...}",
            min_length=1,
        ),
    ]
