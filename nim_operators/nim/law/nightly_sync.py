"""The law for the nightly sync."""

from __future__ import annotations

from nim_operators.nim.diagnosis import State
from nim_operators.nim.law.ruling import GATHER, GO, REASON, REFUSE, TAKE_OVER_AGAIN, Column, Ruling

NIGHTLY_SYNC: Column = {
    State.HEALTHY: Ruling(GO, "Everything a sync relies on was seen.", "Nothing."),
    State.FIRST_SYNC: Ruling(
        GO, "The alternate holds nothing that a sync could destroy.", "Expect every resource to be copied."
    ),
    State.STANDBY_DOWN: Ruling(
        REFUSE,
        "There is no standby to synchronise.",
        "Bring the standby up, then run again; until then the last recovery point ages.",
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
    State.ACTIVE_DEAD: Ruling(
        REFUSE,
        "There is no master to copy from.",
        "Let the alternate take the clients over: run the disaster failover.",
    ),
    State.BOTH_UNREACHABLE: Ruling(
        REFUSE,
        "Nothing is known of either master.",
        "Look at the network, the login and the host keys between here and both masters.",
    ),
    State.ACTIVE_NOT_SERVING: Ruling(
        REFUSE,
        "A database that does not serve is no source for a copy.",
        "Repair NIM on the active master, see the reasons; do not touch the standby's database.",
    ),
    State.UNUSABLE_ALTERNATE: Ruling(
        REFUSE,
        "The standby's NIM is broken, and a sync would hide how.",
        "Restore the standby's own database and nimesis, then run again; where it is fenced because its clients had "
        "gone, run reprotect.",
    ),
    State.INTERRUPTED_SYNC: Ruling(
        REASON,
        "How the last job ended is unknown, so what it left is unknown too.",
        "Look at the log of the job and at the standby, then run again and say what was seen.",
    ),
    State.INTERRUPTED_TAKEOVER: Ruling(
        REFUSE,
        "Nobody knows which clients it moved; a sync may replace the database that they live by.",
        TAKE_OVER_AGAIN,
    ),
    State.SPLIT: Ruling(
        REFUSE,
        "Each master controls some clients; a sync would erase what the target knows of its own.",
        GATHER,
    ),
    State.RETURNED_STALE: Ruling(
        REFUSE,
        "A master that came back holds a database of its own; a person makes it the standby again.",
        "Run reprotect: it fences the returned master first and lists what was never carried over.",
    ),
    State.TAKEN_OVER: Ruling(
        REFUSE,
        "The clients are controlled by the target; a sync would replace the live database by the stale one.",
        "Run setup with the master that the clients name as the source, or give the clients back.",
    ),
    State.ROLES_REVERSED: Ruling(
        REFUSE,
        "A sync in this direction would replace the live database by the stale one.",
        "If clients were taken over, give them back or arm the other direction; nothing turns itself.",
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
