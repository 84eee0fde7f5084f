"""What no master can see of its clients beforehand, dealt out by a seed; the deal is the ground truth of a test."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.lab.estate import Estate

# trait and the fault that makes it
TRAITS = {
    "off": "client_down",
    "late": "client_late",
    "list_missing": "client_list_missing",
    "push_off": "client_push_off",
    "busy": "cstate_busy",
    "secure": "client_secure",
    "silent_success": "client_silent_success",
    "false_failure": "client_false_failure",
    "wrong_cpuid": "wrong_cpuid",
}
PLAIN, VIOS = "plain", "vios"


class UnknownTraitError(ValueError):
    """A trait that does not exist; the message lists what does."""


def draw(estate: Estate, seed: int, share: float, kinds: Sequence[str]) -> dict[str, str]:
    """
    Give a share of the clients one trait each and return client to trait for all of them.

    Every kind comes up as often as the others, and at least once where there are as many clients to give it to. A
    client without one is `plain`, or `vios` when it is a VIOS.
    """
    wanted = list(kinds or TRAITS)
    for kind in wanted:
        if kind not in TRAITS:
            raise UnknownTraitError(f"there is no trait {kind!r}; traits are: {', '.join(TRAITS)}")
    chance = random.Random(seed)
    clients = [host for host in estate.hosts.values() if host.role == "client"]
    dealt = {host.name: VIOS if host.name.startswith("vios") else PLAIN for host in clients}
    chosen = chance.sample(sorted(dealt), round(share * len(dealt)))
    chance.shuffle(wanted)
    for number, name in enumerate(chosen):
        dealt[name] = wanted[number % len(wanted)]
        estate.activate(TRAITS[dealt[name]], None, {"client": name})
    return dealt
