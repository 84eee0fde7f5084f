"""The trigger forms of the runbooks, field by field. The first task of a run checks what was typed into them."""

from __future__ import annotations

from airflow.sdk import Param

from nim_operators.estate.schema import Pair
from nim_operators.operators.form import LONGEST


def source_param(pair: Pair) -> dict[str, Param]:
    """Return the param that chooses the master to copy from."""
    return {
        "source": Param(
            pair.source,
            type="string",
            enum=list(pair.masters),
            title="Source",
            description="The master that controls the clients; the nightly sync will copy from it onto the other one.",
        )
    }


def common_params() -> dict[str, Param]:
    """Return the params that every runbook's trigger form has."""
    return {
        "reason": Param(
            None,
            type=["null", "string"],
            maxLength=LONGEST,
            title="Reason",
            description="Why this run may go on where the law wants a typed reason, or why a lock is broken. "
            "Else leave it empty.",
        ),
        **lock_param("a reason"),
    }


def lock_param(needs: str) -> dict[str, Param]:
    """Return the param that breaks a lock which a dead run left; it *needs* another one of the form."""
    return {
        "break_lock_of": Param(
            None,
            type=["null", "string"],
            maxLength=LONGEST,
            title="Break the lock of this run",
            description=f"The run that holds the pair lock, exactly as the refusing task named it. Needs {needs}.",
        )
    }


def takeover_params(pair: Pair) -> dict[str, Param]:
    """Return the trigger form. It is checked in the first task, with a sentence for each field that cannot be used."""
    return {
        "reason": reason_param("Why the clients are moved"),
        "change_ticket": text_param("Change ticket", "The number of the approved change, or 'none'. Required."),
        "success_threshold": threshold_param(pair),
        "window_minutes": Param(
            120,
            type=["null", "integer"],
            title="Outage window (minutes)",
            description="The plan says whether the final sync fits into it.",
        ),
        "final_sync": Param(
            default=True,
            type=["null", "boolean"],
            title="Final sync",
            description="Copy the database once more right before. Without it the takeover rests on the last recovery "
            "point: what was defined since is not known to the new master.",
        ),
        **safety_params(),
    }


def threshold_param(pair: Pair) -> Param:
    """Return the param that says how many clients must have moved."""
    return Param(
        pair.takeover.success_threshold,
        type=["null", "integer"],
        title="Success threshold (percent)",
        description="How many of the clients planned to move must have moved. Below it the run stops, does not "
        "turn the armed direction, and offers to give them back.",
    )


def safety_params() -> dict[str, Param]:
    """Return the params that every approved runbook has."""
    return {
        "rehearsal": Param(
            default=False,
            type=["null", "boolean"],
            title="Rehearsal",
            description="Stop after the plan. Nothing that changes a master is sent.",
        ),
        "override": Param(
            None,
            type=["null", "string"],
            title="Override",
            description="Why this run may go on where the law wants a typed reason, clients are busy, or a lock is "
            "broken. Else leave it empty.",
        ),
        **lock_param("an override"),
    }


def reason_param(description: str) -> Param:
    """Return the param that asks why a run is wanted."""
    return text_param("Reason", f"{description}: what an auditor reads. Required.")


def text_param(title: str, description: str) -> Param:
    """Return a param that takes one line of text, empty at first."""
    return Param(None, type=["null", "string"], title=title, description=description)
