"""Whatever goes wrong, the answer is a problem: JSON, a stable type, the place of the fault, no trace."""

import json

import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from api.http.problems import PROBLEM_TYPES
from api.settings import Settings

ORDER = {"order_id": "o1", "pieces": 1}
MATCH = {
    "orders": [ORDER],
    "suppliers": [{"supplier_id": "f1", "capacity": 5}],
    "candidates": [{"order_id": "o1", "supplier_id": "f1", "score": 0.5}],
}
SALES = [{"unique_id": "a", "ds": "2026-01-01", "y": 1}]


def problem(response, slug, status=None):
    """Check that the response is the problem it should be and return its body."""
    kind = PROBLEM_TYPES[slug]
    body = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, body["type"], body["title"]) == (
        status or kind.status,
        f"/problems/{slug}",
        kind.title,
    )
    assert body["status"] == response.status_code
    assert body["instance"]
    assert body["request_id"] == response.headers["x-request-id"]
    assert "Traceback" not in response.text
    return body


# path, body, then what the first error says: pointer, row, expected, got
WRONG = [
    ("/v1/matches", MATCH | {"orders": [ORDER | {"pieces": 0}]}, "/orders/0/pieces", 1, "greater than 0", "0"),
    ("/v1/matches", MATCH | {"orders": [ORDER | {"pieces": "3"}]}, "/orders/0/pieces", 1, "a valid integer", "3"),
    ("/v1/matches", MATCH | {"orders": [ORDER | {"pieces": 1.5}]}, "/orders/0/pieces", 1, "a valid integer", "1.5"),
    ("/v1/matches", MATCH | {"orders": [ORDER | {"pieces": True}]}, "/orders/0/pieces", 1, "a valid integer", "True"),
    ("/v1/matches", MATCH | {"orders": [ORDER, {"order_id": "o2"}]}, "/orders/1/pieces", 2, "this required", "nothing"),
    ("/v1/matches", MATCH | {"orders": []}, "/orders", None, "at least one row", "0"),
    ("/v1/matches", MATCH | {"pieces": 3}, "/pieces", None, "no such field", "3"),
    ("/v1/matches", MATCH | {"floor": 1.1}, "/floor", None, "less than or equal to 1", "1.1"),
    ("/v1/matches", MATCH | {"method": "magic"}, "/method", None, "'auto', 'auction', 'exact' or 'greedy'", "magic"),
    ("/v1/matches", MATCH | {"candidates": [{"order_id": "o1", "supplier_id": "f1", "score": 1, "x": [1]}]},
     "/candidates/0/x", 1, "text, a number", "[1]"),
    ("/v1/matches", {"orders": [{"order_id": "o1", "sku_id": "soap", "pieces": 1}]}, "/orders/0/buyer_id", 1,
     "this required", "nothing"),
    ("/v1/matches", [], "/", None, "", "[]"),
    ("/v1/forecasts", {"sales": [SALES[0] | {"y": -1}]}, "/sales/0/y", 1, "greater than or equal to 0", "-1"),
    ("/v1/forecasts", {"sales": [SALES[0] | {"ds": "1.1.2026"}]}, "/sales/0/ds", 1, "match pattern", "1.1.2026"),
    ("/v1/forecasts", {"sales": [SALES[0] | {"avaliable": True}]}, "/sales/0/avaliable", 1, "no such field", "True"),
    ("/v1/forecasts", {"sales": SALES, "horizon": 0}, "/horizon", None, "greater than or equal to 1", "0"),
    ("/v1/forecasts", {"sales": SALES, "quantiles": [0.5, 1.0]}, "/quantiles/1", 2, "less than 1", "1.0"),
    ("/v1/plans", {"demand": [{"item": "a", "bucket": "2026-01-01", "y": 1}]}, "/", None,
     "demand, resources and routes together", ""),
    ("/v1/plans", {"params": {"solve": {"gap": 2}}}, "/params/solve/gap", None, "less than or equal to 1", "2"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "pointer", "row", "expected", "got"), WRONG)
def test_a_wrong_field_is_named(client, path, body, pointer, row, expected, got):
    """A wrong field is refused with 422: where it is, what was expected, what came."""
    first = problem(client.post(path, json=body), "invalid-request")["errors"][0]
    assert (first["pointer"], first["row"]) == (pointer, row)
    assert expected in first["expected"]
    assert got in first["got"]


def test_the_detail_says_it_in_one_line(client):
    """The detail alone tells a person what to mend."""
    body = problem(client.post("/v1/matches", json=MATCH | {"orders": [ORDER | {"pieces": -3}]}), "invalid-request")
    assert body["detail"] == "/orders/0/pieces: expected greater than 0, got -3"


def test_many_faults_are_counted(client):
    """At most twenty faults are listed; the detail says how many there are."""
    orders = [ORDER | {"pieces": 0}] * 50
    body = problem(client.post("/v1/matches", json=MATCH | {"orders": orders}), "invalid-request")
    assert len(body["errors"]) == 20
    assert "(50 faults)" in body["detail"]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"orders": NaN,}', b"nonsense"])
def test_what_is_no_json_is_refused(client, body):
    """A body that is not JSON is a 400, or a 422 when it is absent."""
    response = client.post("/v1/matches", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 422)
    problem(response, "malformed-json" if response.status_code == 400 else "invalid-request")


