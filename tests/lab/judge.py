"""What the product promised, judged by the lab's own state and log; never by what the product says of the hosts.

One :class:`Judge` watches one lab. Before each step it takes the state, after it the state and the log again. Names and
rules are written by hand from NIM's documentation; nothing here imports the code that is judged.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from include.lab import Lab
from tests.lab.moment import Moment, Record, State, attribute
from tests.lab.stepwise import Stepwise

BASE = "var/adm/nim_operators"
PASSING = frozenset(
    {
        "Cstate", "Cstate_result", "Mstate", "Nstate", "Rstate", "Rstate_result", "alloc_count", "control",
        "err_info", "info", "lock", "prev_state", "simages", "sync_required",
    }
)  # fmt: skip
"""Attributes that operations set and a sync resets: no part of a definition."""

_OVERWRITES = re.compile(r"-\w*o\s*sync\b|-\w*F.* -\w*o\s*takeover\b|-Fo\s*takeover\b")
"""A sync, and a takeover with -F, replace the other master's definitions (nim.md 4.3, 4.4)."""

_DEFINES_SPOT = re.compile(r"-\w*o\s*define\b.* -t\s*spot\b")
_REMOVES = re.compile(r"-\w*o\s*remove\b")
_SYNC = re.compile(r"-\w*o\s*sync\b")
_RUN = re.compile(r"^RUN='([^']+)'", re.MULTILINE)

HANDS_OVER = frozenset({"nim_planned_takeover", "nim_give_back"})


class Violation(AssertionError):
    """A promise that was not kept, with its id and the facts."""

    def __init__(self, promise: str, facts: str) -> None:
        self.promise = promise
        super().__init__(f"{promise}: {facts}")


