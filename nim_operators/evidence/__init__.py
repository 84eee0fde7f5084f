"""Records of a run, the verdict they allow, and the page a person reads. Pure: plain values in, text out.

One run leaves one folder; :mod:`nim_operators.store` writes it::

    run.json                             what ran, for whom, since when, under which configuration
    records/<task_id>/<NNN>-<kind>.json  one fact each, never overwritten (records)
    snapshots/<name>.json                every section of an observation as the host printed it
    logs/<job>.log                       every line of a remote job, once
    verdict.json                         done, refused, incomplete or failed, and why (verdict)
    page.html, page.txt                  the same for a person (view, page)
"""

from __future__ import annotations
