"""A random walk through the life of a pair: runbooks task by task, faults, and people who work by hand meanwhile.

The machine draws what happens; the hosts, the shell, SSH and the operators are real, and :mod:`tests.lab.judge` judges
after each task. No precondition depends on what the hosts answered: a step that has nothing to do does nothing, so that
the same draws always mean the same steps. Some rules draw a whole story, a night or a disaster, because its single
steps would hardly ever be drawn in this order; what happens in its middle is drawn too.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.lab.life import Pair, Tally
from tests.lab.mishaps import (
    BEFORE_A_NIGHT,
    BEFORE_A_REPAIR,
    BY_HAND,
    DISASTERS,
    FAULTS,
    HOLDS,
    HOSTS,
    SPOT,
    STARTS,
    SWITCHES,
)
from tests.lab.stepwise import Stepwise

FORM = {"reason": st.just("firmware update"), "change_ticket": st.just("CHG0042")}
WHY = {"reason": st.just("nima is gone")}
REPAIRS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "nim_rebuild_spot": st.fixed_dictionaries({**WHY, "spot": st.just(SPOT), "rehearsal": st.booleans()}),
    "nim_repair_client": st.fixed_dictionaries(
        {**WHY, "client": st.sampled_from(["aix02", "aix03"]), "rehearsal": st.booleans()}
    ),
    "nim_reset_clients": st.fixed_dictionaries({**WHY, "rehearsal": st.booleans()}),
}
RUNBOOKS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "nim_nightly_sync": st.just({}),
    "nim_setup": st.fixed_dictionaries({"source": st.sampled_from(["nima", "nimb"])}),
    "nim_planned_takeover": st.fixed_dictionaries({**FORM, "rehearsal": st.booleans()}),
    "nim_disaster_failover": st.fixed_dictionaries({**WHY, "rehearsal": st.booleans()}),
    "nim_reprotect": st.fixed_dictionaries(WHY),
    "nim_give_back": st.fixed_dictionaries({**FORM, "rehearsal": st.booleans()}),
    "nim_reattach": st.fixed_dictionaries(WHY),
    "nim_watch": st.just({}),
    **REPAIRS,
}
"""Every runbook, one line each: its DAG's stem and what a person fills into its trigger form."""

TURNS = st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(2, 6), st.integers(1, 5))
"""How many tasks each of two runs gets in turn: both look, the first comes to its sync, the other goes on."""


