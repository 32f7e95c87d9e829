"""Every answer that is read has a tag; whoever holds it is told 304 while nothing changed."""

import pytest

from api.http.access import ACCESS
from api.http.queries import declared

KNOWN = {"{party_id}": "s1", "{unique_id}": "soap@s1", "{kind}": "supplier"}
NEEDED = {"to": "f1", "buyer_id": "s1", "supplier_id": "f1", "from": "f1", "party_id": "s1", "on": "2026-03-01"}


@pytest.fixture(scope="module")
def reads(client):
    """Return, by operation, the path of every GET of the API with what it needs filled in."""
    found = {}
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        if path.startswith("/v1/") and "get" in methods:
            operation, place = methods["get"], path
            for name, value in KNOWN.items():
                place = place.replace(name, value)
            needed = {
                one["name"]: NEEDED.get(one["name"], "supplies")
                for one in operation["parameters"]
                if one["in"] == "query" and one.get("required")
            }
            found[operation["operationId"]] = (place, needed)
    return found


def test_what_is_read_is_tagged_and_not_sent_twice(client, reads):
    """Each route that answers: the same again is 304 with the same tag and no body, by any spelling of the tag."""
    answered, wrong = set(), {}
    for name, (path, query) in reads.items():
        first = client.get(path, params=query)
        assert first.status_code in (200, 404, 422, 503), (name, first.text)
        if first.status_code != 200:
            continue
        answered.add(name)
        tag = first.headers.get("ETag", "none")
        assert {"Authorization", "Evenflow-Tenant"} <= set(first.headers["Vary"].split(", ")), name
        again = client.get(path, params=query, headers={"If-None-Match": f'"other", W/{tag}'})
        told = (again.status_code, again.headers.get("ETag"), again.content, again.headers.get("Cache-Control"))
        if told != (304, tag, b"", "private, no-cache"):
            wrong[name] = told
    assert wrong == {}
    assert len(answered) > 40
    assert answered >= {"list_plans", "list_jobs", "list_models", "list_scorecards", "list_reservations", "read_audit"}


def test_the_document_says_so(client, reads):
    """Each of them takes the header and may answer 304; a generated client has it."""
    for methods in client.get("/openapi.json").json()["paths"].values():
        operation = methods.get("get", {})
        if operation.get("operationId") in reads:
            assert "If-None-Match" in [one["name"] for one in operation["parameters"]]
            assert {"200", "304"} <= operation["responses"].keys()


def test_a_change_is_told(client):
    """The tag of before is of no use any more."""
    path = "/v1/capacities"
    before = client.get(path).headers["ETag"]
    row = {"supplier_id": "f1", "good": "etag", "offered": 3}
    assert client.put(path, json={"capacities": [row]}).status_code == 200
    after = client.get(path, headers={"If-None-Match": before})
    assert (after.status_code, after.headers["ETag"] != before) == (200, True)
    assert after.json()["capacities"]


def test_failures_have_none(client):
    """A problem is not to be kept."""
    told = client.get("/v1/parties/nobody")
    assert (told.status_code, "ETag" in told.headers, told.headers["Cache-Control"]) == (404, False, "no-store")


def test_what_no_route_declares_is_refused(client, reads):
    """Every read: the unknown parameter is named beside those there are, whatever else is asked rightly."""
    wrong = {}
    for name, (path, query) in reads.items():
        told = client.get(path, params=query | {"lmit": "3"})
        if told.status_code != 422 or told.json()["errors"][0]["pointer"] != "lmit":
            wrong[name] = told.text
    assert wrong == {}
    told = client.get("/v1/events?after=3&limit=2&topic=a").json()
    assert told["detail"] == (
        "after: expected one of the parameters cursor, limit, start, topics, wait_seconds, got after=3 (2 faults)"
    )
    assert [error["field"] for error in told["errors"]] == ["after", "topic"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_writes_refuse_it_too(client, method):
    """Before anything is kept."""
    path = {"POST": "/v1/webhooks", "PUT": "/v1/capacities", "DELETE": "/v1/jobs/one"}[method]
    told = client.request(method, path, params={"dry_run": "true"}, json=None if method == "DELETE" else {})
    assert told.json()["detail"].startswith("dry_run: expected no parameters in the query, got dry_run=true")


def test_every_declared_parameter_is_known(client):
    """What the document declares is what is taken, on every route."""
    paths = client.get("/openapi.json").json()["paths"]
    told = {
        one["operationId"]: {p["name"] for p in one.get("parameters", ()) if p["in"] == "query"}
        for item in paths.values()
        for one in item.values()
    }
    routes = {name: declared(dependant) for name, dependant in dependants(client.app)}
    assert {name: routes[name] for name in told} == told
    assert set(told) <= set(ACCESS)


def dependants(app):
    """Yield each route's name and what it depends on."""
    from api.http.app import _ROUTERS

    for router in _ROUTERS:
        for route in router.routes:
            yield route.name, route.dependant


def test_pages_for_people_take_what_a_messenger_adds(client):
    """A link shared in a chat comes back with parameters of the chat's own."""
    assert client.get("/docs?from=singlemessage&isappinstalled=0").status_code == 200
    assert client.get("/healthz?probe=1").status_code == 200
