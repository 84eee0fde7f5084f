from __future__ import annotations

from dataclasses import replace

import pytest

from nim_operators.nim.diagnosis import MEANINGS, ROWS, State, diagnose
from nim_operators.nim.snapshot import Absence, Fenced, FileSystem, OwnRecords, SubsystemRow
from tests.unit.nim import worlds
from tests.unit.nim.worlds import HOST, A, B, answer, armed, client, pair, process, silence

NO_NIMESIS = (SubsystemRow("nimsh", "nimclient", 4712, "active"),)
TWO_INACTIVE = (
    SubsystemRow("nimesis", "nim", None, "inoperative"),
    SubsystemRow("nimesis", "nim", None, "inoperative"),
)
SILENT = tuple(silence(name) for name in worlds.CLIENTS)


def neither_record():
    return worlds.drop(worlds.drop(pair(), A, B), B, A)


def separate():
    view = worlds.put(pair(), A, client("only_a", HOST[A]))
    view = worlds.put(view, B, client("only_b", HOST[B]))
    view = worlds.say(view, answer("only_a"))
    return worlds.say(view, answer("only_b", HOST[B], B), asked_by=B)


def half_restored():
    view = worlds.put(pair(), B, worlds.master_object(A))
    return worlds.change(view, B, niminfo=worlds.own_niminfo(A, B))


