"""No secret gets into logs, XCom, evidence, what a notifier is told, or files on a host (promise S10)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from airflow.serialization.serialized_objects import DagSerialization
from structlog.testing import capture_logs

from include.lab import running_lab
from nim_operators.estate import EstateError, load_estate
from nim_operators.evidence.redact import Redactor
from tests.lab.in_process import InProcess
from tests.lab.runbook import ESTATE, Installation

PASSWORD = "canary-Passw0rd-of-login"
PASSPHRASE = "canary-Passphrase-of-key"
OF_HMC = "canary-password-of-hmc"
OF_WORKER = "canary-secret-of-worker"
OF_CRON = "canary-password-in-crontab"
OF_NOTIFIER = "canary-token-of-notifier"
CANARIES = (PASSWORD, PASSPHRASE, OF_HMC, OF_CRON, OF_WORKER, OF_NOTIFIER)

NOTIFYING = f"""\
    notify:
      - notifier: airflow.providers.smtp.notifications.smtp.SmtpNotifier
        arguments: {{to: nim@example.com, from_email: nim@example.com, auth_token: {OF_NOTIFIER}}}
"""


class Nights:
    """Nights of a pair whose connections hold canaries, and everything of them that a person may read."""

    def __init__(self, runs: InProcess, secrets: tuple[str, ...], logs: list[Any]) -> None:
        self.runs = runs
        self.secrets = secrets
        self.logs = logs
        self.begun = runs.lab.mark()

    def leaks(self) -> list[str]:
        """Return each place in which a secret stands, with the secret's first letters."""
        return [f"{place}: {one[:24]}" for place, text in self._places() for one in self.secrets if one in text]

    def _places(self) -> Iterator[tuple[str, str]]:
        yield "task log", "\n".join(map(str, self.logs))
        yield "XCom", "\n".join(self.runs.pushed)
        for runbook in ("nim_nightly_sync", "nim_setup"):
            yield runbook, json.dumps(DagSerialization.to_dict(self.runs.dag(runbook)), default=str)
        lab = self.runs.lab
        on_hosts = [lab.tree(host) / part for host in ("nima", "nimb") for part in ("var/adm/nim_operators", "tmp")]
        for folder in (self.runs.installation.evidence, *on_hosts):
            for file in folder.rglob("*"):
                if file.is_file() and file.suffix != ".backup":  # kept byte for byte, or it restores nothing
                    yield str(file), file.read_text(errors="replace")
        for record in lab.log(after=self.begun, raw=True):
            yield "a command line", json.dumps(record)
            if record["event"] == "command":
                yield "a script", lab.script(record["seq"]) or ""


@pytest.fixture(scope="module")
def nights(metadata_database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    """Three nights: one refused, one put back, one done."""
    folder = tmp_path_factory.mktemp("no_secrets")
    with pytest.MonkeyPatch.context() as patch, running_lab("default", folder / "lab") as lab, capture_logs() as logs:
        key = asyncssh.import_private_key(lab.key_file.read_text())
        text = key.export_private_key("pkcs8-pem", passphrase=PASSPHRASE).decode()
        runs = InProcess(Installation(lab, folder, patch, ESTATE + NOTIFYING))
        for conn_id, connection in lab.connections.items():
            extra = {**connection["extra"], "key_file": "", "private_key": text, "private_key_passphrase": PASSPHRASE}
            value = json.dumps({**connection, "password": PASSWORD, "extra": extra})
            patch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", value)
        patch.setenv("NIM_CANARY", OF_WORKER)
        crontab = lab.tree("nima") / "var/spool/cron/crontabs/root"
        crontab.write_text(f"{crontab.read_text()}0 3 * * * mysqldump -p{OF_CRON} --all >/backup/all\n")
        noted = f"comments={PASSWORD} password={OF_HMC}"
        assert lab.admin("nima", "nim", "-o", "change", "-a", noted, "aix02")["exit"] == 0
        body = tuple(line for line in text.splitlines() if not line.startswith("-----"))
        nights = Nights(runs, (*CANARIES, *body), logs)
        for fault, arguments, verdict in (
            ("nimesis_down", {}, "refused"),
            ("sync_fails", {"phase": "6"}, "failed"),
            (None, {}, "done"),
        ):
            if fault:
                lab.break_fault(fault, **arguments)
            run = runs.run()
            assert run.verdict == verdict, run.reason
            assert (run.tasks["put_back"] == "success") == (verdict == "failed")
            lab.heal()
        yield nights


def test_no_secret_is_written_anywhere(nights: Nights) -> None:
    assert "SHA-256 of this text" in str(nights.logs)
    assert "page_txt_sha256" in "\n".join(nights.runs.pushed)
    assert nights.leaks() == []


def test_the_secrets_were_there_to_be_written(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its mask the evidence of one more observation holds what the database and the connection hold."""
    monkeypatch.setattr(Redactor, "text", lambda _, text: text)
    assert nights.runs.alone("observe", run_id="manual__unmasked") is None
    found = nights.leaks()
    for folder in (nights.runs.installation.evidence / "lab/runs").glob("*/manual__unmasked*"):
        shutil.rmtree(folder)
    assert {one.rpartition(": ")[2] for one in found} == {PASSWORD, OF_HMC}


@pytest.mark.parametrize("place", ["log", "xcom", "host", "evidence"])
def test_a_secret_is_found_in(nights: Nights, place: str) -> None:
    lab, evidence = nights.runs.lab, nights.runs.installation.evidence
    files = {"host": lab.tree("nimb") / "var/adm/nim_operators/planted", "evidence": evidence / "planted"}
    if place == "log":
        nights.runs.dag("nim_setup").tasks[0].log.warning("logged in with %s", PASSPHRASE)
    elif place == "xcom":
        nights.runs.push(key="return_value", value={"token": PASSPHRASE})
    else:
        files[place].write_text(f"with {PASSPHRASE}")
    try:
        assert len(nights.leaks()) == 1
    finally:
        nights.logs[:] = [line for line in nights.logs if PASSPHRASE not in str(line)]
        nights.runs.pushed[:] = [text for text in nights.runs.pushed if PASSPHRASE not in text]
        for file in files.values():
            file.unlink(missing_ok=True)


def test_credentials_in_an_evidence_address_are_refused_and_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "estate.yaml"
    file.write_text(ESTATE + "evidence: s3://canary-user:canary-password@bucket/evidence\n")
    with pytest.raises(EstateError) as caught:
        load_estate(file)
    assert "canary" not in str(caught.value)
