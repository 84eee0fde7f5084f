"""What this distribution tells Airflow about itself."""

from __future__ import annotations

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Return the provider's description; the API server builds the connection form from it without importing a hook."""
    return {
        "package-name": "nim-operators",
        "name": "NIM alternate masters",
        "description": "Run pairs of IBM AIX NIM masters: nightly sync, takeover, give back.",
        "integrations": [{"integration-name": "NIM", "external-doc-url": "", "tags": ["service"]}],
        "operators": [
            {
                "integration-name": "NIM",
                "python-modules": [
                    f"nim_operators.operators.{name}"
                    for name in (
                        "approve",
                        "arm",
                        "backup",
                        "fence",
                        "lock",
                        "plan",
                        "plan_spot",
                        "prepare",
                        "precheck",
                        "put_back",
                        "rebuild_spot",
                        "repair_client",
                        "reconcile",
                        "refresh",
                        "reset_clients",
                        "sync",
                        "takeover",
                        "verdict",
                        "verify",
                        "watch",
                    )
                ],
            }
        ],
        "sensors": [
            {
                "integration-name": "NIM",
                "python-modules": ["nim_operators.sensors.client_state", "nim_operators.sensors.nimesis"],
            }
        ],
        "hooks": [{"integration-name": "NIM", "python-modules": ["nim_operators.hooks.nim"]}],
        "triggers": [
            {
                "integration-name": "NIM",
                "python-modules": [f"nim_operators.triggers.{name}" for name in ("client_state", "job", "nimesis")],
            }
        ],
        "extra-links": ["nim_operators.links.EvidenceLink"],
        "notifications": ["nim_operators.notifications.verdict.NimVerdictNotifier"],
        "connection-types": [
            {
                "connection-type": "nim",
                "hook-class-name": "nim_operators.hooks.nim.NimHook",
                "hook-name": "NIM master",
                "ui-field-behaviour": {
                    "hidden-fields": ["schema"],
                    "relabeling": {"login": "Login (root, or a user with sudo -n)"},
                    "placeholders": {"host": "nima.example.com", "login": "root", "port": "22"},
                },
                "conn-fields": {
                    "key_file": _field("Private key file on the worker"),
                    "private_key": _field("Private key", format="password"),
                    "private_key_passphrase": _field("Passphrase of the key", format="password"),
                    "host_key": _field("Trusted host key (type and base64)"),
                    "known_hosts": _field("known_hosts file on the worker"),
                    "privilege": _field("How root rights are got: none or sudo", enum=["none", "sudo"]),
                    "sudo": _field("Path of sudo, where it is not on the login's PATH"),
                    "ksh": _field("Path of the Korn shell", default="/usr/bin/ksh"),
                },
            }
        ],
    }


def _field(label: str, **schema: Any) -> dict[str, Any]:
    return {"label": label, "schema": {"type": ["string", "null"], **schema}}
