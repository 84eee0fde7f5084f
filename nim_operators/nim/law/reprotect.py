"""The law for making a returned master the standby again."""

from __future__ import annotations

from nim_operators.nim.diagnosis import State
from nim_operators.nim.law.ruling import BESIDE_A_LOST_TAKEOVER, GATHER, GO, REASON, REFUSE, Column, Ruling

REPROTECT: Column = {
    State.HEALTHY: Ruling(GO, "The pair is protected; what is missing on the standby is copied.", "Nothing."),
    State.FIRST_SYNC: Ruling(
        GO, "The new partner holds nothing that a sync could destroy.", "Expect every resource to be copied."
    ),
    State.STANDBY_DOWN: Ruling(
        REFUSE,
        "The old master has not returned.",
        "Bring it up; if it never returns, build a new partner from the survivor as the guide says.",
    ),
    State.STANDBY_SYNCING: Ruling(
        REFUSE,
        "Two operations on one pair destroy each other's work.",
        "Wait until the one that is running has ended, then run again.",
    ),
    State.ACTIVE_UNREACHABLE_UNCONFIRMED: Ruling(
        REFUSE,
        "The master that holds the good database cannot be read.",
        "Find out whether the active master is alive: console, HMC, network from here.",
    ),
    State.ACTIVE_DEAD: Ruling(REFUSE, "There is no master to copy from.", "Run the disaster failover."),
    State.BOTH_UNREACHABLE: Ruling(
        REFUSE,
        "Nothing is known of either master.",
        "Look at the network, the login and the host keys between here and both masters.",
    ),
    State.ACTIVE_NOT_SERVING: Ruling(
        REFUSE,
        "A database that does not serve is no source for a copy.",
        "Repair NIM on the active master, see the reasons; do not touch the other one's database.",
    ),
    State.UNUSABLE_ALTERNATE: Ruling(
        REASON,
        "The returned master is fenced or its NIM is broken; the sync replaces its database as a whole.",
        "Look at its last backup in the evidence for what must not be lost, then run again with an override.",
    ),
    State.INTERRUPTED_SYNC: Ruling(
        REASON,
        "How the last job ended is unknown, so what it left is unknown too.",
        "Look at the log of the job, then run again and say what was seen.",
    ),
    State.INTERRUPTED_TAKEOVER: BESIDE_A_LOST_TAKEOVER,
    State.SPLIT: Ruling(
        REFUSE,
        "Each master controls some clients; a sync would erase what the target knows of its own.",
        f"{GATHER} Then run again.",
    ),
    State.RETURNED_STALE: Ruling(
        GO, "The clients name the source; the returned master's database is out of date.", "Nothing."
    ),
    State.TAKEN_OVER: Ruling(
        REFUSE,
        "The clients are controlled by the target; a sync would replace the live database by the stale one.",
        "Run setup with the master that the clients name as the source, then run again.",
    ),
    State.ROLES_REVERSED: Ruling(
        REASON,
        "A record still names the other direction, as that of a master does that was away when it was turned.",
        "Make sure that every client names the source, then run again and say so; the record is turned.",
    ),
    State.NOT_A_PAIR: Ruling(
        REFUSE,
        "These hosts are not each other's alternate, or each serves clients of its own.",
        "Check the estate file; if the hosts are right, initialise the alternate masters with niminit.",
    ),
    State.OWNERSHIP_UNKNOWN: Ruling(
        REFUSE,
        "A sync needs at least one client that names the source.",
        "Make one client answer: nimsh running on it, push allowed, its /etc/niminfo whole.",
    ),
    State.NOT_ARMED: Ruling(
        REFUSE,
        "Nobody has said which direction is right, and the databases do not agree on it.",
        "Resolve the contradiction named in the reasons, then run setup for this pair.",
    ),
}
