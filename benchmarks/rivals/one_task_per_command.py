"""Do the work of ``nim_planned_takeover`` with what the SSH provider offers: each command is a task of its own.

Nobody approves and nothing is judged: an exit status is all that a task sees. A rival of the benchmarks.
"""

from __future__ import annotations

import base64
from typing import Any

from airflow.providers.ssh.operators.ssh import SSHOperator
from airflow.sdk import DAG, chain, task

METHODS = "/usr/lpp/bos.sysmgt/nim/methods"
BACK_UP = f"{METHODS}/m_backup_db /tmp/rival.backup && cat /tmp/rival.backup"
READ = "/usr/sbin/lsnim -l"
CONNECTIONS = {"nima": "nim_lab_a", "nimb": "nim_lab_b"}
SECONDS = 600


@task
def ask_each(listing: str) -> list[str]:
    """Return the command that asks each client of a listing, which the provider hands over in base64."""
    rows = base64.b64decode(listing).decode().splitlines()
    return [f"{METHODS}/c_rsh {row.split()[0]} 'oslevel -s; cat /etc/niminfo'" for row in rows if row.strip()]


def on(master: str, task_id: str, command: str) -> SSHOperator:
    """Return a task that runs one command on a master."""
    return SSHOperator(task_id=task_id, ssh_conn_id=CONNECTIONS[master], command=command, cmd_timeout=SECONDS)


def ask(master: str, task_id: str, commands: Any) -> Any:
    """Return a task for each client, which asks it from a master."""
    operator = SSHOperator.partial(task_id=task_id, ssh_conn_id=CONNECTIONS[master], cmd_timeout=SECONDS)
    return operator.expand(command=commands)


def define(source: str) -> str:
    """Return the command that makes the source known to the target, which a sync forgets."""
    given = "-a platform=chrp -a netboot_kernel=64 -a cable_type1=N/A -a connect=nimsh"
    record = f"/usr/sbin/nim -o define -t alternate_master -a 'if1=find_net {source} 0' {given} {source}"
    return f"/usr/sbin/lsnim {source} || {record}"


for source, target in (("nima", "nimb"), ("nimb", "nima")):
    with DAG(f"one_task_per_command__{source}", schedule=None, max_active_tasks=64) as dag:
        clients = on(source, "list_clients", "/usr/sbin/lsnim -t standalone")
        commands = ask_each(clients.output)  # type: ignore[arg-type] # Airflow hands over what it stands for
        chain(
            [on(source, "read_source", READ), on(target, "read_target", READ)],
            clients,
            commands,
            ask(source, "ask_before", commands),
            [on(source, "back_up_source", BACK_UP), on(target, "back_up_target", BACK_UP)],
            on(source, "sync", f"/usr/sbin/nim -Fo sync -a replicate=yes {target}"),
            on(target, "nimesis", "/usr/bin/lssrc -s nimesis"),
            on(target, "record_of_source", define(source)),
            on(target, "takeover", f"/usr/sbin/nim -o takeover -a async=no {source}"),
            ask(target, "ask_after", commands),
            [on(source, "read_source_again", READ), on(target, "read_target_again", READ)],
        )
    globals()[dag.dag_id] = dag
