"""What each step of the runbooks is for, in a visitor's words."""

from __future__ import annotations

from collections.abc import Mapping

PURPOSES: Mapping[str, str] = {
    "observe": "looks at both masters, asks every client who its master is, refuses unless a copy is safe",
    "wait_clients": "waits until no client is in the middle of an operation",
    "plan": "writes down the exact commands, who will move and who will not; changes nothing",
    "approve": "asks a person, who did not trigger the run, to approve this very plan",
    "lock": "keeps every other run off the pair",
    "backup": "brings verified backups of the databases off the hosts before anything changes",
    "sync": "copies database and missing resources onto the standby, as a job that outlives Airflow",
    "wait_nimesis": "waits until the standby serves again",
    "reconcile": "gives the standby back what a sync takes from it",
    "verify": "compares every definition and every file; only then there is a recovery point",
    "put_back": "restores the standby's own database where a copy could not be proven",
    "fence": "keeps the old master from answering clients with an old database",
    "lift_fence": "lets the standby, now proven, start nimesis at a boot again",
    "prepare": "gives the alternate what it lacks to take over",
    "takeover": "lets the target take every client over, then asks each client itself",
    "unlock": "gives the lock back, unless a job still needs it",
    "verdict": "judges the run by its evidence and writes the page of it",
    "watch": "looks, changes nothing, and says what a person should do",
}
