"""The lab's log, the events tests wait for, and the points at which an operation can be held."""

from __future__ import annotations

import asyncio
import fnmatch
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Record = dict[str, Any]


def event_matches(pattern: str, record: Record) -> bool:
    """
    Tell whether a record is the event a test waits for.

    `kind:matches=REGEX` searches the text of records of that kind; anything else is compared with the
    record's key, where `*` stands for any text.
    """
    kind, separator, regex = pattern.partition(":matches=")
    if separator:
        return record["event"] == kind and re.search(regex, str(record.get("text", ""))) is not None
    return fnmatch.fnmatchcase(str(record["key"]), pattern)


@dataclass
class _Waiter:
    pattern: str
    future: asyncio.Future[Record]


@dataclass
class Journal:
    """Append-only log; each record has a sequence number, a kind (`event`), a `key` and a `text`."""

    path: Path
    records: list[Record] = field(default_factory=list)
    holds: set[str] = field(default_factory=set)
    strikes: list[tuple[str, Callable[[], str]]] = field(default_factory=list)
    _waiters: list[_Waiter] = field(default_factory=list)
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def last(self) -> int:
        """Return the sequence number of the newest record."""
        return len(self.records)

    def write(self, event: str, key: str | None = None, text: str = "", **fields: Any) -> int:
        """Append a record, wake whoever waits for it, and return its sequence number."""
        record: Record = {
            "seq": len(self.records) + 1,
            "time": round(time.time(), 6),
            "event": event,
            "key": f"{event}:{text}" if key is None else key,
            "text": text,
            **fields,
        }
        self.records.append(record)
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(record) + "\n")
        for waiter in list(self._waiters):
            if not waiter.future.done() and event_matches(waiter.pattern, record):
                waiter.future.set_result(record)
        return int(record["seq"])

    async def wait(self, pattern: str, limit: float | None, after: int) -> Record | None:
        """Return the first record with a number above `after` that matches, or None when the limit passes."""
        for record in self.records[after:]:
            if event_matches(pattern, record):
                return record
        waiter = _Waiter(pattern, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            return await asyncio.wait_for(waiter.future, limit)
        except TimeoutError:
            return None
        finally:
            self._waiters.remove(waiter)

    def hold(self, pattern: str) -> None:
        """Make every operation stop when it reaches a point that matches."""
        self.holds.add(pattern)

    def release(self, pattern: str | None) -> None:
        """Let operations held at `pattern` (all, when None) go on."""
        if pattern is None:
            self.holds.clear()
        else:
            self.holds.discard(pattern)
        self._released.set()
        self._released = asyncio.Event()

    async def point(self, name: str, **fields: Any) -> None:
        """
        Pass a point where a test may hold the operation; a held one writes `held:<name>` first.

        What is set to strike there does so once; an operation on the host that it strikes ends with the host.
        """
        for strike in [strike for strike in self.strikes if fnmatch.fnmatchcase(name, strike[0])]:
            self.strikes.remove(strike)
            if strike[1]() == fields.get("host"):
                raise asyncio.CancelledError
        if not self.is_held(name):
            return
        self.write("held", f"held:{name}", name, **fields)
        while self.is_held(name):
            await self._released.wait()

    def is_held(self, name: str) -> bool:
        """Tell whether an operation that reaches a point has to stop there."""
        return any(fnmatch.fnmatchcase(name, hold) for hold in self.holds)

    def folded(self) -> list[Record]:
        """Return commands and calls as one record each, the end written into the beginning."""
        merged: dict[int, Record] = {}
        for record in self.records:
            begun = merged.get(record.get("ref", 0))
            if record["event"] in {"command_end", "call_end"} and begun is not None:
                begun["end"] = record["time"]
                begun["end_seq"] = record["seq"]
                begun.update(
                    {k: v for k, v in record.items() if k not in {"seq", "time", "event", "key", "text", "ref"}}
                )
            else:
                merged[record["seq"]] = dict(record)
        return list(merged.values())
