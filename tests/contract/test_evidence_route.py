"""Evidence leaves Airflow's API server only to users who may read it, and nothing but evidence does."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from nim_operators.store import EvidenceStore

DAG = "nim_nightly_sync__lab"
RUN = "manual__2026-11-22T01:00:00+00:00"
HERE = f"/nim-evidence/lab/{DAG}/{RUN.replace('+', '%2B')}"


@pytest.fixture(scope="module")
def server():
    """Airflow's own API server, with every plugin it finds."""
    from airflow.api_fastapi.app import create_app, purge_cached_app  # noqa: PLC0415 - takes seconds
    from airflow.utils.db import initdb  # noqa: PLC0415 - the same

    initdb()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AIRFLOW__API_AUTH__JWT_SECRET", secrets.token_urlsafe(64))
        yield create_app(apps="core")
    purge_cached_app()


@pytest.fixture(scope="module")
def token_of(server):
    """Make the token of a user with a role; without one a user may do nothing."""
    from airflow.api_fastapi.app import get_auth_manager  # noqa: PLC0415 - see above
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser  # noqa: PLC0415

    return lambda role, **more: get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="u", role=role), **more)


@pytest.fixture
def anybody(server):
    return TestClient(server)


@pytest.fixture
def auditor(server, token_of):
    """A user with the least role that may read DAGs."""
    return TestClient(server, headers={"Authorization": f"Bearer {token_of('viewer')}"})


@pytest.fixture
def base(tmp_path, monkeypatch):
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / "secret.txt").write_text("not for you")
    monkeypatch.setenv("NIM_OPERATORS_EVIDENCE", folder.as_uri())
    return folder


@pytest.fixture
def run(base):
    """A run that has begun and noted one thing."""
    run = EvidenceStore(base.as_uri()).run("lab", DAG, RUN)
    started = {"requested_by": "olga", "started_at": "2026-11-22T01:00:02+00:00"}
    run.begin(pair="lab", runbook="nim_nightly_sync", source="nima", estate_digest="605bbb0c", **started)
    run.write_record("observe", "note", {"text": "Looked twice."})
    return run


def conclude(run):
    return run.conclude("verdict", {}, {"observe": ["note"]})


# --- who may read -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["page.html", "page.txt", "verdict.json", "run.json", "no-such-file"])
def test_anonymous_requests_are_answered_401(anybody, run, file):
    conclude(run)
    answer = anybody.get(f"{HERE}/{file}")
    assert answer.status_code == 401
    assert "Looked twice." not in answer.text
    assert "/api/v2/auth/login?next=" in answer.text


def test_a_user_who_may_not_read_the_dag_is_answered_403(anybody, token_of, run):
    conclude(run)
    answer = anybody.get(f"{HERE}/page.html", headers={"Authorization": f"Bearer {token_of(None)}"})
    assert answer.status_code == 403
    assert "Looked twice." not in answer.text


def test_the_dag_of_the_address_is_the_one_that_is_asked_for(auditor, run, monkeypatch):
    from airflow.api_fastapi.app import get_auth_manager  # noqa: PLC0415 - see above

    asked = []
    monkeypatch.setattr(
        get_auth_manager(), "is_authorized_dag", lambda **given: asked.append(given) or given["details"].id != DAG
    )
    assert auditor.get(f"{HERE}/page.html").status_code == 403
    assert [(given["method"], given["access_entity"].value, given["details"].id) for given in asked] == [
        ("GET", "TASK_LOGS", DAG)
    ]


@pytest.mark.parametrize("token", ["", "no-token", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9."])
def test_a_forged_token_is_refused(anybody, run, token):
    for headers in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"_token={token}"}):
        answer = anybody.get(f"{HERE}/run.json", headers=headers)
        assert answer.status_code in {401, 403}
        assert "605bbb0c" not in answer.text


def test_an_expired_token_is_refused(anybody, token_of, run):
    token = token_of("viewer", expiration_time_in_seconds=-3600)
    for headers in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"_token={token}"}):
        assert anybody.get(f"{HERE}/run.json", headers=headers).status_code == 401


def test_the_cookie_of_the_ui_is_enough(anybody, token_of, run):
    answer = anybody.get(f"{HERE}/page.html", headers={"Cookie": f"_token={token_of('viewer')}"})
    assert answer.status_code == 200
    assert "Looked twice." in answer.text


def test_every_route_is_read_only_and_has_its_own_dependency():
    from nim_operators.web.app import app  # noqa: PLC0415 - imports Airflow's core

    assert app.routes
    for route in app.routes:
        assert isinstance(route, APIRoute), "a route that FastAPI adds by itself is open to anybody"
        assert route.methods == {"GET"}
        assert "requires_access_dag" in repr([dependency.dependency for dependency in route.dependencies])


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
def test_nothing_but_get_is_answered(auditor, run, method):
    before = {path: path.read_bytes() for path in Path(run.location[7:]).rglob("*") if path.is_file()}
    assert auditor.request(method, f"{HERE}/page.html").status_code == 405
    assert {path: path.read_bytes() for path in Path(run.location[7:]).rglob("*") if path.is_file()} == before


