"""What goes wrong around a pair, and what people type by hand: the words of the random walk."""

from __future__ import annotations

HOSTS = ("nima", "nimb")
PEER = {"nima": "nimb", "nimb": "nima"}
CLIENTS = ("aix02", "aix03", "vios1")
MACHINES = 3
STARTS = (
    "fresh", "synced", "synced_peer_kept", "synced_peer_kept", "stale", "taken_over", "returned_stale", "split",
    "interrupted_sync",
)  # fmt: skip

SWITCHES = (
    ("peer_record_after_sync", "kept"),
    ("niminfo_after_restore", "own"),
    ("backup_lands_on", "source"),
    ("restore_on_configured", "refuses"),
    ("c_rsh_from_non_current", "refused"),
    ("takeover_reaches_vios", "no"),
    ("takeover_exit", "one"),
    ("async_processes", "hidden"),
    ("nimesis_at_boot", "stays_down"),
    ("killed_sync_remote", "continues"),
    ("alternate_stanza", "with_current_master"),
    ("session_drop_signal", "hup"),
    ("nimesis_group", "blank"),
)
FAULTS: tuple[tuple[str, dict[str, str]], ...] = (
    *((name, {"host": host}) for host in HOSTS for name in ("host_down", "ssh_refused", "nimesis_down", "partition")),
    *((name, {"host": host}) for host in HOSTS for name in ("backup_truncated", "backup_fs_full", "root_full")),
    *((name, {"host": host}) for host in HOSTS for name in ("lsnim_truncated", "banner_noise", "no_exit_status")),
    *((name, {"client": client}) for client in CLIENTS for name in ("client_down", "client_push_off")),
    *((name, {"client": client}) for client in CLIENTS for name in ("wrong_cpuid", "client_silent_success")),
    *(("sync_fails", {"phase": str(phase)}) for phase in (1, 4, 6, 7, 9, 11, 13)),
    ("client_niminfo_missing", {"client": "aix02"}),
    ("client_list_missing", {"client": "aix03"}),
    ("restore_refuses", {"host": "nimb"}),
    ("restore_refuses", {"host": "nima"}),
    ("sync_half_copied", {}),
    ("sync_unreplicated", {}),
    ("fs_unmounted", {"host": "nimb"}),
    ("levels_apart", {"host": "nimb"}),
    ("smit_running", {"host": "nima"}),
    ("cstate_busy", {"client": "aix03"}),
    ("stray_cron_sync", {"host": "nimb"}),
    ("name_resolution_broken", {"host": "nimb"}),
    ("nfs_blocked", {"host": "nima"}),
    ("wrong_host_key", {"host": "nimb"}),
    ("translated_messages", {"host": "nima"}),
    ("nimesis_duplicate_row", {"host": "nimb"}),
    *(("link_cut", {"host": host, "to": "controller"}) for host in HOSTS),
    *(("link_cut", {"host": "nimb", "to": client}) for client in CLIENTS),
    ("link_cut", {"host": "nima", "to": "nimb"}),
    *(("host_dies_at", {"host": host, "point": "takeover:client=aix03"}) for host in HOSTS),
    *(("host_dies_at", {"host": host, "point": point}) for host in HOSTS for point in ("sync:11", "spot:*")),
    *(("database_broken", {"host": host}) for host in HOSTS),
    ("client_false_failure", {"client": "vios1"}),
    ("master_moved", {"host": "nimb"}),
    ("locked_object", {"host": "nima", "object": "aix02"}),
    ("resource_in_use", {"resource": "bosinst_ow"}),
    ("fs_full", {"host": "nimb", "fs": "/export/nim"}),
)
DISASTERS: tuple[tuple[str, dict[str, str]], ...] = (
    ("host_down", {"host": "nima"}),
    ("host_dies_at", {"host": "nima", "point": "sync:7"}),
    ("host_dies_at", {"host": "nima", "point": "sync:resource=*"}),
    ("host_dies_at", {"host": "nima", "point": "m_backup_db"}),
    ("link_cut", {"host": "nima", "to": "controller"}),
    ("link_cut", {"host": "nima", "to": "controller,nimb"}),
    ("database_broken", {"host": "nima"}),
    ("nimesis_down", {"host": "nima"}),
)
"""How the active master is lost, or seems to be."""

SPOT = "spot_7300_02"
BEFORE_A_REPAIR: tuple[tuple[str, dict[str, str]], ...] = (
    ("client_list_missing", {"client": "aix02"}),
    ("client_list_missing", {"client": "aix03"}),
    ("client_niminfo_missing", {"client": "aix02"}),
    ("host_down", {"host": "nimb"}),
    ("nimesis_down", {"host": "nimb"}),
    ("client_down", {"client": "aix02"}),
    *(("host_dies_at", {"host": "nima", "point": f"spot:{name}=*"}) for name in (SPOT, f"{SPOT}_rebuild")),
)
"""What a repair is for, or gets in its way."""

HOLDS = (
    "sync:3", "sync:7", "sync:11", "m_backup_db", "m_restore_db", "takeover:client=aix03", "takeover:update", "spot:*",
)  # fmt: skip
TAKE_OVER = ("nim", "-o", "takeover", "-a", "async=no")
BY_HAND = {
    "take over nima": (*TAKE_OVER, "nima"),
    "take over nimb": (*TAKE_OVER, "nimb"),
    "take over nima in the background": ("nim", "-o", "takeover", "-a", "async=yes", "nima"),
    "force a sync to nima": ("nim", "-Fo", "sync", "-a", "replicate=yes", "nima"),
    "force a sync to nimb": ("nim", "-Fo", "sync", "-a", "replicate=yes", "nimb"),
    "sync to nimb": ("nim", "-o", "sync", "-a", "replicate=yes", "nimb"),
    "stop nimesis": ("stopsrc", "-s", "nimesis"),
    "start nimesis": ("startsrc", "-s", "nimesis"),
    "remove a client": ("nim", "-o", "remove", "aix02"),
    "remove a resource": ("nim", "-o", "remove", "bosinst_ow"),
    "remove the record of nima": ("nim", "-o", "remove", "nima"),
    "remove the record of nimb": ("nim", "-o", "remove", "nimb"),
    "define nima": ("nim", "-o", "define", "-t", "alternate_master", "-a", "if1=find_net nima 0 ent0", "nima"),
    "define nimb": ("nim", "-o", "define", "-t", "alternate_master", "-a", "if1=find_net nimb 0 ent0", "nimb"),
    "comment a resource": ("nim", "-o", "change", "-a", "comments=by hand", "mksysb_aix01"),
    "back up": ("m_backup_db", "/tmp/by_hand.backup"),
}
BEFORE_A_NIGHT: tuple[tuple[str, str], ...] = (
    ("nimb", "take over nima"),
    ("nimb", "a network"),
    ("nimb", "remove a client"),
    ("nimb", "stop nimesis"),
)
"""What somebody does on the standby of a pair that is well, right before the night looks at it."""

DEFINITIONS = {
    "standalone": ("platform=chrp", "netboot_kernel=64", "if1=master_net aix03.example.com 0", "cable_type1=N/A"),
    "ent": ("net_addr=10.9.{}.0", "snm=255.255.255.0"),
}
