"""Clients are asked no faster than the master's privileged ports allow (``clients.ksh``, nim.md 3.4).

The script runs in every Korn shell there is; ``c_rsh`` and ``netstat`` are functions that count ports in a file.
"""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

import nim_operators.remote

SCRIPTS = Path(nim_operators.remote.__file__).parent / "scripts"
SHELLS = [shell for shell in ("mksh", "ksh93", "dash", "sh") if shutil.which(shell)]
GIVEN = (
    "NONCE=@ C_RSH=c_rsh LSNIM=lsnim WIDTH=4 LIMIT=20 PORTS=40 PORTS_EACH=2 PORT_SECONDS=4 PORT_STEP=0 PORT_LOOKS=50\n"
)

ANSWERS = """
speak() { printf '7300-02-01-2346\\nexport NIM_NAME=%s\\n' "$1"; }
"""
HOSTS = """
lsnim() { printf '%s:\\n   class = machines\\n   if1   = net1 host-of-%s.example.com 0\\n' "$2" "$2"; }
"""
NO_PORT = """
refuse_port() { echo "0042-006 c_rsh: (From_Master) rresvport: no privileged port is free for $1" >&2; return 6; }
"""
TWO_PORTS_EACH = """
c_rsh() {
    printf '%s\\n' "$1.1" "$1.2" >>ports
    wc -l <ports >>most
    speak "$1"
}
netstat() {
    echo 'Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)'
    awk '{ print "tcp4 0 0 10.1.0.11." (1024 - NR) " 10.1.1.21.3901 TIME_WAIT" }' ports
    if [ "$(wc -l <ports)" -ge 40 ]; then  # somebody has to wait: meanwhile TIME_WAIT ends
        echo waited >>waits
        : >ports
    fi
}
"""
NETSTAT_IS_MISSING = "netstat() { return 127; }\n"
NO_PORT_AT_FIRST = """
c_rsh() {
    echo "$1" >>calls
    if [ "$(grep -c "^$1\\$" calls)" -lt 4 ]; then
        refuse_port "$1"
    else
        speak "$1"
    fi
}
"""
NEVER_A_PORT = 'c_rsh() { echo "$1" >>calls; refuse_port "$1"; }\n'
EIGHT_PORTS_LESS_EACH_LOOK = """
netstat() {
    awk '{ print "tcp4 0 0 10.1.0.11." (1023 - NR) " 10.1.1.21.3901 TIME_WAIT" }' kept
    sed 1,8d kept >fewer
    mv fewer kept
}
"""
ALL_PORTS_TAKEN = """
netstat() {
    echo looked >>looks
    awk 'BEGIN { for (port = 512; port < 1024; port++) print "tcp4 0 0 *." port " *.* LISTEN" }'
}
"""


def ask(shell: str, folder: Path, clients: int, *world: str, given: str = "") -> list[str]:
    """Ask clients c1, c2, ... and return the closing line of each, in order of name."""
    names = " ".join(f"c{number}" for number in range(1, clients + 1))
    (folder / "ports").touch()
    script = "\n".join(
        [
            GIVEN,
            given,
            *((SCRIPTS / f"{name}.ksh").read_text() for name in ("common", "say", "clients")),
            ANSWERS,
            HOSTS,
            NO_PORT,
            *world,
            f'clients_section "{names}"',
        ]
    )
    ran = subprocess.run([shell, "-s"], input=script, capture_output=True, text=True, check=True, cwd=folder)
    return [line for line in ran.stdout.splitlines() if line.partition(" ")[2].startswith("@ ")]


def lines(file: Path) -> list[str]:
    return file.read_text().split()


@pytest.mark.parametrize("shell", SHELLS)
def test_asking_waits_for_ports_and_leaves_a_reserve(shell: str, tmp_path: Path) -> None:
    closings = ask(shell, tmp_path, 60, TWO_PORTS_EACH)
    assert sorted(closings) == sorted(f"c{number} @ 0" for number in range(1, 61))
    assert max(map(int, lines(tmp_path / "most"))) < 80  # 120 at full speed; 40 may be used, and what was begun
    assert lines(tmp_path / "waits")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_client_that_found_no_port_is_asked_again_where_nobody_tells_which_are_free(
    shell: str, tmp_path: Path
) -> None:
    closings = ask(shell, tmp_path, 6, NETSTAT_IS_MISSING, NO_PORT_AT_FIRST)
    assert sorted(closings) == [f"c{number} @ 0" for number in range(1, 7)]
    assert Counter(lines(tmp_path / "calls")) == {f"c{number}": 4 for number in range(1, 7)}


