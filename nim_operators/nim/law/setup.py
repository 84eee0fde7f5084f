"""The law for recording the armed direction."""

from __future__ import annotations

from nim_operators.nim.diagnosis import State
from nim_operators.nim.law.ruling import GATHER, GO, REASON, REFUSE, TAKE_OVER_AGAIN, WHO_MOVED, Column, Ruling

SETUP: Column = {
    State.HEALTHY: Ruling(GO, "The direction that is wanted is the one that is.", "Nothing."),
    State.FIRST_SYNC: Ruling(GO, "The clients name the source.", "Run the first sync."),
    State.STANDBY_DOWN: Ruling(
        REFUSE, "The direction has to be recorded on both masters.", "Bring the standby up, then run again."
    ),
    State.STANDBY_SYNCING: Ruling(
        REFUSE, "What is being moved cannot be judged.", "Wait until it has ended, then run again."
    ),
    State.ACTIVE_UNREACHABLE_UNCONFIRMED: Ruling(
        REFUSE,
        "The direction has to be recorded on both masters.",
        "Make the active master reachable, then run again.",
    ),
    State.ACTIVE_DEAD: Ruling(
        REFUSE,
        "The direction has to be recorded on both masters.",
        "Let the alternate take the clients over: run the disaster failover.",
    ),
    State.BOTH_UNREACHABLE: Ruling(
        REFUSE,
        "Nothing is known of either master.",
        "Look at the network, the login and the host keys between here and both masters.",
    ),
    State.ACTIVE_NOT_SERVING: Ruling(
        REFUSE, "The source of the wanted direction does not serve.", "Repair NIM on it, then run again."
    ),
    State.UNUSABLE_ALTERNATE: Ruling(
        REFUSE, "The target of the wanted direction is broken.", "Repair NIM on it, then run again."
    ),
    State.INTERRUPTED_SYNC: Ruling(
        REASON,
        "How the last job ended is unknown.",
        "Look at the log of the job and at the standby, then run again and say what was seen.",
    ),
    State.INTERRUPTED_TAKEOVER: Ruling(
        REASON,
        WHO_MOVED,
        f"{TAKE_OVER_AGAIN} Or run this one again with the reason.",
    ),
    State.SPLIT: Ruling(
        REFUSE,
        "No direction is right while each master controls some clients.",
        GATHER,
    ),
    State.RETURNED_STALE: Ruling(
        REASON,
        "A returned master still claims clients; its record is turned with the first sync onto it.",
        "Run reprotect, which records the direction; or run again with the reason.",
    ),
    State.TAKEN_OVER: Ruling(
        REFUSE,
        "The clients name the target, not the wanted source.",
        "Choose the master that the clients name as the source.",
    ),
    State.ROLES_REVERSED: Ruling(
        REASON,
        "A record names the other direction; turning it takes a person who knows why.",
        "Make sure that every client names the source, then run again with the reason.",
    ),
    State.NOT_A_PAIR: Ruling(
        REFUSE,
        "These hosts are not each other's alternate, or each serves clients of its own.",
        "Check the estate file; if the hosts are right, initialise the alternate masters with niminit.",
    ),
    State.OWNERSHIP_UNKNOWN: Ruling(
        REFUSE,
        "A direction is armed on the word of at least one client.",
        "Make one client answer: nimsh running on it, push allowed, its /etc/niminfo whole.",
    ),
    State.NOT_ARMED: Ruling(
        REFUSE,
        "The clients or databases do not agree on the wanted direction.",
        "Resolve the contradiction named in the reasons, then run again.",
    ),
}
