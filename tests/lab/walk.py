"""A random walk through the life of a pair: runbooks task by task, faults, and people who work by hand meanwhile.

The machine draws what happens; the hosts, the shell, SSH and the operators are real, and :mod:`tests.lab.judge` judges
after each task. No precondition depends on what the hosts answered: a step that has nothing to do does nothing, so that
the same draws always mean the same steps.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from include.lab import Lab, running_lab
from include.lab.api import LabError
from include.lab.world import WorldSpec
from nim_operators.operators import jobs
from tests.lab.in_process import InProcess
from tests.lab.judge import BASE, Judge, Violation
from tests.lab.runbook import Installation
from tests.lab.stepwise import Stepwise

FORM = {"reason": st.just("firmware update"), "change_ticket": st.just("CHG0042")}
RUNBOOKS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "nim_nightly_sync": st.just({}),
    "nim_setup": st.fixed_dictionaries({"source": st.sampled_from(["nima", "nimb"])}),
    "nim_planned_takeover": st.fixed_dictionaries({**FORM, "rehearsal": st.booleans()}),
    "nim_disaster_failover": st.fixed_dictionaries({"reason": FORM["reason"]}),
    "nim_reprotect": st.fixed_dictionaries({"reason": FORM["reason"]}),
    "nim_give_back": st.fixed_dictionaries({**FORM, "rehearsal": st.booleans()}),
}
"""Every runbook, one line each: its DAG's stem and what a person fills into its trigger form."""

HOSTS = ("nima", "nimb")
PEER = {"nima": "nimb", "nimb": "nima"}
CLIENTS = ("aix02", "aix03", "vios1")
MACHINES = 3
STARTS = (
    "fresh", "synced", "synced_peer_kept", "synced_peer_kept", "stale", "taken_over", "returned_stale", "split",
    "interrupted_sync",
)  # fmt: skip

SWITCHES = (
    ("peer_record_after_sync", "kept"),
    ("niminfo_after_restore", "own"),
    ("backup_lands_on", "source"),
    ("restore_on_configured", "refuses"),
    ("c_rsh_from_non_current", "refused"),
    ("takeover_reaches_vios", "no"),
    ("takeover_exit", "one"),
    ("async_processes", "hidden"),
    ("nimesis_at_boot", "stays_down"),
    ("killed_sync_remote", "continues"),
    ("alternate_stanza", "with_current_master"),
    ("session_drop_signal", "hup"),
    ("nimesis_group", "blank"),
)
FAULTS: tuple[tuple[str, dict[str, str]], ...] = (
    *((name, {"host": host}) for host in HOSTS for name in ("host_down", "ssh_refused", "nimesis_down", "partition")),
    *((name, {"host": host}) for host in HOSTS for name in ("backup_truncated", "backup_fs_full", "root_full")),
    *((name, {"host": host}) for host in HOSTS for name in ("lsnim_truncated", "banner_noise", "no_exit_status")),
    *((name, {"client": client}) for client in CLIENTS for name in ("client_down", "client_push_off")),
    *((name, {"client": client}) for client in CLIENTS for name in ("wrong_cpuid", "client_silent_success")),
    *(("sync_fails", {"phase": str(phase)}) for phase in (1, 4, 6, 7, 9, 11, 13)),
    ("client_niminfo_missing", {"client": "aix02"}),
    ("client_list_missing", {"client": "aix03"}),
    ("restore_refuses", {"host": "nimb"}),
    ("restore_refuses", {"host": "nima"}),
    ("sync_half_copied", {}),
    ("sync_unreplicated", {}),
    ("fs_unmounted", {"host": "nimb"}),
    ("levels_apart", {"host": "nimb"}),
    ("smit_running", {"host": "nima"}),
    ("cstate_busy", {"client": "aix03"}),
    ("stray_cron_sync", {"host": "nimb"}),
    ("name_resolution_broken", {"host": "nimb"}),
    ("nfs_blocked", {"host": "nima"}),
    ("wrong_host_key", {"host": "nimb"}),
    ("translated_messages", {"host": "nima"}),
    ("nimesis_duplicate_row", {"host": "nimb"}),
)
HOLDS = ("sync:3", "sync:7", "sync:11", "m_backup_db", "m_restore_db", "takeover:client=aix03", "takeover:update")
BY_HAND = {
    "stop nimesis": ("stopsrc", "-s", "nimesis"),
    "start nimesis": ("startsrc", "-s", "nimesis"),
    "remove a client": ("nim", "-o", "remove", "aix02"),
    "remove a resource": ("nim", "-o", "remove", "bosinst_ow"),
    "remove the record of nima": ("nim", "-o", "remove", "nima"),
    "remove the record of nimb": ("nim", "-o", "remove", "nimb"),
    "define nima": ("nim", "-o", "define", "-t", "alternate_master", "-a", "if1=find_net nima 0 ent0", "nima"),
    "define nimb": ("nim", "-o", "define", "-t", "alternate_master", "-a", "if1=find_net nimb 0 ent0", "nimb"),
    "comment a resource": ("nim", "-o", "change", "-a", "comments=by hand", "mksysb_aix01"),
    "back up": ("m_backup_db", "/tmp/by_hand.backup"),
}
DEFINITIONS = {
    "standalone": ("platform=chrp", "netboot_kernel=64", "if1=master_net aix03.example.com 0", "cable_type1=N/A"),
    "ent": ("net_addr=10.9.{}.0", "snm=255.255.255.0"),
}
GRANTED_SECONDS = 3.0
"""How long a command that is typed by hand may take before the walk goes on beside it: it is on hold somewhere."""


