"""What the script for the day Airflow is down is filled with."""

from __future__ import annotations

import pytest

from nim_operators.nim.breakglass import BreakGlass, break_glass
from nim_operators.nim.commands import CommandPaths
from nim_operators.nim.facts import facts_of
from nim_operators.nim.pair import PairView
from nim_operators.nim.plan import NoPlan
from tests.unit.nim import worlds
from tests.unit.nim.worlds import A, B, pair

PATHS = {A: CommandPaths(stopsrc="/opt/stopsrc"), B: CommandPaths(nim="/opt/nim")}


def plan(view: PairView) -> BreakGlass:
    return break_glass(facts_of(view), PATHS, point="2026-01-06T02:00:00Z", backups="/backups")


def test_it_holds_the_commands_where_each_master_has_them_and_runs_on_the_target_alone():
    values = plan(pair()).values
    assert values["SEND"] == "/opt/nim -o takeover -a async=no nima"
    assert values["FENCE"] == "/opt/stopsrc -s nimesis"
    assert (values["HOST"], values["OTHER_HOST"]) == ("nimb.example.com", "nima.example.com")


def test_it_names_every_client_and_what_a_client_may_call_the_target():
    filled = plan(pair())
    assert filled.clients == ("lpar1", "lpar2", "vios1")
    assert filled.names == ("10.1.1.2", "nimb", "nimb.example.com")


def test_a_short_name_that_fits_both_masters_means_neither():
    view = pair()
    for master, host in ((A, "nim.a.example.com"), (B, "nim.b.example.com")):
        own = worlds.master_object(master, if1=f"master_net {host} 0 ent0")
        view = worlds.put(worlds.change(view, master, hostname=host, niminfo=None, names=()), master, own)
    view = worlds.put(view, B, worlds.alternate(A, if1="master_net nim.a.example.com 0"))
    assert "nim" not in plan(view).names
    assert "nim.b.example.com" in plan(view).names


def test_the_record_of_the_other_master_is_defined_first_where_a_sync_dropped_it():
    sent = plan(worlds.drop(pair(), B, A)).values["SEND"]
    assert sent.startswith("/opt/nim -o define -t alternate_master ")
    assert sent.endswith("nima && /opt/nim -o takeover -a async=no nima")


def test_what_was_not_observed_cannot_be_written_down():
    with pytest.raises(NoPlan, match="Both masters must be observed"):
        plan(worlds.lose(pair(), A))
