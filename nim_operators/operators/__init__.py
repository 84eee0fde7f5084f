"""Airflow operators: thin. They know a context, call ``nim`` and ``remote``, and store evidence."""
