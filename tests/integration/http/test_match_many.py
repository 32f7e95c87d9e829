"""Many orders as lines, told in brief: the decisions of the explained way, and bad lines put aside by number."""

import json

import pytest

from tests.integration.http.test_match_at_once import NET, ORDERS
from tests.integration.http.test_match_at_once import client as _client

client = _client
BRIEF = {"alternatives": False}
PLACED = {"buyer_id": "s1", "placed_at": "2026-03-01T09:00:00+08:00"}


def lines_of(client, *lines):
    """Return the answer to lines, parsed, or its status and detail."""
    body = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    answer = client.post("/v1/matches", content=body, headers={"content-type": "application/x-ndjson"})
    if answer.status_code != 200:
        return answer.status_code, answer.json()["detail"]
    return [json.loads(line) for line in answer.text.splitlines()]


@pytest.mark.parametrize("options", [{}, {"unsplit": True}, {"at_prices": "published"}])
def test_it_decides_as_if_it_explained(client, options):
    """Order by order: who serves, for how much, who comes next; prices and objective, too."""
    orders = [{"order_id": f"o{n}", **PLACED, **order} for n, order in enumerate(ORDERS)]
    *brief, rest = lines_of(client, BRIEF | options, *orders)
    *told, whole = lines_of(client, options, *orders)
    assert [line["alternatives"] for line in brief] == [None] * len(orders)
    same = pytest.approx
    for one, other in zip(brief, told, strict=True):
        assert {**one, "matches": None} == {**other, "matches": None, "alternatives": None}
        for mine, yours in zip(one["matches"], other["matches"], strict=True):
            assert mine == {name: same(value) if isinstance(value, float) else value for name, value in yours.items()}
    assert rest["price_version"] == whole["price_version"]
    mine, yours = (
        sorted(((row["supplier_id"], row["good"]), row["capacity"], row["used"], row["price"]) for row in one["prices"])
        for one in (rest, whole)
    )
    assert [row[:3] for row in mine] == [row[:3] for row in yours]
    assert [row[3] for row in mine] == same([row[3] for row in yours])
    mine, yours = rest["summary"], whole["summary"]
    for name in ("objective", "upper_bound", "cost_fen", "orders_served", "candidates", "eligible_candidates"):
        assert mine[name] == same(yours[name]), name
    assert (mine["quarantined"], mine["unmatched_by_reason"]) == (0, yours["unmatched_by_reason"])


def test_lines_that_cannot_be_used_are_put_aside(client):
    """Each by its number, with what was expected; the others are matched."""
    good = {"order_id": "a", "sku_id": "red", "pieces": 3, **PLACED}
    wrong = [
        "{", "[1]", good | {"order_id": "b", "pieces": 0}, good | {"order_id": "c", "sku_id": "mauve"},
        good | {"order_id": "d", "buyer_id": "nobody"}, good | {"order_id": "e", "ship_to": "nowhere"}, good,
        good | {"order_id": "f", "due_date": "2026-02-31"}, good | {"order_id": "g", "unmatched_penalty": "much"},
    ]  # fmt: skip
    *refused, one, rest = lines_of(client, BRIEF, good, "", *wrong)
    told = {row["line"]: row["refused"] for row in refused}
    assert list(told) == [4, 5, 6, 7, 8, 9, 10, 11, 12]
    expected = ("JSON", "the line", "pieces", "mauve", "nobody", "nowhere", "once", "due_date", "unmatched_penalty")
    assert all(word in reason for word, reason in zip(expected, told.values(), strict=True)), told
    assert (one["order_id"], one["unserved"], rest["summary"]["quarantined"]) == ("a", 0, 9)


@pytest.mark.parametrize(
    ("lines", "status", "told"),
    [
        ([BRIEF], 400, "at least one order"),
        ([BRIEF, "nonsense"], 400, "line 2"),
        ([BRIEF, *["{}"] * 100_001], 400, "at most 100000 lines of orders, got 100001"),
        ([BRIEF | {"language": "en"}, {"order_id": "a", "sku_id": "red", "pieces": 3, **PLACED}], 422, "language"),
        ([BRIEF | {"top": 0}, {"order_id": "a", "sku_id": "red", "pieces": 3, **PLACED}], 422, "top"),
    ],
)
def test_what_cannot_be_answered_is_refused(client, lines, status, told):
    """Nothing to match, or options that make no sense."""
    answered, detail = lines_of(client, *lines)
    assert (answered, told in detail) == (status, True), detail


def test_nothing_usable_is_answered_so(client):
    """Lines in form, but of unknown things: each is told, and nothing is matched."""
    refused, rest = lines_of(client, BRIEF, {"order_id": "a", "sku_id": "mauve", "pieces": 3, **PLACED})
    assert (refused["line"], rest["summary"]["orders"], rest["prices"]) == (2, 0, [])
    assert NET["products"][0]["sku_id"] != "mauve"