@pytest.mark.parametrize("place", ['"o1"', '"pieces"', '"orders"'])
def test_half_a_character_is_refused(client, place):
    """A lone surrogate is JSON by the letter but no text: refused as a value and as a name."""
    body = json.dumps(MATCH).replace(place, r'"\ud800"')
    response = client.post("/v1/matches", content=body, headers={"Content-Type": "application/json"})
    problem(response, "invalid-request")


@pytest.mark.parametrize("kind", [None, "text/plain", "application/xml", "application/x-www-form-urlencoded"])
def test_another_content_type_is_refused(client, kind):
    """Only declared JSON is read: a form of another site cannot post here."""
    headers = {} if kind is None else {"Content-Type": kind}
    problem(client.post("/v1/matches", content=json.dumps(MATCH), headers=headers), "unsupported-media-type")


def test_a_declared_large_body_is_refused(client):
    """A body over the limit is refused by its declared length."""
    body = json.dumps(MATCH | {"orders": [ORDER | {"order_id": "x" * 400}] * 3000})
    assert len(body) > 2**20
    problem(client.post("/v1/matches", content=body, headers={"Content-Type": "application/json"}), "body-too-large")


def test_a_streamed_large_body_is_refused(client):
    """A body over the limit is refused while it streams, too."""
    chunks = (b" " * 2**16 for _ in range(17))
    response = client.post("/v1/matches", content=chunks, headers={"Content-Type": "application/json"})
    problem(response, "body-too-large")


@pytest.mark.parametrize("path", ["/nothing", "/v1", "/v1/nothing", "/v1/matches/", "/problems/nothing"])
def test_unknown_paths(client, path):
    """A path that is not served is a problem, not a page."""
    problem(client.get(path), "not-found")


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/matches"), ("DELETE", "/healthz"), ("PUT", "/v1/forecasts")])
def test_unknown_methods(client, method, path):
    """A method that the path does not take is a problem that lists those it takes."""
    response = client.request(method, path, json={})
    problem(response, "method-not-allowed")
    assert response.headers["allow"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/parties/nobody", "party"),
        ("/v1/forecasts/nothing", "series"),
        ("/v1/jobs/000000000000000000000000", "job"),
        ("/v1/jobs/..%2F..%2Fetc", "job"),
    ],
)
def test_unknown_ids(client, path, kind):
    """An id that nothing answers to is named with its kind."""
    response = client.get(path)
    if "%2F" in path and response.status_code == 404 and response.json()["type"] == "/problems/not-found":
        return  # decoded into another path, which is not served
    assert f"unknown {kind}" in problem(response, "unknown-id")["detail"]


@pytest.mark.parametrize("path", ["/readyz", "/v1/plan", "/v1/forecasts", "/v1/forecasts/a", "/v1/parties/f1"])
def test_reading_before_loading(bare, path):
    """With nothing loaded the answer is 503 and names the command that loads."""
    assert "evenflow load" in problem(bare.get(path), "not-ready")["detail"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/forecasts", {}),
        ("/v1/plans", {}),
        ("/v1/matches", {"orders": [{"order_id": "o1", "sku_id": "soap", "pieces": 1, "buyer_id": "s1"}]}),
    ],
)
def test_computing_before_loading(bare, path, body):
    """A request that needs the network is refused at once when there is none."""
    problem(bare.post(path, json=body), "not-ready")


def test_a_bug_hides_its_trace(home, caplog):
    """An unexpected error is a 500 with the request id, and the log has the trace under it."""
    app = create_app(Settings(home=home, workers=1))

    @app.get("/bug")
    def bug():
        raise RuntimeError("secret")

    with TestClient(app, raise_server_exceptions=False) as client:
        body = problem(client.get("/bug", headers={"X-Request-ID": "mine-1"}), "internal")
    assert body["request_id"] == "mine-1"
    assert "secret" not in str(body)
    assert "request mine-1 failed" in caplog.text


@pytest.mark.parametrize("slug", PROBLEM_TYPES)
def test_each_type_explains_itself(client, slug):
    """The type of a problem is an address that explains it."""
    page = client.get(f"/problems/{slug}").json()
    assert page["type"] == f"/problems/{slug}"
    assert page["meaning"]


@pytest.mark.parametrize("cursor", ["nonsense", "!!", "W10", "WyJ4IiwgLTFd", "WyJ4IiwgdHJ1ZV0"])
def test_a_wrong_cursor_is_refused(client, cursor):
    """A cursor that is none of ours is refused by name."""
    body = problem(client.get("/v1/plan", params={"cursor": cursor}), "invalid-request")
    assert body["errors"][0]["field"] == "cursor"


def test_a_stale_cursor_is_refused(client):
    """A cursor into another version of the list says to start again."""
    problem(client.get("/v1/plan", params={"cursor": "WyJvdGhlciIsIDFd"}), "stale-cursor")


@pytest.mark.parametrize("limit", [0, 1001, "x"])
def test_a_wrong_limit_is_refused(client, limit):
    """A query parameter out of range is named."""
    body = problem(client.get("/v1/plan", params={"limit": limit}), "invalid-request")
    assert body["errors"][0]["pointer"] == "limit"