@dataclass
class Tally:
    """What a walk has done and seen, over all of its examples."""

    steps: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    judged: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)
    trail: list[str] = field(default_factory=list)
    examples: int = 0
    dags: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def total(self) -> int:
        return self.steps.total()


class Pair:
    """One lab of one world with an installation that looks after it, and the runs of it that are open."""

    def __init__(self, start: str, monkeypatch: pytest.MonkeyPatch, tally: Tally) -> None:
        self.tally = tally
        self._stack = ExitStack()
        self.folder = Path(tempfile.mkdtemp(prefix="nim-walk-"))
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        world = WorldSpec.model_validate({"name": start, "start": start, "clients": MACHINES})
        self.lab: Lab = self._stack.enter_context(running_lab(world, self.folder / "lab", pace=0.002))
        # what is on hold does not end by waiting: defer at once
        monkeypatch.setattr(jobs, "INLINE_SECONDS", 1)
        self.process = InProcess(Installation(self.lab, self.folder / "installation", monkeypatch), tally.dags)
        tally.dags = self.process._dags
        self.judge = Judge(self.lab)
        self.open: list[Stepwise] = []
        self.last: Stepwise | None = None
        self.held = False
        self._by_hand: list[threading.Thread] = []
        self._count = 0

    def close(self) -> None:
        self.tally.judged += self.judge.counts
        self.tally.states += self.judge.states
        self._stack.close()
        for thread in self._by_hand:
            thread.join(GRANTED_SECONDS)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is at work but the run that takes a step."""
        return not self.held and not any(thread.is_alive() for thread in self._by_hand)

    def begin(self, runbook: str, params: dict[str, Any]) -> Stepwise:
        self._count += 1
        run = Stepwise(self.process, runbook, params, f"manual__{self._count:04d}")
        self.open.append(run)
        return run

    def step(self, run: Stepwise) -> None:
        """Let a run do its next task, and judge it."""
        if run.is_waiting:
            self.release()
        quiet = self.is_quiet
        before = self.judge.look()
        task = run.step()
        try:
            self.judge.after_task(run, task, before, quiet=quiet and self.is_quiet)
        except Violation as violation:
            self.tally.violations.append(violation)
            raise
        if run.next_task is None:
            self.open.remove(run)
            self.last = run

    def finish(self, run: Stepwise) -> None:
        while run.next_task is not None:
            self.step(run)

    def by_hand(self, host: str, *argv: str) -> None:
        """Type a command at a host's console; one that is on hold goes on beside the walk."""
        self._beside(lambda: self.lab.admin(host, *argv))

    def define(self, host: str, kind: str = "standalone") -> None:
        """Define a client or a network that no database knows yet."""
        number = self.tally.total % 250
        words = [word for attribute in DEFINITIONS[kind] for word in ("-a", attribute.format(number))]
        self.by_hand(host, "nim", "-o", "define", "-t", kind, *words, f"new{number}")

    def break_fault(self, fault: str, arguments: dict[str, str]) -> None:
        self.tally.faults[fault] += 1
        self.lab.break_fault(fault, **arguments)

    def hold(self, point: str) -> None:
        self.lab.hold(point)
        self.held = True

    def release(self) -> None:
        """Let what is on hold go on, and wait until it has ended: the next step is judged as if alone."""
        self.lab.release()
        self.held = False
        for thread in self._by_hand:
            thread.join(GRANTED_SECONDS)
        deadline = time.monotonic() + GRANTED_SECONDS
        while self._is_at_work() and time.monotonic() < deadline:
            time.sleep(0.05)

    def mend(self) -> None:
        """Heal every fault, start and define what is missing, give the clients to nima, drop a copy that may be old."""
        self.release()
        self.lab.heal()
        for host in HOSTS:
            self.by_hand(host, *BY_HAND["start nimesis"])
            self.by_hand(host, *BY_HAND[f"define {PEER[host]}"])
        self.by_hand("nima", "nim", "-o", "takeover", "-a", "async=no", "nimb")
        (self.lab.tree("nimb") / "export/nim/mksysb/aix01.mksysb").unlink(missing_ok=True)

    def _is_at_work(self) -> bool:
        """Whether a command still changes something, or a job has more of them to come; one that was killed has not."""
        jobs = [self.lab.tree(host) / BASE / "jobs" / "change" for host in HOSTS]
        return any("end_seq" not in call for call in self.lab.changing()) or any(
            job.exists() and not (job / "status").exists() for job in jobs
        )

    def holder(self) -> str | None:
        """Return the run that the lock on a host names, as a person reads it there."""
        for host in HOSTS:
            owner = self.lab.tree(host) / BASE / "lock" / "owner"
            if owner.exists():
                return owner.read_text().partition("run=")[2].splitlines()[0]
        return None

    def _beside(self, work: Callable[[], object]) -> None:
        def attempt() -> None:
            try:
                work()
            except LabError:
                # the lab of this example has ended under a command on hold
                return

        thread = threading.Thread(target=attempt, daemon=True)
        thread.start()
        thread.join(GRANTED_SECONDS if self.held else None)
        self._by_hand.append(thread)


