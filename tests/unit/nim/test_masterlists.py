"""Who lists both masters by its own file, who does not, and what would keep a push from telling it."""

from __future__ import annotations

import pytest

from nim_operators.nim.assess import assess
from nim_operators.nim.commands import CommandPaths
from nim_operators.nim.facts import facts_of
from nim_operators.nim.masterlists import plan_reset, unlisted
from nim_operators.nim.plan import NoPlan
from nim_operators.nim.runbooks import Runbook

from .worlds import HOST, A, B, answer, client, drop, pair, put, say, silence

BOTH = (HOST[A], HOST[B])
SWITCH_ON = "Switch it on, start nimsh (startsrc -s nimsh), open ports 3901 and 3902."
REFUSED = "0042-006 c_rsh: (From_Master) connect Connection refused"


def among(*answers):
    """The healthy pair whose three clients say this, in the order lpar1, lpar2, vios1; the others list both."""
    said = {one.client: one for one in answers}
    return say(pair(), *(said.get(name, answer(name)) for name in ("lpar1", "lpar2", "vios1")))


def plan(view):
    assessment = assess(view, Runbook.RESET_CLIENTS, "run-1")
    return plan_reset(facts_of(view, "run-1"), CommandPaths(), assessment)


def test_nobody_is_named_where_every_client_lists_both():
    assert unlisted(facts_of(pair())) == ()
    done = plan(pair())
    assert (done.commands, done.subject) == ((), {"clients": "", "not_reached": ""})
    assert done.told == ("Every client that answers lists both masters already",)


@pytest.mark.parametrize(
    ("lists", "sentence"),
    [
        ((), "Its own /etc/niminfo has no NIM_MASTER_HOSTNAME_LIST."),
        ((HOST[A],), "Its NIM_MASTER_HOSTNAME_LIST, 'nima.example.com', lacks nimb."),
        ((HOST[B],), "Its NIM_MASTER_HOSTNAME_LIST, 'nimb.example.com', lacks nima."),
        (("old.example.com", HOST[A], HOST[B]), "'old.example.com nima.example.com nimb.example.com', does not begin"),
        ((HOST[B], HOST[A]), "'nimb.example.com nima.example.com', does not begin with nima."),
    ],
)
def test_a_client_is_named_that_does_not_list_both_with_its_master_first(lists, sentence):
    (found,) = unlisted(facts_of(among(answer("lpar2", lists=lists))))
    assert (found.client, found.answers, found.is_reached) == ("lpar2", True, True)
    assert sentence in found.saw
    assert found.remedy == "Trigger nim_repair_client for it, or run niminit on it."


def test_a_third_master_behind_both_is_no_fault():
    assert unlisted(facts_of(among(answer("lpar2", lists=(*BOTH, "third.example.com"))))) == ()


@pytest.mark.parametrize(
    ("said", "more", "answers", "saw", "remedy"),
    [
        (
            silence("lpar2", why=REFUSED),
            {},
            False,
            f"To c_rsh from nima it said: {REFUSED}",
            SWITCH_ON,
        ),
        (
            silence("lpar2", why="0042-001 SSL handshake failed"),
            {},
            False,
            "To c_rsh from nima it said: 0042-001 SSL handshake failed",
            "Fetch the target's certificate on it: 'nimclient -c'.",
        ),
        (
            answer("lpar2", lists=(HOST[A],)),
            {"control": "SUSPENDED push_off"},
            True,
            "Its NIM_MASTER_HOSTNAME_LIST, 'nima.example.com', lacks nimb. control = SUSPENDED push_off",
            "Run 'nimclient -p' on it.",
        ),
        (
            answer("lpar2", lists=(HOST[A],), calls_itself="lpar9"),
            {},
            True,
            "To c_rsh from nima the host that answered calls itself lpar9.",
            "Look up its name on nima, and mend the name service or /etc/hosts there.",
        ),
    ],
)
def test_one_that_no_push_will_reach_is_named_with_cause_and_remedy(said, more, answers, saw, remedy):
    (found,) = unlisted(facts_of(put(among(said), A, client("lpar2", **more))))
    assert (found.answers, found.is_reached, found.remedy) == (answers, False, remedy)
    assert found.saw.endswith(saw)


def test_one_that_names_the_other_master_is_named():
    (found,) = unlisted(facts_of(among(answer("lpar2", HOST[B], lists=(HOST[B], HOST[A])))))
    assert found.saw == "Its own /etc/niminfo names nimb.example.com, not nima."


def test_the_plan_has_the_exact_line_and_every_client_by_name():
    view = among(answer("lpar1", lists=()), silence("lpar2", why=REFUSED))
    made = plan(view)
    assert [(one.host, one.line) for one in made.commands] == [
        (A, "/usr/sbin/nim -F -o sync -a replicate=yes -a reset_clients=yes nimb")
    ]
    assert made.subject == {"clients": "lpar1", "not_reached": "lpar2"}
    assert made.told[0] == "It is pushed to every client, 3 in all, and nimb gets the database as in a night"
    assert made.told[2:] == (
        "lpar1: Its own /etc/niminfo has no NIM_MASTER_HOSTNAME_LIST.",
        f"lpar2 will not be reached: To c_rsh from nima it said: {REFUSED} {SWITCH_ON}",
    )
    assert plan(among(answer("lpar1", lists=()))).digest != made.digest


def test_silent_clients_alone_are_no_reason_to_send_anything():
    made = plan(among(silence("lpar2", why=REFUSED)))
    assert (made.commands, made.subject["not_reached"]) == ((), "lpar2")


def test_without_a_name_for_the_target_nothing_can_be_planned():
    with pytest.raises(NoPlan, match="no single alternate_master object for nimb"):
        plan(drop(pair(), A, "nimb"))
