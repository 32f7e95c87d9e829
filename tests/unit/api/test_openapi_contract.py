"""A change of the OpenAPI that breaks a client fails; one that adds does not."""

import copy
import importlib.util
import json
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "openapi_contract.py"
spec = importlib.util.spec_from_file_location("openapi_contract", SCRIPT)
contract = importlib.util.module_from_spec(spec)
spec.loader.exec_module(contract)

DOCUMENT = {
    "paths": {
        "/v1/orders": {
            "post": {
                "operationId": "add",
                "parameters": [{"in": "query", "name": "limit", "schema": {"type": "integer"}}],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}},
                },
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}}}
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Order": {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": {"type": "string"},
                    "method": {"enum": ["exact", "greedy"]},
                    "pieces": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Order"}},
                },
            },
            "Answer": {
                "type": "object",
                "required": ["state", "rows"],
                "properties": {
                    "state": {"enum": ["held", "full"]},
                    "rows": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
                },
            },
        }
    },
}


def operation(document):
    return document["paths"]["/v1/orders"]["post"]


def fields(document, name):
    return document["components"]["schemas"][name]["properties"]


def told(change):
    new = copy.deepcopy(DOCUMENT)
    change(new)
    return contract.breaks(contract.describe(DOCUMENT), contract.describe(new))


BREAKING = {
    "removed": lambda d: d["paths"].pop("/v1/orders"),
    "operationId add became put": lambda d: operation(d).update(operationId="put"),
    "query limit is no longer taken": lambda d: operation(d).update(parameters=[]),
    "query limit became required": lambda d: operation(d)["parameters"][0].update(required=True),
    "query day became required": lambda d: operation(d)["parameters"].append(
        {"in": "query", "name": "day", "required": True, "schema": {"type": "string"}}
    ),
    "json.pieces no longer takes null": lambda d: fields(d, "Order").update(pieces={"type": "integer"}),
    "json.pieces no longer takes integer": lambda d: fields(d, "Order").update(pieces={"type": ["string", "null"]}),
    "json.method no longer takes =greedy": lambda d: fields(d, "Order").update(method={"enum": ["exact"]}),
    "json.method is no longer taken": lambda d: fields(d, "Order").pop("method"),
    "json.method became required": lambda d: d["components"]["schemas"]["Order"].update(required=["id", "method"]),
    "json.buyer became required": lambda d: (
        fields(d, "Order").update(buyer={"type": "string"}),
        d["components"]["schemas"]["Order"].update(required=["id", "buyer"]),
    ),
    "json.rows is no longer answered": lambda d: fields(d, "Answer").pop("rows"),
    "json.rows[].n now answers number, too": lambda d: fields(d, "Answer")["rows"].update(
        items={"type": "object", "properties": {"n": {"type": "number"}}}
    ),
    "json.state now answers =late, too": lambda d: fields(d, "Answer").update(state={"enum": ["held", "full", "late"]}),
    "json.rows is no longer always answered": lambda d: d["components"]["schemas"]["Answer"].update(required=[]),
}
ADDING = {
    "an operation": lambda d: d["paths"].update({"/v1/more": d["paths"]["/v1/orders"]}),
    "a parameter": lambda d: operation(d)["parameters"].append(
        {"in": "query", "name": "day", "schema": {"type": "string"}}
    ),
    "an input": lambda d: fields(d, "Order").update(buyer={"type": "string"}),
    "an input with a required part": lambda d: fields(d, "Order").update(
        buyer={"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    ),
    "a value taken": lambda d: fields(d, "Order").update(method={"enum": ["exact", "greedy", "auto"]}),
    "any text instead of values": lambda d: fields(d, "Order").update(method={"type": "string"}),
    "a wider number": lambda d: fields(d, "Order").update(pieces={"type": ["number", "null"]}),
    "an answered field": lambda d: fields(d, "Answer").update(day={"type": "string"}),
    "fewer values answered": lambda d: fields(d, "Answer").update(state={"enum": ["held"]}),
    "words": lambda d: fields(d, "Answer")["state"].update(description="Where it stands."),
}


@pytest.mark.parametrize("line", BREAKING)
def test_what_breaks_a_client_is_told(line):
    """Each removal, each narrowed input, each widened answer, by its place."""
    assert any(found.endswith(line) for found in told(BREAKING[line])), told(BREAKING[line])


@pytest.mark.parametrize("name", ADDING)
def test_what_adds_breaks_nothing(name):
    """Clients that know nothing of it go on."""
    assert told(ADDING[name]) == []


def test_the_record_keeps_what_is_compared():
    """Pruning the document of its words changes no comparison."""
    assert contract.describe(contract.pruned(DOCUMENT)) == contract.describe(DOCUMENT)


def test_the_served_document_keeps_its_record():
    """Whoever breaks the HTTP interface learns it here; on purpose: `python scripts/openapi_contract.py` and a
    sentence in the changelog.
    """
    now = contract.pruned(contract.served_document())
    record = json.loads(contract.RECORD.read_text())
    assert contract.breaks(contract.describe(record), contract.describe(now)) == []
    assert record["paths"].keys() == now["paths"].keys(), "run python scripts/openapi_contract.py to record additions"
