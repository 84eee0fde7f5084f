"""The way from a task in Airflow's UI to the evidence of its run."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode, urljoin

from airflow.sdk import BaseOperatorLink, conf
from airflow.sdk.types import TaskInstanceKey

PREFIX = "/nim-evidence"
"""Where Airflow's API server serves evidence, see :mod:`nim_operators.web`."""


class EvidenceLink(BaseOperatorLink):
    """
    Lead to the page of the run.

    The address is made of names alone; the store is first asked when somebody opens it.
    """

    name = "Evidence"

    def get_link(self, operator: Any, *, ti_key: TaskInstanceKey) -> str:
        """Return the address of the page; *operator* is one of this package and has a ``pair``."""
        return evidence_address(operator.pair, ti_key.dag_id, ti_key.run_id)


def evidence_address(pair: str, dag_id: str, run_id: str, file: str = "page.html") -> str:
    """Return where a browser finds *file* of a run's evidence."""
    names = "/".join(quote(name, safe="") for name in (pair, dag_id, run_id))
    return _airflow_address(f"{PREFIX}/{names}/{quote(file)}")


def login_address(then: str) -> str:
    """Return where a browser logs in and comes back to the address *then*."""
    return _airflow_address(f"/api/v2/auth/login?{urlencode({'next': then})}")


def _airflow_address(path: str) -> str:
    base: str = conf.get("api", "base_url", fallback="/")
    return urljoin(f"{base.rstrip('/')}/", path.lstrip("/"))
