"""A nightly run of one pair under a real scheduler, judged by the pair's own hosts."""

from __future__ import annotations

from include.demo.stage import Stage
from tests.system.pair_run import PairRun

BEFORE_LOCK = "call:lsnim*"
"""The first look of `observe`: nothing is locked yet."""
MID_SYNC = "sync:7"
AFTER_SYNC = "call:nim -o define -t alternate_master*"
"""What `reconcile` gives back to the alternate after a sync took it: verify has not begun."""


class Night(PairRun):
    """A night of a pair that needs a sync: something on the source is new."""

    def __init__(self, stage: Stage, pair: str) -> None:
        super().__init__(stage, pair, "nim_nightly_sync")
        self.lab.admin("nima", "nim", "-o", "change", "-a", f"comments=night {self.mark}", "bosinst_ow")
        self.mark = self.lab.mark()

    @property
    def syncs(self) -> int:
        """How many syncs the hosts were sent this night."""
        return self.sent("sync")

    def log_on_host(self) -> str:
        logs = self.lab.tree("nima").glob("var/adm/nim_operators/done/sync.*/log")
        return max(logs, key=lambda log: log.stat().st_mtime).read_text()

    @property
    def sync_logs(self) -> list[str]:
        """The logs of syncs in the evidence of all runs of this night."""
        folders = [folder for run_id, folder in self.folders().items() if run_id in self.run_ids]
        return [file.read_text() for folder in folders for file in folder.glob("logs/sync.*.log")]

    @property
    def recovery_points(self) -> int:
        return len(self.api.asset_events(self.dag, self.run_id))
