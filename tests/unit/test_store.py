"""Evidence is added, never changed, and whole or not there, wherever it is kept."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from airflow.sdk.io import attach
from fsspec.implementations.memory import MemoryFileSystem

from nim_operators.evidence.records import RecoveryPointRecord, UnprovenSyncRecord
from nim_operators.files import EvidenceUnavailable
from nim_operators.nim.snapshot import ArmedDirection, Section
from nim_operators.store import EvidenceStore

DAG = "nim_nightly_sync_lab"
RUN = "scheduled__2026-11-22T01:00:00+00:00"
NOW = "20261127T020000Z"
POINT = RecoveryPointRecord(
    at="2026-11-22T02:00:00Z",
    source="nima",
    target="nimb",
    backup="",
    definitions=42,
    resources=2,
    files=7,
    bytes=123456,
    compared_by="checksum",
    verified=("spot_72", "lpp_72"),
    stale=(),
    fingerprints={},
    clients={"owned by source": 3},
    evidence="memory://x",
)
DIRECTION = ArmedDirection("nima", "nimb", "setup/1", "2026-11-22T01:00:00Z")


@pytest.fixture
def folder(tmp_path):
    base = tmp_path / "evidence"
    base.mkdir(mode=0o700)
    return base


@pytest.fixture
def memory():
    files = MemoryFileSystem()
    attach(protocol="memory", fs=files)
    yield "memory://evidence/here"
    files.store.clear()


@pytest.fixture(params=["file", "memory"])
def base(request):
    return (
        f"file://{request.getfixturevalue('folder')}" if request.param == "file" else request.getfixturevalue("memory")
    )


@pytest.fixture
def store(base):
    return EvidenceStore(base)


@pytest.fixture
def run(store):
    evidence = store.run("lab", DAG, RUN)
    begin(evidence)
    return evidence


def begin(evidence, digest="d1", began="2026-11-22T01:00:00Z"):
    return evidence.begin(
        pair="lab",
        runbook="nim_nightly_sync",
        source="nima",
        estate_digest=digest,
        requested_by="ada",
        started_at=began,
    )


def note(run, task_id, text):
    return run.write_record(task_id, "note", {"text": text})


# --- a run's folder ---------------------------------------------------------------------------------------


def test_a_run_has_one_folder_that_any_file_system_accepts(store, base):
    location = store.run("lab", DAG, RUN).location
    assert location == store.run("lab", DAG, RUN).location
    assert location == f"{base}/lab/runs/{DAG}/scheduled__2026-11-22T01-00-00-00-00-{sha(RUN)[:8]}"


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("one", "other"), [("a:b", "a-b"), ("a:b", "a+b"), ("x" * 90, "x" * 91), ("..", "."), ("é", "e")]
)
def test_two_runs_never_share_a_folder(memory, one, other):
    store = EvidenceStore(memory)
    locations = [store.run("lab", DAG, run_id).location for run_id in (one, other)]
    assert locations[0] != locations[1]
    for location in locations:
        assert ".." not in location
        assert "/." not in location


def test_what_a_run_is_stands_from_its_first_task_on(run, store):
    first = json.loads(run.read_text("run.json"))
    assert first == {
        "uid": sha(f"{DAG}/{RUN}")[:12],
        "pair": "lab",
        "runbook": "nim_nightly_sync",
        "source": "nima",
        "dag_id": DAG,
        "run_id": RUN,
        "started_at": "2026-11-22T01:00:00Z",
        "estate_digest": "d1",
        "reach_digest": "",
        "approval": {},
        "requested_by": "ada",
    }
    assert begin(store.run("lab", DAG, RUN), digest="d2", began="2026-11-22T09:00:00Z") == first


def test_records_come_back_in_the_order_of_writing(run):
    written = [note(run, "observe", "one"), note(run, "group.sync", "two"), note(run, "observe", "three")]
    assert written == [
        "records/observe/001-note.json",
        "records/group.sync/001-note.json",
        "records/observe/002-note.json",
    ]
    assert [(record.task_id, record.number, record.body["text"]) for record in run.read_records()] == [
        ("observe", 1, "one"),
        ("group.sync", 1, "two"),
        ("observe", 2, "three"),
    ]


def test_numbers_go_on_after_a_retry_in_another_process(run, base):
    note(run, "sync", "first try")
    note(EvidenceStore(base).run("lab", DAG, RUN), "sync", "second try")
    assert [record.body["text"] for record in run.read_records()] == ["first try", "second try"]


def test_a_task_has_its_records_in_order_even_where_a_later_try_ran_on_a_worker_with_a_slow_clock(run, store):
    note(run, "approve", "yes")
    note(run, "plan", "between")
    later = note(run, "approve", "no")
    record = json.loads(run.read(later))
    store._files.replace(f"{run._folder}/{later}", json.dumps({**record, "at": "2020-01-01T00:00:00+00:00"}).encode())
    assert [record.body["text"] for record in run.read_records()] == ["yes", "no", "between"]


def test_a_record_of_an_unknown_kind_is_a_mistake_of_ours(run):
    with pytest.raises(ValueError, match="'nonsense' is no kind of record; known are observation, assessment,"):
        run.write_record("observe", "nonsense", {})


def test_a_record_that_cannot_be_understood_is_never_left_out(run, store):
    file = note(run, "sync", "fine")
    store._files.replace(f"{run._folder}/{file}", b'{"kind": "note"}')
    with pytest.raises(EvidenceUnavailable) as caught:
        run.read_records()
    assert str(caught.value) == f"{run.location}/{file} cannot be understood: not a record: {{'kind': 'note'}}."


def test_half_a_record_is_never_left_out(run, store):
    file = note(run, "sync", "fine")
    store._files.replace(f"{run._folder}/{file}", b'{"kin')
    with pytest.raises(EvidenceUnavailable, match=r"001-note\.json cannot be understood: Unterminated string"):
        run.read_records()


def test_a_snapshot_of_a_second_try_stands_beside_the_first(run):
    sections = {"lsnim": Section("lsnim", 0, "master:\n", "")}
    assert run.write_snapshot("observe-before-nima", sections) == "snapshots/observe-before-nima.json"
    later = {"lsnim": Section("lsnim", 1, "", "0042-001\n")}
    assert run.write_snapshot("observe-before-nima", later) == "snapshots/observe-before-nima-2.json"
    assert json.loads(run.read_text("snapshots/observe-before-nima.json")) == [
        {"name": "lsnim", "exit": 0, "stdout": "master:\n", "stderr": ""}
    ]


def test_a_log_holds_exactly_the_bytes_that_its_digest_is_of(run, store):
    text = "phase 1\r\n\tphase 2 \udcff ü\n"
    log = run.write_log("sync.a1b2", text)
    content = store._files.read(f"{run._folder}/logs/sync.a1b2.log")
    assert content == b"phase 1\r\n\tphase 2 \\udcff \xc3\xbc\n"
    assert (log.file, log.sha256, log.lines) == ("logs/sync.a1b2.log", hashlib.sha256(content).hexdigest(), 2)


def test_a_log_is_kept_once_however_often_it_is_collected(run):
    first = run.write_log("sync.a1b2", "one\n")
    assert run.write_log("sync.a1b2", "one\n") == first
    assert run.write_log("sync.a1b2", "one\ntwo\n").file == "logs/sync.a1b2-2.log"
    assert run.read_text("logs/sync.a1b2.log") == "one\n"


def test_a_file_the_run_did_not_write_is_named(run):
    with pytest.raises(EvidenceUnavailable) as caught:
        run.read_text("page.html")
    assert str(caught.value) == f"{run.location}/page.html is not there; this run did not write it."


def test_nothing_secret_is_written_anywhere(run, store):
    canary = "Tr0ub4dor&<3>"
    kind = "OPENSSH PRIVATE KEY"  # in two pieces, or the commit hook takes it for a real one
    key = f"-----BEGIN {kind}-----\nb3BlbnNzaC1rZXktdjEAAAAABG5v\n-----END {kind}-----\n"
    run.mask([canary, key])
    note(run, "observe", f"login with {canary} failed")
    run.write_record("observe", "command", {"host": "nima", "line": f"echo {canary}", "changes": False})
    run.write_record("observe", "note", {"text": key, canary: [canary, {"password": "other"}]})
    run.write_snapshot("s", {"a": Section("a", 0, f"x={canary}\n", key)})
    run.write_log("job.1", f"line\nb3BlbnNzaC1rZXktdjEAAAAABG5v\n{canary}\n")
    run.write_record("observe", "step", {"result": "failed", "text": canary, "try_number": 1})
    conclusion = run.conclude("verdict", {}, {"observe": ["note"]})
    files = store._files.find("")
    assert len(files) == 11
    everything = "".join(store._files.read(file).decode() for file in files) + conclusion.text
    for spelling in (canary, "Tr0ub4dor&amp;&lt;3&gt;", "b3BlbnNza", "Tr0ub4dor", '"other"'):
        assert spelling not in everything
    assert "login with *** failed" in everything


# --- conclusion -------------------------------------------------------------------------------------------


def test_a_conclusion_leaves_verdict_page_and_text(run):
    note(run, "observe", "seen")
    step = {
        "try_number": 1,
        "began_at": "2026-11-22T01:00:00Z",
        "ended_at": "2026-11-22T01:00:05Z",
        "result": "done",
    }
    run.write_record("observe", "step", step)
    conclusion = run.conclude("verdict", {"observe": "success"}, {"observe": ["note"]})
    assert conclusion.verdict.verdict == "done"
    assert json.loads(run.read_text("verdict.json"))["verdict"] == "done"
    assert run.read_text("page.txt") == conclusion.text
    assert sha(conclusion.text) == conclusion.text_sha256
    assert "VERDICT: done" in conclusion.text
    assert conclusion.page == f"{run.location}/page.html"
    assert "<!DOCTYPE html>" in run.read_text("page.html")
    assert "records/observe/001-note.json" in conclusion.text


def test_a_second_conclusion_keeps_the_record_of_the_first(run):
    first = run.conclude("verdict", {}, {"observe": ["note"]})
    note(run, "observe", "seen")
    run.write_record("observe", "step", {"result": "done", "try_number": 1})
    second = run.conclude("verdict", {}, {"observe": ["note"]})
    given = [record.body for record in run.read_records() if record.kind == "verdict"]
    assert given == [
        {
            "verdict": "incomplete",
            "reason": "observe recorded no end; Airflow calls it nothing yet.",
            "page_sha256": first.text_sha256,
        },
        {
            "verdict": "done",
            "reason": "Every required step recorded its read-back.",
            "page_sha256": second.text_sha256,
        },
    ]
    assert json.loads(run.read_text("verdict.json"))["verdict"] == "done"


# --- what a pair remembers --------------------------------------------------------------------------------


def test_a_direction_is_remembered_until_the_next(store):
    assert store.remembered_direction("lab") is None
    store.remember_direction("lab", DIRECTION)
    turned = ArmedDirection("nimb", "nima", "takeover/2", "2026-11-23T01:00:00Z")
    store.remember_direction("lab", turned)
    assert store.remembered_direction("lab") == turned
    assert store.remembered_direction("other") is None


@pytest.mark.parametrize("content", [b"", b"[]", b'{"source": "nima"}', b"\xff"])
def test_a_direction_that_cannot_be_understood_never_counts_as_none(store, content):
    store._files.replace("lab/direction.json", content)
    with pytest.raises(EvidenceUnavailable, match=r"lab/direction\.json cannot be understood \(.*put it right\."):
        store.remembered_direction("lab")


def test_the_recovery_point_is_the_last_one(store):
    assert store.recovery_point("lab") is None
    store.write_recovery_point("lab", POINT)
    later = replace(POINT, at="2026-11-23T02:00:00Z")
    store.write_recovery_point("lab", later)
    assert store.recovery_point("lab") == later


# --- backups ----------------------------------------------------------------------------------------------


def test_a_backup_is_kept_byte_for_byte(store, base):
    content = bytes(range(256)) * 4
    address = store.write_backup("lab", "nima", "20261122T020003Z-u1.tar", content)
    assert address == f"{base}/lab/backups/nima/20261122T020003Z-u1.tar"
    assert store.read_backup("lab", "nima", "20261122T020003Z-u1.tar") == content
    assert store.write_backup("lab", "nima", "20261122T020003Z-u1.tar", content) == address


def test_a_kept_backup_is_never_overwritten(store):
    store.write_backup("lab", "nima", "20261122T020003Z.tar", b"old")
    with pytest.raises(EvidenceUnavailable, match=r"20261122T020003Z\.tar holds another backup already; move it"):
        store.write_backup("lab", "nima", "20261122T020003Z.tar", b"new")
    assert store.read_backup("lab", "nima", "20261122T020003Z.tar") == b"old"


def test_a_backup_that_is_gone_is_named(store):
    with pytest.raises(EvidenceUnavailable, match=r"20261122T020003Z\.tar is not there; take a new backup\."):
        store.read_backup("lab", "nima", "20261122T020003Z.tar")


def test_a_backup_without_a_time_in_front_is_a_mistake_of_ours(store):
    with pytest.raises(ValueError, match=r"'nima\.tar' does not begin with a UTC time"):
        store.write_backup("lab", "nima", "nima.tar", b"")


def test_the_oldest_backups_go_and_other_masters_keep_theirs(store):
    names = [f"2026112{day}T020003Z.tar" for day in range(1, 6)]
    for name in reversed(names):
        store.write_backup("lab", "nima", name, b"x")
    store.write_backup("lab", "nimb", names[0], b"x")
    assert store.backups("lab", "nima") == names
    assert store.prune_backups("lab", "nima", keep=2, now=NOW) == names[:3]
    assert store.backups("lab", "nima") == names[3:]
    assert store.backups("lab", "nimb") == names[:1]
    assert store.prune_backups("lab", "nima", keep=2, now=NOW) == []


def test_a_clock_that_was_wrong_costs_no_backup(store):
    names = ["20200101T020003Z.backup", *(f"2026112{day}T020003Z.backup" for day in range(1, 4))]
    for name in (*names, "20310101T020003Z.backup", "20310102T020003Z.backup"):
        store.write_backup("lab", "nima", name, b"x")
    assert store.prune_backups("lab", "nima", keep=2, now=NOW, made=names[:1]) == names[1:2]


def test_the_backup_of_the_last_recovery_point_outlives_retention(store):
    names = [f"2026112{day}T020003Z.tar" for day in range(1, 6)]
    addresses = [store.write_backup("lab", "nima", name, b"x") for name in names]
    store.write_recovery_point("lab", replace(POINT, backup=addresses[1]))
    assert store.prune_backups("lab", "nima", keep=1, now=NOW) == [names[0], names[2], names[3]]
    assert store.backups("lab", "nima") == [names[1], names[4]]


def test_the_backup_from_before_a_sync_outlives_retention_until_that_sync_is_settled(store):
    names = [f"2026112{day}T020003Z.backup" for day in range(1, 4)]
    addresses = [store.write_backup("lab", "nimb", name, b"x") for name in names]
    store.write_unproven_sync("lab", UnprovenSyncRecord("nimb", "a_dag/a_run", addresses[0], "/backups/first"))
    assert store.unproven_sync("lab", "nima") is None
    assert store.prune_backups("lab", "nimb", keep=1, now=NOW) == [names[1]]
    store.settle_sync("lab", "nimb")
    assert store.unproven_sync("lab", "nimb") is None
    assert store.prune_backups("lab", "nimb", keep=1, now=NOW) == [names[0]]


# --- where it is kept -------------------------------------------------------------------------------------


def test_local_files_are_private(folder):
    os.umask(os.umask(0))
    old = os.umask(0)
    try:
        store = EvidenceStore(str(folder))
        run = store.run("lab", DAG, RUN)
        begin(run)
        note(run, "observe", "x")
        store.remember_direction("lab", DIRECTION)
        store.write_backup("lab", "nima", "20261122T020003Z.tar", b"x")
    finally:
        os.umask(old)
    below = list(folder.rglob("*"))
    assert {stat.S_IMODE(path.stat().st_mode) for path in below if path.is_file()} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in below if path.is_dir()} == {0o700}


def test_a_plain_path_is_a_local_folder(folder):
    assert EvidenceStore(f"{folder}/").run("lab", "d", "r").location == f"file://{folder}/lab/runs/d/r"


def test_a_cut_in_the_middle_of_a_write_leaves_the_old_file(folder, monkeypatch):
    store = EvidenceStore(str(folder))
    store.remember_direction("lab", DIRECTION)

    def cut(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", cut)
    with pytest.raises(EvidenceUnavailable) as caught:
        store.remember_direction("lab", ArmedDirection("nimb", "nima", "x", "y"))
    assert str(caught.value) == (
        f"file://{folder}/lab/direction.json cannot be written: No space left on device. Give Airflow's user "
        "the right and the room, or name another place in NIM_OPERATORS_EVIDENCE or as 'evidence' in the "
        "estate file."
    )
    assert store.remembered_direction("lab") == DIRECTION


def test_what_a_cut_leaves_is_no_record(folder, monkeypatch):
    run = EvidenceStore(str(folder)).run("lab", DAG, RUN)
    note(run, "observe", "one")

    def cut(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", cut)
        with pytest.raises(KeyboardInterrupt):
            note(run, "observe", "two")
    note(run, "observe", "three")
    assert [record.body["text"] for record in run.read_records()] == ["one", "three"]


def test_two_tries_that_live_at_once_lose_no_record(folder):
    run = EvidenceStore(str(folder)).run("lab", DAG, RUN)
    with ThreadPoolExecutor(8) as pool:
        files = list(pool.map(lambda number: note(run, "sync", str(number)), range(64)))
    assert len(set(files)) == 64
    assert sorted(int(record.body["text"]) for record in run.read_records()) == list(range(64))


def test_a_missing_folder_is_never_made(tmp_path):
    base = tmp_path / "not-mounted"
    sentence = (
        f"The evidence folder {base} does not exist. Make or mount it, writable for Airflow's user only, "
        "or name another one in NIM_OPERATORS_EVIDENCE or as 'evidence' in the estate file."
    )
    store = EvidenceStore(str(base))
    for attempt in (
        lambda: store.remembered_direction("lab"),
        lambda: store.remember_direction("lab", DIRECTION),
        lambda: store.run("lab", DAG, RUN).read_records(),
        lambda: store.prune_backups("lab", "nima", 3, now=NOW),
        lambda: begin(store.run("lab", DAG, RUN)),
    ):
        with pytest.raises(EvidenceUnavailable) as caught:
            attempt()
        assert str(caught.value) == sentence
    assert not base.exists()


def test_a_file_in_the_way_is_named(folder):
    (folder / "lab").write_text("in the way")
    with pytest.raises(EvidenceUnavailable, match=r"lab/direction\.json cannot be written: "):
        EvidenceStore(str(folder)).remember_direction("lab", DIRECTION)


def test_a_store_that_airflow_does_not_know_is_named():
    store = EvidenceStore("nosuch://bucket/nim")
    with pytest.raises(EvidenceUnavailable) as caught:
        store.remembered_direction("lab")
    assert str(caught.value).startswith(
        "nosuch://bucket/nim/lab/direction.json cannot be read: Unsupported filesystem: 'nosuch'. Give"
    )


def test_making_a_store_touches_nothing(tmp_path):
    EvidenceStore(str(tmp_path / "later")).run("lab", DAG, RUN)
    assert list(Path(tmp_path).iterdir()) == []
