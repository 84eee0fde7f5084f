"""An auditor opens the evidence of a run from its task in Airflow's UI; nobody else gets in."""

from __future__ import annotations

import hashlib
import http.client
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest

from include.demo.polling import wait_until
from include.demo.stage import Stage
from include.lab import Lab
from tests.system.browser import Browser, chromium, missing

DAG = "nim_nightly_sync__lab"
AUDITOR = "vera"

pytestmark = [
    pytest.mark.system,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(missing()), reason=missing()),
]


@dataclass(frozen=True)
class Night:
    """A nightly sync that is over, and what its page was while the sync was held in the middle."""

    airflow: str
    password: str
    token: str
    run_id: str
    link: str
    meanwhile: httpx.Response
    log: str

    def get(self, address: str, token: str = "") -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.get(address, headers=headers, trust_env=False)

    def file(self, name: str) -> str:
        return self.link.replace("page.html", name)

    @property
    def task_page(self) -> str:
        return f"{self.airflow}/dags/{DAG}/runs/{quote(self.run_id)}/tasks/verdict"


@pytest.fixture(scope="module")
def night(running: Stage) -> Night:
    """Run one with a client that does not answer, which is a finding but keeps no sync from being done."""
    lab, airflow = Lab(running.lab.directory), running.airflow
    airflow.wait_for_dag(DAG)
    airflow.api.set_paused(DAG, paused=False)
    lab.break_fault("client_down", client="aix02")
    lab.hold("sync:7")
    run_id = airflow.api.trigger(DAG)
    lab.wait("held:sync:7", 120)
    base, password = airflow.settings.base_url, airflow.settings.passwords[AUDITOR]
    asked = httpx.post(f"{base}/auth/token", json={"username": AUDITOR, "password": password}, trust_env=False)
    token = asked.json()["access_token"]
    link = str(airflow.api.links(DAG, run_id, "sync")["Evidence"])

    def look() -> httpx.Response | None:
        page = httpx.get(link, headers={"Authorization": f"Bearer {token}"}, trust_env=False)
        return page if "-o sync" in page.text else None

    meanwhile = wait_until(look, within=timedelta(seconds=30), what="the sync to stand on the page")
    lab.release()
    assert airflow.wait_for_run(DAG, run_id, within=timedelta(minutes=3)) == "success"
    log = "\n".join(str(line["event"]) for line in airflow.api.task_log(DAG, run_id, "verdict", 1))
    return Night(base, password, token, run_id, link, meanwhile, log)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with chromium(tmp_path / "profile") as browser:
        yield browser


def test_an_auditor_logs_in_and_opens_the_page_from_the_task(night: Night, browser: Browser, tmp_path: Path):
    browser.open(night.task_page)
    browser.log_in(AUDITOR, night.password)
    browser.click_link("Details")
    browser.click_link("Evidence")

    page = browser.read("DONE", "Findings", "Recovery point")

    assert browser.status == 200
    assert browser.driver.current_url == night.link
    assert "Every required step recorded its read-back." in page
    assert night.run_id in page
    assert "aix02" in page
    browser.picture(tmp_path / "evidence.png")


def test_the_files_of_the_run_open_from_the_page(night: Night, browser: Browser):
    browser.open(night.link)
    browser.click_link("Log in")
    browser.log_in(AUDITOR, night.password)
    browser.read("DONE")
    browser.open_section("Raw files")
    browser.click_link("verdict.json")
    assert '"verdict": "done"' in browser.read("Every required step")


def test_who_is_not_logged_in_sees_nothing(night: Night, browser: Browser):
    browser.open(night.link)

    page = browser.read("Log in")

    assert browser.status == 401
    assert "aix02" not in page
    for name in ("page.html", "page.txt", "verdict.json", "run.json"):
        assert night.get(night.file(name)).status_code == 401


def test_while_the_sync_runs_the_page_shows_what_there_is(night: Night):
    assert night.meanwhile.status_code == 200
    assert "no verdict yet" in night.meanwhile.text
    assert "no end recorded" in night.meanwhile.text


def test_the_text_is_the_one_whose_digest_the_log_has(night: Night):
    text = night.get(night.file("page.txt"), night.token).content
    assert f"SHA-256 of this text: {hashlib.sha256(text).hexdigest()}" in night.log


@pytest.mark.parametrize("way", ["../" * 5, "%2e%2e/" * 5, "..%2f" * 5, "/"])
@pytest.mark.parametrize("name", ["estate.yaml", "etc/hostname"])
def test_no_way_leads_out_of_the_folder(night: Night, way: str, name: str):
    address = urlsplit(night.link)
    server = http.client.HTTPConnection(address.netloc, timeout=30)
    path = address.path.replace("page.html", f"{way}{name}")
    server.request("GET", path, headers={"Authorization": f"Bearer {night.token}"})
    answer = server.getresponse()
    body = answer.read().decode()
    server.close()
    assert answer.status in {400, 404}
    assert "masters:" not in body