@dataclass
class Judge:
    """Watches one lab; ``counts`` says how often each promise was put to the test."""

    lab: Lab
    counts: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    changed: dict[str, set[str]] = field(default_factory=dict)
    _owner: dict[tuple[str, str], list[tuple[int, str]]] = field(default_factory=dict)
    _commands_seen: int = 0

    def look(self) -> Moment:
        """Take the state."""
        armed = {}
        for host in ("nima", "nimb"):
            file = self.lab.tree(host) / BASE / "direction"
            if file.exists():
                armed[host] = dict(line.partition("=")[::2] for line in file.read_text().splitlines())["source"]
        state = self.lab.state()
        return Moment(state, armed, state["seq"])

    def after_task(self, run: Stepwise, task: str, before: Moment, *, quiet: bool) -> None:
        """Judge what one task of a run did.

        :param quiet: whether nothing else was at work meanwhile, an administrator's command or an operation on hold.
        """
        now = self.look()
        log = self.lab.log()
        broken = [record["text"] for record in log if record["event"] == "lab_error"]
        assert not broken, f"a defect of the lab: {broken}"
        self._learn_owners(log)
        for call in log:
            if call["event"] == "call" and call["seq"] > before.seq and call["login"] != "console":
                self._may_overwrite(run, call, before)
                self._sync_was_allowed(call, before)
        self._no_overlap(log)
        self._no_step_broke(run, task)
        assessments = run.fresh_records(task, "assessment")
        self.states.update(record["diagnosis"]["state"] for record in assessments)
        if not quiet:
            return
        if before.digest != now.digest and before.boots == now.boots:  # a host that dies stops its own daemons
            self.changed.setdefault(run.name, set()).add(task)
        self._matrix_is_true(run, task, assessments, before, now)
        self._a_spot_stands(log, before)
        if run.states.get(task) == "success":
            self._read_back_is_true(run, task, now)
        if task == "verdict":
            self._verdict_is_true(run, now)
        if task == "watch":
            self._watch_is_true(run, before, now)

    # --- S1 ------------------------------------------------------------------------------------------

    def _may_overwrite(self, run: Stepwise, call: Record, before: Moment) -> None:
        """S1: never over objects that only the target has, but for those that somebody approved by name."""
        if call["argv"][0] != "nim" or not _OVERWRITES.search(call["text"]):
            return
        (target,) = set(before.masters) - {call["host"]}
        agreed = _approved_losses(run) if self.owner_of(call) == run.name else set()
        lost = sorted(set(_only_on(target, call["host"], before)) - agreed)
        if lost:
            raise Violation("S1", f"'{call['text']}' over {', '.join(lost)}, which only {target} had")

    def _sync_was_allowed(self, call: Record, before: Moment) -> None:
        """S1: by the clients and the armed direction, as they were before the task."""
        if call["argv"][0] != "nim" or not _SYNC.search(call["text"]):
            return
        self.counts["S1"] += 1
        source = call["host"]
        (target,) = set(before.masters) - {source}
        naming = [
            name
            for name in before.defined(source) | before.defined(target)
            if before.named_by(name) == target and self._answers(name, before)
        ]
        if naming:
            raise Violation("S1", f"'{call['text']}' on {source} while {', '.join(naming)} named {target}")
        against = {host: armed for host, armed in before.armed.items() if armed != source}
        if against:
            raise Violation("S1", f"'{call['text']}' on {source}, armed are {against}")

    def _answers(self, name: str, before: Moment) -> bool:
        """Whether a master that defines the client gets its niminfo from it."""
        return any(
            name in before.defined(host)
            and before.masters[host]["up"]
            and self.lab.admin(host, "c_rsh", name, "/usr/bin/cat /etc/niminfo")["exit"] == 0
            for host in before.masters
        )

    # --- S4 ------------------------------------------------------------------------------------------

    def _matrix_is_true(self, run: Stepwise, task: str, assessments: list[Record], before: Moment, now: Moment) -> None:
        """S4: who is called agreed is so on the hosts, before or after the task; every client is listed."""
        for record in assessments:
            self.counts["S4"] += 1
            matrix = record["ownership"]
            masters = {"source": matrix["source"], "target": matrix["target"]}
            rows = {row["client"]: row for row in matrix["rows"]}
            for row in rows.values():
                owner = masters.get(row["verdict"].removeprefix("owned by "))
                if owner is not None and not any(_is_agreed(row, owner, moment) for moment in (before, now)):
                    raise Violation("S4", f"{task} of {run.name} calls {row['client']} {row['verdict']}: {row}")
            observed = {word for row in rows.values() for word in row["databases"]}
            missing = set().union(*(before.defined(host) & now.defined(host) for host in observed)) - set(rows)
            if missing:
                raise Violation("S4", f"{task} of {run.name} does not list {', '.join(sorted(missing))}")

    # --- S7 ------------------------------------------------------------------------------------------

    def _learn_owners(self, log: list[Record]) -> None:
        """Learn which run sent each session, from the script that it read; its commands carry the session's port."""
        for command in log:
            if command["event"] != "command" or command["seq"] <= self._commands_seen:
                continue
            self._commands_seen = command["seq"]
            found = _RUN.search(self.lab.script(command["seq"]) or "")
            if found:
                key = (command["host"], command["ssh_port"])
                self._owner.setdefault(key, []).append((command["seq"], found[1]))

    def owner_of(self, call: Record) -> str | None:
        """Return the run that a command belongs to: that of the newest session of its port which says one."""
        known = self._owner.get((call["host"], call["ssh_port"]), [])
        return next((run for seq, run in reversed(known) if seq < call["seq"]), None)

    def _changing(self, log: list[Record]) -> Iterator[tuple[str, Record]]:
        """Yield the commands of runs that want the pair for themselves: those that change NIM, and backups.

        What works on a client was sent there by c_rsh.
        """
        pushed: dict[str, str] = {}
        for call in log:
            works = call["event"] == "call" and (call["changing"] or call["argv"][0] == "m_backup_db")
            if works and call["login"] != "console":
                owner = self.owner_of(call) or pushed.get(call["host"])
                assert owner is not None, f"nobody knows which run sent {call}"
                if call["argv"][0] == "c_rsh":
                    pushed[call["argv"][1]] = owner
                yield owner, call

    def _no_overlap(self, log: list[Record]) -> None:
        """S7: no changing command of a run begins while one of another run is at work."""
        working: list[tuple[str, Record]] = []
        for owner, call in self._changing(log):
            self.counts["S7"] += 1
            working = [(one, other) for one, other in working if other.get("end_seq", 1 << 62) > call["seq"]]
            for one, other in working:
                if one != owner:
                    raise Violation(
                        "S7", f"'{call['text']}' of {owner} on {call['host']} during '{other['text']}' of {one}"
                    )
            working.append((owner, call))

    # --- repairs -------------------------------------------------------------------------------------

    def _a_spot_stands(self, log: list[Record], before: Moment) -> None:
        """No run removes the last SPOT that NIM calls ready for use."""
        usable = {host: before.usable_spots(host) for host in before.masters}
        ended = [
            call
            for call in log
            if call["event"] == "call"
            and (call["argv"][0], call["login"] != "console", call.get("exit")) == ("nim", True, 0)
            and call["end_seq"] > before.seq
        ]
        for call in sorted(ended, key=lambda call: int(call["end_seq"])):
            spots, name = usable[call["host"]], call["argv"][-1]
            if _DEFINES_SPOT.search(call["text"]):
                spots.add(name)
            elif _REMOVES.search(call["text"]) and name in spots:
                self.counts["SPOT"] += 1
                spots.remove(name)
                if not spots:
                    raise Violation("SPOT", f"'{call['text']}' removed the last one of {call['host']} that can be used")

    def _rebuilt(self, run: Stepwise, now: Moment) -> None:
        """A SPOT that was rebuilt can be used, and nothing is left beside it."""
        self.counts["rebuilt"] += 1
        source, name = _source_of(run), run.params["spot"]
        if name not in now.usable_spots(source) or f"{name}_rebuild" in now.masters[source]["objects"]:
            raise Violation("done", f"{run.name} rebuilt {name} on {source}: {now.usable_spots(source)}")

    def _list_both(self, run: Stepwise, clients: Iterable[str], now: Moment) -> None:
        """A client that was told of both masters lists both, that one first which it names."""
        self.counts["lists"] += 1
        source = _source_of(run)
        wanted = [source, *(host for host in now.masters if host != source)]
        wrong = {name: listed for name in clients if (listed := now.listed_by(name)[:2]) != wanted}
        if wrong:
            raise Violation("done", f"{run.name} told clients of {' and '.join(wanted)}, but {wrong}")

    # --- verdicts ------------------------------------------------------------------------------------

    def _no_step_broke(self, run: Stepwise, task: str) -> None:
        for step in run.fresh_records(task, "step"):
            if step["result"] == "broke":
                raise Violation("broke", f"{task} of {run.name}: {step['error']}: {step['text']}")
        if run.error is not None and type(run.error).__module__.partition(".")[0] not in {"nim_operators", "airflow"}:
            raise Violation("broke", f"{task} of {run.name}: {run.error!r}")

    def _watch_is_true(self, run: Stepwise, before: Moment, now: Moment) -> None:
        """A look changes nothing, and is green only where every client that answers names one and the same master."""
        self.counts["watch"] += 1
        if before.digest != now.digest:
            raise Violation("watch", f"{run.name} changed the pair")
        clients = set().union(*(now.defined(host) for host in now.masters))
        named = {name: now.named_by(name) for name in sorted(clients) if self._answers(name, now)}
        if run.states["watch"] == "success" and len(set(named.values())) != 1:
            raise Violation("watch", f"{run.name} is green, and its clients name {named}")

    def _read_back_is_true(self, run: Stepwise, task: str, now: Moment) -> None:
        """What a task has read back is so."""
        match task:
            case "verify":
                self._equal(run, now)
            case "rebuild":
                self._rebuilt(run, now)
            case "repair":
                self._list_both(run, [run.params["client"]], now)
            case "verify_lists":
                self._list_both(run, now.defined(_source_of(run)), now)

    def _equal(self, run: Stepwise, now: Moment) -> None:
        """A copy that was verified is one: same definitions, same bytes but for what is called stale."""
        self.counts["equal"] += 1
        (point,) = run.finished().records("recovery_point")[-1:]
        differing = _differing(now, point["source"], point["target"], set(point["stale"]))
        if differing:
            raise Violation("done", f"{run.name} verified a copy that differs: {'; '.join(differing)}")

    def _verdict_is_true(self, run: Stepwise, now: Moment) -> None:
        finished = run.finished()
        self.counts[f"verdict {finished.verdict}"] += 1
        sent = [
            call["text"]
            for owner, call in self._changing(self.lab.log())
            if owner == run.name and call["argv"][0] != "m_backup_db"
        ]
        if finished.verdict == "refused" and (sent or self.changed.get(run.name)):
            raise Violation("refused", f"{run.name} sent {sent}, changed in {self.changed.get(run.name)}")
        if finished.verdict == "done" and not run.params.get("rehearsal"):
            self._done(run, now)

    def _done(self, run: Stepwise, now: Moment) -> None:
        """A direction that was armed is recorded on both masters; clients that were handed over name their new one."""
        if run.runbook == "nim_setup" and now.armed != dict.fromkeys(now.masters, run.params["source"]):
            raise Violation("done", f"{run.name} armed {now.armed}")
        if run.runbook in HANDS_OVER:
            left = [
                (name, host, now.named_by(name))
                for host, armed in now.armed.items()
                for name in now.defined(host)
                if now.named_by(name) != armed
            ]
            if left or len(set(now.armed.values())) != 1:
                raise Violation("done", f"{run.name}: armed {now.armed}, but {left}")


