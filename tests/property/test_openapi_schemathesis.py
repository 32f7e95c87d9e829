"""Every operation of the OpenAPI answers as documented, whatever a client makes of the document.

Schemathesis makes requests that keep the document and requests that break it. `pytest -m proof` sends many of each.
"""

import tempfile
from functools import cache
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi import checks

from api.http.app import create_app
from api.settings import Settings

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]
CONFIG = {
    "checks": {
        "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", 503]},  # 503: nothing loaded, jobs queue up
        "negative_data_rejection": {"expected-statuses": ["4xx", 503]},
    }
}


@cache
def operations():
    """Return the operations by name, from the document that the application makes."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(home=Path(folder), workers=1))
        document = app.openapi()
        app.state.house.board.close()
        app.state.house.database.close()
    for operation in (one for methods in document["paths"].values() for one in methods.values()):
        operation.pop("security", None)  # these tests need no key: tests/integration/access attacks every route
    schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig.from_dict(CONFIG))
    found = [result.ok() for result in schema.get_all_operations()]
    return {operation.definition.raw["operationId"]: operation for operation in found}


def modes(name):
    """Return the kinds of requests there are: one that takes nothing, or any tag, cannot be wrong."""
    raw = operations()[name].definition.raw
    takes_something = "requestBody" in raw or {one["name"] for one in raw.get("parameters", ())} - {"If-None-Match"}
    return [GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if takes_something else [])]


def send(client, name, mode, *, examples):
    """Send requests of one kind to one operation and check the answers."""

    @seed(0)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operations()[name].as_strategy(mode))
    def ask(case):
        sent = case.as_transport_kwargs(base_url="")
        del sent["cookies"]  # no operation takes any
        if "data" in sent:
            sent["content"] = sent.pop("data")  # httpx has another word for it
        case.validate_response(client.request(**sent), checks=CHECKS)

    ask()


@pytest.mark.parametrize("name", sorted(operations()))
def test_it_answers_as_documented(loaded, name):
    """Requests that keep the document, and such that break it."""
    for mode in modes(name):
        send(loaded, name, mode, examples=2)


@pytest.mark.proof
@pytest.mark.parametrize("name", sorted(operations()))
def test_it_answers_as_documented_to_many(loaded, name):
    """Many more requests."""
    for mode in modes(name):
        send(loaded, name, mode, examples=100)
