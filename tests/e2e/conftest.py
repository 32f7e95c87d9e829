"""A real browser, and servers over homes that tests fill."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import orjson
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

EVENFLOW = str(Path(sys.executable).with_name("evenflow"))
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; a machine of ours must have it, another may do without."""
    path = shutil.which("chromium")
    if path is None and not os.environ.get("CI"):
        pytest.skip("no chromium here (apt-get install chromium)")
    assert path, "CI must have chromium"
    expect.set_options(timeout=60_000)  # a first click on a busy machine imports what it needs
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield chromium
        chromium.close()


@contextmanager
def _serving(home: Path) -> Iterator[str]:
    """Yield the address of a server over a home folder."""
    command = [EVENFLOW, "serve", "--home", str(home), "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield orjson.loads(process.stdout.readline())["url"]
        finally:
            process.send_signal(signal.SIGINT)


@pytest.fixture(scope="session")
def serving() -> Callable[[Path], AbstractContextManager[str]]:
    """Start a server over a home folder."""
    return _serving


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[BrowserContext]:
    """What the pages of a module share: the scripts and pictures that were fetched once."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(90_000)
    yield context
    context.close()


@pytest.fixture
def page(window: BrowserContext) -> Iterator[Page]:
    """A page that reaches this machine only and keeps what went wrong on it."""
    window.clear_cookies()
    opened = window.new_page()
    opened.wrong = []
    opened.on("pageerror", lambda error: opened.wrong.append(str(error)))
    opened.on("console", lambda message: message.type == "error" and opened.wrong.append(message.text))
    opened.on("request", lambda request: outside(request.url) and opened.wrong.append(request.url))
    yield opened
    opened.close()


def outside(url: str) -> bool:
    """Whether an address is not of this machine."""
    return not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:"))
