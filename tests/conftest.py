"""Give the test session an Airflow of its own.

Airflow reads its home from the environment when it is first imported, and writes there. This module is
loaded before any test module, so no test ever reads or changes the Airflow of the person who runs it.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[1]


def _isolate_airflow() -> None:
    for name in [name for name in os.environ if name.startswith(("AIRFLOW_", "NIM_OPERATORS_"))]:
        del os.environ[name]
    home = tempfile.mkdtemp(prefix="nim-operators-tests-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    os.environ["AIRFLOW_HOME"] = home
    os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(_REPOSITORY / "dags")
    os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"


_isolate_airflow()
