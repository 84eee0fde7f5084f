"""Touch a host: transport, collector, lock, durable job. Takes plain endpoints, knows no Airflow.

Scripts that run on AIX are the files in ``scripts``; they are sent to the Korn shell on standard input.
"""
