"""The console as people see it: the demo's page in a real Chromium."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from streams.brokers.ports import free_ports

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
WAIT_SECONDS = 90.0
NUMBER = re.compile(r"[^0-9]")
Look = Callable[[], Any]


@pytest.fixture
def browser() -> Iterator[webdriver.Chrome]:
    if BROWSER is None or DRIVER is None:
        pytest.skip("Chromium is not there: apt-get install chromium chromium-driver")
    with chromium() as driver:
        yield driver


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with demo_page(tmp_path) as found:
        yield found


@contextmanager
def chromium() -> Iterator[webdriver.Chrome]:
    """Open a browser with a profile of its own."""
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER or ""
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
        driver.set_script_timeout(WAIT_SECONDS)  # the machine has much else to do meanwhile
        yield driver
        driver.quit()


@contextmanager
def demo_page(folder: Path) -> Iterator[str]:
    """Run the demo beside the block; gives the address of its page."""
    (port,) = free_ports(1)
    words = ("demo", "--port", str(port), "--rate", "60", "--seconds", "280")
    with (folder / "demo.txt").open("wb") as told:
        demo = subprocess.Popen([sys.executable, "-m", "streams", *words], stdout=told, stderr=told)
        yield f"http://127.0.0.1:{port}/"
        demo.terminate()
        demo.wait(30)


class Page:
    """The page in the browser, with waits in place of sleeps."""

    def __init__(self, browser: webdriver.Chrome, address: str) -> None:
        self.browser = browser
        self.address = address
        self.wait_seconds = WAIT_SECONDS

    def until(self, look: Look) -> Any:
        return WebDriverWait(self.browser, self.wait_seconds).until(lambda _: look())

    def run(self, script: str, *arguments: Any) -> Any:
        return self.browser.execute_script(script, *arguments)

    def open(self, language: str = "en") -> None:
        def opened() -> bool:
            self.browser.get(f"{self.address}?lang={language}")
            return bool(self.browser.find_elements(By.ID, "river"))

        WebDriverWait(self.browser, WAIT_SECONDS, ignored_exceptions=[WebDriverException]).until(
            lambda _: opened()
        )

    def text(self, selector: str) -> str:
        found: str = self.run(
            "return document.querySelector(arguments[0])?.textContent ?? ''", selector
        )
        return found

    def count(self, place: int) -> int:
        return int(NUMBER.sub("", self.text(f"#counts div:nth-child({place}) dd")) or 0)

    def click(self, selector: str) -> None:
        self.run("document.querySelector(arguments[0]).click()", selector)


DECISIONS, DEAD_LETTERS = 2, 4


@pytest.mark.embedded
def test_the_demos_page_moves_explains_and_survives_what_is_broken(
    browser: webdriver.Chrome, address: str
) -> None:
    page = Page(browser, address)
    page.open()
    page.until(lambda: page.count(DECISIONS) > 100)
    before = page.count(DECISIONS)
    page.until(lambda: page.count(DECISIONS) > before)
    assert page.text("h1") == "Coupon Stream"
    assert "while" in page.text("#river")
    assert page.text("#connection") == "live"
    explained(page, "What would have flipped it")
    poisoned(page)
    page.open("zh")
    page.until(lambda: page.count(DECISIONS) > before)
    assert "正在做的决策" in page.text("#h-river")
    assert "用户" in page.text("#river")
    assert page.run("return document.documentElement.lang") == "zh-Hans"
    explained(page, "怎样会改变结果")
    figures_fit(page)
    fits_a_phone(page)
    assert [line for line in browser.get_log("browser") if line["level"] == "SEVERE"] == []


def explained(page: Page, title: str) -> None:
    """A click beside a decision explains it, and a button tells why it was not another coupon."""
    identity = page.until(
        lambda: page.run("return document.querySelector('#river li[data-id]')?.dataset.id")
    )
    page.run(
        "document.querySelector('#id').value = arguments[0];"
        "document.querySelector('#search').requestSubmit()",
        identity,
    )
    page.until(lambda: title in page.text("#found"))


def poisoned(page: Page) -> None:
    """Broken messages become dead letters on the page, and decisions go on."""
    before = page.count(DEAD_LETTERS)
    page.click("[data-fault=poison]")
    page.until(lambda: page.count(DEAD_LETTERS) >= before + 60)
    page.until(lambda: "refused within a minute" in page.text("#troubles"))
    decided = page.count(DECISIONS)
    page.until(lambda: page.count(DECISIONS) > decided)


def figures_fit(page: Page) -> None:
    """What stands beside a bar is not cut off, however long it is."""
    cut = """const done = arguments[0];
    import('./charts.js').then(({ bars }) => {
      const place = document.createElement('div');
      place.style.width = '600px';
      document.body.append(place);
      const figure = '1,234 of 56,789 get an offer, and some more words';
      bars(place, [{ name: 'passers-by', value: 3, figure }], { label: 'x' });
      const svg = place.firstChild, edge = svg.getBoundingClientRect().right;
      const texts = [...svg.querySelectorAll('text')];
      done(texts.filter((one) => one.getBoundingClientRect().right > edge + 0.5).length);
      place.remove();
    }).catch((error) => done(String(error)))"""
    assert page.browser.execute_async_script(cut) == 0


def fits_a_phone(page: Page) -> None:
    """At a phone's width nothing has to be scrolled sideways, and every control has a name."""
    size = {"width": 360, "height": 780, "deviceScaleFactor": 1, "mobile": True}
    page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    page.until(lambda: page.run("return innerWidth") == 360)
    assert page.run("return document.documentElement.scrollWidth") == 360
    unnamed = """return [...document.querySelectorAll('button, input, nav, svg[role=img], section')]
      .filter((each) => !each.hidden && !(each.textContent.trim() || each.ariaLabel
        || each.labels?.length || each.getAttribute('aria-labelledby'))).length"""
    assert page.run(unnamed) == 0
