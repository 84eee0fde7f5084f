"""Switches: what nim.md section 12 calls uncertain, with every behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Switch:
    """One uncertain behaviour: its name, the values it may take (the default first), and what it decides."""

    name: str
    values: tuple[str, ...]
    doc: str

    @property
    def default(self) -> str:
        """Return the value a lab starts with."""
        return self.values[0]


SWITCHES: tuple[Switch, ...] = (
    Switch(
        "peer_record_after_sync",
        ("dropped", "kept"),
        "is the source in the target's database after a sync (12.1)",
    ),
    Switch(
        "m_backup_db_of_broken",
        ("fails", "copies"),
        "does m_backup_db refuse a database that cannot be read (4.7)",
    ),
    Switch(
        "spot_operations_before_takeover",
        ("refused", "allowed"),
        "may a master that controls no client build, check or remove SPOTs and lpp_sources (4.3)",
    ),
    Switch(
        "removed_group_member",
        ("stays", "leaves"),
        "does an object that is removed stay a member of its groups (4.6)",
    ),
    Switch("backup_lands_on", ("target", "source"), "host that gets the automatic safety copy of a sync (12.17)"),
    Switch(
        "niminfo_after_restore",
        ("other-until-update", "own"),
        "whose /etc/niminfo the target has between restore and 'Updating master definition' (12.17)",
    ),
    Switch("restore_on_configured", ("works", "refuses"), "does m_restore_db run on a configured master (12.18)"),
    Switch(
        "c_rsh_from_non_current",
        ("allowed", "refused"),
        "may a listed, not current, master use c_rsh (12.19)",
    ),
    Switch(
        "failing_word",
        ("FAILURE", "FAILED", "ERROR", "empty"),
        "result word of a client that did not switch; empty: its row has none (12.4)",
    ),
    Switch(
        "takeover_exit",
        ("zero", "one", "code"),
        "exit status of a takeover that failed for some clients; code: that of the first failure (12.4)",
    ),
    Switch(
        "takeover_rows",
        ("all", "successes", "half"),
        "which clients have a row in the table: half ends in the middle (4.4)",
    ),
    Switch(
        "takeover_record_of_failed",
        ("kept", "taken"),
        "taken: the databases name the new master for a client that did not switch, too (section 10)",
    ),
    Switch(
        "takeover_updates_target",
        ("after_clients", "before_clients"),
        "when the other master's database is updated; before: for every client, whatever becomes of it (4.4)",
    ),
    Switch(
        "takeover_target",
        ("defined", "niminfo"),
        "niminfo: a master named there alone is a target too, and is defined by the takeover (12.1)",
    ),
    Switch(
        "takeover_keeps_alternate",
        ("kept", "added"),
        "added: the target gets the new master as alternate_master where it has none (12.6)",
    ),
    Switch("takeover_of_busy", ("switched", "refused"), "is a client switched whose Cstate is not ready (section 5)"),
    Switch(
        "dead_master_wait",
        ("0", "1", "5", "60"),
        "seconds a takeover waits for a target that does not answer (12.13)",
    ),
    Switch("force_attr_equals_F", ("yes", "no"), "does -a force=yes on a sync equal -F (12.8)"),
    Switch("define_alternate", ("works", "refused"), "does nim -o define -t alternate_master work (12.9)"),
    Switch("nimd", ("exists", "absent"), "does the nimd subsystem still exist (12.11)"),
    Switch("nimesis_group", ("nim", "blank", "nimesis"), "group printed for nimesis and nimd (12.11)"),
    Switch("lssrc_trailing_blank", ("no", "yes"), "do lssrc rows end in a blank (3.1)"),
    Switch("sync_error_stream", ("stderr", "stdout"), "stream of the error texts of a failed sync (12.10)"),
    Switch("sync_progress_stream", ("stdout", "split"), "split: SRC and tar lines of a sync go to stderr (12.10)"),
    Switch(
        "m_backup_db_stream",
        ("stdout", "stderr", "silent"),
        "where m_backup_db prints its 'a ./etc/..' lines",
    ),
    Switch(
        "lsnim_Z_bulk",
        ("stanza", "two_lines"),
        "bulk lsnim -l -Z: header per object, or IBM's two lines (12.12)",
    ),
    Switch(
        "lsnim_unset_attr",
        ("left_out", "blank"),
        "is an unset attribute left out of -Z, shifting columns (4.8)",
    ),
    Switch("lsnim_stanza_gap", ("none", "blank_line"), "is there a blank line between stanzas of lsnim -l (4.8)"),
    Switch("lsnim_final_newline", ("yes", "no"), "does lsnim end its last line with a newline"),
    Switch(
        "alternate_stanza",
        ("plain", "with_current_master"),
        "current_master on alternate_master objects (12.6)",
    ),
    Switch("takeover_reaches_vios", ("yes", "no"), "does takeover switch VIOS objects (12.16)"),
    Switch("takeover_line_names", ("target", "local"), "whom 'Updating the NIM database on the ..' names (12.3)"),
    Switch("async_rows", ("printed", "none"), "does an asynchronous takeover print its result rows (12.13)"),
    Switch("async_processes", ("visible", "hidden"), "does an asynchronous takeover show in ps (12.13)"),
    Switch("nimesis_at_boot", ("starts", "stays_down"), "does a stopped nimesis come back at boot (12.20)"),
    Switch(
        "replicate_lists_present",
        ("yes", "no"),
        "does replicate print a resource that is already there (4.3)",
    ),
    Switch("killed_sync_remote", ("dies", "continues"), "what nim_master_recover does when nim is killed"),
    Switch(
        "reset_clients",
        ("known", "unknown", "ignored"),
        "does a sync know reset_clients; ignored: it takes the attribute and tells no client (12.7)",
    ),
    Switch("reset_clients_output", ("lines", "silent"), "does reset_clients print a line per client (12.7)"),
    Switch("second_niminit", ("rebuilds", "refuses"), "niminit is_alternate=yes on a master of that peer (12.14)"),
    Switch("niminit_lists", ("both", "current"), "does niminit list the alternate too in a client's file (4.2, 6)"),
    Switch("exit_above_255", ("masked", "one"), "exit status of a NIM code above 255 (12.4)"),
    Switch("session_drop_signal", ("none", "hup"), "does sshd send SIGHUP to a session without tty that drops"),
    Switch("sudo", ("allowed", "denied"), "may the ordinary login use sudo -n"),
    Switch("sftp", ("on", "off"), "does sshd offer the sftp subsystem"),
    Switch(
        "port_budget",
        ("off", "on"),
        "nimsh uses ports 512-1023 with TIME_WAIT; pushes beyond them fail (3.4)",
    ),
)


class UnknownSwitchError(ValueError):
    """A switch or a value that does not exist; the message lists what does."""


class Switches:
    """The values in force in one lab."""

    def __init__(self, overrides: Mapping[str, str] | None = None) -> None:
        self._values = {switch.name: switch.default for switch in SWITCHES}
        for name, value in (overrides or {}).items():
            self.set(name, value)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def set(self, name: str, value: str) -> None:
        """Give a switch one of its values."""
        known = next((switch for switch in SWITCHES if switch.name == name), None)
        if known is None:
            names = ", ".join(switch.name for switch in SWITCHES)
            raise UnknownSwitchError(f"there is no switch {name!r}; the switches are: {names}")
        if value not in known.values:
            raise UnknownSwitchError(f"switch {name} takes {' or '.join(known.values)}, not {value!r}")
        self._values[name] = value

    def as_dict(self) -> dict[str, str]:
        """Return every switch with the value in force."""
        return dict(self._values)