WORLDS = {
    "all is well": (pair(), State.HEALTHY),
    "all is well and nothing was ever armed": (worlds.unarmed(), State.HEALTHY),
    "only the target lost the peer record": (worlds.drop(pair(), B, A), State.HEALTHY),
    "a second row of nimesis is inactive": (
        worlds.change(pair(), B, subsystems=(*worlds.snapshot(B).subsystems, TWO_INACTIVE[0])),
        State.HEALTHY,
    ),
    "a job of ours waits to be collected": (
        worlds.change(pair(), A, own=worlds.job("ended")),
        State.HEALTHY,
    ),
    "a reading job is running": (
        worlds.change(pair(), A, own=worlds.job("running", kind="inventory")),
        State.HEALTHY,
    ),
    "a reading job vanished": (
        worlds.change(pair(), A, own=worlds.job("vanished", kind="inventory")),
        State.HEALTHY,
    ),
    "somebody works in SMIT": (
        worlds.change(pair(), A, processes=process("smitty nim_altmstr")),
        State.HEALTHY,
    ),
    "the target claims a client of the source": (
        worlds.put(pair(), B, client("lpar1", HOST[B])),
        State.HEALTHY,
    ),
    "niminit has just made the target": (worlds.first_sync(), State.FIRST_SYNC),
    "the target does not answer": (worlds.lose(pair(), B), State.STANDBY_DOWN),
    "the source does not answer": (worlds.lose(pair(), A), State.ACTIVE_UNREACHABLE_UNCONFIRMED),
    "the source does not answer and was given up": (
        worlds.lose(worlds.owned_by_b(), A),
        State.TAKEN_OVER,
    ),
    "the source answers neither us nor the target": (
        worlds.lose(worlds.change(pair(), B, peer_answers=False), A),
        State.ACTIVE_DEAD,
    ),
    "the source is dead and nimesis of the target is gone": (
        worlds.lose(worlds.change(pair(), B, peer_answers=False, subsystems=NO_NIMESIS), A),
        State.ACTIVE_DEAD,
    ),
    "the source is dead and the target has no database": (
        worlds.lose(worlds.change(pair(), B, peer_answers=False, objects={}), A),
        State.UNUSABLE_ALTERNATE,
    ),
    "the source shows another host key and is cut off from the target": (
        worlds.lose(worlds.change(pair(), B, peer_answers=False), A, Absence.HOST_KEY),
        State.ACTIVE_UNREACHABLE_UNCONFIRMED,
    ),
    "the source answers the target but not us": (
        worlds.lose(worlds.change(pair(), B, peer_answers=True), A),
        State.ACTIVE_UNREACHABLE_UNCONFIRMED,
    ),
    "nobody answers": (worlds.lose(worlds.lose(pair(), A), B), State.BOTH_UNREACHABLE),
    "a sync runs on the source": (
        worlds.change(pair(), A, processes=process("/usr/sbin/nim -Fo sync -a replicate=yes nimb")),
        State.STANDBY_SYNCING,
    ),
    "a takeover runs on the target": (
        worlds.change(pair(), B, processes=process("nim -o takeover nima")),
        State.STANDBY_SYNCING,
    ),
    "a database is being restored and nimesis is gone": (
        worlds.change(pair(), B, processes=process("ksh /usr/sbin/nim_master_recover -s"), subsystems=NO_NIMESIS),
        State.STANDBY_SYNCING,
    ),
    "our own sync runs": (worlds.change(pair(), A, own=worlds.job("running")), State.STANDBY_SYNCING),
    "our sync left no status": (
        worlds.change(pair(), A, own=worlds.job("vanished")),
        State.INTERRUPTED_SYNC,
    ),
    "our takeover left no status": (
        worlds.change(pair(), B, own=worlds.job("vanished", kind="takeover")),
        State.INTERRUPTED_TAKEOVER,
    ),
    "our sync left no status and no nimesis": (
        worlds.change(worlds.change(pair(), A, own=worlds.job("vanished")), B, subsystems=NO_NIMESIS),
        State.INTERRUPTED_SYNC,
    ),
    "nimesis of the source is gone": (
        worlds.change(pair(), A, subsystems=NO_NIMESIS),
        State.ACTIVE_NOT_SERVING,
    ),
    "the source has no database": (worlds.change(pair(), A, objects={}), State.ACTIVE_NOT_SERVING),
    "the source's database cannot be read": (
        worlds.change(pair(), A, objects={}, database_fault="'lsnim' failed: a file is damaged."),
        State.ACTIVE_NOT_SERVING,
    ),
    "the file system of the source's database is full": (
        worlds.change(pair(), A, file_systems=(replace(worlds.ROOT, free_kb=0), worlds.VAR, worlds.EXPORT)),
        State.ACTIVE_NOT_SERVING,
    ),
    "the file system of the source's logs is full": (
        worlds.change(pair(), A, file_systems=(worlds.ROOT, replace(worlds.VAR, free_kb=12), worlds.EXPORT)),
        State.ACTIVE_NOT_SERVING,
    ),
    "the file system of the source's scratch files is full": (
        worlds.change(
            pair(), A, file_systems=(worlds.ROOT, worlds.VAR, worlds.EXPORT, FileSystem("/dev/hd3", 131072, 0, "/tmp"))
        ),
        State.ACTIVE_NOT_SERVING,
    ),
    "a file system of the source where NIM keeps only resources is full": (
        worlds.change(pair(), A, file_systems=(worlds.ROOT, worlds.VAR, replace(worlds.EXPORT, free_kb=0))),
        State.HEALTHY,
    ),
    "the source has no niminfo": (worlds.change(pair(), A, niminfo=None), State.ACTIVE_NOT_SERVING),
    "nimesis of the target is gone": (
        worlds.change(pair(), B, subsystems=NO_NIMESIS),
        State.UNUSABLE_ALTERNATE,
    ),
    "nimesis of the target is listed twice and inactive": (
        worlds.change(pair(), B, subsystems=TWO_INACTIVE),
        State.UNUSABLE_ALTERNATE,
    ),
    "the target takes itself for the source": (half_restored(), State.UNUSABLE_ALTERNATE),
    "the target is a client": (
        worlds.change(pair(), B, niminfo=replace(worlds.own_niminfo(B, A), configuration="standalone")),
        State.UNUSABLE_ALTERNATE,
    ),
    "neither knows the other": (neither_record(), State.NOT_A_PAIR),
    "each serves clients of its own": (separate(), State.NOT_A_PAIR),
    "both connections lead to one host": (
        worlds.change(pair(), B, hostname=HOST[A], machine_id=worlds.snapshot(A).machine_id),
        State.NOT_A_PAIR,
    ),
    "some clients were taken over": (
        worlds.say(pair(), answer("lpar1"), answer("lpar2", HOST[B])),
        State.SPLIT,
    ),
    "all clients were taken over and the source was not told": (worlds.owned_by_b(), State.RETURNED_STALE),
    "all clients were taken over and the source was fenced": (
        worlds.change(
            worlds.put(worlds.owned_by_b(), A, *(client(name, HOST[B]) for name in worlds.CLIENTS)),
            A,
            subsystems=NO_NIMESIS,
            own=OwnRecords(direction=armed(), fenced=Fenced("a run", "2026-01-06T01:00:00Z")),
        ),
        State.TAKEN_OVER,
    ),
    "all clients were taken over and the source was told": (
        worlds.put(worlds.owned_by_b(), A, *(client(name, HOST[B]) for name in worlds.CLIENTS)),
        State.TAKEN_OVER,
    ),
    "the target returned and claims every client": (
        worlds.put(pair(), B, *(client(name, HOST[B]) for name in worlds.CLIENTS)),
        State.RETURNED_STALE,
    ),
    "a record names the other direction": (pair(remembered=armed(B, A)), State.ROLES_REVERSED),
    "one host was armed the other way": (
        worlds.change(pair(), B, own=OwnRecords(direction=armed(B, A))),
        State.ROLES_REVERSED,
    ),
    "no client answers": (worlds.say(pair(), *SILENT), State.OWNERSHIP_UNKNOWN),
    "there are no clients": (
        worlds.drop(worlds.drop(pair(), A, *worlds.CLIENTS), B, *worlds.CLIENTS),
        State.OWNERSHIP_UNKNOWN,
    ),
    "nothing was armed and a database disagrees": (
        worlds.put(worlds.unarmed(), B, client("lpar1", HOST[B])),
        State.NOT_ARMED,
    ),
}


