"""The log tells when each command began and ended, and which may have changed something."""

from __future__ import annotations

import time

from include.lab import Interval, overlapping, process

from .conftest import ssh

TICK = 1 / process.CLOCK_TICKS
"""Seconds: how exactly the kernel tells when a process was started."""


def of(lab, text):
    return next(found for found in lab.intervals() if found.text == text)


def test_a_command_lasts_from_its_beginning_to_its_end(start):
    lab = start(clients=2)
    ssh(lab, "nima", "lsnim -p >/dev/null; lssrc -s nimesis >/dev/null; nim -o check spot_7300_02")
    first, second, third = lab.intervals()
    assert [found.text for found in (first, second, third)] == [
        "lsnim -p", "lssrc -s nimesis", "nim -o check spot_7300_02",
    ]  # fmt: skip
    assert [found.changing for found in (first, second, third)] == [False, False, True]
    assert first.begin < first.end < second.begin < second.end < third.begin < third.end
    assert overlapping(lab.intervals()) == []


def test_a_command_that_runs_has_no_end(start):
    lab = start(clients=2)
    lab.hold("sync:3")
    ssh(lab, "nima", "nohup nim -Fo sync nimb >/dev/null 2>&1 </dev/null &")
    lab.wait("held:sync:3")
    assert of(lab, "nim -Fo sync nimb").end is None
    lab.release()
    lab.wait("call_end:nim*")
    assert of(lab, "nim -Fo sync nimb").end is not None


def test_an_asynchronous_takeover_lasts_until_its_clients_are_done(start):
    lab = start("synced_peer_kept", clients=3)
    lab.hold("takeover:client=aix03")
    lab.admin("nimb", "nim", "-o", "takeover", "nima")
    lab.wait("held:takeover:client=aix03")
    assert of(lab, "nim -o takeover nima").end is None
    lab.admin("nima", "nim", "-o", "check", "spot_7300_02")
    lab.admin("nima", "lsnim", "-p")
    lab.release()
    lab.wait("takeover:end")
    beside = [(one.text, other.text) for one, other in overlapping(lab.intervals())]
    assert beside == [("nim -o takeover nima", "nim -o check spot_7300_02")]


def test_a_sync_that_goes_on_without_its_command_lasts_as_long_as_its_work(start):
    lab = start(clients=2, switches={"killed_sync_remote": "continues"})
    lab.hold("sync:7")
    ssh(lab, "nima", "nohup nim -Fo sync nimb >/dev/null 2>&1 </dev/null &")
    lab.wait("held:sync:7")
    ssh(lab, "nima", "kill -9 $(ps -e -o pid= -o args= | awk '/[n]im -Fo sync/ {print $1}')")
    lab.wait("call_end:nim*")
    assert of(lab, "nim -Fo sync nimb").end is None
    lab.release()
    lab.wait("sync:end")
    assert of(lab, "nim -Fo sync nimb").end is not None


def test_times_are_those_of_the_clock(start):
    lab = start(clients=2)
    before = time.time()
    lab.admin("nima", "lsnim")
    call = lab.calls("lsnim")[0]
    assert before <= call["time"] <= call["end"] <= time.time()


def test_a_command_begins_with_its_process(start):
    lab = start(clients=2)
    before = time.time()
    ssh(lab, "nima", "lsnim -p >/dev/null")
    (call,) = lab.calls("lsnim", after=0)
    assert before <= call["began"] <= call["time"] + TICK < call["end"] + 2 * TICK


def test_what_overlaps():
    def made(begin, end):
        return Interval("nima", "nim", changing=True, begin=begin, end=end)

    assert made(1, 4).overlaps(made(2, 3))
    assert made(1, 4).overlaps(made(3, None))
    assert made(1, None).overlaps(made(5, None))
    assert not made(1, 4).overlaps(made(5, 6))
    assert not made(5, None).overlaps(made(1, 4))