def _source_of(run: Stepwise) -> str:
    """Return the master that the plan of a run calls the source."""
    source: str = run.finished().records("plan")[-1]["plan"]["source"]
    return source


def _approved_losses(run: Stepwise) -> set[str]:
    """Return the objects that the plan said would be lost, where a person was shown that plan and approved it."""
    finished = run.finished()
    if not finished.records("approval"):
        return set()
    return {line.split(" ", 1)[0] for line in finished.records("plan")[-1]["plan"]["lost"]}


def _is_agreed(row: Record, owner: str, moment: Moment) -> bool:
    own = moment.named_by(row["client"]) == owner
    words = (
        attribute(moment.masters[host]["objects"].get(row["client"], {"attrs": []}), "current_master")
        for host in row["databases"]
    )
    return own and all(word is None or moment.master_called(word) == owner for word in words)


def _only_on(target: str, source: str, moment: Moment) -> list[str]:
    """Return objects that a sync from *source* would destroy; a network of the same address is the same network."""
    mine, theirs = (moment.masters[host]["objects"] for host in (target, source))
    networks = {attribute(found, "net_addr") for found in theirs.values() if found["class"] == "networks"}
    return [
        name
        for name, found in mine.items()
        if name not in theirs
        and found["type"] not in {"master", "alternate_master", "boot", "nim_script"}
        and not (found["class"] == "networks" and attribute(found, "net_addr") in networks)
    ]


