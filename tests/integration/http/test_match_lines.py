"""Matches as lines: one order in, one decision out; options and suppliers on the first line; words; further limits."""

import json

import pytest

LINES = {"content-type": "application/x-ndjson"}
SUPPLIERS = [{"supplier_id": "a", "capacity": 5}, {"supplier_id": "b", "capacity": 10}]
BOTH = [{"supplier_id": "a", "score": 0.9}, {"supplier_id": "b", "score": 0.1}]


def lines_of(client, *lines):
    body = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    return client.post("/v1/matches", content=body, headers=LINES)


def test_each_order_brings_its_candidates(client):
    """The answer has a line per order and one with the rest; it is that of the same tables as JSON."""
    orders = [{"order_id": "x", "pieces": 4}, {"order_id": "y", "pieces": 14}]
    answer = lines_of(client, {"suppliers": SUPPLIERS}, *({**order, "candidates": BOTH} for order in orders))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    x, y, rest = map(json.loads, answer.text.splitlines())
    assert [one["order_id"] for one in (x, y)] == ["x", "y"]
    left = {(one["unserved"], one["reason"]) for one in (x, y)}
    assert left == {(0, None), (3, "outbid")}, "the orders are alike: either may stay unserved"
    assert sum(row["pieces"] for one in (x, y) for row in one["matches"]) == 15
    candidates = [{"order_id": order["order_id"], **one} for order in orders for one in BOTH]
    same = client.post("/v1/matches", json={"orders": orders, "suppliers": SUPPLIERS, "candidates": candidates}).json()
    assert [row for row in same["matches"] if row["supplier_id"]] == [*x["matches"], *y["matches"]]
    assert rest["prices"] == same["prices"]
    assert rest["summary"]["objective"] == same["summary"]["objective"]


def test_candidates_are_gathered_from_the_loaded_network(client):
    """Lines of ids only; top-k and reasons come back per order, in words for all."""
    order = {"sku_id": "soap", "pieces": 150}
    answer = lines_of(
        client, {"top": 1, "language": "zh"}, {**order, "order_id": "x", "buyer_id": "s1"},
        {**order, "order_id": "y", "buyer_id": "s/2"},
    )  # fmt: skip
    x, y, rest = map(json.loads, answer.text.splitlines())
    assert [len(one["alternatives"]) for one in (x, y)] == [1, 1]
    assert (x["unserved"], x["reason"]) == (50, "full")
    told = {(row["about"], row["order_id"]): row["words"] for row in rest["told"]}
    assert told["unserved", "x"] == "50 件未满足：若 f1 多 50 件产能即可满足。"
    assert "产能" in told["supplier", None]


@pytest.mark.parametrize(
    ("lines", "status", "told"),
    [
        (["{"], 400, "line 1"),
        (["[1]"], 400, "line 1"),
        ([{"order_id": "x"}, "nonsense"], 400, "line 2"),
        ([""], 422, "/orders"),
        ([{"top": 3}], 422, "/orders"),
        ([{"order_id": "x", "candidates": 3}], 422, "/orders/0/pieces"),
        ([{"suppliers": SUPPLIERS}, {"order_id": "x", "pieces": 1, "candidates": 3}], 422, "/candidates/0"),
        ([{"suppliers": SUPPLIERS}, {"order_id": "x", "pieces": 1, "candidates": [3]}], 422, "/candidates/0"),
        ([{"suppliers": SUPPLIERS, "colour": 1}, {"order_id": "x", "pieces": 1}], 422, "colour"),
        ([{"suppliers": SUPPLIERS, "candidates": 7}, {"order_id": "x", "pieces": 1}], 422, "candidates"),
        ([{"suppliers": SUPPLIERS}, {"order_id": "x", "pieces": 1}, {"order_id": "x", "pieces": 1}], 422, "once"),
    ],
)  # fmt: skip
def test_wrong_lines_are_refused_by_name(client, lines, status, told):
    """The line, the field or the row."""
    answer = lines_of(client, *lines)
    assert answer.status_code == status, answer.text
    assert told in answer.json()["detail"]


