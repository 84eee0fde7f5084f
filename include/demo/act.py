"""One act of the demo's story: a run of one DAG, watched, with the answers that persons give on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from include.demo.api import RUN_ENDED, AirflowApi, Json, TaskInstance
from include.demo.configuration import APPROVERS, OPERATOR
from include.demo.ground_truth import Call, Estate, calls, estate
from include.demo.judgement import Exit, Finding, judge
from include.demo.polling import wait_until
from include.demo.purposes import PURPOSES
from include.demo.report import Report, xcoms_of
from include.demo.stage import Stage

RUN_WITHIN = timedelta(minutes=6)
BEGUN_WITHIN = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person answers where a task waits for one."""

    chosen: str
    params: Json = field(default_factory=dict)
    user: str = APPROVERS[0]


@dataclass(frozen=True, slots=True)
class Scene:
    """Where an act is played: the stage, the pair, the fault that is on, and who tells of it."""

    stage: Stage
    pair: str
    fault: str | None
    report: Report

    def ground_truth(self) -> Estate:
        """Return what is true in the lab now."""
        lab = self.stage.labs[self.pair]
        return estate(lab.state(), lab.trees())


@dataclass(frozen=True, slots=True)
class Played:
    """A run that is over: Airflow's word, the product's, and what the lab received and became meanwhile."""

    dag_id: str
    run_id: str
    state: str
    tasks: Sequence[TaskInstance]
    verdict: Json
    events: Sequence[Json]
    before: Estate
    after: Estate
    calls: Sequence[Call]

    @property
    def word(self) -> str:
        """The verdict in one word, empty if none was given."""
        return str(self.verdict.get("verdict", ""))

    def evidence_is_there(self) -> Finding:
        """Look for the page of the run's evidence where its verdict says that it is."""
        page = str(self.verdict.get("page", ""))
        is_there = page.startswith("file://") and Path(urlsplit(page).path).is_file()
        return Finding("the evidence has a page where the verdict says", is_there, "" if is_there else page or "none")


@dataclass(frozen=True, slots=True)
class Act:
    """A chapter of the story: its name, its title, and what plays it and says what it amounted to."""

    name: str
    title: str
    play: Callable[[Scene], Exit]


def play(
    scene: Scene,
    runbook: str,
    *,
    conf: Json | None = None,
    answers: Mapping[str, Answer] | None = None,
    is_scheduled: bool = False,
) -> Played:
    """Run the DAG of *runbook* for the scene's pair once, as the operator on duty, and tell each step.

    :param conf: what is typed into the trigger form.
    :param answers: by task, what is answered when it waits for a person.
    :param is_scheduled: whether to switch the DAG on and watch the run that its schedule begins, not to trigger one.
    """
    airflow, lab = scene.stage.airflow, scene.stage.labs[scene.pair]
    dag_id = f"{runbook}__{scene.pair}"
    airflow.wait_for_dag(dag_id)
    before, mark = scene.ground_truth(), lab.state()["seq"]
    with airflow.api_as(OPERATOR) as api:
        api.set_paused(dag_id, paused=False)
        run_id = _first_run(api, dag_id) if is_scheduled else api.trigger(dag_id, conf)
        left = dict(answers or {})
        seen: dict[str, str | None] = {}

        def look() -> str | None:
            airflow.check()
            state = api.run_state(dag_id, run_id)
            tasks = api.task_instances(dag_id, run_id)
            _tell_changes(seen, tasks, scene.report)
            for task in tasks:
                if task.state == "awaiting_input" and task.task_id in left:
                    _answer(scene, dag_id, run_id, task.task_id, left.pop(task.task_id))
            return state if state in RUN_ENDED else None

        state = wait_until(look, within=RUN_WITHIN, what=f"run {run_id} to end")
        tasks = api.task_instances(dag_id, run_id)
        played = Played(
            dag_id=dag_id,
            run_id=run_id,
            state=state,
            tasks=tasks,
            verdict=xcoms_of(api, dag_id, run_id, "verdict"),
            events=api.asset_events(dag_id, run_id),
            before=before,
            after=scene.ground_truth(),
            calls=calls(lab.log(after=mark)),
        )
        scene.report.steps(dag_id, run_id, tasks)
        scene.report.skips(api, dag_id, run_id, tasks)
        repeats = "verdict" if played.word else ""  # it says again what failed, beside its word
        scene.report.failures(api, dag_id, run_id, [task for task in tasks if task.task_id != repeats])
    return played


def conclude(scene: Scene, played: Played, findings: Sequence[Finding]) -> Exit:
    """Tell what a run without a fault came to: its own word, whom the clients name, what the checker found."""
    report = scene.report
    report.say(f"\nWhat the product says: {played.word or 'no verdict'}. {played.verdict.get('reason', '')}")
    report.say(f"The page of the run: {played.verdict.get('page', 'none')}")
    report.changes(played.calls)
    report.owners(played.before, played.after)
    every = [*findings, played.evidence_is_there()]
    report.findings(every)
    exit_code, sentence = judge(played.state, played.word, every, None)
    report.result(exit_code, sentence)
    return exit_code


def _first_run(api: AirflowApi, dag_id: str) -> str:
    def look() -> str | None:
        return next(iter(api.run_ids(dag_id)), None)

    return wait_until(look, within=BEGUN_WITHIN, what=f"the schedule of {dag_id} to begin a run")


def _answer(scene: Scene, dag_id: str, run_id: str, task_id: str, answer: Answer) -> None:
    asked = scene.stage.airflow.api.question(dag_id, run_id, task_id)
    scene.report.say(f"  {task_id} asks: {asked['subject']}")
    scene.report.say(f"  {answer.user} answers: {answer.chosen}")
    scene.stage.airflow.approve(dag_id, run_id, task_id, user=answer.user, chosen=answer.chosen, params=answer.params)


def _tell_changes(seen: dict[str, str | None], tasks: Sequence[TaskInstance], report: Report) -> None:
    for task in tasks:
        if task.start is not None and seen.get(task.task_id) != task.state:
            has_just_begun = bool(task.try_number) and task.task_id not in seen
            purpose = f"  ({PURPOSES[task.task_id]})" if has_just_begun else ""
            seen[task.task_id] = task.state
            report.say(f"  {task.task_id}: {task.state}{purpose}")
