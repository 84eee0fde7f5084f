"""The law for repairs on the side of the active master: one of its SPOTs, one of its clients (design section 6)."""

from __future__ import annotations

from nim_operators.nim.diagnosis import State
from nim_operators.nim.law.ruling import BESIDE_A_LOST_TAKEOVER, GATHER, GO, REASON, REFUSE, Column, Ruling

_CONTROLS = "The clients name the master that works; the other one is not touched."
_NOT_ITS_OWN = "A master that does not control the clients may run no operation on its objects."
_ARM_WHAT_CLIENTS_NAME = "Run setup with the master that the clients name as the source, then run again."

REPAIR: Column = {
    State.HEALTHY: Ruling(GO, _CONTROLS, "Nothing."),
    State.FIRST_SYNC: Ruling(GO, _CONTROLS, "Run the nightly sync afterwards."),
    State.STANDBY_DOWN: Ruling(GO, _CONTROLS, "Bring the standby up."),
    State.STANDBY_SYNCING: Ruling(
        REFUSE,
        "Two operations on one pair destroy each other's work.",
        "Wait until the one that is running has ended, then run again.",
    ),
    State.ACTIVE_UNREACHABLE_UNCONFIRMED: Ruling(
        REFUSE,
        "The master that would do it cannot be reached.",
        "Look at its console or HMC and make it reachable, or let the alternate take the clients over with the "
        "disaster failover; then run again.",
    ),
    State.ACTIVE_DEAD: Ruling(
        REFUSE,
        _NOT_ITS_OWN,
        "Let the alternate take the clients over with the disaster failover, then run again.",
    ),
    State.BOTH_UNREACHABLE: Ruling(
        REFUSE,
        "Nothing is known of either master.",
        "Look at the network, the login and the host keys between here and both masters.",
    ),
    State.ACTIVE_NOT_SERVING: Ruling(
        REFUSE, "NIM does not work on the master that would do it.", "Repair it, see the reasons; then run again."
    ),
    State.UNUSABLE_ALTERNATE: Ruling(GO, _CONTROLS, "Repair the standby's NIM."),
    State.INTERRUPTED_SYNC: Ruling(
        REASON,
        "How the last job ended is unknown, so what it left is unknown too.",
        "Look at the log of the job and at both masters, then run again and say what was seen.",
    ),
    State.INTERRUPTED_TAKEOVER: BESIDE_A_LOST_TAKEOVER,
    State.SPLIT: Ruling(
        REFUSE,
        "Each master controls some clients.",
        f"{GATHER} Then run again; one that refuses that (0042-372) needs niminit against that master, typed on it.",
    ),
    State.RETURNED_STALE: Ruling(GO, _CONTROLS, "Run reprotect for the returned master."),
    State.TAKEN_OVER: Ruling(
        REFUSE, "The clients name the other master, and the armed direction does not say so.", _ARM_WHAT_CLIENTS_NAME
    ),
    State.ROLES_REVERSED: Ruling(
        REFUSE, "A recorded direction names the other master as the active one.", _ARM_WHAT_CLIENTS_NAME
    ),
    State.NOT_A_PAIR: Ruling(
        REFUSE,
        "These hosts are not each other's alternate, or each serves clients of its own.",
        "Check the estate file; if the hosts are right, initialise the alternate masters with niminit.",
    ),
    State.OWNERSHIP_UNKNOWN: Ruling(
        REFUSE,
        _NOT_ITS_OWN,
        "Make one client answer: nimsh running on it, push allowed, its /etc/niminfo whole.",
    ),
    State.NOT_ARMED: Ruling(
        REFUSE,
        "Nobody has said which master is the active one, and the databases do not agree on it.",
        "Resolve the contradiction named in the reasons, then run setup for this pair, then run again.",
    ),
}