@pytest.mark.parametrize("shell", SHELLS)
def test_patience_ends_once_and_not_again_for_each_client(shell: str, tmp_path: Path) -> None:
    closings = ask(shell, tmp_path, 3, NETSTAT_IS_MISSING, NEVER_A_PORT, given="WIDTH=1 PORT_LOOKS=3")
    assert closings == ["c1 @ 6 no port", "c2 @ 6 no port", "c3 @ 6 no port"]
    assert lines(tmp_path / "calls") == ["c1", "c1", "c1", "c1", "c2", "c3"]


@pytest.mark.parametrize("shell", SHELLS)
def test_where_other_programs_hold_all_ports_every_client_is_tried_once_in_the_end(shell: str, tmp_path: Path) -> None:
    closings = ask(shell, tmp_path, 3, ALL_PORTS_TAKEN, NEVER_A_PORT, given="WIDTH=1 PORT_LOOKS=3")
    assert closings == ["c1 @ 6 no port", "c2 @ 6 no port", "c3 @ 6 no port"]
    assert lines(tmp_path / "calls") == ["c1", "c2", "c3"]
    assert len(lines(tmp_path / "looks")) == 4


@pytest.mark.parametrize("shell", SHELLS)
def test_other_failures_are_no_want_of_a_port(shell: str, tmp_path: Path) -> None:
    dead = 'c_rsh() { echo "$1" >>calls; echo "0042-006 c_rsh: (From_Master) connect Connection refused"; return 6; }\n'
    assert sorted(ask(shell, tmp_path, 2, NETSTAT_IS_MISSING, dead)) == ["c1 @ 6", "c2 @ 6"]
    assert sorted(lines(tmp_path / "calls")) == ["c1", "c2", "host-of-c1.example.com", "host-of-c2.example.com"]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_client_is_asked_by_its_host_where_c_rsh_does_not_know_its_object(shell: str, tmp_path: Path) -> None:
    hosts_only = """
c_rsh() {
    case $1 in
        host-of-c2.*) echo "c2: Connection refused" >&2; return 6 ;;
        host-of-c4.*) speak c44 ;;  # its address has been given to another machine
        host-of-*) client=${1#host-of-}; speak "${client%%.*}" ;;
        *) echo "$1: no such host" >&2; return 1 ;;
    esac
}
"""
    closings = ask(shell, tmp_path, 4, NETSTAT_IS_MISSING, hosts_only)
    assert sorted(closings) == [
        "c1 @ 0 as host-of-c1.example.com",
        "c2 @ 6",
        "c3 @ 0 as host-of-c3.example.com",
        "c4 @ 1",
    ]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_client_that_took_its_whole_limit_is_not_asked_twice(shell: str, tmp_path: Path) -> None:
    mute = 'c_rsh() { echo "$1" >>calls; exec sleep 60; }\n'
    assert ask(shell, tmp_path, 1, NETSTAT_IS_MISSING, mute, given="LIMIT=1") == ["c1 @ 137"]
    assert lines(tmp_path / "calls") == ["c1"]


@pytest.mark.parametrize("shell", SHELLS)
def test_nim_pushes_only_once_the_ports_of_our_asking_are_free_again(shell: str, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("".join(f"{number}\n" for number in range(64)))
    given = "NONCE=@ PORTS=100 PORT_STEP=0 PORT_LOOKS=50 WANTED=60 PATIENCE=0\n"
    assert free_ports(shell, tmp_path, given, EIGHT_PORTS_LESS_EACH_LOOK) == "60 3"
    assert free_ports(shell, tmp_path, given.replace("50", "2"), ALL_PORTS_TAKEN) == "-412 2"
    assert len(lines(tmp_path / "looks")) == 3
    assert free_ports(shell, tmp_path, given, NETSTAT_IS_MISSING) == "100 0"


def free_ports(shell: str, folder: Path, given: str, netstat: str) -> str:
    """Return how many ports are free when NIM may begin."""
    parts = [(SCRIPTS / f"{name}.ksh").read_text() for name in ("common", "say", "clients", "free_ports")]
    script = "\n".join([given, *parts[:-1], netstat, parts[-1]])
    ran = subprocess.run([shell, "-s"], input=script, capture_output=True, text=True, check=True, cwd=folder)
    return ran.stdout.partition("begin ports\n")[2].partition("\n")[0]


@pytest.mark.parametrize(
    ("clients", "given", "seconds"),
    [
        (1000, "WIDTH=16 LIMIT=10", 10190),  # 63 rounds of dead clients, and the ports of 1000 conversations
        (0, "", 300),
    ],
)
def test_the_time_for_asking_follows_from_the_number_of_clients(
    clients: int, given: str, seconds: int, tmp_path: Path
) -> None:
    closings = ask(SHELLS[0], tmp_path, clients, "ask_clients() { echo; }", "section() { echo s @ $2; }", given=given)
    assert closings == [f"s @ {seconds}"]
