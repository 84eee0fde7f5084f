"""Airflow sensors: wait for a state of a master or of a client."""
