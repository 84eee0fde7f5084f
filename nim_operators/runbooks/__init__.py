"""Order steps: what the files in ``dags/`` share."""
