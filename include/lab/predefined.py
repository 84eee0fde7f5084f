"""Classes, types and operations every NIM master knows before anything is defined (nim.md 1.1)."""

from __future__ import annotations

CLASSES = ("machines", "resources", "networks", "management", "groups", "customers")
TYPES: dict[str, tuple[str, ...]] = {
    "machines": ("master", "alternate_master", "standalone", "diskless", "dataless", "wpar"),
    "resources": (
        "adapter_def", "boot", "bosinst_data", "certificate", "devexports", "dump", "exclude_files",
        "fb_script", "file_res", "fix_bundle", "home", "image_data", "installp_bundle", "ios_mksysb",
        "linux_source", "log", "lpp_source", "mksysb", "nim_script", "ovf_vm", "paging", "resolv_conf",
        "root", "savevg", "savewpar", "script", "secattrs", "shared_home", "shared_root", "spot", "tmp",
        "vg_data", "vopt_iso", "wpar_spec",
    ),
    "networks": ("atm", "ent", "ent6", "fddi", "generic", "hfi", "tok"),
    "management": ("bcmm", "cec", "hmc", "ivm", "nas_filer", "vios"),
    "groups": ("mac_group", "res_group"),
    "customers": (),
}  # fmt: skip
CLIENT_TYPES = ("standalone", "diskless", "dataless", "vios")


def class_of(kind: str) -> str | None:
    """Return the class a type belongs to."""
    return next((cls for cls, kinds in TYPES.items() if kind in kinds), None)


MACHINE_OPERATIONS = (
    "define", "change", "remove", "allocate", "deallocate", "diag", "cust", "bos_inst", "maint", "reset",
    "lslpp", "check", "showlog", "reboot", "maint_boot", "select", "alt_disk_install", "updateios",
)  # fmt: skip
OPERATIONS: dict[str, tuple[str, ...]] = {
    "master": (
        "define",
        "change",
        "remove",
        "allocate",
        "deallocate",
        "cust",
        "reset",
        "lslpp",
        "check",
        "unconfig",
    ),
    "alternate_master": ("define", "change", "remove", "reset", "sync", "takeover"),
    "standalone": MACHINE_OPERATIONS,
    "diskless": MACHINE_OPERATIONS,
    "dataless": MACHINE_OPERATIONS,
    "vios": MACHINE_OPERATIONS,
    "spot": ("define", "change", "remove", "reset", "cust", "maint", "lslpp", "check", "showres", "showlog"),
    "lpp_source": ("define", "change", "remove", "check", "showres", "update", "lppmgr"),
}
DEFAULT_OPERATIONS = ("define", "change", "remove", "check", "showres")
OPERATION_ATTRIBUTES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "sync": ((), ("verbose", "replicate", "reset_clients")),
    "takeover": ((), ("verbose", "show_progress", "async")),
    "define": (("platform", "if1"), ("netboot_kernel", "cable_type1", "connect", "comments", "cpuid")),
    "lslpp": ((), ("lslpp_flags", "filesets", "installp_bundle")),
    "check": ((), ("lppchk_flags", "debug", "force", "dkls_group")),
    "change": ((), ("comments",)),
}
# attributes in the order in which lsnim -l prints them; others follow in the order in which they were set
ATTRIBUTE_ORDER = (
    "current_master", "sync_required", "max_nimesis_threads", "connect", "comments", "plat_defined", "arch",
    "bos_license", "platform", "netboot_kernel", "if", "cable_type", "net_settings", "Nstate", "Rstate",
    "Cstate", "prev_state", "Mstate", "location", "version", "release", "mod", "oslevel_r", "alloc_count",
    "server", "serves", "simages", "net_addr", "snm", "routing", "cpuid", "mgmt_profile", "control", "lock",
    "Cstate_result", "master_port", "registration_port", "reserved", "if_supported", "Rstate_result",
    "source_image", "creation_date",
)  # fmt: skip
