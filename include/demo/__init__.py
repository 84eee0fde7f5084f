"""Run the product for real, against the simulated estate, and judge the result from outside.

Nothing here imports the product or the lab: the demo starts both as programs, speaks to Airflow through its
REST API and to the lab through its command line, as a visitor would.
"""
