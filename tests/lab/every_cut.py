"""Cut the link once in every command that a run sends, in as few runs as that takes.

A command is known by what it does and where: the task that sends it, the host, the script with what that is asked to
do, and which one of these it is in a try of the task. A look that is repeated because its link was cut is the same
command. So the tries of one run lose the link in one command after the other, until a try gets through; whatever that
run did not send any more, since a look had found its work done, is cut in the next one, on a pair that is new again.

The commands are counted as they leave; that these are all of them is compared with the log of the lab, which also is
what cuts the link and says what became of the hosts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from include.lab import Lab
from nim_operators.remote.transport import Ended, Host
from tests.lab.in_process import InProcess, ProcessGone
from tests.lab.runbook import Finished

TRIES = 60
"""More than any step has commands: an installation decides how often Airflow tries again."""
CLEARS = 30
EVERY_JOB = 1000
"""Kept on a host to the end, so that its log can be compared with the evidence; else the oldest of so many tries go."""
RUNS = 8
HOSTS = ("nima", "nimb")
BASE = "var/adm/nim_operators"

Begin = Callable[[], InProcess]
"""Makes a pair as it is right before the run, and an installation that looks after it."""


@dataclass(frozen=True)
class Story:
    """
    A run of a runbook on a pair that *begin* makes, what a person fills into its form, and its verdict.

    ``sends`` says how many commands it sends at most to the first and to the second master. ``spared`` is the master
    without which this run goes on: it rightly gives up one whose link goes down twice in a try.
    """

    begin: Begin
    runbook: str
    form: Mapping[str, Any]
    sends: tuple[int, int]
    ends: str = "done"
    spared: str = ""


@dataclass(frozen=True, order=True)
class Command:
    """One command of a run; ``number`` tells which of those that do the same in a try of its task."""

    task: str
    host: str
    does: str
    number: int


def what_it_does(script: str) -> str:
    """Return the name of a script, and those of its values that say what it is asked to do."""
    name = re.findall(r"^# (\w+)\.ksh - ", script, re.MULTILINE)[-1]
    settings = re.match(r"nim_operators_script\(\) \{\n((?:[A-Z_]+='.*'\n)*)", script)
    assert settings is not None
    values = dict(re.findall(r"^(\w+)='(.*)'$", settings[1], re.MULTILINE))
    return " ".join([name, *(values[key] for key in ("ACTION", "SLOT", "KIND", "CLIENT") if key in values)])


@dataclass
class Link:
    """
    Lets the lab cut the link in each command that was not cut before; in none where ``at`` is empty.

    That to the host which is ``spared`` is cut once in each try of a task; before a second command of it would be cut,
    the process of the task is gone.
    """

    lab: Lab
    at: str
    spared: str
    cut: set[Command] = field(default_factory=set)
    sent: list[Command] = field(default_factory=list)
    _task: str = ""
    _has_spared: bool = False
    _counted: Counter[tuple[str, str]] = field(default_factory=Counter)

    def begin(self, task: str) -> None:
        """Count anew: a task begins or is tried again."""
        self._task = task
        self._has_spared = False
        self._counted.clear()

    def put_before(self, patch: pytest.MonkeyPatch) -> None:
        """See every command that is sent from now on."""
        run = Host.run

        async def seen(host: Host, script: str, **options: Any) -> Ended:
            command = self._name(host.name, script)
            is_left = bool(self.at) and command not in self.cut
            if is_left and host.name == self.spared:
                if self._has_spared:
                    raise ProcessGone
                self._has_spared = True
            self.sent.append(command)
            if not is_left:
                return await run(host, script, **options)
            self._counted[command.host, command.does] -= 1
            mark = self.lab.mark()
            self.lab.break_fault("ssh_drop", host=host.name, nth=1, at=self.at)
            try:
                return await run(host, script, **options)
            finally:
                self.lab.heal("ssh_drop", host=host.name)
                if self.lab.log(event="command", after=mark, host=host.name):  # it got there, over a link that was up
                    self.cut.add(command)

        patch.setattr(Host, "run", seen)

    def _name(self, host: str, script: str) -> Command:
        does = what_it_does(script)
        self._counted[host, does] += 1
        return Command(self._task, host, does, self._counted[host, does])


class Watched(InProcess):
    """Runs whose commands are counted by task and try."""

    link: Link

    @classmethod
    def of(cls, airflow: InProcess, link: Link) -> Watched:
        """Go on with the runs of *airflow*."""
        watched = cls(airflow.installation, airflow._dags)
        watched._count = airflow._count
        watched.link = link
        return watched

    def _carry_out(self, task: Any, *rest: Any) -> None:
        self.link.begin(task.task_id)
        super()._carry_out(task, *rest)


@dataclass(frozen=True)
class End:
    """A run that has come to its end, and what it left on the hosts."""

    run: Finished
    sent: tuple[Command, ...]
    changed: Counter[str]
    """Every command that may have changed NIM; not the backups, which are read, and may be taken once more."""
    hosts: str
    kept: dict[str, dict[str, str]]

    def demand_like(self, whole: End) -> None:
        """Fail unless this run left what *whole* left, and sent what changes NIM as often."""
        assert (self.run.verdict, self.run.tasks) == (whole.run.verdict, whole.run.tasks), self.run.reason
        assert self.changed == whole.changed, (self.changed - whole.changed, whole.changed - self.changed)
        assert self.hosts == whole.hosts
        assert self.kept == whole.kept, (self.kept, whole.kept)


Nth = tuple[str, int, str]
"""A host, which of its commands, and where in that one the link is cut."""


def play(story: Story, *, at: str = "", cut: set[Command] | None = None, nth: Nth | None = None) -> End:
    """
    Play a story to its end.

    Where a look saw nothing for want of a link and the run was refused, a person clears what failed.

    :param at: where the link is cut, ``start`` or ``end`` of each command that is not in *cut* yet; empty for nowhere.
    :param nth: or in one command only.
    """
    airflow = story.begin()
    lab, link = airflow.lab, Link(airflow.lab, at, story.spared, set() if cut is None else cut)
    watched = Watched.of(airflow, link)
    mark = lab.mark()
    if nth:
        lab.break_fault("ssh_drop", host=nth[0], nth=nth[1], at=nth[2])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nim_operators.remote.pair.SECOND_LOOK_SECONDS", 0)
        patch.setattr("nim_operators.operators.put_back.SECOND_LOOK_SECONDS", 0)
        patch.setattr("nim_operators.remote.job._KEPT", EVERY_JOB)
        link.put_before(patch)
        run = watched.run(story.runbook, tries=TRIES, **story.form)
        for _ in range(CLEARS if at or nth else 0):
            if run.verdict == story.ends:
                break
            run = watched.clear(run, *failed_and_below(watched, story, run), tries=TRIES, **story.form)
    assert run.verdict == story.ends, run.reason
    demand_same_logs(lab, run)
    demand_all_seen(lab, mark, link.sent, undisturbed=not at and not nth)
    changed = [" ".join([call["host"], *call["argv"]]) for call in lab.changing(after=mark)]
    return End(
        run,
        tuple(link.sent),
        Counter(re.sub(r"\d{8}T\d{6}Z", "STAMP", line) for line in changed if "m_backup_db" not in line),
        lab.state_hash(),
        {host: kept_on(lab, host) for host in HOSTS},
    )


def cut_every_command(story: Story, whole: End, at: str) -> None:
    """
    Fail unless runs that lose the link in every command of *whole*, which nothing disturbed, end like it.

    :param at: where in a command: ``start`` or ``end``, see the lab's fault ``ssh_drop``.
    """
    assert len(whole.sent) > len(whole.run.tasks), "a run that sends next to nothing shows nothing"
    cut: set[Command] = set()
    for _ in range(RUNS):
        before = len(cut)
        play(story, at=at, cut=cut).demand_like(whole)
        assert len(cut) > before, "a run sent nothing of what is left"
        if set(whole.sent) <= cut:
            return
    pytest.fail(f"never cut: {sorted(set(whole.sent) - cut)}")


def failed_and_below(airflow: InProcess, story: Story, run: Finished) -> set[str]:
    """
    What a person clears: the tasks that failed and, as Airflow proposes, everything downstream of them.

    The backups as well, as the product says: they were taken under a lock that was given back since.
    """
    failed = [task for task, state in run.tasks.items() if state == "failed"]
    dag = airflow.dag(story.runbook)
    backup = {"backup"} & set(run.tasks)
    return {
        *failed,
        *backup,
        *(below for task in failed for below in dag.get_task(task).get_flat_relative_ids(upstream=False)),
    }


def demand_all_seen(lab: Lab, mark: int, sent: list[Command], *, undisturbed: bool) -> None:
    """Fail if the lab's own log has other commands than were counted; over a link that was cut some never arrive."""
    log = lab.log(event="command", after=mark)
    assert len(log) == len(sent) or (len(log) < len(sent) and not undisturbed), (len(log), len(sent))
    read = Counter((one["host"], what_it_does(text)) for one in log if is_whole(text := lab.script(one["seq"]) or ""))
    assert read <= Counter((one.host, one.does) for one in sent)


def is_whole(script: str) -> bool:
    return script.endswith("exit $?\n")


def demand_same_logs(lab: Lab, run: Finished) -> None:
    """Fail unless the evidence has every line of each job's log exactly once."""
    for record in run.records("job"):
        log = (lab.tree(record["host"]) / BASE / "done" / record["job"] / "log").read_text()
        assert (run.evidence / record["log_file"]).read_text() == log


def kept_on(lab: Lab, host: str) -> dict[str, str]:
    """What the product keeps on a master when no run is at work: no lock, no open job; a direction, perhaps a fence."""
    base = lab.tree(host) / BASE
    names = (str(path.relative_to(base)) for path in base.rglob("*") if path.is_file() or path.is_symlink())
    kept = dict.fromkeys(sorted(name for name in names if not name.startswith(("done/", "backups/"))), "")
    if "direction" in kept:
        kept["direction"] = (base / "direction").read_text().partition("\n")[0]
    return kept
