"""The law for the disaster failover."""

from __future__ import annotations

from nim_operators.nim.diagnosis import State
from nim_operators.nim.law.ruling import GO, REASON, REFUSE, TAKE_OVER_AGAIN, WHO_MOVED, Column, Ruling

_REPROTECT_NEXT = "Nothing is left to do here; when the old master is back, run reprotect."

DISASTER_FAILOVER: Column = {
    State.HEALTHY: Ruling(
        REFUSE, "The active master is healthy.", "Run the planned takeover: it copies the database first."
    ),
    State.FIRST_SYNC: Ruling(
        REFUSE,
        "The active master is healthy, and the alternate holds nothing to serve the clients with.",
        "Run the nightly sync.",
    ),
    State.STANDBY_DOWN: Ruling(
        REFUSE, "There is nobody to rescue the clients from, and nobody to rescue them.", "Bring the standby up."
    ),
    State.STANDBY_SYNCING: Ruling(
        REASON,
        "Something still works on the alternate's database.",
        "Wait until it has ended; if it hangs because the other master is gone, run again and say so.",
    ),
    State.ACTIVE_UNREACHABLE_UNCONFIRMED: Ruling(
        REASON,
        "It may be serving its clients.",
        "Look at its console or HMC. If it is dead, or must not come back, run again and say what was seen.",
    ),
    State.ACTIVE_DEAD: Ruling(GO, "We and a second witness find the active master dead.", "Nothing."),
    State.BOTH_UNREACHABLE: Ruling(
        REFUSE,
        "Nothing is known of either master, and nobody could take over.",
        "Look at the network, the login and the host keys between here and both masters.",
    ),
    State.ACTIVE_NOT_SERVING: Ruling(
        REASON,
        "Repairing it may be quicker, and loses nothing.",
        "Repair NIM on it, or run again and say why not.",
    ),
    State.UNUSABLE_ALTERNATE: Ruling(
        REFUSE,
        "The alternate's own NIM could not serve the clients, and this runbook may not mend it.",
        "Do what the last of the reasons says, restore its database or start nimesis there; then run again.",
    ),
    State.INTERRUPTED_SYNC: Ruling(
        REASON,
        "How the last job ended is unknown, so the alternate's copy may be half of one.",
        "Look at the log of the job and at the alternate, then run again and say what was seen.",
    ),
    State.INTERRUPTED_TAKEOVER: Ruling(
        REASON,
        WHO_MOVED,
        TAKE_OVER_AGAIN,
    ),
    State.SPLIT: Ruling(
        REFUSE,
        "Both masters answer, and each controls some clients.",
        "Run the planned takeover or give-back towards the master that shall have them all.",
    ),
    State.RETURNED_STALE: Ruling(
        REFUSE, "The clients have been moved already, and the old master is back.", "Run reprotect."
    ),
    State.TAKEN_OVER: Ruling(GO, "Every answering client names the target already.", _REPROTECT_NEXT),
    State.ROLES_REVERSED: Ruling(
        REFUSE,
        "The clients or a recorded direction name the other master as the active one, and both masters answer.",
        "Run reprotect, or setup with the master that the clients name.",
    ),
    State.NOT_A_PAIR: Ruling(
        REFUSE,
        "These hosts are not each other's alternate, or each serves clients of its own.",
        "Check the estate file.",
    ),
    State.OWNERSHIP_UNKNOWN: Ruling(
        REFUSE,
        "Both masters answer; no client says who controls it.",
        "Make one client answer: nimsh running on it, push allowed, its /etc/niminfo whole.",
    ),
    State.NOT_ARMED: Ruling(
        REFUSE, "Both masters answer; there is no disaster to be seen.", "Run setup for this pair."
    ),
}
