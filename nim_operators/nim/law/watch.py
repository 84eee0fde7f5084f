"""What the watch says of each state: looking changes nothing, so it always may; what counts is the next action."""

from __future__ import annotations

from collections.abc import Mapping

from nim_operators.nim.diagnosis import State
from nim_operators.nim.law.ruling import GATHER, GO, TAKE_OVER_AGAIN, Column, Ruling

_NEXT: Mapping[State, str] = {
    State.HEALTHY: "Nothing.",
    State.FIRST_SYNC: "Run the nightly sync: the alternate holds no copy yet.",
    State.STANDBY_DOWN: "Bring the standby up; until then the recovery point ages.",
    State.STANDBY_SYNCING: "Nothing: wait until it has ended.",
    State.ACTIVE_UNREACHABLE_UNCONFIRMED: (
        "Look at the active master's console or HMC; if it is dead, run the disaster failover with an override."
    ),
    State.ACTIVE_DEAD: "Run the disaster failover.",
    State.BOTH_UNREACHABLE: "Look at the network, the login and the host keys between here and both masters.",
    State.ACTIVE_NOT_SERVING: "Repair NIM on the active master; if that takes long, run the disaster failover.",
    State.UNUSABLE_ALTERNATE: (
        "Repair the standby's NIM, see the reasons, then run the nightly sync; where it is fenced because its clients "
        "had gone, run reprotect; where the active master is lost, run the disaster failover."
    ),
    State.INTERRUPTED_SYNC: "Look at the log of the job and at the standby, then run the nightly sync with the reason.",
    State.INTERRUPTED_TAKEOVER: TAKE_OVER_AGAIN,
    State.SPLIT: f"Run reattach, where the records of both masters name the one that most follow. Else: {GATHER}",
    State.RETURNED_STALE: "Run reprotect: the old master is back with an old database.",
    State.TAKEN_OVER: "Run setup with the master that the clients name as the source.",
    State.ROLES_REVERSED: "If the other master was away while its clients were taken over, run reprotect; else "
    "run setup with the master that the clients name as the source.",
    State.NOT_A_PAIR: "Check the estate file; if the hosts are right, initialise the alternate masters with niminit.",
    State.OWNERSHIP_UNKNOWN: "Make one client answer: nimsh running on it, push allowed, its /etc/niminfo whole.",
    State.NOT_ARMED: "Resolve the contradiction named in the reasons, then run setup.",
}

WATCH: Column = {state: Ruling(GO, "Looking changes nothing.", _NEXT[state]) for state in State}
