"""The file /etc/niminfo of masters and clients (nim.md 2.1)."""

from __future__ import annotations

import shlex

CLIENT_HEADER = """#------------------ Network Install Manager ---------------
# warning - this file contains NIM configuration information
#       and should only be updated by NIM
"""
QUOTED = {
    "NIM_ALTERNATE_MASTER",
    "NIM_SHELL",
    "NIM_MASTER_HOSTNAME_LIST",
    "NIM_HOSTS",
    "NIM_MOUNTS",
    "ROUTES",
}
MASTER_PORT, REGISTRATION_PORT = 1058, 1059


def parse(text: str) -> dict[str, str]:
    """Return the variables of a niminfo file in their order."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("export ") and "=" in line:
            name, _, value = line.removeprefix("export ").partition("=")
            values[name] = _unquoted(value)
    return values


def _unquoted(value: str) -> str:
    quote, inner = value[:1], value[1:-1]
    if quote not in {'"', "'"}:
        return value
    # what NIM itself writes needs no shell parser; thousands of clients are read again and again
    if len(value) > 1 and value[-1] == quote and quote not in inner and "\\" not in inner:
        return inner
    try:
        return "".join(shlex.split(value))
    except ValueError:
        return value


def render(values: dict[str, str]) -> str:
    """Write variables as NIM does: lists quoted, the rest bare; a client's file has the warning header."""
    header = "" if values.get("NIM_CONFIGURATION") == "master" else CLIENT_HEADER
    lines = [
        f'export {name}="{value}"' if name in QUOTED else f"export {name}={value}" for name, value in values.items()
    ]
    return header + "\n".join(lines) + "\n"


def for_master(hostname: str, alternate: str | None = None) -> dict[str, str]:
    """Return the variables of a configured master, with the one line more that an alternate relation adds."""
    values = {
        "NIM_NAME": "master",
        "NIM_CONFIGURATION": "master",
        "NIM_MASTER_PORT": str(MASTER_PORT),
        "NIM_REGISTRATION_PORT": str(REGISTRATION_PORT),
        "NIM_MASTER_HOSTNAME": hostname,
    }
    if alternate:
        values["NIM_ALTERNATE_MASTER"] = alternate
    return values


def for_client(
    *,
    name: str,
    hostname: str,
    ip: str,
    connect: str,
    masters: list[tuple[str, str]],
    gateway: str,
    masterid: str,
) -> dict[str, str]:
    """Return the variables of a client; `masters` are (hostname, address) pairs, the current one first."""
    current, address = masters[0]
    values = {
        "NIM_NAME": name,
        "NIM_HOSTNAME": hostname,
        "NIM_CONFIGURATION": "standalone",
        "NIM_MASTER_HOSTNAME": current,
        "NIM_MASTER_PORT": str(MASTER_PORT),
        "NIM_REGISTRATION_PORT": str(REGISTRATION_PORT),
        "NIM_SHELL": connect.split(maxsplit=1)[0],
        "NIM_MASTERID": masterid,
    }
    if len(masters) > 1:
        values["NIM_MASTER_HOSTNAME_LIST"] = " ".join(host for host, _ in masters)
    values |= {
        "NIM_BOS_IMAGE": "/SPOT/usr/sys/inst.images/installp/ppc/bos",
        "NIM_BOS_FORMAT": "rte",
        "NIM_HOSTS": f" 127.0.0.1:loopback:localhost  {ip}:{hostname}  {address}:{current}",
        "NIM_MOUNTS": "",
        "ROUTES": f" default:0:{gateway} ",
    }
    return values
