"""The plugin by which Airflow's API server serves evidence."""

from __future__ import annotations

from typing import Any

from airflow.sdk.plugins_manager import AirflowPlugin

from nim_operators.links import PREFIX


class NimEvidencePlugin(AirflowPlugin):
    """Serve the evidence of every pair below one address."""

    name = "nim_evidence"

    @property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override] # Airflow only reads it
        """Return the app. Every process of Airflow loads plugins; only the API server pays for this import."""
        from nim_operators.web.app import app  # noqa: PLC0415 - takes 1.6 s, which each task would wait

        return [{"name": "NIM evidence", "app": app, "url_prefix": PREFIX}]