# --- what may be read -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        f"{HERE}/%2e%2e/%2e%2e/%2e%2e/%2e%2e/secret.txt",
        f"{HERE}/..%2f..%2f..%2f..%2fsecret.txt",
        f"{HERE}/records/%2e%2e/run.json",
        f"{HERE}/%2e/run.json",
        f"{HERE}//etc/hostname",
        f"{HERE}/%2fetc%2fhostname",
        f"{HERE}/..%5crun.json",
        f"{HERE}/run.json%00",
        f"{HERE}/",
        f"{HERE}/records",
        f"{HERE}/records/observe/",
        f"/nim-evidence/lab/{DAG}/%2e%2e/secret.txt",
        f"/nim-evidence/lab/{DAG}/..%2f../page.html",
        "/nim-evidence/lab/%2e%2e/%2e%2e/secret.txt",
        f"/nim-evidence/%2e%2e/{DAG}/{RUN}/secret.txt",
        f"/nim-evidence/other/{DAG}/{RUN}/page.html",
        "/nim-evidence/lab/%2e/%2e/secret.txt",
        "/nim-evidence/secret.txt",
        "/nim-evidence/openapi.json",
        "/nim-evidence/docs",
        "/nim-evidence/",
    ],
)
def test_no_path_leads_out_of_the_runs_folder(auditor, run, path):
    answer = auditor.get(path, follow_redirects=False)
    assert answer.status_code in {400, 404}
    assert "not for you" not in answer.text
    assert "605bbb0c" not in answer.text


def test_a_folder_that_another_run_has_taken_is_not_shown(auditor, run, base):
    folder = Path(run.location[7:])
    folder.rename(folder.with_name("manual__other"))
    assert auditor.get(f"/nim-evidence/lab/{DAG}/manual__other/run.json").status_code == 404


def test_hidden_files_are_not_shown(auditor, run):
    (Path(run.location[7:]) / ".half-written").write_text("x")
    assert auditor.get(f"{HERE}/.half-written").status_code == 404


@pytest.mark.parametrize(
    ("file", "media_type"),
    [
        ("page.html", "text/html; charset=utf-8"),
        ("page.txt", "text/plain; charset=utf-8"),
        ("verdict.json", "application/json"),
        ("records/observe/001-note.json", "application/json"),
        ("logs/sync.1.log", "text/plain; charset=utf-8"),
    ],
)
def test_each_file_of_the_run_is_served_byte_for_byte_and_cannot_act(auditor, run, file, media_type):
    run.write_log("sync.1", "<script>alert(1)</script>\n")
    conclude(run)
    answer = auditor.get(f"{HERE}/{file}")
    assert answer.status_code == 200
    assert answer.content == (Path(run.location[7:]) / file).read_bytes()
    assert answer.headers["content-type"] == media_type


@pytest.mark.parametrize(("file", "status"), [("page.html", 200), ("none", 404)])
def test_answers_carry_the_headers_that_disarm_a_page(auditor, anybody, run, file, status):
    for client, expected in ((auditor, status), (anybody, 401)):
        answer = client.get(f"{HERE}/{file}")
        assert answer.status_code == expected
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none';")
        assert "script" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


# --- runs without a verdict, stores out of reach ----------------------------------------------------------


def test_a_run_that_goes_on_shows_what_there_is(auditor, run):
    page = auditor.get(f"{HERE}/page.html")
    assert page.status_code == 200
    assert "no verdict yet" in page.text
    assert "Looked twice." in page.text
    assert auditor.get(f"{HERE}/verdict.json").status_code == 404


def test_a_run_that_was_cleared_is_not_called_what_it_was(auditor, run):
    conclude(run)
    assert "no verdict yet" not in auditor.get(f"{HERE}/page.html").text
    run.write_record("observe", "note", {"text": "Looked again."})
    page = auditor.get(f"{HERE}/page.html").text
    assert "no verdict yet" in page
    assert "It has gone on since it was called incomplete." in page
    conclude(run)
    assert "no verdict yet" not in auditor.get(f"{HERE}/page.html").text


def test_a_run_that_left_nothing_is_told_from_a_folder_that_is_not_shared(auditor, base):
    answer = auditor.get(f"{HERE}/page.html")
    assert answer.status_code == 404
    assert "local folder that the API server does not share with the worker" in answer.text
    assert "verdict task has the text of its page and the SHA-256" in answer.text


def test_a_store_out_of_reach_is_said_with_the_way_round_it(auditor, base, monkeypatch):
    monkeypatch.setenv("NIM_OPERATORS_EVIDENCE", f"{base.as_uri()}/not-mounted")
    answer = auditor.get(f"{HERE}/page.html")
    assert answer.status_code == 503
    assert f"The evidence folder {base}/not-mounted does not exist." in answer.text
    assert "verdict task has the text of its page and the SHA-256" in answer.text


def test_an_api_server_without_the_estate_file_says_so(auditor, tmp_path, monkeypatch):
    monkeypatch.delenv("NIM_OPERATORS_EVIDENCE", raising=False)
    monkeypatch.setenv("NIM_OPERATORS_ESTATE", str(tmp_path / "none.yaml"))
    answer = auditor.get(f"{HERE}/page.html")
    assert answer.status_code == 503
    assert "none.yaml: there is no such file" in answer.text


def test_a_record_that_cannot_be_understood_is_named(auditor, run):
    (Path(run.location[7:]) / "records/observe/001-note.json").write_text("{")
    answer = auditor.get(f"{HERE}/page.html")
    assert answer.status_code == 503
    assert "001-note.json cannot be understood" in answer.text
