"""The settings of the demo's Airflow: loopback only, named users, nothing shared with another Airflow."""

from __future__ import annotations

import base64
import json
import os
import secrets
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

LOOPBACK = "127.0.0.1"

USERS: Mapping[str, str] = {"admin": "admin", "olga": "op", "anton": "user", "vera": "viewer"}
"""User names and their roles: administrator, operator on duty, approver, auditor."""

OPERATOR = "olga"
APPROVERS = ("anton", "admin")
"""Who may approve a plan, unless they asked for it themselves."""

_FOREIGN = ("AIRFLOW_", "NIM_OPERATORS_")
"""Variables of the caller's own installation, which must not leak into the demo's."""


@dataclass(frozen=True)
class Settings:
    """What one Airflow needs to know before it starts.

    :param home: its AIRFLOW_HOME, written by it alone.
    :param dags: the folder it loads DAGs from.
    :param port: where its API server listens on loopback.
    :param extra: further environment: connections, the product's variables, overridden settings.
    :param passwords: generated per user, unless given.
    """

    home: Path
    dags: Path
    port: int
    extra: Mapping[str, str]
    passwords: Mapping[str, str] = field(default_factory=lambda: {user: secrets.token_urlsafe(12) for user in USERS})

    @property
    def base_url(self) -> str:
        """Where UI and REST API are."""
        return f"http://{LOOPBACK}:{self.port}"

    def environment(self) -> dict[str, str]:
        """Return the whole environment of every Airflow process."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        # Airflow's processes call the API server on loopback; a proxy in the environment would not reach it.
        inherited["NO_PROXY"] = inherited["no_proxy"] = f"{LOOPBACK},localhost"
        return {
            **inherited,
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__API__BASE_URL": self.base_url,
            "AIRFLOW__API__HOST": LOOPBACK,
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__SECRET_KEY": secrets.token_urlsafe(32),
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
            "AIRFLOW__CORE__AUTH_MANAGER": (
                "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
            ),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.base_url}/execution/",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.passwords_file),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{u}:{role}" for u, role in USERS.items()),
            # Writers take turns; on a busy machine the usual 5 s are too short a wait for one's turn.
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home / 'airflow.db'}?timeout=60",
            # A step follows the one before it at once; by default the scheduler looks each second.
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(self.home / "logs"),
            **self.extra,
        }

    @property
    def passwords_file(self) -> Path:
        """Where the simple auth manager reads the passwords."""
        return self.home / "passwords.json"

    def write(self) -> None:
        """Create the home, readable by its owner alone, and the passwords in it."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o700)
        self.passwords_file.write_text(json.dumps(dict(self.passwords)))


def free_port() -> int:
    """Return a loopback port nobody listens on."""
    with ExitStack() as open_sockets:
        listener = open_sockets.enter_context(socket.socket())
        listener.bind((LOOPBACK, 0))
        return int(listener.getsockname()[1])


def connection_variables(connections: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """Return Airflow's environment variables for connections given as plain mappings."""
    return {f"AIRFLOW_CONN_{conn_id.upper()}": json.dumps(dict(value)) for conn_id, value in connections.items()}
