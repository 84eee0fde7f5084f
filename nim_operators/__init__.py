"""Airflow operators, sensors and runbooks for IBM AIX NIM alternate masters."""
