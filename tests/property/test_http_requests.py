"""Whatever is sent, the server answers with what it documents: never a 500, always JSON."""

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.http.app import create_app
from api.http.paging import page_bounds
from api.settings import Settings
from contracts.errors import EvenflowError

JSON = {"Content-Type": "application/json"}
TEXTS = st.text(max_size=12) | st.just("\ud800")
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))
IDS = st.sampled_from(["a", "b", "c", "", " a", "甲", "=1", "a" * 600])
NUMBERS = st.sampled_from([0, 1, 5, 2**31 - 1, 2**31, 2**70, -1, 0.5, 1e300, "3", None, True])


def rows(**cells):
    return st.lists(st.fixed_dictionaries({}, optional=cells), max_size=4)


MATCHES = st.fixed_dictionaries(
    {},
    optional={
        "orders": rows(order_id=IDS, pieces=NUMBERS, buyer_id=IDS, sku_id=IDS, due_date=TEXTS),
        "suppliers": rows(supplier_id=IDS, capacity=NUMBERS),
        "candidates": rows(order_id=IDS, supplier_id=IDS, score=NUMBERS, load=NUMBERS, x=SCALARS),
        "credit": rows(buyer_id=IDS, supplier_id=IDS, limit=NUMBERS),
        "unsplit": st.booleans(),
        "floor": NUMBERS,
        "method": st.sampled_from(["auto", "exact", "greedy", "auction", "x"]),
        "weights": st.none() | st.fixed_dictionaries({"parts": st.dictionaries(TEXTS, ANYTHING, max_size=2)}),
    },
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A server with nothing loaded."""
    home = tmp_path_factory.mktemp("home")
    with TestClient(create_app(Settings(home=home, workers=1)), raise_server_exceptions=False) as client:
        yield client


def check(response, allowed):
    assert response.status_code in allowed, response.text
    if response.status_code >= 400:
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["detail"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=MATCHES)
def test_any_match_is_answered_or_refused(client, body):
    """Tables near the right shape: matched, refused with the place of the fault, or nothing is loaded."""
    check(client.post("/v1/matches", content=json.dumps(body), headers=JSON), {200, 422, 503})


@settings(max_examples=60, deadline=None)
@given(path=st.sampled_from(["/v1/matches", "/v1/forecasts", "/v1/plans"]), body=ANYTHING)
def test_any_json_is_answered_or_refused(client, path, body):
    """Any JSON at all."""
    check(client.post(path, content=json.dumps(body), headers=JSON), {422, 503})


@settings(max_examples=60, deadline=None)
@given(path=st.sampled_from(["/v1/matches", "/v1/forecasts", "/v1/plans"]), body=st.binary(max_size=60))
def test_any_bytes_are_refused(client, path, body):
    """Any bytes at all."""
    check(client.post(path, content=body, headers=JSON), {400, 422, 503})


@settings(max_examples=100, deadline=None)
@given(name=st.text(min_size=1, max_size=40).filter(lambda text: text not in (".", "..")))
def test_any_id_is_answered(client, name):
    """Any text as an id, in a path or a query."""
    for path in (f"/v1/jobs/{quoted(name)}", f"/v1/parties/{quoted(name)}", f"/v1/forecasts/{quoted(name)}"):
        check(client.get(path), {200, 404, 405, 422, 503})
    check(client.get("/v1/plan", params={"cursor": name, "item": name}), {422, 503})


def quoted(text):
    return quote(text.encode("utf-8", "replace"), safe="")


@given(total=st.integers(0, 500), limit=st.integers(1, 60))
def test_pages_hold_each_row_once(total, limit):
    """Walking the cursors gives every row once, in order."""
    seen, cursor = [], None
    while True:
        rows, cursor = page_bounds(cursor, limit, version="v", total=total, query=("list",))
        seen += range(total)[rows]
        if cursor is None:
            break
    assert seen == list(range(total))


@given(cursor=st.text(min_size=1, max_size=60))
def test_any_cursor_is_ours_or_refused(cursor):
    """No text breaks the reading of cursors."""
    try:
        rows, _ = page_bounds(cursor, 10, version="v", total=100, query=("list",))
    except EvenflowError:
        return
    assert rows.start >= 0