class Walk(RuleBasedStateMachine):
    """The steps of the walk. The simplest one is the next task of an ordinary night, so the simplest walk is nights."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tally: Tally, most: int) -> None:
        super().__init__()
        self._monkeypatch, self.tally, self._most = monkeypatch, tally, most
        self.pair: Pair

    def _goes(self, what: str, *how: object) -> bool:
        """Tell whether the walk goes on; after a violation nothing is done any more, not even again."""
        if self.tally.violations or self.tally.total >= self._most:
            return False
        self.tally.trail.append(" ".join(map(str, (what, *how))))
        return True

    @initialize(
        start=st.sampled_from(STARTS),
        switches=st.lists(st.sampled_from(SWITCHES), max_size=2),
        arm=st.sampled_from([True, True, False]),
    )
    def a_pair(self, *, start: str, switches: list[tuple[str, str]], arm: bool) -> None:
        if self._goes("begin", start, switches, arm):
            self.tally.trail[:-1] = []
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

    @rule(which=st.sampled_from(["oldest", "oldest", "youngest", "rest", "dies", "clear"]))
    def a_run_goes_on(self, which: str) -> None:
        """One task more of a run that is open, or all that are left; its worker dies; a person clears what failed."""
        if not self._goes("runs go on", which):
            return
        pair = self.pair
        if which == "clear":
            pair.clear()
        elif not pair.open:
            pair.step(pair.begin("nim_nightly_sync", {}))
        elif which == "rest":
            pair.finish(pair.open[0])
        elif which == "dies":
            pair.open.pop(0)
        else:
            pair.step(pair.open[-1 if which == "youngest" else 0])

    @rule(mended=st.booleans(), new=st.booleans())
    def whole_night(self, *, mended: bool, new: bool) -> None:
        """A night from its first task to its last, often of a pair that is well and has something new to copy."""
        if self._goes("whole night", mended, new):
            if mended:
                self.pair.mend()
            if new:
                self.pair.define("nima")
            self._night(mended=mended)

    @rule(done=st.sampled_from(BEFORE_A_NIGHT))
    def night_after_somebody(self, done: tuple[str, str]) -> None:
        """Somebody works by hand on the standby of a pair that is well, and the night finds it."""
        if self._goes("night after", *done):
            host, what = done
            self.pair.mend()
            self.pair.define("nima")
            if what == "a network":
                self.pair.define(host, "ent")
            else:
                self.pair.by_hand(host, *BY_HAND[what])
            self._night(mended=True)

    def _night(self, *, mended: bool) -> None:
        holder = self.pair.holder() if mended else None
        self.pair.finish(self.pair.begin("nim_nightly_sync", _typed({}, holder) if holder else {}))

    @rule(data=st.data(), runbook=st.sampled_from(sorted(RUNBOOKS)), typed=st.booleans(), tasks=st.integers(1, 12))
    def begin(self, *, data: st.DataObject, runbook: str, typed: bool, tasks: int) -> None:
        """A person triggers a runbook and it gets so far; nobody opens more than two runs at a time."""
        params = dict(data.draw(RUNBOOKS[runbook]))
        if self._goes("begin", runbook, params, typed, tasks) and len(self.pair.open) < 2:
            if typed:
                params = _typed(params, self.pair.holder())
            self._go(self.pair.begin(runbook, params), tasks)

    @rule(
        data=st.data(),
        pair=st.sampled_from([("nim_nightly_sync",) * 2, ("nim_nightly_sync", "nim_planned_takeover")]),
        turns=TURNS,
        point=st.sampled_from(HOLDS[:3]),
    )
    def two_at_once(self, *, data: st.DataObject, pair: tuple[str, str], turns: tuple[int, ...], point: str) -> None:
        """Two people press Trigger on one pair that is well; a command takes its time, and their tasks take turns."""
        forms = [dict(data.draw(RUNBOOKS[runbook])) for runbook in pair]
        if not self._goes("two at once", pair, turns, point):
            return
        self.pair.mend()
        self.pair.define("nima")
        self.pair.hold(point)
        runs = [self.pair.begin(runbook, form) for runbook, form in zip(pair, forms, strict=True)]
        for number, tasks in enumerate(turns):
            self._go(runs[number % 2], tasks)
        self.pair.release()
        for run in runs:
            self.pair.finish(run)

    @rule(
        how=st.sampled_from(DISASTERS),
        away=st.integers(0, 8),
        typed=st.booleans(),
        then=st.lists(st.sampled_from(["nim_watch", "nim_reprotect", "nim_reattach", "nim_give_back"]), max_size=3),
    )
    def disaster(self, *, how: tuple[str, dict[str, str]], away: int, typed: bool, then: list[str]) -> None:
        """The active master is lost in a night, the alternate takes over, and it is back after so many tasks."""
        if not self._goes("disaster", *how, away, typed, then):
            return
        self.pair.mend()
        self.pair.define("nima")
        self.pair.break_fault(*how)
        if how[0] == "host_dies_at":
            self._night(mended=True)
        params = {"reason": "nima is gone"}
        rescue = self.pair.begin("nim_disaster_failover", _typed(params, self.pair.holder()) if typed else params)
        self._go(rescue, away)
        self.pair.heal()
        self.pair.finish(rescue)
        for runbook in then:
            form = {**params, "change_ticket": "CHG0042"} if runbook == "nim_give_back" else params
            self.pair.finish(self.pair.begin(runbook, {} if runbook == "nim_watch" else form))

    @rule(
        data=st.data(),
        how=st.sampled_from(BEFORE_A_REPAIR),
        runbook=st.sampled_from(sorted(REPAIRS)),
        away=st.integers(0, 8),
        again=st.booleans(),
    )
    def repair(
        self, *, data: st.DataObject, how: tuple[str, dict[str, str]], runbook: str, away: int, again: bool
    ) -> None:
        """Something of a pair that is well is to be repaired; what is in the way goes after so many tasks."""
        params = {**data.draw(REPAIRS[runbook]), "rehearsal": False}
        if not self._goes("repair", *how, runbook, params, away, again):
            return
        self.pair.mend()
        self.pair.break_fault(*how)
        run = self.pair.begin(runbook, _typed(params, self.pair.holder()))
        self._go(run, away)
        self.pair.heal()
        self.pair.finish(run)
        if again:
            self.pair.finish(self.pair.begin(runbook, _typed(params, self.pair.holder())))

    def _go(self, run: Stepwise, tasks: int) -> None:
        for _ in range(tasks):
            if run.next_task is not None and not run.is_waiting:
                self.pair.step(run)

    # --- people and faults -------------------------------------------------------------------------------

    @rule(
        host=st.sampled_from(["nimb", "nima"]),
        what=st.sampled_from([*sorted(BY_HAND), "a network", "a client", "an image", "half an image"]),
    )
    def by_hand(self, host: str, what: str) -> None:
        if self._goes("by hand", host, what):
            if what in BY_HAND:
                self.pair.by_hand(host, *BY_HAND[what])
            elif what.endswith("image"):
                self.pair.edit(host, 1000 if what.startswith("half") else 600_000)
            else:
                self.pair.define(host, "ent" if what == "a network" else "standalone")

    @rule(fault=st.sampled_from([*FAULTS, *(("reboot", {"host": host}) for host in HOSTS * 3)]))
    def break_something(self, fault: tuple[str, dict[str, str]]) -> None:
        """A fault; a host boots at once, also while a command on it is on hold."""
        if self._goes("fault", *fault):
            self.pair.break_fault(*fault)

    @rule(host=st.sampled_from(HOSTS), number=st.integers(1, 12), at=st.sampled_from(["before", "start", "end"]))
    def cut_the_link(self, host: str, number: int, at: str) -> None:
        """The link breaks in one of the next commands."""
        if self._goes("cut link", host, number, at):
            self.pair.heal("ssh_drop")
            self.pair.break_fault("ssh_drop", {"host": host, "nth": str(number), "at": at})

    @rule(point=st.sampled_from([*HOLDS, ""]))
    def hold(self, point: str) -> None:
        """The next command that gets to this point takes its time; what takes its time already ends."""
        if self._goes("hold", point or "no more"):
            if point:
                self.pair.hold(point)
            else:
                self.pair.release()

    @rule(all_of_it=st.booleans())
    def put_right(self, *, all_of_it: bool) -> None:
        """Somebody heals what is broken, or puts right all there is, so that nights can be done again."""
        if self._goes("put right", "all" if all_of_it else "faults"):
            if all_of_it:
                self.pair.mend()
            else:
                self.pair.heal()


def _typed(params: dict[str, Any], holder: str | None) -> dict[str, Any]:
    """Fill in what overrides the law, and whose lock is broken."""
    why = "looked at by the walk"
    reason = {"override": why} if "reason" in params else {"reason": why}
    return {**params, **reason, **({"break_lock_of": holder} if holder else {})}
