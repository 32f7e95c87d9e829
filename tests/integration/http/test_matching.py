"""Matches over HTTP: the caller's tables, or the loaded network; nothing is held or kept."""

import pytest

ORDERS = [
    {"order_id": "o1", "sku_id": "soap", "pieces": 30, "buyer_id": "s1"},
    {"order_id": "o2", "sku_id": "soap", "pieces": 20, "buyer_id": "s/2"},
]
TABLES = {
    "orders": [{"order_id": "o1", "pieces": 60, "buyer_id": "b"}, {"order_id": "o2", "pieces": 60, "buyer_id": "b"}],
    "suppliers": [{"supplier_id": "a", "capacity": 80}, {"supplier_id": "b", "capacity": 100}],
    "candidates": [
        {"order_id": "o1", "supplier_id": "a", "score": 0.9},
        {"order_id": "o1", "supplier_id": "b", "score": 0.3},
        {"order_id": "o2", "supplier_id": "a", "score": 0.8},
        {"order_id": "o2", "supplier_id": "b", "score": 0.7},
    ],
}


def served(body):
    rows = [row for row in body["matches"] if row["supplier_id"] is not None]
    return sorted((row["order_id"], row["supplier_id"], row["pieces"]) for row in rows)


def test_the_contested_supplier_goes_to_who_needs_it_more(client):
    """o1 loses 0.6 a piece elsewhere, o2 only 0.1: o1 takes the better factory, o2 what is left of it."""
    body = client.post("/v1/matches", json=TABLES).json()
    assert served(body) == [("o1", "a", 60), ("o2", "a", 20), ("o2", "b", 40)]
    assert body["summary"]["objective"] == pytest.approx(60 * 0.9 + 20 * 0.8 + 40 * 0.7)
    assert (body["version"], body["alternatives"]) == (None, None)


def test_whole_orders_only(client):
    """With unsplit each order has one supplier."""
    body = client.post("/v1/matches", json=TABLES | {"unsplit": True}).json()
    assert served(body) == [("o1", "a", 60), ("o2", "b", 60)]


def test_scores_from_their_parts(client):
    """Without a score column the weights of the request make the score."""
    parts = [
        {"order_id": row["order_id"], "supplier_id": row["supplier_id"], "cost_fen": 100 - 10 * n}
        for n, row in enumerate(TABLES["candidates"])
    ]
    weights = {"base": 1.0, "parts": {"cost_fen": {"weight": 0.5, "scale": 100}}}
    body = client.post("/v1/matches", json=TABLES | {"candidates": parts, "weights": weights}).json()
    assert body["summary"]["matched_pieces"] == 120
    assert {round(row["score"], 9) for row in body["matches"]} <= {0.5, 0.55, 0.6, 0.65}


def test_credit_limits_hold(client):
    """A buyer takes no more from a supplier than its credit line."""
    credit = [{"buyer_id": "b", "supplier_id": "a", "limit": 10}, {"buyer_id": "b", "supplier_id": "b", "limit": 500}]
    body = client.post("/v1/matches", json=TABLES | {"credit": credit}).json()
    assert sum(pieces for _, supplier, pieces in served(body) if supplier == "a") == 10


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"candidates": [{"order_id": "nobody", "supplier_id": "a", "score": 1}]}, "nobody"),
        ({"suppliers": [{"supplier_id": "a", "capacity": 1}] * 2}, "each (supplier_id) once"),
        ({"candidates": [{"order_id": "o1", "supplier_id": "a"}]}, "score"),
    ],
)
def test_tables_that_do_not_fit_together(client, change, detail):
    """What only shows when tables are put together is a 422 that names table, column and row."""
    response = client.post("/v1/matches", json=TABLES | change)
    assert (response.status_code, response.json()["type"]) == (422, "/problems/invalid-request")
    assert detail in response.json()["detail"]


def test_the_network_finds_who_could_fill_orders(client):
    """Orders alone are enough: each gets a supplier, a promise, its costs and the reason."""
    body = client.post("/v1/matches", json={"orders": ORDERS}).json()
    assert {row["order_id"] for row in body["matches"]} == {"o1", "o2"}
    for row in body["matches"]:
        assert row["supplier_id"] in ("f1", "f2")
        assert row["reason"] == "chosen"
        assert row["promised_date"]
        assert row["goods_fen"] in (30 * 480, 30 * 520, 20 * 480, 20 * 520)
    assert len(body["alternatives"]) == 4
    assert body["version"] == client.get("/readyz").json()["version"]


def test_a_dry_run_changes_nothing(client):
    """The same question twice has the same answer: nothing was held, and no file was written."""
    first, second = (client.post("/v1/matches", json={"orders": ORDERS}).json() for _ in range(2))
    assert first["matches"] == second["matches"]


@pytest.mark.parametrize(("field", "value"), [("sku_id", "soup"), ("buyer_id", "nobody")])
def test_ids_the_network_does_not_know(client, field, value):
    """An unknown sku or buyer is a 422 that names the row, the field and the id."""
    response = client.post("/v1/matches", json={"orders": [ORDERS[0], ORDERS[1] | {field: value}]})
    problem = response.json()
    assert (response.status_code, problem["type"]) == (422, "/problems/invalid-request")
    error = problem["errors"][0]
    assert (error["pointer"], error["row"], error["got"]) == (f"/orders/1/{field}", 2, value)


def test_alternatives_come_by_order_then_score(client):
    """In the order of the request; the first alternative of an order is its best."""
    rows = client.post("/v1/matches", json={"orders": ORDERS}).json()["alternatives"]
    assert [row["order_id"] for row in rows] == ["o1", "o1", "o2", "o2"]
    assert rows[0]["score"] >= rows[1]["score"]
    assert rows[2]["score"] >= rows[3]["score"]
    assert "chosen" in {row["reason"] for row in rows}


def test_no_orders_are_refused_in_words(client):
    """At least one row: nobody needs to know what a list is."""
    problem = client.post("/v1/matches", json={"orders": []}).json()
    assert problem["detail"] == "/orders: expected at least one row, got 0"


def test_a_party_card(client):
    """A party's card has its data, its relations by kind and what it supplies."""
    card = client.get("/v1/parties/f2").json()
    assert (card["id"], card["kind"], card["name"]) == ("f2", "factory", "Factory two")
    assert card["relations"]["supplies"]["out"] == 2
    assert card["supply"]["rows"][0]["sku_id"] == "soap"


def test_a_party_with_a_slash_in_its_id(client):
    """Ids are the caller's own."""
    assert client.get("/v1/parties/s/2").json()["name"] == "Store with a slash"


def test_steady_days_and_fairness(client):
    """Orders with windows get days; every supplier hears what it was due, got and could envy."""
    orders = [row | {"last_day": 3} for row in TABLES["orders"]]
    body = client.post("/v1/matches", json=TABLES | {"orders": orders, "steady": 0.1, "fairness": True}).json()
    assert {row["day"] for row in body["matches"]} == {0, 1, 2, 3}
    assert body["summary"]["steadiness"]["load_cv"] < body["summary"]["steadiness"]["load_cv_before"]
    assert [(row["supplier_id"], row["received"]) for row in body["fairness"]] == [("a", 80), ("b", 40)]
    plain = client.post("/v1/matches", json=TABLES).json()
    assert plain["fairness"] is None
    assert "day" not in plain["matches"][0]
    refused = client.post("/v1/matches", json=TABLES | {"steady": 0.1})
    assert (refused.status_code, "last_day" in refused.json()["detail"]) == (422, True)
