"""The law for taking over clients that were away when their master changed."""

from __future__ import annotations

from nim_operators.nim.diagnosis import State
from nim_operators.nim.law.ruling import GO, REFUSE, WHO_MOVED, Column, Ruling

_ACTIVE_ELSEWHERE = "The clients do not name the master that the armed direction calls the active one."
_DECIDED = "The armed direction says who controls the clients; that some still name the other master is to be mended."
_REPROTECT_NEXT = "Nothing is left to do here; when the other master is back, run reprotect."

REATTACH: Column = {
    State.HEALTHY: Ruling(REFUSE, _ACTIVE_ELSEWHERE, "Run setup with the master that the clients name as the source."),
    State.FIRST_SYNC: Ruling(REFUSE, _ACTIVE_ELSEWHERE, "Run the nightly sync."),
    State.STANDBY_DOWN: Ruling(
        REFUSE, "The master that should control the clients does not answer.", "Make it reachable, then run again."
    ),
    State.STANDBY_SYNCING: Ruling(
        REFUSE,
        "Two operations on one pair destroy each other's work.",
        "Wait until the one that is running has ended, then run again.",
    ),
    State.ACTIVE_UNREACHABLE_UNCONFIRMED: Ruling(GO, _DECIDED, "Nothing."),
    State.ACTIVE_DEAD: Ruling(GO, _DECIDED, "Nothing."),
    State.BOTH_UNREACHABLE: Ruling(
        REFUSE,
        "Nothing is known of either master.",
        "Look at the network, the login and the host keys between here and both masters.",
    ),
    State.ACTIVE_NOT_SERVING: Ruling(GO, _DECIDED, "Nothing."),
    State.UNUSABLE_ALTERNATE: Ruling(
        REFUSE,
        "The NIM of the master that should control the clients does not work.",
        "Repair it, see the reasons; then run again.",
    ),
    State.INTERRUPTED_SYNC: Ruling(
        REFUSE,
        "How the last job ended is unknown.",
        "Look at its log, then run the runbook that began it again, or the takeover towards the active master where "
        "that was this one; say what was seen.",
    ),
    State.INTERRUPTED_TAKEOVER: Ruling(
        REFUSE,
        WHO_MOVED,
        "Trigger the runbook of the run that the evidence names again, with an override that says what was seen; where "
        "that was this one, the takeover towards the active master.",
    ),
    State.SPLIT: Ruling(GO, _DECIDED, "Nothing."),
    State.RETURNED_STALE: Ruling(GO, _DECIDED, "Run reprotect."),
    State.TAKEN_OVER: Ruling(GO, "Every answering client names the active master already.", _REPROTECT_NEXT),
    State.ROLES_REVERSED: Ruling(
        REFUSE, _ACTIVE_ELSEWHERE, "Run setup with the master that the clients name as the source."
    ),
    State.NOT_A_PAIR: Ruling(
        REFUSE,
        "These hosts are not each other's alternate, or each serves clients of its own.",
        "Check the estate file.",
    ),
    State.OWNERSHIP_UNKNOWN: Ruling(
        REFUSE, "No client answers, so none can be reattached.", "Wait until one is up, then run again."
    ),
    State.NOT_ARMED: Ruling(
        REFUSE, "No armed direction says who should control the clients.", "Run setup for this pair."
    ),
}
