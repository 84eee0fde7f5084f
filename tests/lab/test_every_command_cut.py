"""A run that loses its link in every command it sends ends as one that is not disturbed.

The first night, at the end of each command, by default. With ``NIM_SWEEP=all`` every story, at both ends, and besides
each single command of the night, after which everything else goes on undisturbed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from include.lab import running_lab
from tests.lab.every_cut import HOSTS, End, Nth, Story, cut_every_command, play
from tests.lab.in_process import InProcess
from tests.lab.runbook import ESTATE, Installation

ALL = os.environ.get("NIM_SWEEP") == "all"
AT = ("start", "end")
REASON = {"reason": "nima lost its disks"}
FORM = {"reason": "firmware update of nima", "change_ticket": "CHG0042"}


class Pairs:
    """Makes pairs, each with an installation of its own; the last one made is the one in force."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()
        self._open = ExitStack()

    def __call__(self, world: str, *lines: str) -> InProcess:
        """Make a pair in place of the last one, with lines of its own in the pair's estate."""
        self.close()
        folder = self._folder / f"pair{next(self._numbers)}"
        lab = self._open.enter_context(running_lab(world, folder / "lab", pace=0, clients=3))
        patch = self._open.enter_context(pytest.MonkeyPatch.context())
        estate = ESTATE + "".join(f"    {line}\n" for line in lines)
        return InProcess(Installation(lab, folder / "installation", patch, estate))

    def close(self) -> None:
        self._open.close()

    def first_night(self) -> InProcess:
        return self("default")

    def stale_night(self) -> InProcess:
        airflow = self("synced", "nightly_sync: {stale: refresh}")
        image = airflow.lab.tree("nima") / "export/nim/mksysb/aix01.mksysb"
        image.write_bytes(bytes(255 - byte for byte in image.read_bytes()))
        assert airflow.run().verdict == "done"
        return airflow

    def night_to_put_back(self) -> InProcess:
        airflow = self("default")
        airflow.lab.break_fault("sync_fails", phase=6)
        return airflow

    def night_to_fence(self) -> InProcess:
        airflow = self.night_to_put_back()
        airflow.lab.break_fault("restore_refuses", host="nimb")
        return airflow

    def in_step(self) -> InProcess:
        return self("synced_peer_kept")

    def one_that_lists_one_master(self) -> InProcess:
        airflow = self.in_step()
        assert airflow.run().verdict == "done"  # leaves break_glass.ksh, without which a run goes on as well
        airflow.lab.break_fault("client_list_missing", client="aix02")
        return airflow

    def one_that_forgot_its_list(self) -> InProcess:
        airflow = self.in_step()
        airflow.lab.break_fault("client_list_missing", client="aix02")
        return airflow

    def taken_over(self) -> InProcess:
        airflow = self("taken_over")
        assert airflow.run("nim_setup", source="nimb", reason="taken over by hand").verdict == "done"
        return airflow

    def with_a_damaged_spot(self) -> InProcess:
        airflow = self.taken_over()
        (airflow.lab.tree("nimb") / "export/nim/spot/spot_7300_02/usr/lib/boot/unix_64").unlink()
        return airflow

    def without_nimesis(self) -> InProcess:
        airflow = self("synced_peer_kept")
        airflow.lab.break_fault("nimesis_down", host="nima")
        return airflow

    def returned_stale(self) -> InProcess:
        airflow = self("synced_peer_kept")
        airflow.lab.break_fault("host_down", host="nima")
        assert airflow.run("nim_disaster_failover", **REASON).verdict == "done"
        airflow.lab.heal("host_down", host="nima")
        return airflow

    def one_left_behind(self) -> InProcess:
        airflow = self("synced_peer_kept", "takeover: {reattach: true, success_threshold: 50}")
        airflow.lab.break_fault("client_down", client="aix03")
        assert airflow.run("nim_planned_takeover", **FORM, final_sync=False).verdict == "incomplete"
        airflow.lab.heal("client_down", client="aix03")
        return airflow


NIGHT = "nim_nightly_sync"
SPOT = {"reason": "its boot kernel is gone", "spot": "spot_7300_02"}
SEEN = {**REASON, "override": "nimesis does not start any more"}


def stories(pairs: Pairs) -> dict[str, Story]:
    """Every story, with a bound of the commands that it sends."""
    return {
        "setup": Story(pairs.first_night, "nim_setup", {}, (8, 11)),
        "first night": Story(pairs.first_night, NIGHT, {}, (33, 37)),
        "night that refreshes": Story(pairs.stale_night, NIGHT, {}, (38, 53)),
        "night put back": Story(pairs.night_to_put_back, NIGHT, {}, (24, 31), ends="failed"),
        "night fenced as unusable": Story(pairs.night_to_fence, NIGHT, {}, (24, 37), ends="failed"),
        "planned takeover": Story(pairs.in_step, "nim_planned_takeover", FORM, (33, 46)),
        "give back": Story(pairs.taken_over, "nim_give_back", FORM, (27, 20)),
        "failover": Story(pairs.without_nimesis, "nim_disaster_failover", SEEN, (30, 30), spared="nima"),
        "reprotect": Story(pairs.returned_stale, "nim_reprotect", REASON, (50, 37)),
        "rebuild SPOT": Story(pairs.with_a_damaged_spot, "nim_rebuild_spot", SPOT, (25, 35), spared="nima"),
        "repair client": Story(
            pairs.one_that_forgot_its_list, "nim_repair_client", REASON | {"client": "aix02"}, (21, 18), spared="nimb"
        ),
        "reset clients": Story(pairs.one_that_lists_one_master, "nim_reset_clients", REASON, (33, 34)),
        "reattach": Story(pairs.one_left_behind, "nim_reattach", REASON, (20, 26), spared="nima"),
    }


NAMES = list(stories(Pairs(Path())))
IN_CI = ["first night"]
ONCE = [
    (host, number, at)
    for host, last in zip(HOSTS, stories(Pairs(Path()))["first night"].sends, strict=True)
    for number in range(1, last + 1)
    for at in AT
]
"""Every single command of a night: whether one loss alone does what many together do."""


pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def pairs(metadata_database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pairs]:
    made = Pairs(tmp_path_factory.mktemp("pairs"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def undisturbed(pairs: Pairs) -> dict[str, End]:
    """How the stories end that were played so far."""
    return {}


def whole(story: str, pairs: Pairs, undisturbed: dict[str, End]) -> End:
    """Return how a story ends that nothing disturbs."""
    if story not in undisturbed:
        undisturbed[story] = play(stories(pairs)[story])
    return undisturbed[story]


@pytest.mark.parametrize("at", AT if ALL else ["end"])
@pytest.mark.parametrize("name", NAMES if ALL else IN_CI)
def test_a_run_whose_link_is_cut_in_every_command_ends_like_any_other(
    pairs: Pairs, undisturbed: dict[str, End], name: str, at: str
) -> None:
    story = stories(pairs)[name]
    expected = whole(name, pairs, undisturbed)
    for host, most in zip(HOSTS, story.sends, strict=True):
        assert len([one for one in expected.sent if one.host == host]) <= most
    cut_every_command(story, expected, at)


@pytest.mark.sweep
@pytest.mark.parametrize("nth", ONCE, ids=lambda nth: "-".join(map(str, nth)))
def test_a_night_whose_link_is_cut_once_ends_like_any_other(
    pairs: Pairs, undisturbed: dict[str, End], nth: Nth
) -> None:
    play(stories(pairs)["first night"], nth=nth).demand_like(whole("first night", pairs, undisturbed))
