"""Every code block of the README and the documentation runs as written, page by page, in an empty folder."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SERVER = "http://127.0.0.1:8000"
NOT_RUN = {"text", "json", "toml", "csv"}  # shown, not executed
BY_HAND = re.compile(r"^(git clone|cd evenflow|make )")  # tests/e2e/test_make.py and .ci/run run these


def blocks(page: Path) -> list[tuple[str, str]]:
    """Return (language, code) of the page's fenced blocks that are meant to run."""
    return [(m[1], m[2]) for m in BLOCK.finditer(page.read_text()) if m[1] not in NOT_RUN]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, warm: dict[str, str]) -> Path:
    """A home folder that holds the tiny demo."""
    folder = tmp_path_factory.mktemp("docs") / "home"
    command = ["evenflow", "demo", "--no-serve", "--json", "--scale", "tiny", "--home", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=warm)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[str]:
    """The address of a server over the tiny demo."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [evenflow(), "serve", "--home", str(home), "--port", str(port)],
        env={**os.environ, "EVENFLOW_ACCESS": "keys"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    wait_until_up(address, process)
    yield address
    process.terminate()
    process.wait(20)


@pytest.fixture(scope="module")
def key(home: Path, server: str, warm: dict[str, str]) -> str:
    """A key of the operator, as a user makes one."""
    del server  # made the first key itself
    command = ["evenflow", "keys", "create", "--name", "docs", "--role", "admin", "--home", str(home), "--json"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, env=warm).stdout)["key"]


def wait_until_up(address: str, process: subprocess.Popen) -> None:
    """Return once the server is ready; fail if it ends or takes a minute."""
    for _ in range(600):
        assert process.poll() is None, "the server ended"
        try:
            urllib.request.urlopen(f"{address}/readyz", timeout=2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the server was not ready within a minute")


def evenflow() -> str:
    """The command of this environment."""
    return str(Path(sys.executable).with_name("evenflow"))


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p)], ids=lambda p: str(p.relative_to(ROOT)))
def test_page_runs_as_written(page: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The blocks of a page, in their order, in one folder; the README's commands start cold, as its reader's do."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    cold = page.name == "README.md"
    environment = {**os.environ, "PATH": programs} if cold else dict(request.getfixturevalue("warm"))
    environment["EVENFLOW_HOME"] = str(tmp_path / ".evenflow")
    for language, code in blocks(page):
        text = code
        if SERVER in code:
            text = code.replace(SERVER, request.getfixturevalue("server"))
            environment["EVENFLOW_KEY"] = request.getfixturevalue("key")
        done = subprocess.run(
            interpreter(language, without_make(text)),
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{code}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


def interpreter(language: str, code: str) -> list[str]:
    """Return the command that runs a block."""
    commands = {
        "bash": ["bash", "-euo", "pipefail", "-c", code],
        "python": [sys.executable, "-W", "error", "-c", code],
    }
    assert language in commands, f"a block in {language!r} would not be tested"
    return commands[language]


def without_make(code: str) -> str:
    """Leave out the commands that other tests run for real."""
    return "\n".join(line for line in code.splitlines() if not BY_HAND.match(line))


def test_every_make_target_named_in_the_docs_exists() -> None:
    """`make something` in a page is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        name
        for page in PAGES
        for name in re.findall(r"`make ([a-z-]+)|^make ([a-z-]+)", page.read_text(), re.MULTILINE)
    }
    used = {first or second for first, second in named}
    assert used <= targets, used - targets
