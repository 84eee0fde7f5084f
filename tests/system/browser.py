"""A headless Chromium with a profile of its own, driven as a person would."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

PATIENCE_SECONDS = 45
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-proxy-server",
    "--window-size=1280,1600",
)


def missing() -> str:
    """Say which of the two programs is not there, empty where both are."""
    absent = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"{' and '.join(absent)} not found; on Debian install chromium and chromium-driver" if absent else ""


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """Start one and end it. It speaks to loopback only."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"), env=_without_proxies())
    driver = webdriver.Chrome(options=options, service=service)
    try:
        yield Browser(driver)
    finally:
        driver.quit()


def _without_proxies() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


class Browser:
    """What a person does with it: open, type, click, read."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver
        self._wait = WebDriverWait(
            driver, PATIENCE_SECONDS, ignored_exceptions=(NoSuchElementException, StaleElementReferenceException)
        )

    def open(self, address: str) -> None:
        self.driver.get(address)

    def log_in(self, user: str, password: str) -> None:
        """Fill the form of Airflow's login page, and come back from it."""
        self._wait.until(lambda driver: driver.find_elements(By.NAME, "username"))
        self.driver.find_element(By.NAME, "username").send_keys(user)
        self.driver.find_element(By.NAME, "password").send_keys(password)
        self.driver.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
        self._wait.until(lambda driver: "/login" not in driver.current_url)

    def click_link(self, text: str) -> None:
        """Click a link when it appears; a page that still draws itself may replace it meanwhile."""
        self._wait.until(lambda driver: driver.find_element(By.LINK_TEXT, text).click() or True)

    def open_section(self, heading: str) -> None:
        """Unfold a part of the page."""
        self.driver.find_element(By.XPATH, f"//summary[text()='{heading}']").click()

    def read(self, *wanted: str) -> str:
        """Return the text of the page once it shows all of *wanted*."""
        self._wait.until(lambda driver: all(one in self._text() for one in wanted), f"{wanted} not in page")
        return self._text()

    def _text(self) -> str:
        return self.driver.find_element(By.TAG_NAME, "body").text

    @property
    def status(self) -> int:
        """The HTTP status with which the page was answered."""
        return int(self.driver.execute_script("return performance.getEntriesByType('navigation')[0].responseStatus"))

    def picture(self, file: Path) -> None:
        """Save the whole page as PNG."""
        height = self.driver.execute_script("return document.documentElement.scrollHeight")
        self.driver.set_window_size(1280, max(1600, height))
        self.driver.save_screenshot(str(file))
