"""A hand-made run: one night on which the sync went well and one resource was found half copied."""

from __future__ import annotations

import pytest

from nim_operators.evidence.records import Stored

TEXT = "nimb is no recovery point: spot_72 is partial (usr/lib/a.o: 10 of 4096 bytes)."

RUN = {
    "uid": "3f9d0c1b2a4e",
    "pair": "lab",
    "runbook": "nim_nightly_sync",
    "dag_id": "nim_nightly_sync__lab",
    "run_id": "scheduled__2026-11-22T01:00:00+00:00",
    "started_at": "2026-11-22T01:00:02+00:00",
    "estate_digest": "605bbb0c",
    "requested_by": "scheduled",
}
BACKUP = {
    "master": "nima",
    "path": "file:///e/lab/backups/nima/x.backup",
    "size_bytes": 20480,
    "algorithm": "SHA-256",
    "digest_on_host": "aa11",
    "digest_here": "aa11",
    "members": ["a", "b", "c", "d", "e", "f"],
    "nim_level": "7.2.5.100",
    "stamp": "20261122T010010Z",
}
FINDINGS = [
    {
        "check": "client_level",
        "severity": "warns",
        "subject": "web2",
        "saw": "The level of web2 is not known.",
        "remedy": "Make nimsh on web2 answer.",
        "evidence": [],
    },
    {
        "check": "target_only",
        "severity": "blocks",
        "subject": "script_b",
        "saw": "Only nimb has <script_b>.",
        "remedy": "Allow it by name in the estate file.",
        "evidence": ["script_b:", "   class = resources"],
    },
]
OWNERSHIP = {
    "source": "nima",
    "target": "nimb",
    "summary": {"owned by source": 1, "owned by target": 0, "split": 0, "silent": 1, "elsewhere": 0},
    "rows": [
        {
            "client": "web1",
            "verdict": "owned by source",
            "databases": {"nima": "nima", "nimb": None},
            "own_word": ["nima.example.com"],
            "asked": ["c_rsh from nima"],
            "remarks": [],
        },
        {
            "client": "web2",
            "verdict": "silent",
            "databases": {"nima": "nima", "nimb": "nima"},
            "own_word": [],
            "asked": ["c_rsh from nima"],
            "remarks": ["0042-006 connection refused"],
        },
    ],
}
ASSESSMENT = {
    "source": "nima",
    "target": "nimb",
    "diagnosis": {"state": "healthy", "meaning": "Both masters serve.", "reasons": []},
    "permission": "go",
    "findings": FINDINGS,
    "ownership": OWNERSHIP,
}
RECORDS = [
    ("observe", "00:03", "observation", {"master": "nima", "reachable": True, "clock": "2026-11-22T01:00:03Z",
     "counts": {"objects": 42, "clients": 2}, "snapshot_file": "snapshots/observe-before-nima.json"}),
    ("observe", "00:04", "observation", {"master": "nimb", "reachable": False, "absence": "no route",
     "reason": "EHOSTUNREACH", "counts": {}}),
    ("observe", "00:05", "assessment", ASSESSMENT),
    ("observe", "00:06", "step", {"try_number": 1, "result": "done", "began_at": "2026-11-22T01:00:02Z"}),
    ("backup", "00:10", "command", {"host": "nima", "line": "m_backup_db /var/x", "changes": True}),
    ("backup", "00:12", "job", {"job": "backup.1", "kind": "backup", "host": "nima", "begun_by": "r",
     "outcome": {"exited": 0}, "log_file": "logs/backup.1.log", "log_sha256": "bb22", "lines": 7}),
    ("backup", "00:13", "backup", BACKUP),
    ("backup", "00:14", "step", {"try_number": 1, "result": "done", "began_at": "2026-11-22T01:00:09Z"}),
    ("sync", "00:20", "direction", {"source": "nima", "target": "nimb", "recorded_by": "setup",
     "recorded_at": "2026-11-01"}),
    ("sync", "00:21", "command", {"host": "nima", "line": "nim -o sync -a replicate=yes alt",
     "changes": True}),
    ("sync", "24:21", "job", {"job": "sync.1", "kind": "sync", "host": "nima", "begun_by": "r",
     "outcome": {"exited": 0}, "log_file": "logs/sync.1.log", "log_sha256": "cc33", "lines": 310}),
    ("sync", "24:22", "sync", {"completed": True, "phases": [1, 2, 3], "replicated": ["spot_72"],
     "unfinished": [], "automatic_backup": "/export/nim/backups/x"}),
    ("sync", "24:23", "drift", {"rows": []}),
    ("sync", "24:24", "step", {"try_number": 1, "result": "done", "began_at": "2026-11-22T01:24:23Z"}),
    ("verify", "24:30", "command", {"host": "nimb", "line": "ls -l", "changes": False,
     "outcome": {"exited": 2}, "seconds": 0.25, "stderr": "ls: not found"}),
    ("verify", "24:31", "contents", {"rows": [
        {"resource": "lpp_72", "condition": "equal", "by_checksum": True, "files": []},
        {"resource": "spot_72", "condition": "partial", "by_checksum": False,
         "files": ["usr/lib/a.o: 10 of 4096 bytes", "usr/lib/b.o: not on the target"]}]}),
    ("verify", "24:31", "drift", {"rows": [{"name": "net1", "what": "networks ent",
     "kind": "defined differently", "attributes": {"routing": [["default 10.0.0.1"], []]}}]}),
    ("verify", "24:32", "note", {"text": "Looked twice."}),
    ("verify", "24:33", "step", {"try_number": 1, "result": "failed", "error": "NotReadBack", "text": TEXT,
     "began_at": "2026-11-22T01:24:26Z"}),
]  # fmt: skip
REQUIRED = {
    "observe": ["assessment"],
    "backup": ["backup"],
    "sync": ["drift"],
    "verify": ["contents", "recovery_point"],
}
FILES = ["run.json", "verdict.json", "page.html", "page.txt", "logs/sync.1.log"]


@pytest.fixture
def run():
    return dict(RUN)


@pytest.fixture
def required():
    return dict(REQUIRED)


@pytest.fixture
def files():
    return list(FILES)


@pytest.fixture
def records():
    """Return the records of the night, numbered as the store numbers them."""
    return numbered(RECORDS)


def numbered(rows):
    count = {}
    found = []
    for task_id, clock, kind, body in rows:
        count[task_id] = count.get(task_id, 0) + 1
        found.append(Stored(task_id, count[task_id], kind, f"2026-11-22T01:{clock}+00:00", body))
    return found
