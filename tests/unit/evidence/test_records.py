"""Records are plain JSON that says what happened, and what cannot be read never counts as nothing."""

from __future__ import annotations

import json

import pytest

from nim_operators.evidence.records import (
    KINDS,
    AssessmentRecord,
    BackupRecord,
    CommandRecord,
    JobRecord,
    ObservationRecord,
    Stored,
    safe_name,
)
from nim_operators.nim.outcome import Exited, Killed, Unknown


def test_every_kind_is_known_by_the_name_its_class_gives():
    assert {kind: body.KIND for kind, body in KINDS.items()} == {kind: kind for kind in KINDS}
    assert {"observation", "assessment", "command", "job", "backup", "step", "verdict", "note"} <= set(KINDS)


@pytest.mark.parametrize(
    ("outcome", "written"),
    [
        (Exited(0), {"exited": 0}),
        (Killed("TERM"), {"killed": "TERM"}),
        (Unknown("link lost"), {"unknown": "link lost"}),
    ],
)
def test_an_outcome_is_never_a_bare_number(outcome, written):
    body = JobRecord("sync.1", "sync", "nima", "run", outcome, "logs/sync.1.log", "ab", 7).to_json()
    assert body["outcome"] == written
    assert json.loads(json.dumps(body)) == body


def test_what_is_not_known_is_left_out():
    assert CommandRecord("nima", "lsnim", changes=False).to_json() == {
        "host": "nima",
        "line": "lsnim",
        "changes": False,
    }
    assert ObservationRecord("nimb", reachable=False, absence="no route", reason="x").to_json() == {
        "master": "nimb",
        "reachable": False,
        "counts": {},
        "absence": "no route",
        "reason": "x",
    }


def test_tuples_become_lists():
    body = BackupRecord("nima", "file:///x", 1, "SHA-256", "a", "a", ("one", "two"), None, "s").to_json()
    assert body["members"] == ["one", "two"]
    assert "nim_level" not in body


def test_an_assessment_stays_as_it_is():
    assert AssessmentRecord({"permission": "go", "findings": []}).to_json() == {
        "permission": "go",
        "findings": [],
    }


def test_a_stored_record_comes_back_as_it_was():
    record = Stored("sync", 3, "note", "2026-11-22T01:00:00+00:00", {"text": "x"})
    assert Stored.from_json(json.loads(json.dumps(record.to_json()))) == record
    assert record.file == "records/sync/003-note.json"


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"task_id": "a", "number": "1", "kind": "note", "at": "x", "body": {}},
        {"task_id": "a", "number": 1},
    ],
)
def test_another_shape_is_no_record(value):
    with pytest.raises(ValueError, match="not a record: "):
        Stored.from_json(value)


@pytest.mark.parametrize("name", ["observe", "group.sync", "nim_nightly_sync__lab", "x" * 80])
def test_a_plain_name_stays(name):
    assert safe_name(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "a\\b", "a b", "ä", "x" * 81, "a\n", "../../etc"])
def test_any_other_name_becomes_one_that_leads_nowhere_else(name):
    safe = safe_name(name)
    assert safe != name
    assert not set(safe) & set('/\\ \n:*?"<>|')
    assert not safe.startswith(".")
    assert len(safe) <= 89