def _differing(now: Moment, source: str, target: str, stale: set[str]) -> list[str]:
    """Return what differs between the two masters' objects and the bytes of their resources."""
    left, right = (_comparable(now.masters[host]) for host in (source, target))
    found = [f"{name} is on one master only" for name in sorted(left.keys() ^ right.keys())]
    found += [
        f"{name}: {left[name]} / {right[name]}"
        for name in sorted(left.keys() & right.keys())
        if left[name] != right[name]
    ]
    bytes_of = now.masters[target]["resources"]
    for name, resource in now.masters[source]["resources"].items():
        if name not in stale and bytes_of.get(name, {}).get("digest") != resource["digest"]:
            found.append(f"the bytes of {name}")
    return found


def _comparable(master: State) -> dict[str, Any]:
    """Return what a sync makes equal: no state, no allocation, not the masters' records of themselves."""
    resources = {found["type"] for found in master["objects"].values() if found["class"] == "resources"}
    return {
        name: (
            found["type"],
            sorted(
                (re.sub(r"^routing\d+$", "routing", key), str(value))
                for key, value in found["attrs"]
                if key not in PASSING and not (found["class"] == "machines" and key in resources)
            ),
        )
        for name, found in master["objects"].items()
        if found["type"] not in {"master", "alternate_master", "boot", "nim_script"}
    }
