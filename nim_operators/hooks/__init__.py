"""From an Airflow connection to an endpoint."""
