"""Credit, the price of terms and the suppliers' records change who serves an order, for how much, and are told."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from graph.network import SupplyNetwork
from graph.tables import PARTIES, PRODUCTS, RELATIONS, SUPPLY
from matching.problem import CreditLines, MatchProblem
from matching.solve import solve
from services.files import read_raw, read_table
from services.route_orders import route_orders
from services.route_terms import NOTHING_KNOWN, Standing, credit_lines, standing_of, with_standing

SMALL = Path(__file__).resolve().parents[2] / "data" / "ok_small"
TODAY = pd.Timestamp("2026-03-01")
NO_RECORDS = NOTHING_KNOWN.records


@pytest.fixture(scope="module")
def net():
    """The small net, its supply and its products."""
    tables = {"parties": PARTIES, "relations": RELATIONS, "supply": SUPPLY, "products": PRODUCTS}
    read = {name: read_table(SMALL / f"{name}.csv", schema) for name, schema in tables.items()}
    return SupplyNetwork.build(read["parties"], read["relations"]), read["supply"], read["products"]


@pytest.fixture
def order():
    """40 pieces for S2, which D1, F1 and F2 could deliver by the end of the month."""
    return read_raw(SMALL / "orders.csv").iloc[[2]].assign(due_date="2026-03-30")


def terms(limit_fen, supplier_id, buyer_id, **more):
    agreed = {"limit_fen": limit_fen, "terms_days": 73, "retained_share": 0.0, "annual_rate": 0.05}
    return pd.DataFrame([{"buyer_id": buyer_id, "supplier_id": supplier_id, **agreed, **more}])


def known(agreed, ledger=None):
    columns = ["trade_id", "buyer_id", "supplier_id", "at", "event", "amount_fen"]
    events = pd.DataFrame(ledger or [], columns=columns)
    return standing_of(events.assign(at=pd.to_datetime(events["at"])), agreed, NO_RECORDS, TODAY)


def test_no_credit_moves_the_promise_and_is_told(net, order):
    """The supplier that serves S2 today serves it no more once S2 owes it all it may."""
    buyer = order["buyer_id"].iloc[0]
    before = route_orders(*net, order, today=TODAY).matches
    first = before["supplier_id"].iloc[0]
    owed = [("t", buyer, first, "2026-02-01", "invoiced", 99_999)]
    report = route_orders(*net, order, today=TODAY, standing=known(terms(100_000, first, buyer), owed))
    assert first not in set(report.matches["supplier_id"])
    assert report.matches["promised_date"].tolist() != before["promised_date"].tolist()
    told = report.alternatives.set_index("supplier_id")["reason"]
    assert told[first] == "no_credit"


def test_credit_serves_as_many_pieces_as_it_pays_for(net, order):
    """With room for ten of its pieces, ten come from there and the rest from others."""
    buyer = order["buyer_id"].iloc[0]
    first = route_orders(*net, order, today=TODAY).matches.iloc[0]
    price = first["goods_fen"] // first["pieces"]
    report = route_orders(*net, order, today=TODAY, standing=known(terms(10 * price + 1, first["supplier_id"], buyer)))
    pieces = report.matches.set_index("supplier_id")["pieces"]
    assert (pieces[first["supplier_id"]], pieces.sum()) == (10, 40)
    assert report.summary["gap"] <= 1e-5


def test_at_published_prices_credit_holds_too(net, order):
    """The online rule takes no piece that the line does not pay for; unserved pieces name it."""
    buyer = order["buyer_id"].iloc[0]
    prices = pd.DataFrame({"supplier_id": ["F1"], "price": [0.0]})
    nothing_left = pd.concat([terms(0, supplier, buyer) for supplier in ("F1", "F2", "D1")], ignore_index=True)
    report = route_orders(*net, order, today=TODAY, prices=prices, standing=known(nothing_left))
    assert report.matches["reason"].tolist() == ["no_credit"]
    assert report.summary["unmatched_by_reason"] == {"no_credit": 40}


def test_the_price_of_terms_is_money_of_the_order(net, order):
    """73 days at 5 % a year cost 1 % of the goods; without terms nothing."""
    buyer = order["buyer_id"].iloc[0]
    free = route_orders(*net, order, today=TODAY).matches
    assert (free["terms_fen"] == 0).all()
    supplier = free["supplier_id"].iloc[0]
    paid = route_orders(*net, order, today=TODAY, standing=known(terms(10**9, supplier, buyer))).alternatives
    row = paid.set_index("supplier_id").loc[supplier]
    assert row["terms_fen"] == round(0.01 * row["goods_fen"])
    assert row["cost_fen"] == sum(row[name] for name in ("goods_fen", "operating_fen", "channel_fen", "terms_fen"))


def test_a_suppliers_record_decides_between_equals_and_is_told(net, order):
    """Whoever served the order loses it with a bad record; the part of the score says why."""
    before = route_orders(*net, order, today=TODAY)
    first = before.matches["supplier_id"].iloc[0]
    others = [name for name in ("F1", "F2", "D1") if name != first]
    records = pd.DataFrame(
        {"supplier_id": [first, *others], "otif_low": [0.05, 0.95, 0.95], "p_late_next": [0.9, 0.02, 0.02]}
    )
    report = route_orders(*net, order, today=TODAY, standing=Standing(NOTHING_KNOWN.terms, records))
    assert first not in set(report.matches["supplier_id"])
    told = report.alternatives.set_index("supplier_id")
    assert told.loc[first, ["otif_low", "p_late_next"]].tolist() == [0.05, 0.9]
    assert told.loc[first, "score_reliability"] == pytest.approx(0.3 * (0.05 - 0.95))
    assert (before.alternatives["score_reliability"] == 0).all()
    assert before.alternatives["otif_low"].isna().all()


def test_a_newcomer_is_taken_for_the_usual_supplier():
    """No record is neither good nor bad: the median of those known."""
    records = pd.DataFrame({"supplier_id": ["a", "b", "c"], "otif_low": [0.9, 0.7, 0.2], "p_late_next": 0.1})
    rows = pd.DataFrame({"buyer_id": "x", "supplier_id": ["a", "new", "c"], "unit_cost_fen": 1.0}, index=[7, 8, 9])
    found = with_standing(rows, Standing(NOTHING_KNOWN.terms, records))
    assert found["reliability"].tolist() == pytest.approx([0.2, 0.0, -0.5])
    assert found["line"].tolist() == [-1, -1, -1]


def test_terms_count_on_their_days_only():
    """The terms that hold today count, of two the later ones."""
    old = terms(1, "F", "S", valid_from="2025-01-01", valid_to="2026-03-01")
    now = terms(7, "F", "S", valid_from="2026-03-01", valid_to=None, annual_rate=0.1)
    both = pd.concat([now, old], ignore_index=True)
    both = both.assign(**{name: pd.to_datetime(both[name]) for name in ("valid_from", "valid_to")})
    assert known(both).terms[["limit", "annual_rate"]].to_numpy().tolist() == [[7.0, 0.1]]


def test_a_line_that_pays_for_everything_limits_nothing():
    """Room for 2 x 5 pieces of 3 fen leaves no line; one fen less makes one, for its candidates only."""
    rows = pd.DataFrame({"line": [0, 0, -1], "pieces": [5, 5, 9], "unit_cost_fen": [3.0, 3.0, np.nan]})
    pairs = pd.DataFrame({"limit": [30]})
    assert credit_lines(rows, Standing(pairs, NO_RECORDS)) is None
    lines = credit_lines(rows, Standing(pairs - 1, NO_RECORDS))
    assert lines.line.tolist() == [0, 0, -1]
    assert (lines.limit.tolist(), lines.use.tolist()) == ([29], [3.0, 3.0, 0.0])


def test_a_line_over_two_offers_of_a_supplier_is_kept():
    """Two goods of one supplier share the buyer's line: six pieces in all, the better ones."""
    problem = MatchProblem(
        indptr=np.array([0, 1, 2]),
        supplier=np.array([0, 1]),
        score=np.array([0.5, 0.9]),
        pieces=np.array([5, 5]),
        capacity=np.array([9, 9]),
        credit=CreditLines(line=np.array([0, 0]), limit=np.array([6])),
    )
    result = solve(problem)
    assert result.pieces.tolist() == [1, 5]
    assert result.gap <= 1e-9
