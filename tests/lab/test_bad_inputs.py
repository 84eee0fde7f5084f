"""A bad param, a bad connection or nonsense from a host is answered by a sentence, and nothing is changed.

Mistakes in an estate file have a table of their own (``tests/unit/estate``). Each case here runs the first task of a
runbook, which decides whether anything else may run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import ParamValidationError

from include.lab import Lab, running_lab
from nim_operators.nim.errors import NimError
from tests.lab.in_process import InProcess
from tests.lab.runbook import Installation

TABLE = yaml.safe_load(
    Path(__file__).with_name("bad_inputs.yaml").read_text(encoding="utf-8").replace("LONG", 10_000 * "x")
)
GENUINE = "opt/genuine"
"""Where a host keeps the command that a case has put another one in the place of."""


def cases(kind: str) -> Any:
    return pytest.mark.parametrize("case", TABLE[kind], ids=[case["mistake"] for case in TABLE[kind]])


@pytest.fixture(scope="module")
def runs(metadata_database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """Runs against one pair, before its first sync; no case may change it."""
    folder = tmp_path_factory.mktemp("bad_inputs")
    with pytest.MonkeyPatch.context() as patch, running_lab("default", folder / "lab") as lab:
        yield InProcess(Installation(lab, folder, patch))


def said(runs: InProcess, runbook: str = "nim_nightly_sync", **params: Any) -> str:
    """Return the sentences with which the first task declined; nothing was changed, and the evidence says the same."""
    before, mark = runs.lab.state_hash(), runs.lab.mark()
    error = runs.alone("observe", runbook, **params)
    assert isinstance(error, NimError), repr(error)
    assert runs.lab.changing(after=mark) == []
    assert runs.lab.state_hash() == before
    (step,) = (json.loads(file.read_text()) for file in newest_run(runs).glob("records/observe/*-step.json"))
    assert step["body"]["result"] == "refused"
    text = str(error)
    for forgotten in ("Traceback", "Error(", "object at 0x", 'File "'):
        assert forgotten not in text
    return text


def newest_run(runs: InProcess) -> Path:
    folders = (runs.installation.evidence / "lab" / "runs").glob("*/*")
    return max(folders, key=lambda folder: json.loads((folder / "run.json").read_text())["started_at"])


def compare(runs: InProcess, text: str, case: dict[str, Any]) -> None:
    place = {"ESTATE": os.environ["NIM_OPERATORS_ESTATE"], "PORT": str(runs.lab.address("nima")[1])}
    for word, value in place.items():
        text = text.replace(value, word)
    if "sentence" in case:
        assert text == case["sentence"]
    for part in case.get("says", []):
        assert part in text


def test_a_hundred_mistakes_are_tried_beside_those_in_estate_files() -> None:
    tried = {(kind, case["mistake"]) for kind, rows in TABLE.items() for case in rows}
    print(f"{len(tried)} bad inputs: {', '.join(f'{len(rows)} {kind}' for kind, rows in TABLE.items())}")  # noqa: T201 - the number is wanted
    assert len(tried) >= 100


@cases("params")
def test_a_bad_param_is_named(runs: InProcess, case: dict[str, Any]) -> None:
    compare(runs, said(runs, case.get("runbook", "nim_nightly_sync"), **case["params"]), case)


@cases("forms")
def test_the_trigger_form_refuses_what_its_schema_forbids(runs: InProcess, case: dict[str, Any]) -> None:
    params = ParamsDict(runs.dag(case["runbook"]).params)
    with pytest.raises(ParamValidationError) as caught:
        params.update(case["params"])
    compare(runs, str(caught.value).splitlines()[0], case)


@cases("connections")
def test_a_bad_connection_is_named(runs: InProcess, case: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_NIM_LAB_A", connection(runs.lab, case))
    compare(runs, said(runs), case)


def connection(lab: Lab, case: dict[str, Any]) -> str:
    """Return the lab's good connection with the changes of a case; what is null there is left out."""
    if "text" in case:
        return str(case["text"])
    good = lab.connections["nim_lab_a"]
    extra = case.get("extra", {})
    fields = {**good, "extra": given({**good["extra"], **extra}) if isinstance(extra, dict) else extra}
    return json.dumps(given({**fields, **case.get("fields", {})}))


def given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


@cases("outputs")
def test_nonsense_from_a_host_is_named(runs: InProcess, case: dict[str, Any]) -> None:
    with bent(runs.lab, case.get("host", "nima"), case["file"], case["holds"]):
        compare(runs, said(runs), case)


