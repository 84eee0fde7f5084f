from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from nim_operators.evidence.plantext import aim_of, plan_text

RECORD: dict[str, Any] = {
    "digest": "ab12",
    "plan": {
        "runbook": "planned takeover",
        "source": "nima",
        "target": "nimb",
        "final_sync": "sent before the takeover",
        "why_no_sync": "",
        "commands": [["nima", "/usr/sbin/nim -Fo sync nimb"], ["nimb", "/usr/sbin/nim -o takeover nima"]],
        "clients": ["lpar1", "lpar2", "lpar3"],
        "to_move": ["lpar1", "lpar2"],
        "stays": ["lpar2"],
        "there": ["lpar3"],
        "obstacles": [
            {
                "client": "lpar2",
                "obstacles": [{"cause": "cannot be reached", "saw": "It said nothing.", "remedy": "Switch it on."}],
            }
        ],
        "bytes_to_copy": 6000 * 1024 * 1024,
        "lost": [],
    },
    "asked": {
        "reason": "firmware",
        "change_ticket": "CHG1",
        "threshold": 90,
        "window_minutes": 120,
        "copy_rate": 50,
        "recovery_target_minutes": 30,
    },
    "idle": False,
    "rehearsal": False,
    "recovery_point": {"at": "2026-11-01T02:10:00Z", "source": "nima", "target": "nimb"},
}

TEXT = """\
### planned takeover of pair berlin: nimb takes over 2 clients from nima

- Reason: firmware (change CHG1)
- Clients: 2 to move, 1 of them known not to follow,
  1 there already
- Below 90 % moved the armed direction is not turned, and they may be given back
- Recovery target: 30 minutes
- Last recovery point: 2026-11-01T02:10:00Z (nima to nimb)
- Final sync: sent before the takeover
- It copies 6000 MiB, about 2 minutes at 50 MiB/s: fits the window of 120 minutes

#### Commands

    nima: /usr/sbin/nim -Fo sync nimb
    nimb: /usr/sbin/nim -o takeover nima

#### Clients to move (2)

lpar1, lpar2

#### Clients that will not or may not follow (1)

- **lpar2**: cannot be reached. It said nothing. Switch it on.

Digest of this plan: `ab12`"""


def record(plan: dict[str, Any] | None = None, asked: dict[str, Any] | None = None, **other: Any) -> dict[str, Any]:
    changed = deepcopy(RECORD)
    changed["plan"].update(plan or {})
    changed["asked"].update(asked or {})
    return {**changed, **other}


def test_the_whole_plan_is_told():
    assert plan_text(RECORD, "berlin") == TEXT


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (record(rehearsal=True), "**Rehearsal: nothing of this will be sent.**"),
        (record({"lost": ["lpar9 is on nima alone."]}), "not known there:\n  - lpar9 is on nima alone.\n"),
        (
            record({"clients": [], "to_move": []}),
            "of pair berlin: nimb becomes the standby of nima, its database replaced by a copy\n",
        ),
        (record(asked={"change_ticket": ""}), "- Reason: firmware\n"),
        (record(recovery_point=None), "- Last recovery point: **none**"),
        (record(asked={"window_minutes": 2}), "at 50 MiB/s: **does not fit** the window of 2 minutes"),
        (record({"final_sync": "not possible", "why_no_sync": "One.\nTwo."}), "not possible\n  > One.\n  > Two.\n"),
        (record({"commands": []}), "    none: every client names the target already"),
        (record({"to_move": [f"lpar{n}" for n in range(1000)]}), "lpar39 and 960 more"),
        (record({"obstacles": 42 * RECORD["plan"]["obstacles"]}), "- and 2 more; see the plan in the evidence"),
    ],
    ids=[
        "rehearsal",
        "lost",
        "no clients",
        "no ticket",
        "no recovery point",
        "too long",
        "no sync",
        "idle",
        "many clients",
        "many obstacles",
    ],
)
def test_what_differs_is_told(changed, told):
    assert told in plan_text(changed, "berlin")


@pytest.mark.parametrize(
    ("plan", "aim"),
    [
        ({"to_move": ["lpar1"]}, "nimb takes over 1 client from nima"),
        ({"to_move": []}, "nimb takes over 0 clients from nima"),
        ({"clients": [], "to_move": []}, "nimb becomes the standby of nima, its database replaced by a copy"),
        ({"aim": "the SPOT spot_a of nima is built anew"}, "the SPOT spot_a of nima is built anew"),
    ],
    ids=["one client", "nobody left", "a standby", "its own words"],
)
def test_what_is_approved_is_said_in_a_few_words(plan, aim):
    assert aim_of(record(plan)["plan"]) == aim


def test_what_is_not_to_be_copied_takes_no_line():
    assert "MiB" not in plan_text(record({"bytes_to_copy": 0}), "berlin")


def test_nobody_is_listed_where_nobody_stands_in_the_way():
    assert "will not or may not follow" not in plan_text(record({"obstacles": []}), "berlin")
