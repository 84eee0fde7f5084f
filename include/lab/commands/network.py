"""host, ping, netstat, showmount, rpcinfo, exportfs: names, sockets and NFS between the machines."""

from __future__ import annotations

from include.lab.call import Call
from include.lab.faults import Fault, register
from include.lab.host import Host
from include.lab.push import ports_of_others
from include.lab.registry import command

# program, version, protocol, port, name, and the subsystem that has to run
RPC = (
    ("100000", "4", "tcp", "111", "portmapper", ""),
    ("100000", "4", "udp", "111", "portmapper", ""),
    ("100005", "3", "tcp", "32772", "mountd", "rpc.mountd"),
    ("100003", "3", "tcp", "2049", "nfs", "nfsd"),
    ("100021", "4", "tcp", "32775", "nlockmgr", "nfsd"),
)


PING_USAGE = "usage: ping [-dDnoqrRv] [-a addr_family] [-c count] [-w timeout] [-f | -i wait] [-s size] host"


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
    """Send one packet or -c packets: ping [-c n] [-w s] host; without -c it counts as one, not as endless."""
    args, count = list(call.args), 1
    while args and args[0].startswith("-"):
        flag = args.pop(0)
        value = args.pop(0) if flag in {"-c", "-w", "-i", "-s", "-S", "-I", "-T"} and args else "1"
        if flag not in {"-c", "-w", "-i", "-s", "-S", "-I", "-T", "-q", "-n", "-v"} or (
            flag in {"-c", "-w"} and not value.isdigit()
        ):
            return await call.fail(1, PING_USAGE)
        count = int(value) if flag == "-c" else count
    if not args:
        return await call.fail(1, PING_USAGE)
    name = args[0]
    found = call.estate.lookup(name, call.host)
    if found is None:
        return await call.fail(1, f"0821-062 ping: host name {name} NOT FOUND")
    alive = call.estate.reaches(call.host, found)
    await call.line(f"PING {found.hostname}: ({found.address}): 56 data bytes")
    if alive:
        await call.line(*(f"64 bytes from {found.address}: icmp_seq={n} ttl=255 time=0 ms" for n in range(count)))
    received, lost = (count, 0) if alive else (0, 100)
    await call.line("", f"--- {found.hostname} ping statistics ---",
                    f"{count} packets transmitted, {received} packets received, {lost}% packet loss")  # fmt: skip
    if alive:
        await call.line("round-trip min/avg/max = 0/0/0 ms")
    return 0 if alive else 1


@command("/usr/bin/netstat", logged=False)
async def netstat(call: Call) -> int:
    """List the sockets of a host, AIX's shape: -an."""
    if set("".join(call.args)) - set("-an"):
        return await call.fail(1, "usage: netstat [-an] ...")
    rows = [("*.22", "*.*", "LISTEN"), ("*.111", "*.*", "LISTEN"), ("*.3901", "*.*", "LISTEN")]
    used = call.host.ports.sockets(ports_of_others(call.estate, call.host))
    rows += [(f"{call.host.address}.{port}", peer, state) for port, peer, state in used]
    await call.line(
        "Active Internet connections (including servers)",
        "Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)",
        *(f"tcp4       0      0  {local:<22} {peer:<22} {state}" for local, peer, state in rows),
    )
    return 0


def _portmapper_of(call: Call, name: str) -> Host | str:
    """Return the host whose portmapper answers, or why none does."""
    target = call.estate.lookup(name, call.host)
    if target is None:
        return f"{name}: unknown host"
    blocked = call.estate.fault("nfs_blocked", target.name) or call.estate.fault("nfs_blocked", call.host.name)
    if not call.estate.reaches(call.host, target) or (blocked and target is not call.host):
        return "RPC: 1832-008 Timed out"
    return target


def _programs(target: Host) -> list[tuple[str, ...]]:
    return [row for row in RPC if not row[-1] or target.active(row[-1])]


@command("/usr/bin/showmount", logged=False)
async def showmount(call: Call) -> int:
    """List the exports of a host: -e [host]."""
    names = [word for word in call.args if not word.startswith("-")]
    name = names[0] if names else call.host.hostname
    target = _portmapper_of(call, name)
    if not isinstance(target, str) and not target.active("rpc.mountd"):
        target = "RPC: 1832-019 Program not registered"
    if isinstance(target, str):
        return await call.fail(1, f"showmount: 1831-109 {target}")
    exports = target.exports
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
    target = _portmapper_of(call, name)
    if isinstance(target, str):
        return await call.fail(1, f"rpcinfo: 1831-053 cannot contact the portmapper on {name}: {target}")
    programs = _programs(target)
    if call.args[:1] in (["-t"], ["-u"]) and len(names) > 1:
        found = next((row for row in programs if names[1] in {row[0], row[4]}), None)
        if found is None:
            return await call.fail(
                1, f"rpcinfo: RPC: 1832-019 Program not registered\nprogram {names[1]} is not available"
            )
        await call.line(f"program {found[0]} version {found[1]} ready and waiting")
        return 0
    await call.line("   program vers proto   port  service")
    for program, version, protocol, port, service, _ in programs:
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
    Fault(
        "ports_busy",
        "other programs hold privileged ports of a master",
        {"count": "how many of the 512, default 400"},
        default_host="first",
    ),
    Fault("name_resolution_broken", "a host resolves no name but its own", default_host="second"),
    Fault(
        "partition",
        "a host (and those in with=) is cut off from all others; SSH from outside still works",
        {"with": "more hosts"},
        default_host="first",
    ),
)