@contextmanager
def bent(lab: Lab, host: str, file: str, holds: str) -> Iterator[None]:
    """Put another file in the place of one of a host's own, whose true one then lies in the genuine folder."""
    own = lab.tree(host) / file.lstrip("/")
    genuine = lab.tree(host) / GENUINE / own.name
    genuine.parent.mkdir(parents=True, exist_ok=True)
    mode = own.stat().st_mode
    own.rename(genuine)  # never written to: the trees of all hosts share one file
    own.write_text(holds.replace("GENUINE", f"/{GENUINE}"))
    own.chmod(mode)
    try:
        yield
    finally:
        genuine.replace(own)


def test_a_login_that_may_not_run_sudo_is_named(runs: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_NIM_LAB_A", connection(runs.lab, {"fields": {"login": "nimadm"}}))
    runs.lab.switch("sudo", "denied")
    try:
        text = said(runs)
    finally:
        runs.lab.switch("sudo", "allowed")
    assert "login 'nimadm' may not run 'sudo -n /usr/bin/ksh -s': 'sudo: a password is required'" in text
    assert "Next: Let the login user run commands as root: sudo -n or a role." in text


def test_the_lock_of_another_run_than_the_named_one_is_not_broken(runs: InProcess) -> None:
    assert runs.alone("lock", run_id="manual__holder") is None
    try:
        text = said(runs, break_lock_of="nim_nightly_sync__lab/manual__somebody", reason="it is dead")
        assert "nim_nightly_sync__lab/manual__holder" in text
    finally:
        assert runs.alone("unlock", run_id="manual__holder") is None


CLIENTS = "/usr/lpp/bos.sysmgt/nim/methods/c_rsh"
FOREIGN = """\
#!/usr/bin/ksh
echo 'Using domain server:'
echo 'Name: 10.1.1.53'
echo 'Address: 10.1.1.53#53'
echo 'Aliases: '
echo
GENUINE/host "$@" | sed 's/^\\([^ ]*\\) is \\([0-9.]*\\).*/\\1 has address \\2/'
"""
LATIN = """\
#!/usr/bin/ksh
GENUINE/lsnim "$@" | awk '{ print } $1 == "type" && $3 == "standalone" { printf "   comments = B\\374ro\\n" }'
"""
WITH_CARRIAGE_RETURNS = '#!/usr/bin/ksh\nGENUINE/{} "$@" | awk \'{{ printf "%s\\r\\n", $0 }}\'\n'


def test_other_spellings_of_good_answers_are_read(runs: InProcess) -> None:
    """Carriage returns, BIND's own host command, banners, and a comment in Latin-1 are no mistakes."""
    with ExitStack() as bends:
        bends.enter_context(bent(runs.lab, "nima", "/usr/bin/host", FOREIGN))
        bends.enter_context(bent(runs.lab, "nima", "/usr/sbin/lsnim", LATIN))
        for file in ("/usr/bin/oslevel", "/usr/bin/lslpp", "/usr/bin/lssrc", "/usr/bin/df", "/usr/bin/ps"):
            text = WITH_CARRIAGE_RETURNS.format(Path(file).name)
            bends.enter_context(bent(runs.lab, "nima", file, text))
        runs.lab.break_fault("banner_noise")
        try:
            assert runs.alone("observe") is None
        finally:
            runs.lab.heal("banner_noise")


@pytest.mark.parametrize("clock", ["yesterday", "1999-01-01T00:00:00Z"])
def test_a_clock_that_is_wrong_or_none_is_warned_of(runs: InProcess, clock: str) -> None:
    with bent(runs.lab, "nimb", "/usr/bin/date", f"#!/usr/bin/ksh\necho {clock}\n"):
        assert runs.alone("observe") is None
    (finding,) = [one for one in assessed(runs)["findings"] if one["check"] == "surroundings.clock"]
    assert clock in " ".join(finding["evidence"])


def test_a_client_that_forges_others_speaks_for_nobody(runs: InProcess) -> None:
    liar = """\
#!/usr/bin/ksh
case $1 in
    aix02)
        echo 'export NIM_MASTER_HOSTNAME=nima'
        printf 'export NIM_NAME=aix02\\naix03 export NIM_MASTER_HOSTNAME=nimb\\naix03 @ 0\\n'
        ;;
    *) exec GENUINE/c_rsh "$@" ;;
esac
"""
    with bent(runs.lab, "nima", CLIENTS, liar):
        assert runs.alone("observe") is None
    said_of = {row["client"]: row for row in assessed(runs)["ownership"]["rows"]}
    assert said_of["aix02"]["own_word"] == ["nima"]
    assert said_of["aix03"]["own_word"] == ["nima"]
    assert assessed(runs)["ownership"]["summary"]["split"] == 0


def assessed(runs: InProcess) -> dict[str, Any]:
    (record,) = (json.loads(file.read_text()) for file in newest_run(runs).glob("records/observe/*-assessment.json"))
    return record["body"]
