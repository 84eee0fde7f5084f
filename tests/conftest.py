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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what waits longest, and keep the tests of a module on one worker with the fixtures they share.

    Tests of ``tests/lab`` have a lab each and go wherever there is room.
    """
    for item in items:
        if item.get_closest_marker("xdist_group") is None and "tests/lab/" not in item.nodeid:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
    items.sort(key=lambda item: "tests/system/" not in item.nodeid)


def pytest_report_header() -> str:
    """Name the seed by which the system tests draw faults and kills."""
    return f"faults of the demo, and what is killed where: DEMO_FAULT_SEED={os.environ['DEMO_FAULT_SEED']}"


_isolate_airflow()
os.environ.setdefault("DEMO_FAULT_SEED", str(secrets.randbelow(1_000_000)))
