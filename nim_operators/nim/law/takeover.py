"""The law for a planned takeover, and for giving the clients back, which differs in one state."""

from __future__ import annotations

from nim_operators.nim.diagnosis import State
from nim_operators.nim.law.ruling import GO, REASON, REFUSE, TAKE_OVER_AGAIN, WHO_MOVED, Column, Ruling

TAKEOVER: Column = {
    State.HEALTHY: Ruling(GO, "Both masters serve and the clients name the one that hands them over.", "Nothing."),
    State.FIRST_SYNC: Ruling(
        REFUSE,
        "The alternate holds no copy, so it has nothing to serve the clients with.",
        "Run the nightly sync first.",
    ),
    State.STANDBY_DOWN: Ruling(
        REFUSE, "There is no alternate to hand the clients to.", "Bring the standby up, then run again."
    ),
    State.STANDBY_SYNCING: Ruling(
        REFUSE,
        "Two operations on one pair destroy each other's work.",
        "Wait until the one that is running has ended, then run again.",
    ),
    State.ACTIVE_UNREACHABLE_UNCONFIRMED: Ruling(
        REFUSE,
        "A planned takeover needs the active master alive.",
        "Find out whether it is: console, HMC, network from here. If it is dead, run the disaster failover.",
    ),
    State.ACTIVE_DEAD: Ruling(
        REFUSE, "A planned takeover needs the active master alive.", "Run the disaster failover."
    ),
    State.BOTH_UNREACHABLE: Ruling(
        REFUSE,
        "Nothing is known of either master.",
        "Look at the network, the login and the host keys between here and both masters.",
    ),
    State.ACTIVE_NOT_SERVING: Ruling(
        REFUSE,
        "A planned takeover needs a healthy active master: it is backed up and copied first.",
        "Repair NIM on the active master, or run the disaster failover with an override.",
    ),
    State.UNUSABLE_ALTERNATE: Ruling(
        REFUSE,
        "The standby's NIM could not serve the clients.",
        "Restore the standby's own database and nimesis, run the nightly sync, then run again.",
    ),
    State.INTERRUPTED_SYNC: Ruling(
        REASON,
        "How the last job ended is unknown, so what it left is unknown too.",
        "Look at the log of the job and at the standby, then run again and say what was seen.",
    ),
    State.INTERRUPTED_TAKEOVER: Ruling(
        REASON,
        WHO_MOVED,
        TAKE_OVER_AGAIN,
    ),
    State.SPLIT: Ruling(
        REASON,
        "Some clients have moved already; the whole takeover is sent again for the others.",
        "Run again with an override, or bring the moved clients back with the runbook of the other direction.",
    ),
    State.RETURNED_STALE: Ruling(
        REFUSE,
        "One master's database still claims clients that name the other one.",
        "Run reprotect to make that master the standby, then run again.",
    ),
    State.TAKEN_OVER: Ruling(GO, "Every answering client names the target already.", "Nothing is left to do."),
    State.ROLES_REVERSED: Ruling(
        REFUSE,
        "A recorded direction names the other master as the active one.",
        "Run the runbook of the other direction, or setup with the master that the clients name.",
    ),
    State.NOT_A_PAIR: Ruling(
        REFUSE,
        "These hosts are not each other's alternate, or each serves clients of its own.",
        "Check the estate file; if the hosts are right, initialise the alternate masters with niminit.",
    ),
    State.OWNERSHIP_UNKNOWN: Ruling(
        REFUSE,
        "Nobody can tell whom a takeover would take the clients from.",
        "Make one client answer: nimsh running on it, push allowed, its /etc/niminfo whole.",
    ),
    State.NOT_ARMED: Ruling(
        REFUSE,
        "Nobody has said which master is the active one, and the databases do not agree on it.",
        "Resolve the contradiction named in the reasons, then run setup for this pair.",
    ),
}

GIVE_BACK: Column = {
    **TAKEOVER,
    State.RETURNED_STALE: Ruling(
        REASON,
        "The master that gets the clients back was never told that they had gone; the clients' own word decides.",
        "Run reprotect first if its database may be old; if nothing was defined since, run again and say so.",
    ),
}
