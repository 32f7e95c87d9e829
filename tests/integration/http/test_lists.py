"""Every list that can grow is told in parts, by cursors that know which list they walk and who asks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.http.paging import Part, StaleCursorError
from api.http.queries import declared
from tests.integration.http.test_etags import dependants, reads  # noqa: F401 (a fixture)

FEW = {
    "list_score_kinds": "the kinds of this program",
    "list_stages": "the stages of this program",
    "list_running_waves": "two days of them",
    "list_share_rules": "one a contract",
}


def walked(rows, limit, who="", *, change=lambda rows: rows):
    """Return what a walk through a list tells, which changes after each part."""
    cursor, told = None, []
    while True:
        part, cursor = Part(limit, cursor, who).of(rows, lambda row: row, "list")
        told += part
        if cursor is None:
            return told
        rows = change(rows)


@settings(max_examples=50, deadline=None, database=None)
@given(n=st.integers(0, 20), limit=st.integers(1, 7))
def test_each_row_once(n, limit):
    """Whatever a part takes, also while new ones come first or last."""
    rows = [f"r{number}" for number in range(n)]
    assert walked(rows, limit) == rows
    assert walked(rows, limit, change=lambda rows: [f"new{len(rows)}", *rows]) == rows
    assert set(walked(rows, limit + 1, change=lambda rows: [*rows, f"new{len(rows)}"])) >= set(rows)


def test_a_cursor_is_of_one_list_and_of_who_asks():
    """Another list's, another filter's, another tenant's, and one whose row is gone: start again."""
    _, cursor = Part(1, None, "alpha").of("abc", str, "letters", "low")
    assert Part(1, cursor, "alpha").of("abc", str, "letters", "low")[0] == "b"
    for who, query, rows in (
        ("beta", ("letters", "low"), "abc"),
        ("alpha", ("digits", "low"), "abc"),
        ("alpha", ("letters", "high"), "abc"),
        ("alpha", ("letters", "low"), "bc"),
    ):
        with pytest.raises(StaleCursorError):
            Part(1, cursor, who).of(rows, str, *query)


def test_every_list_has_a_cursor(client, reads):  # noqa: F811
    """Whatever is named a list: without one only where the program itself bounds it."""
    taken = {name for name, dependant in dependants(client.app) if "cursor" in declared(dependant)}
    assert {name for name in reads if name.startswith("list_")} - taken == set(FEW)


def test_a_cursor_that_is_not_the_lists_own_is_refused(client, reads):  # noqa: F811
    """Broken, made up, of another list: 422 or 410, never another page."""
    row = {"supplier_id": "f1", "offered": 3}
    client.put("/v1/capacities", json={"capacities": [row | {"good": "a"}, row | {"good": "b"}]})
    other = client.get("/v1/capacities?limit=1").json()["next_cursor"]
    offset = client.get("/v1/plan?limit=1").json()["next_cursor"]
    wrong, asked = {}, 0
    for name, dependant in dependants(client.app):
        path, query = reads.get(name, ("", {}))
        if "cursor" not in declared(dependant) or client.get(path, params=query).status_code != 200:
            continue
        asked += 1
        for cursor in ("nonsense", other, other[:-3], offset):
            if (name, cursor) in {("list_capacities", other), ("read_plan", offset)}:
                continue
            told = client.get(path, params=query | {"cursor": cursor})
            if told.status_code not in (410, 422):
                wrong[name, cursor] = told.text[:200]
    assert wrong == {}
    assert asked > 15


def test_parts_of_a_list_over_http(client):
    """Overrides, one at a time: the same as at once."""
    for factor in (1.1, 1.2, 1.3):
        body = {"start": "2026-03-01", "end": "2026-03-02", "factor": factor, "reason": "fair", "by": "li"}
        assert client.post("/v1/forecasts/soap@s1/overrides", json=body).status_code == 201
    whole = client.get("/v1/overrides").json()
    assert whole["next_cursor"] is None
    told, cursor = [], {}
    while cursor is not None:
        part = client.get("/v1/overrides", params={"limit": 1, **cursor}).json()
        told += part["overrides"]
        cursor = {"cursor": part["next_cursor"]} if part["next_cursor"] else None
    assert told == whole["overrides"]
    assert len(told) == 3
    elsewhere = client.get("/v1/forecasts/soap@s1/overrides?limit=1").json()["next_cursor"]
    assert client.get("/v1/overrides", params={"cursor": elsewhere}).status_code == 410


def test_a_filter_belongs_to_the_cursor(client):
    """A page of one item is no page of all."""
    cursor = client.get("/v1/plan?item=cream&limit=1").json()["next_cursor"]
    assert client.get("/v1/plan", params={"item": "cream", "cursor": cursor}).status_code == 200
    assert client.get("/v1/plan", params={"cursor": cursor}).status_code == 410
