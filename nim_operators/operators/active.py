"""Demand that a repair is on the side of the master which the clients name, when it is planned and before each step."""

from __future__ import annotations

from nim_operators.nim.pair import PairView
from nim_operators.nim.repairplan import demand_control
from nim_operators.operators.base import Run


def demand_active(run: Run, view: PairView, *, before_lock: bool = False) -> None:
    """
    Refuse unless the law lets the repair go, and the clients themselves name the master on which it is done.

    :param before_lock: see :meth:`~nim_operators.operators.base.Run.assess`.
    """
    assessment = run.assess(view, before_lock=before_lock)
    run.demand_go(assessment)
    demand_control(assessment)
