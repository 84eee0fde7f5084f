"""Give the test session an Airflow of its own, and a seed it prints.

Airflow reads its home from the environment when it is first imported, and writes there. This module is
loaded before any test module, so no test ever reads or changes the Airflow of the person who runs it.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).resolve().parents[1]


def _isolate_airflow() -> None:
    for name in [name for name in os.environ if name.startswith(("AIRFLOW_", "NIM_OPERATORS_"))]:
        del os.environ[name]
    home = tempfile.mkdtemp(prefix="nim-operators-tests-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    os.environ["AIRFLOW_HOME"] = home
    os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(_REPOSITORY / "dags")
    os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"


def pytest_configure() -> None:
    """Let SIGTERM end the session as Ctrl-C does, so that fixtures take down what they started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


_LONGEST_FIRST = ("tests/system/", "tests/lab/", "tests/lab_itself/")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what waits longest, and leave to ``make sweep`` what is marked so."""
    if os.environ.get("NIM_SWEEP") != "all":
        left = [item for item in items if item.get_closest_marker("sweep")]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if not item.get_closest_marker("sweep")]
    folders = (*_LONGEST_FIRST, "")
    items.sort(key=lambda item: next(place for place, folder in enumerate(folders) if folder in item.nodeid))


def pytest_report_header() -> str:
    """Name the seed by which the system tests draw faults and kills."""
    return f"faults of the demo, and what is killed where: DEMO_FAULT_SEED={os.environ['DEMO_FAULT_SEED']}"


_isolate_airflow()
os.environ.setdefault("DEMO_FAULT_SEED", str(secrets.randbelow(1_000_000)))
