"""Only content that a night has found equal was ever whole: age never turns into proof."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from include.lab import Lab
from tests.lab.in_process import InProcess
from tests.lab.runbook import Installation

IMAGE = "export/nim/mksysb/aix01.mksysb"


def test_content_that_was_stale_from_the_first_night_is_never_taken_for_whole(
    start_lab: Callable[..., Lab], install: Callable[[Lab], Installation]
) -> None:
    lab = start_lab("synced")
    image = lab.tree("nima") / IMAGE
    nights = InProcess(install(lab))
    image.write_bytes(bytes(255 - byte for byte in image.read_bytes()))
    first = nights.run()
    (point,) = first.records("recovery_point")
    assert point["stale"] == ["mksysb_aix01"]
    assert "mksysb_aix01" not in {*point["verified"], *point["fingerprints"]}

    image.write_bytes(image.read_bytes() + b"and more")
    second = nights.run()
    assert second.verdict == "failed", second.reason
    assert "mksysb_aix01 is partial" in second.reason


@pytest.mark.sweep
def test_content_that_a_night_found_equal_and_that_aged_since_is_stale_and_not_partial(
    start_lab: Callable[..., Lab], install: Callable[[Lab], Installation]
) -> None:
    lab = start_lab("synced")
    image = lab.tree("nima") / IMAGE
    nights = InProcess(install(lab))
    assert nights.run().records("recovery_point")[0]["stale"] == []
    for _ in range(2):
        image.write_bytes(image.read_bytes() + b"and more")
        run = nights.run()
        assert run.verdict == "done", run.reason
        assert run.records("recovery_point")[0]["stale"] == ["mksysb_aix01"]

    copy = lab.tree("nimb") / IMAGE
    copy.write_bytes(copy.read_bytes()[:-1])
    assert "mksysb_aix01 is partial" in nights.run().reason