def small(**changes):
    tables = {
        "orders": [{"order_id": "x", "pieces": 4}],
        "suppliers": [{"supplier_id": "a", "capacity": 5}],
        "candidates": [{"order_id": "x", "supplier_id": "a", "score": 0.5}],
    }
    return tables | changes


@pytest.mark.parametrize(
    ("body", "unserved", "reason"),
    [
        (small(), 0, None),
        (small(suppliers=[{"supplier_id": "a", "capacity": 0}]), 4, "full"),
        (small(candidates=[]), 4, "no_candidates"),
        (small(orders=[{"order_id": "x", "pieces": 2**31 - 1}]), 2**31 - 6, "full"),
        (small(candidates=[{"order_id": "x", "supplier_id": "a", "score": -2.0}]), 4, "not_worth"),
    ],
)
def test_edges_are_answered(client, body, unserved, reason):
    """One order, one supplier, nothing there, two billion pieces, not worth serving."""
    summary = client.post("/v1/matches", json=body).json()["summary"]
    assert summary["unmatched_by_reason"] == ({reason: unserved} if reason else {})


def test_all_equal_scores_are_answered(client):
    """Three hundred orders, ten equal candidates each, a shortage: all capacity is used, and the gap is zero."""
    body = {
        "orders": [{"order_id": f"x{i}", "pieces": 3} for i in range(300)],
        "suppliers": [{"supplier_id": f"s{j}", "capacity": 20} for j in range(40)],
        "candidates": [
            {"order_id": f"x{i}", "supplier_id": f"s{(i + j) % 40}", "score": 0.5}
            for i in range(300)
            for j in range(10)
        ],
    }
    summary = client.post("/v1/matches", json=body).json()["summary"]
    assert (summary["matched_pieces"], summary["gap"]) == (800, 0)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (small(orders=[{"order_id": "x", "pieces": 4}] * 2), "order_id"),
        (small(suppliers=[{"supplier_id": "a", "capacity": 5}] * 2), "supplier_id"),
        (small(candidates=[{"order_id": "x", "supplier_id": "a", "score": 0.5}] * 2), "once"),
        (small(candidates=[{"order_id": "x", "supplier_id": "a", "score": "NaN"}]), "score"),
        (small(orders=[{"order_id": "x", "pieces": 2**31}]), "2147483647"),
        (small(orders=[{"order_id": "x", "pieces": -1}]), "pieces"),
        (small(suppliers=[{"supplier_id": "a", "capacity": -1}]), "capacity"),
        (small(candidates=[{"order_id": "x", "supplier_id": "z", "score": 0.5}]), "supplier_id"),
        (small(candidates=[{"order_id": "z", "supplier_id": "a", "score": 0.5}]), "order_id"),
        (small(limits=[{"limit_id": "cap", "kind": "speed"}]), "kind"),
        (small(polish_seconds=1000), "polish_seconds"),
        (small(seconds=0), "seconds"),
        (small(language="fr"), "language"),
    ],
)
def test_bad_input_is_refused_by_name(client, body, told):
    """As over the command line: the field, the row, what was expected."""
    answer = client.post("/v1/matches", json=body)
    assert answer.status_code == 422, answer.text
    assert told in answer.json()["detail"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "-Infinity"])
def test_scores_that_are_no_numbers_are_refused(client, number):
    """JSON has none of them, and 1e999 is beyond any."""
    body = json.dumps(small()).replace("0.5", number)
    answer = client.post("/v1/matches", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert "score" in answer.text or "JSON" in answer.text


def test_limits_of_your_own_have_a_price(client):
    """An exposure cap of three pieces on a buyer: told with its price, kept to the piece."""
    body = small(
        orders=[{"order_id": "x", "pieces": 4, "buyer_id": "b1"}],
        limits=[{"limit_id": "cap", "kind": "exposure_cap", "per": "buyer_id", "most": 3}],
        language="en",
    )
    answer = client.post("/v1/matches", json=body).json()
    assert answer["summary"]["matched_pieces"] == 3
    (cap,) = answer["constraints"]
    assert (cap["limit_id"], cap["used"]) == ("cap", 3)
    assert cap["price"] > 0
    assert {row["about"] for row in answer["told"]} == {"candidate", "supplier", "unserved"}
