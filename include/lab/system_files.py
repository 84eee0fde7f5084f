"""Text files every machine has: users, names, inittab, cron tables, and the static hostname and uname."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.lab.estate import Estate
    from include.lab.host import Host

NIMSH_INITTAB = "nimsh:2:wait:/usr/bin/startsrc -g nimclient >/dev/console 2>&1"
NIM_INITTAB = "nim:2:wait:/usr/bin/startsrc -g nim >/dev/console 2>&1"
INITTAB = "/etc/inittab"
MANY_HOSTS = 64

UNAME = """#!/usr/bin/sh
s= n= r= v= m= p= o=
[ $# -eq 0 ] && s=1
while getopts aslLmMnprvuxf o; do
    case $o in
        a) s=1 n=1 r=1 v=1 m=1 ;;
        s) s=1 ;; n) n=1 ;; r) r=1 ;; v) v=1 ;; m) m=1 ;; p) p=1 ;;
        M) echo "IBM,9009-42A"; exit 0 ;;
        u) echo "IBM,02{serial}"; exit 0 ;;
        L) echo "3 {host}"; exit 0 ;;
        *) echo "usage: uname [-aslLmMnprvuxf]" >&2; exit 1 ;;
    esac
done
out=
[ -n "$s" ] && out="$out AIX"
[ -n "$n" ] && out="$out {host}"
[ -n "$r" ] && out="$out {release}"
[ -n "$v" ] && out="$out {version}"
[ -n "$m" ] && out="$out {machine}"
[ -n "$p" ] && out="$out powerpc"
echo "${{out# }}"
"""
HOSTNAME = """#!/usr/bin/sh
case ${{1:-}} in
    '') echo "{host}" ;;
    -s) echo "{short}" ;;
    *) echo "hostname: 0551-011 Only the root user can set the hostname." >&2; exit 1 ;;
esac
"""


def system_files(host: Host, estate: Estate) -> dict[str, str]:
    """Return path to text."""
    version, level = host.oslevel[0], host.oslevel[1]
    values = {
        "host": host.hostname,
        "short": host.hostname.split(".", 1)[0],
        "release": level,
        "version": version,
        "machine": host.cpuid,
        "serial": host.cpuid[2:9],
    }
    known = [other for other in estate.hosts.values() if other.role != "client" or len(estate.hosts) <= MANY_HOSTS]
    names = "".join(f"{other.address}\t{' '.join(other.names)}\n" for other in known)
    return {
        "/etc/passwd": (
            "root:!:0:0::/:/usr/bin/ksh\ndaemon:!:1:1::/etc:\nbin:!:2:2::/bin:\n"
            "nimadm:!:301:301:NIM operations:/home/nimadm:/usr/bin/ksh\nnobody:!:4294967294:4294967294::/:\n"
        ),
        "/etc/group": "system:!:0:root\nstaff:!:1:nimadm\nbin:!:2:root,bin\nnimadm:!:301:nimadm\n",
        "/etc/hosts": f"127.0.0.1\tloopback localhost\n{names}",
        "/etc/environment": "PATH=/usr/bin:/etc:/usr/sbin:/usr/ucb:/usr/bin/X11:/sbin\nTZ=UTC0\nLANG=en_US\n",
        "/etc/profile": "export PATH\n",
        INITTAB: inittab(host),
        "/var/spool/cron/crontabs/root": CRONTAB,
        "/usr/bin/uname": UNAME.format(**values),
        "/usr/bin/hostname": HOSTNAME.format(**values),
    }


CRONTAB = """# COMPONENT_NAME: (CMDCNTL) commands needed for basic system needs
0 11 * * * /usr/bin/errclear -d S,O 30
0 12 * * * /usr/bin/errclear -d H 90
55 23 * * * /var/perf/pm/bin/pmcfg  >/dev/null 2>&1     #Enable PM Data Collection
"""


def inittab(host: Host) -> str:
    """Return an inittab whose NIM entries belong to the role of the machine."""
    lines = [
        "init:2:initdefault:",
        "brc::sysinit:/sbin/rc.boot 3 >/dev/console 2>&1 # Phase 3 of system boot",
        "rc:23456789:wait:/etc/rc 2>&1 | alog -tboot > /dev/console # Multi-User checks",
        "srcmstr:23456789:respawn:/usr/sbin/srcmstr # System Resource Controller",
        "rctcpip:23456789:wait:/etc/rc.tcpip > /dev/console 2>&1 # Start TCP/IP daemons",
        "rcnfs:23456789:wait:/etc/rc.nfs > /dev/console 2>&1 # Start NFS Daemons",
        "cron:23456789:respawn:/usr/sbin/cron",
    ]
    if host.role == "master":
        lines.append(NIM_INITTAB)
    lines.append(NIMSH_INITTAB)
    return "\n".join(lines) + "\n"


def inittab_entries(text: str | None) -> dict[str, str]:
    """Return identifier to line."""
    return {line.split(":", 1)[0]: line for line in (text or "").splitlines() if line and not line.startswith(":")}
