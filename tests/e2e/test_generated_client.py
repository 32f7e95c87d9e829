"""A Python client generated from the served document works, bodies of lines and problems included."""

import importlib
import io
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from api.http.examples import MATCH_EXAMPLES, SIGNAL_EXAMPLES

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def address(serving, tmp_path_factory):
    """A server over an empty home folder."""
    with serving(tmp_path_factory.mktemp("home")) as url:
        yield url


@pytest.fixture(scope="module")
def package(address, tmp_path_factory):
    """The client, generated as the reference tells; a warning is a failure."""
    folder = tmp_path_factory.mktemp("generated")
    document = folder / "openapi.json"
    document.write_bytes(httpx.get(f"{address}/openapi.json", timeout=60).content)
    done = subprocess.run(
        [
            BIN / "openapi-python-client", "generate", "--path", document, "--meta", "none",
            "--config", ROOT / "docs" / "reference" / "client.yaml",
            "--output-path", folder / "evenflow_client", "--fail-on-warning",
        ],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    yield "evenflow_client"
    sys.path.remove(str(folder))


@pytest.fixture
def client(address, package):
    """A client of the server."""
    with importlib.import_module(package).AuthenticatedClient(base_url=address, token="unused") as client:
        yield client


def call(package, place, **arguments):
    return importlib.import_module(f"{package}.api.{place}").sync(**arguments)


def test_every_module_imports(package):
    """No generated module is broken."""
    folder = Path(importlib.import_module(package).__file__).parent
    for path in folder.rglob("*.py"):
        importlib.import_module(".".join([package, *path.relative_to(folder).with_suffix("").parts]))


def test_it_matches(package, client):
    """A request made of models is answered with models."""
    models = importlib.import_module(f"{package}.models")
    example = next(one["value"] for one in MATCH_EXAMPLES.values() if "suppliers" in one["value"])
    answer = call(package, "matches.match", client=client, body=models.TablesMatch.from_dict(example))
    assert type(answer).__name__ != "Problem", answer
    assert {row["order_id"] for row in answer.matches} == {row["order_id"] for row in example["orders"]}


def test_it_sends_models_and_lines(package, client):
    """An operation that takes one body or lines takes both."""
    models = importlib.import_module(f"{package}.models")
    types = importlib.import_module(f"{package}.types")
    example = next(iter(SIGNAL_EXAMPLES.values()))["value"]
    rows = len(example["signals"])
    told = call(package, "launches.record_signals", client=client, body=models.SignalBatch.from_dict(example))
    assert (told.applied, told.known) == (rows, 0)
    lines = types.File(payload=io.BytesIO(b'{"style_id": "a"}\n'))
    told = call(package, "launches.record_signals", client=client, body=lines)
    assert told.quarantined == 1


def test_a_failure_is_a_problem(package, client):
    """What the server refuses comes back as the documented problem."""
    answer = call(package, "jobs.read_job", client=client, job_id="nope")
    assert (type(answer).__name__, answer.status) == ("Problem", 404)
