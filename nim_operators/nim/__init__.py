"""Decide: what a pair of NIM masters looks like, what is wrong with it, what may be done.

Nothing in this package performs I/O, reads a clock, or knows Airflow or SSH. It turns text that a host
printed into values (``parse``, ``snapshot``), values into findings and a diagnosis (``checks``,
``ownership``, ``diagnosis``), and a diagnosis into permission (``law``).
"""