@pytest.mark.parametrize("world", list(WORLDS))
def test_each_world_has_its_diagnosis(world):
    view, state = WORLDS[world]
    assert diagnose(view).state is state


@pytest.mark.parametrize("world", list(WORLDS))
def test_every_diagnosis_but_healthy_has_reasons_in_whole_sentences(world):
    diagnosis = diagnose(WORLDS[world][0])
    assert bool(diagnosis.reasons) is (diagnosis.state is not State.HEALTHY)
    assert diagnosis.to_json() == {
        "state": diagnosis.state.value,
        "meaning": MEANINGS[diagnosis.state],
        "reasons": list(diagnosis.reasons),
    }


def test_every_state_is_reached_by_a_world():
    assert {state for _, state in WORLDS.values()} == set(State)


def test_every_state_has_one_row_and_a_meaning_but_healthy_is_what_is_left():
    assert sorted(state for state, _ in ROWS) == sorted(set(State) - {State.HEALTHY})
    assert set(MEANINGS) == set(State)
    assert all(meaning.endswith(".") for meaning in MEANINGS.values())


def test_reasons_name_hosts_and_say_how_they_were_lost():
    assert diagnose(worlds.lose(pair(), B)).reasons == ("nimb was not observed (no answer in time): ssh said so.",)


def test_reasons_of_reversed_roles_say_who_says_what():
    assert diagnose(pair(remembered=armed(B, A))).reasons == (
        "Wanted is nima to nimb.",
        "nima: nima to nimb, recorded by setup-1 at 2026-01-05T10:00:00Z.",
        "nimb: nima to nimb, recorded by setup-1 at 2026-01-05T10:00:00Z.",
        "the evidence: nimb to nima, recorded by setup-1 at 2026-01-05T10:00:00Z.",
    )


def test_reasons_name_the_first_clients_and_count_the_others():
    names = [f"c{n}" for n in range(8)]
    view = worlds.put(pair(), A, *(client(name) for name in names))
    view = worlds.say(view, *(answer(name, HOST[B]) for name in names))
    assert diagnose(view).reasons == ("The database of nima claims c0, c1, c2, c3, c4 and 3 more, which name nimb.",)


def test_a_half_restored_target_says_what_is_wrong_with_it():
    assert diagnose(half_restored()).reasons == ("nimb takes itself for nima.example.com, the other master.",)
