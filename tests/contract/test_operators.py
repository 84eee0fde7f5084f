"""Rules that every operator, sensor and trigger of the package keeps, found by looking, not by listing."""

from __future__ import annotations

import importlib
import importlib.resources
import inspect
import json
import pkgutil
from collections.abc import Iterator

import pytest
from airflow.sdk.types import TaskInstanceKey

import nim_operators
from nim_operators.get_provider_info import get_provider_info
from nim_operators.links import EvidenceLink, evidence_address
from nim_operators.operators.base import NimOperator
from nim_operators.operators.jobs import NimJobOperator
from nim_operators.operators.precheck import NimPrecheckOperator
from nim_operators.operators.put_back import NimPutBackOperator
from nim_operators.operators.verdict import NimVerdictOperator
from nim_operators.triggers.client_state import ClientStateTrigger
from nim_operators.triggers.job import JobTrigger
from nim_operators.triggers.nimesis import NimesisTrigger
from nim_operators.triggers.waiting import WaitingTrigger

BLOCK = ("Reads:", "Changes:", "Safe to repeat:", "If interrupted:", "Undo:")

TRIGGERS: tuple[WaitingTrigger, ...] = (
    JobTrigger(
        jobs=[
            {
                "host": "nima",
                "slot": "change",
                "job": "sync.1",
                "kind": "sync",
                "run": "r",
                "state": "running",
                "attached": False,
                "conn_id": "nim_lab_a",
                "lines": 4,
                "stream": True,
            }
        ],
        deadline=1_800_000_000.5,
    ),
    NimesisTrigger(master="nimb", conn_id="nim_lab_b", every_seconds=5.0, deadline=1_800_000_000.5),
    ClientStateTrigger(
        master="nima", conn_id="nim_lab_a", every_seconds=30.0, set_aside=["vios9"], deadline=1_800_000_000.5
    ),
)


def _modules(package: str) -> Iterator[str]:
    folder = importlib.import_module(f"nim_operators.{package}")
    for found in pkgutil.iter_modules(folder.__path__):
        yield f"nim_operators.{package}.{found.name}"


def _classes(base: type) -> list[type]:
    for package in ("operators", "sensors", "triggers"):
        for module in _modules(package):
            importlib.import_module(module)
    known: list[type] = []
    waiting = [base]
    while waiting:
        for found in waiting.pop().__subclasses__():
            waiting.append(found)
            known.append(found)
    return sorted({found for found in known if found.__module__.startswith("nim_operators.")}, key=str)


OPERATORS = [found for found in _classes(NimOperator) if found is not NimJobOperator]


def test_the_package_has_operators_and_triggers() -> None:
    assert len(OPERATORS) >= 8
    assert {type(trigger) for trigger in TRIGGERS} == set(_classes(WaitingTrigger))


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda found: found.__name__)
def test_operator_says_what_it_reads_changes_and_leaves(operator: type[NimOperator]) -> None:
    text = inspect.getdoc(operator) or ""
    missing = [word for word in BLOCK if word not in text]
    assert missing == [] or (operator.__name__.endswith("Sensor") and "Changes: nothing" in text)


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda found: found.__name__)
def test_operator_defines_its_step(operator: type[NimOperator]) -> None:
    if issubclass(operator, NimJobOperator):
        assert operator.requests is not NimJobOperator.requests
        assert operator.finish is not NimJobOperator.finish
    else:
        assert operator.act is not NimOperator.act


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda found: found.__name__)
def test_operator_is_built_without_touching_anything(operator: type[NimOperator]) -> None:
    own = {NimVerdictOperator: {"required": {"observe": []}}, NimPutBackOperator: {"proves": ["sync"]}}.get(
        operator, {}
    )
    built = operator(task_id="step", pair="nowhere", runbook="nim_nightly_sync", **own)
    assert built.pair == "nowhere"


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda found: found.__name__)
def test_operator_is_named_in_the_provider_info(operator: type[NimOperator]) -> None:
    info = get_provider_info()
    named = [module for kind in ("operators", "sensors") for entry in info[kind] for module in entry["python-modules"]]
    assert operator.__module__ in named


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda found: found.__name__)
def test_operator_leads_to_the_evidence_of_its_run(operator: type[NimOperator]) -> None:
    has_page_of_its_run = operator.evidence_of is NimOperator.evidence_of
    assert [link.name for link in operator.operator_extra_links] == (["Evidence"] if has_page_of_its_run else [])


def test_the_link_is_made_of_names_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://jobs.example.com/airflow")
    monkeypatch.setenv("NIM_OPERATORS_ESTATE", "/nowhere.yaml")
    observe = NimPrecheckOperator(task_id="observe", pair="lab", runbook="nim_nightly_sync")
    key = TaskInstanceKey("nim_nightly_sync__lab", "observe", "manual__2026-11-22T01:00:00+00:00", 1)
    assert EvidenceLink().get_link(observe, ti_key=key) == (
        "https://jobs.example.com/airflow/nim-evidence/lab/nim_nightly_sync__lab/"
        "manual__2026-11-22T01%3A00%3A00%2B00%3A00/page.html"
    )


def test_the_link_works_without_a_configured_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW__API__BASE_URL", raising=False)
    assert evidence_address("lab", "d", "r") == "/nim-evidence/lab/d/r/page.html"


def test_the_link_is_named_in_the_provider_info() -> None:
    assert get_provider_info()["extra-links"] == [f"{EvidenceLink.__module__}.{EvidenceLink.__name__}"]


@pytest.mark.parametrize("kind", ["operators", "sensors", "hooks", "triggers"])
def test_every_module_of_the_provider_info_can_be_imported(kind: str) -> None:
    for entry in get_provider_info()[kind]:
        for module in entry["python-modules"]:
            importlib.import_module(module)


@pytest.mark.parametrize("trigger", TRIGGERS, ids=lambda found: type(found).__name__)
def test_trigger_is_rebuilt_equal_from_what_it_serialises(trigger: WaitingTrigger) -> None:
    path, arguments = trigger.serialize()
    module, _, name = path.rpartition(".")
    sent = json.loads(json.dumps(arguments))
    rebuilt = getattr(importlib.import_module(module), name)(**sent)
    assert rebuilt.serialize() == trigger.serialize()


@pytest.mark.parametrize("trigger", TRIGGERS, ids=lambda found: type(found).__name__)
def test_trigger_serialises_every_constructor_argument(trigger: WaitingTrigger) -> None:
    wanted = set(inspect.signature(type(trigger).__init__).parameters) - {"self"}
    assert set(trigger.serialize()[1]) == wanted


def test_a_trigger_without_its_own_wait_is_refused_when_it_is_defined() -> None:
    with pytest.raises(TypeError, match="must define arguments"):
        type("Forgetful", (WaitingTrigger,), {})


def test_the_package_is_typed() -> None:
    assert importlib.resources.files(nim_operators).joinpath("py.typed").is_file()
