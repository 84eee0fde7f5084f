"""NIM objects as a freshly configured environment has them (nim.md 1.3)."""

from __future__ import annotations

from include.lab import niminfo
from include.lab.host import Host
from include.lab.odm import NimObject
from include.lab.world import DOMAIN, MasterSpec, ResourceSpec

READY = "ready for a NIM operation"
NETWORK, SECOND_NETWORK = "master_net", "dmz_net"
GATEWAY = "10.1.0.1"


def master_object(host: Host, extra: MasterSpec | None = None) -> NimObject:
    """Return the object `master` as a configured machine has it (nim.md 1.3)."""
    attrs = [
        ("max_nimesis_threads", "20"),
        ("platform", "chrp"),
        ("netboot_kernel", "64"),
        ("if1", f"{NETWORK} {host.hostname} {host.mac} ent0"),
        ("cable_type1", "N/A"),
    ]
    if extra is not None and extra.second_interface:
        name = second_hostname(host.hostname)
        attrs += [("if2", f"{SECOND_NETWORK} {name} {host.mac[:-1]}0 ent1"), ("cable_type2", "N/A")]
    attrs += [
        ("Cstate", READY),
        ("prev_state", READY),
        ("Mstate", "currently running"),
        ("master_port", str(niminfo.MASTER_PORT)),
        ("registration_port", str(niminfo.REGISTRATION_PORT)),
        ("reserved", "yes"),
    ]
    return NimObject("master", "machines", "master", attrs)


def second_hostname(hostname: str) -> str:
    """Return the name of a machine on its second network."""
    short, dot, domain = hostname.partition(".")
    return f"{short}-dmz{dot}{domain}"


def alternate_object(host: Host) -> NimObject:
    """Return the alternate_master object by which a peer knows `host`."""
    return NimObject(
        host.object_name,
        "machines",
        "alternate_master",
        [
            ("connect", "nimsh"),
            ("platform", "chrp"),
            ("netboot_kernel", "64"),
            ("if1", f"{NETWORK} {host.hostname} {host.mac} ent0"),
            ("cable_type1", "N/A"),
            ("Cstate", READY),
            ("prev_state", READY),
            ("Mstate", "currently running"),
            ("cpuid", host.cpuid),
        ],
    )


def client_object(host: Host, current: str) -> NimObject:
    """Return the standalone or vios object of a client."""
    vios = host.name.startswith("vios")
    attrs = [
        ("current_master", current),
        ("sync_required", "no"),
        ("connect", host.connect),
        ("platform", "chrp"),
        ("netboot_kernel", "64"),
        ("if1", f"{NETWORK} {host.hostname} {host.mac} ent0"),
        ("cable_type1", "N/A"),
        ("Cstate", READY),
        ("prev_state", READY),
        ("Mstate", "currently running"),
        ("cpuid", host.cpuid),
    ]
    if vios:
        attrs.append(("mgmt_profile1", f"hmc1 {host.name[4:]} cec1 {host.name}"))
    return NimObject(host.object_name, "management" if vios else "machines", "vios" if vios else "standalone", attrs)


def base_objects(host: Host, spec: MasterSpec | None) -> list[NimObject]:
    """Return what every configured master has: master, boot, nim_script and its network (nim.md 1.1)."""

    def resource(name: str, location: str) -> NimObject:
        return NimObject(
            name,
            "resources",
            name,
            [
                ("comments", f"This object was created by NIM for {name} use"),
                ("Rstate", "ready for use"),
                ("prev_state", "unavailable for use"),
                ("location", location),
                ("alloc_count", "0"),
                ("server", "master"),
                ("reserved", "yes"),
            ],
        )

    network = NimObject(
        NETWORK,
        "networks",
        "ent",
        [
            ("Nstate", "ready for use"),
            ("prev_state", "ready for use"),
            ("net_addr", "10.1.0.0"),
            ("snm", "255.255.0.0"),
        ],
    )
    return [
        master_object(host, spec),
        resource("boot", "/tftpboot"),
        resource("nim_script", "/export/nim/scripts"),
        network,
    ]


HMC_PASSWORD_FILE = "/etc/ibm/sysmgt/dsm/config/hmc1"
"""No sync copies it; both masters of the lab have one."""


def management_objects() -> list[NimObject]:
    """Return an HMC and the machine it manages."""
    hmc = [
        ("if1", f"{NETWORK} hmc1.{DOMAIN} 0"),
        ("passwd_file", HMC_PASSWORD_FILE),
        ("Cstate", READY),
        ("prev_state", READY),
        ("Mstate", "currently running"),
        ("manages1", "cec1"),
    ]
    cec = [
        ("hw_serial", "SN7812345"),
        ("hw_type", "9009"),
        ("hw_model", "42A"),
        ("Cstate", READY),
        ("prev_state", READY),
        ("mgmt_source", "hmc1"),
    ]
    return [NimObject("hmc1", "management", "hmc", hmc), NimObject("cec1", "management", "cec", cec)]


def resource_object(spec: ResourceSpec) -> NimObject:
    """Return the object of a resource served by the master."""
    attrs = [(key, value) for key, value in spec.attrs.items()]
    attrs += [
        ("Rstate", "ready for use"),
        ("prev_state", "unavailable for use"),
        ("location", spec.location),
        ("alloc_count", "0"),
        ("server", "master"),
    ]
    if spec.type == "spot":
        attrs += [("if_supported", "chrp.64 ent"), ("Rstate_result", "success")]
    return NimObject(spec.name, "resources", spec.type, attrs)
