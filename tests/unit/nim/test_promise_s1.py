"""Promise S1 over random worlds, judged on the words put into them, not by the code under test."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from nim_operators.nim.assess import assess
from nim_operators.nim.law import Permission
from nim_operators.nim.pair import PairView
from nim_operators.nim.runbooks import Runbook
from nim_operators.nim.snapshot import ClientAnswer, OwnRecords, Snapshot
from tests.unit.nim import worlds
from tests.unit.nim.worlds import HOST, A, B, answer, armed, client, pair, silence

NAMES_OF_A = ("nima", "nima.example.com", "NIMA", "10.1.1.1", "nima.example.com.")
NAMES_OF_B = ("nimb", "nimb.example.com", "Nimb.Example.Com", "10.1.1.2")
OTHERS = ("nimc", "nima.other.org", "master", "nim", "10.1.1.3")

PATIENT = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])

DIRECTIONS = st.sampled_from([None, armed(), armed(), armed(), armed(B, A)])
HEARD = st.sampled_from((*NAMES_OF_A * 4, *NAMES_OF_B, *OTHERS))
CURRENT = st.sampled_from([None, HOST[A], HOST[A], HOST[A], "nima", HOST[B], "nimc"])


@st.composite
def words(draw, name: str, asked_by: str) -> ClientAnswer | None:
    how = draw(st.sampled_from(["answers", "answers", "answers", "silent", "not asked", "odd"]))
    if how == "not asked":
        return None
    if how == "silent":
        return silence(name, asked_by)
    return answer(name, draw(HEARD), asked_by, calls_itself="lpar9" if how == "odd" else None)


@st.composite
def views(draw) -> PairView:
    aside = {name: "scrapped" for name in worlds.CLIENTS if draw(st.integers(0, 3)) == 0}
    view = pair(remembered=draw(DIRECTIONS), policy=worlds.Policy(set_aside=aside))
    for master in (A, B):
        said = [draw(words(name, master)) for name in worlds.CLIENTS]
        databases = [client(name, draw(CURRENT)) for name in ("lpar1", "lpar2") if draw(st.booleans())]
        view = worlds.put(view, master, *databases)
        view = worlds.change(
            view,
            master,
            clients=tuple(one for one in said if one is not None),
            own=OwnRecords(direction=draw(DIRECTIONS)),
        )
        if draw(st.integers(0, 9)) == 0:
            view = worlds.lose(view, master)
    return replace(view, source=A, target=B)


def answers(view: PairView) -> list[ClientAnswer]:
    seen = [found for found in view.observations.values() if isinstance(found, Snapshot)]
    return [one for own in seen for one in own.clients if one.niminfo is not None]


def records(view: PairView) -> list[tuple[str, str]]:
    seen = [found for found in view.observations.values() if isinstance(found, Snapshot)]
    found = [own.own.direction for own in seen] + [view.remembered]
    return [(one.source, one.target) for one in found if one is not None]


@PATIENT
@given(views())
def test_a_sync_goes_only_where_the_clients_and_records_allow_it(view):
    assessment = assess(view, Runbook.NIGHTLY_SYNC)
    if assessment.permission is not Permission.GO:
        assert assessment.refusal
        return
    named = [one.niminfo.master_hostname for one in answers(view)]
    assert not set(named) & set(NAMES_OF_B)
    assert set(named) & set(NAMES_OF_A)
    assert set(records(view)) <= {(A, B)}
    assert all(isinstance(found, Snapshot) for found in view.observations.values())


@PATIENT
@given(views())
def test_a_typed_reason_never_sends_a_sync_over_clients_or_against_the_records(view):
    if assess(view, Runbook.NIGHTLY_SYNC).permission is Permission.REFUSE:
        return
    named = {one.niminfo.master_hostname for one in answers(view)}
    assert not named & set(NAMES_OF_B)
    assert set(records(view)) <= {(A, B)}


def test_the_random_worlds_hold_some_that_may_go():
    view = find(views(), lambda one: assess(one, Runbook.NIGHTLY_SYNC).permission is Permission.GO, settings=PATIENT)
    assert answers(view)