class Walk(RuleBasedStateMachine):
    """The steps of the walk. The simplest one is the next task of an ordinary night, so the simplest walk is nights."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tally: Tally) -> None:
        super().__init__()
        self._monkeypatch, self.tally = monkeypatch, tally
        self.pair: Pair

    def _goes(self, what: str, *how: object) -> bool:
        """Count a step that is about to be done; after a violation nothing is done any more, not even again."""
        if self.tally.violations:
            return False
        self.tally.steps[what] += 1
        self.tally.trail.append(" ".join(map(str, (what, *how))))
        return True

    @initialize(
        start=st.sampled_from(STARTS),
        switches=st.lists(st.sampled_from(SWITCHES), max_size=2),
        arm=st.sampled_from([True, True, False]),
    )
    def a_pair(self, *, start: str, switches: list[tuple[str, str]], arm: bool) -> None:
        self.tally.trail.clear()
        if not self._goes("begin", start, switches, arm):
            return
        self.tally.examples += 1
        self.pair = Pair(start, self._monkeypatch, self.tally)
        for name, value in switches:
            self.pair.lab.switch(name, value)
        if arm:
            self.pair.finish(self.pair.begin("nim_setup", {"source": "nima"}))

    def teardown(self) -> None:
        if hasattr(self, "pair"):
            self.pair.close()

    # --- runs ------------------------------------------------------------------------------------------

    @rule()
    def a_task(self) -> None:
        """The next task of the oldest run; a night begins where none is open."""
        if self._goes("task"):
            pair = self.pair
            pair.step(pair.open[0] if pair.open else pair.begin("nim_nightly_sync", {}))

    @rule()
    def a_task_of_the_youngest(self) -> None:
        if self._goes("task of the youngest run") and self.pair.open:
            self.pair.step(self.pair.open[-1])

    @rule()
    def the_rest(self) -> None:
        if self._goes("rest of the oldest run") and self.pair.open:
            self.pair.finish(self.pair.open[0])

    @rule(mended=st.booleans(), new=st.booleans())
    def whole_night(self, *, mended: bool, new: bool) -> None:
        """A night from its first task to its last, often of a pair that is well and has something new to copy."""
        if self._goes("whole night", mended, new):
            params = {}
            if mended:
                self.pair.mend()
                holder = self.pair.holder()
                params = {"reason": "that run is dead", "break_lock_of": holder} if holder else {}
            if new:
                self.pair.define("nima")
            self.pair.finish(self.pair.begin("nim_nightly_sync", params))

    @rule(data=st.data(), runbook=st.sampled_from(sorted(RUNBOOKS)), typed=st.booleans(), breaks=st.booleans())
    def begin(self, *, data: st.DataObject, runbook: str, typed: bool, breaks: bool) -> None:
        """A person triggers a runbook; nobody opens more than two runs at a time."""
        params = dict(data.draw(RUNBOOKS[runbook]))
        if typed or breaks:
            params["reason"] = "looked at by the walk"
        if self._goes("begin", runbook, params, breaks) and len(self.pair.open) < 2:
            if breaks:
                params["break_lock_of"] = self.pair.holder()
            self.pair.step(self.pair.begin(runbook, params))

    @rule()
    def worker_dies(self) -> None:
        """The oldest run is never heard of again; its lock and its jobs stay."""
        if self._goes("worker dies") and self.pair.open:
            self.pair.open.pop(0)

    @rule()
    def clear(self) -> None:
        """A person clears the task that failed in the last run."""
        if self._goes("clear") and self.pair.last is not None:
            run, self.pair.last = self.pair.last, None
            run.clear()
            if run.next_task is not None:
                self.pair.open.append(run)

    @rule(
        turns=st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(0, 6), st.integers(1, 4)),
        point=st.sampled_from(HOLDS[:3]),
    )
    def two_nights_at_once(self, turns: tuple[int, ...], point: str) -> None:
        """Two people press Trigger on one pair that is well; a command takes its time, and their tasks take turns."""
        if not self._goes("two nights at once", turns, point):
            return
        self.pair.mend()
        self.pair.define("nima")
        self.pair.hold(point)
        runs = [self.pair.begin("nim_nightly_sync", {}) for _ in range(2)]
        for number, tasks in enumerate(turns):
            for _ in range(tasks):
                run = runs[number % 2]
                if run.next_task is not None and not run.is_waiting:
                    self.pair.step(run)
        self.pair.release()
        for run in runs:
            self.pair.finish(run)

    # --- people ----------------------------------------------------------------------------------------

    @rule(host=st.sampled_from(["nimb", "nima"]), background=st.sampled_from(["no", "yes"]))
    def takeover_by_hand(self, host: str, background: str) -> None:
        if self._goes("takeover by hand", host, background):
            self.pair.by_hand(host, "nim", "-o", "takeover", "-a", f"async={background}", PEER[host])

    @rule(host=st.sampled_from(HOSTS), flag=st.sampled_from(["-F", "-F", ""]))
    def sync_by_hand(self, host: str, flag: str) -> None:
        if self._goes("sync by hand", host, flag):
            self.pair.by_hand(host, "nim", *filter(None, [flag]), "-o", "sync", "-a", "replicate=yes", PEER[host])

    @rule(host=st.sampled_from(["nimb", "nima"]), kind=st.sampled_from(["ent", "ent", "standalone"]))
    def define_by_hand(self, host: str, kind: str) -> None:
        if self._goes("define by hand", host, kind):
            self.pair.define(host, kind)

    @rule(host=st.sampled_from(HOSTS), what=st.sampled_from(sorted(BY_HAND)))
    def by_hand(self, host: str, what: str) -> None:
        if self._goes("other command by hand", host, what):
            self.pair.by_hand(host, *BY_HAND[what])

    @rule(host=st.sampled_from(HOSTS), size=st.sampled_from([0, 1000, 600_000]))
    def edit_by_hand(self, host: str, size: int) -> None:
        """Somebody writes a resource's file anew."""
        if self._goes("edit by hand", host, size):
            file = self.pair.lab.tree(host) / "export/nim/mksysb/aix01.mksysb"
            if file.exists():
                file.write_bytes(bytes([self.tally.total % 256]) * size)

    @rule()
    def mend(self) -> None:
        """Somebody puts right what is broken, so that nights can be done again."""
        if self._goes("mend"):
            self.pair.mend()

    # --- faults ----------------------------------------------------------------------------------------

    @rule(fault=st.sampled_from(FAULTS))
    def break_something(self, fault: tuple[str, dict[str, str]]) -> None:
        if self._goes("fault", *fault):
            self.pair.break_fault(*fault)

    @rule()
    def heal(self) -> None:
        if self._goes("heal"):
            self.pair.lab.heal()

    @rule(host=st.sampled_from(HOSTS))
    def reboot(self, host: str) -> None:
        """A host boots at once, also while a command on it is on hold."""
        if self._goes("reboot", host):
            self.pair.break_fault("reboot", {"host": host})

    @rule(host=st.sampled_from(HOSTS), number=st.integers(1, 12), at=st.sampled_from(["before", "start", "end"]))
    def cut_the_link(self, host: str, number: int, at: str) -> None:
        """The link breaks in one of the next commands."""
        if self._goes("cut link", host, number, at):
            self.pair.lab.heal("ssh_drop")
            self.pair.break_fault("ssh_drop", {"host": host, "nth": str(number), "at": at})

    @rule(point=st.sampled_from(HOLDS))
    def hold(self, point: str) -> None:
        """The next command that gets to this point takes its time."""
        if self._goes("hold", point):
            self.pair.hold(point)

    @rule()
    def release(self) -> None:
        if self._goes("release"):
            self.pair.release()
