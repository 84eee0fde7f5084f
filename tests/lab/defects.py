"""Defects that a test puts into the product, to prove that the judge of the random walk would see them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nim_operators.nim import checks
from nim_operators.nim.ownership import Matrix
from nim_operators.nim.spot import SpotRebuild
from nim_operators.remote import script
from nim_operators.remote.job import Slot


def nobody_asks_the_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Matrix, "clients_naming", lambda self, master: ())
    monkeypatch.setattr(Matrix, "clients_vouching_for", lambda self, master: tuple(row.client for row in self.rows))
    _without_checks(monkeypatch, "ownership.")


def the_lock_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    source = script._source
    nothing = {"lock": "printf '%s done\\n' \"$NONCE\"\n", "common": source("common") + "\nhold_lock() { :; }\n"}
    monkeypatch.setattr(script, "_source", lambda part: nothing.get(part) or source(part))
    monkeypatch.setattr(Slot, "needs_lock", property(lambda slot: False))


def a_sync_is_forced_over_whatever_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    _without_checks(monkeypatch, "content.")


def the_last_spot_is_built_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SpotRebuild, "is_cut_off", lambda self, own: False)


def _without_checks(monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    left = tuple(check for check in checks.CHECKS if not check.id.startswith(prefix))
    assert len(left) < len(checks.CHECKS)
    monkeypatch.setattr(checks, "CHECKS", left)


DEFECTS: dict[Callable[[pytest.MonkeyPatch], None], str] = {
    nobody_asks_the_clients: "S1",
    the_lock_is_ignored: "S7",
    a_sync_is_forced_over_whatever_is_there: "S1",
}
"""Each defect with the promise that it breaks."""
