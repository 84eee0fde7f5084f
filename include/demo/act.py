"""One act of the demo's story: a run of one DAG, watched, with the answers that persons give on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from include.demo.api import RUN_ENDED, Json, TaskInstance
from include.demo.ground_truth import Call, Estate, calls, estate
from include.demo.judgement import Exit
from include.demo.polling import wait_until
from include.demo.report import Report, xcoms_of
from include.demo.stage import Stage

RUN_WITHIN = timedelta(minutes=6)
OPERATOR = "olga"
APPROVER = "anton"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person answers where a task waits for one."""

    chosen: str
    params: Json = field(default_factory=dict)
    user: str = APPROVER


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


@dataclass(frozen=True, slots=True)
class Act:
    """A chapter of the story: its title, and what plays it and says what it amounted to."""

    title: str
    play: Callable[[Scene], Exit]


def play(
    scene: Scene, runbook: str, *, conf: Json | None = None, answers: Mapping[str, Answer] | None = None
) -> Played:
    """Run the DAG of *runbook* for the scene's pair once, as the operator on duty, and tell each step.

    :param conf: what is typed into the trigger form.
    :param answers: by task, what is answered when it waits for a person.
    """
    airflow, lab = scene.stage.airflow, scene.stage.labs[scene.pair]
    dag_id = f"{runbook}__{scene.pair}"
    airflow.wait_for_dag(dag_id)
    before, mark = scene.ground_truth(), lab.state()["seq"]
    with airflow.api_as(OPERATOR) as api:
        api.set_paused(dag_id, paused=False)
        run_id = api.trigger(dag_id, conf)
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
        scene.report.failures(api, dag_id, run_id, tasks)
    return played


def _answer(scene: Scene, dag_id: str, run_id: str, task_id: str, answer: Answer) -> None:
    asked = scene.stage.airflow.api.question(dag_id, run_id, task_id)
    scene.report.say(f"  {task_id} asks: {asked['subject']}")
    scene.report.say(f"  {answer.user} answers: {answer.chosen}")
    scene.stage.airflow.approve(dag_id, run_id, task_id, user=answer.user, chosen=answer.chosen, params=answer.params)


def _tell_changes(seen: dict[str, str | None], tasks: Sequence[TaskInstance], report: Report) -> None:
    for task in tasks:
        if task.start is not None and seen.get(task.task_id) != task.state:
            seen[task.task_id] = task.state
            report.say(f"  {task.task_id}: {task.state}")
