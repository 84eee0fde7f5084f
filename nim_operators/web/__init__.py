"""What Airflow's API server shows of a run's evidence: read only, to users who may read the run's DAG.

:mod:`nim_operators.web.plugin` is what Airflow finds; the app itself is imported where it is served.
"""

from __future__ import annotations
