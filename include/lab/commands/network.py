"""host, ping, showmount, rpcinfo, exportfs: names and NFS between the machines."""

from __future__ import annotations

from include.lab.call import Call
from include.lab.faults import Fault, register
from include.lab.registry import command

RPC = (
    ("100000", "4", "tcp", "111", "portmapper"),
    ("100000", "4", "udp", "111", "portmapper"),
    ("100005", "3", "tcp", "32772", "mountd"),
    ("100003", "3", "tcp", "2049", "nfs"),
    ("100021", "4", "tcp", "32775", "nlockmgr"),
)


@command("/usr/bin/host", logged=False)
async def host(call: Call) -> int:
    """Resolve a name or an address, AIX's shape."""
    if not call.args:
        return await call.fail(1, "Usage: host [-n] [-v] [-w] HostName | HostAddress [ ServerName ]")
    name = call.args[-1]
    found = call.estate.lookup(name, call.host)
    if found is None:
        return await call.fail(1, f"host: 0827-801 Host name {name} does not exist.")
    aliases = [alias for alias in found.names[1:] if alias != found.hostname]
    tail = f",  Aliases:   {', '.join(aliases)}" if aliases else ""
    await call.line(f"{found.hostname} is {found.address}{tail}")
    return 0


@command("/usr/sbin/ping", logged=False)
async def ping(call: Call) -> int:
    """Send one packet or -c packets: ping [-c n] [-w s] host."""
    name = call.args[-1] if call.args else ""
    found = call.estate.lookup(name, call.host)
    if found is None:
        return await call.fail(1, f"0821-062 ping: host name {name} NOT FOUND")
    alive = call.estate.reaches(call.host, found) and not call.estate.fault("client_down", client=found.name)
    await call.line(f"PING {found.hostname}: ({found.address}): 56 data bytes")
    if alive:
        await call.line(f"64 bytes from {found.address}: icmp_seq=0 ttl=255 time=0 ms")
    received, lost = (1, 0) if alive else (0, 100)
    await call.line("", f"--- {found.hostname} ping statistics ---",
                    f"1 packets transmitted, {received} packets received, {lost}% packet loss")  # fmt: skip
    return 0 if alive else 1


def _nfs_refused(call: Call, name: str) -> str | None:
    target = call.estate.lookup(name, call.host)
    if target is None:
        return f"{name}: unknown host"
    blocked = call.estate.fault("nfs_blocked", target.name) or call.estate.fault("nfs_blocked", call.host.name)
    if not call.estate.reaches(call.host, target) or (blocked and target is not call.host):
        return "RPC: 1832-019 Program not registered"
    if target.role != "master" or not target.active("rpc.mountd"):
        return "RPC: 1832-019 Program not registered"
    return None


@command("/usr/bin/showmount", logged=False)
async def showmount(call: Call) -> int:
    """List the exports of a host: -e [host]."""
    names = [word for word in call.args if not word.startswith("-")]
    name = names[0] if names else call.host.hostname
    problem = _nfs_refused(call, name)
    if problem:
        return await call.fail(1, f"showmount: 1831-109 {problem}")
    target = call.estate.lookup(name, call.host)
    exports = target.exports if target else []
    if not exports:
        await call.line(f"no exported file systems for {name}")
        return 0
    await call.line(f"export list for {name}:", *(f"{line.split()[0]:<30} (everyone)" for line in exports))
    return 0


@command("/usr/bin/rpcinfo", "/usr/sbin/rpcinfo", logged=False)
async def rpcinfo(call: Call) -> int:
    """List the RPC programs of a host (-p) or call one (-t, -u host program)."""
    names = [word for word in call.args if not word.startswith("-")]
    name = names[0] if names else call.host.hostname
    problem = _nfs_refused(call, name)
    if problem:
        return await call.fail(1, f"rpcinfo: 1831-053 cannot contact the portmapper on {name}: {problem}")
    if call.args[:1] in (["-t"], ["-u"]) and len(names) > 1:
        await call.line(f"program {names[1]} version 3 ready and waiting")
        return 0
    await call.line("   program vers proto   port  service")
    for program, version, protocol, port, service in RPC:
        await call.line(f"{program:>10}{version:>5}{protocol:>6}{port:>7}  {service}")
    return 0


@command("/usr/sbin/exportfs", changing=lambda argv: argv[1:] not in ([], ["-v"]))
async def exportfs(call: Call) -> int:
    """List exports, or take one away with -u."""
    if call.args[:1] == ["-u"] and len(call.args) == 2:
        call.host.exports = [line for line in call.host.exports if line.split()[0] != call.args[1]]
        return 0
    await call.line(*call.host.exports)
    return 0


register(
    Fault("name_resolution_broken", "a host resolves no name but its own", default_host="second"),
    Fault(
        "partition",
        "a host (and those in with=) is cut off from all others; SSH from outside still works",
        {"with": "more hosts"},
        default_host="first",
    ),
)
