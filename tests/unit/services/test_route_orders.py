"""Routing over the small net: who may serve, who does, for what, when and why."""

from pathlib import Path

import pandas as pd
import pytest

from contracts.errors import InputError, TableError
from graph.network import SupplyNetwork
from graph.tables import PARTIES, PRODUCTS, RELATIONS, SUPPLY
from matching.score import PartWeight, ScoreWeights
from services.files import read_raw, read_table
from services.route_orders import route_orders

SMALL = Path(__file__).resolve().parents[2] / "data" / "ok_small"
TODAY = pd.Timestamp("2026-03-01")
CHEAPEST = ScoreWeights(base=1.0, parts={"cost_fen": PartWeight(weight=1.0, scale=10_000)})


@pytest.fixture(scope="module")
def net():
    """The small net, its supply and its products."""
    tables = {"parties": PARTIES, "relations": RELATIONS, "supply": SUPPLY, "products": PRODUCTS}
    read = {name: read_table(SMALL / f"{name}.csv", schema) for name, schema in tables.items()}
    return SupplyNetwork.build(read["parties"], read["relations"]), read["supply"], read["products"]


@pytest.fixture
def orders():
    """Three orders of red shirts."""
    return read_raw(SMALL / "orders.csv")


def test_each_order_gets_suppliers_promises_and_reasons(net, orders):
    """All pieces are accounted for; promises come a lead time after today and not after the due date."""
    report = route_orders(*net, orders, today=TODAY)
    matches = report.matches
    assert matches.groupby("order_id")["pieces"].sum().to_dict() == {"O1": 12, "O2": 25, "O3": 40}
    served = matches[matches["reason"] == "chosen"]
    lead = {"F1": 5, "F2": 8, "D1": 1}
    assert (served["promised_date"] == TODAY + pd.to_timedelta(served["supplier_id"].map(lead), unit="D")).all()
    due = served["order_id"].map(orders.set_index("order_id")["due_date"]).astype("datetime64[ns]")
    assert (served["promised_date"] <= due).all()
    assert report.summary["matched_pieces"] + report.summary["unmatched_pieces"] == 77
    assert report.summary["gap"] <= 1e-9


def test_money_of_a_match_is_whole_fen_and_adds_up(net, orders):
    """Goods, operating and channel cost are integers whose sum is the landed cost."""
    served = route_orders(*net, orders, today=TODAY).matches.query("reason == 'chosen'")
    assert (served["goods_fen"] + served["operating_fen"] + served["channel_fen"] == served["cost_fen"]).all()
    unit_cost = served["supplier_id"].map({"F1": 1000, "F2": 900, "D1": 1100})
    assert (served["goods_fen"] == unit_cost * served["pieces"]).all()


def test_hard_limits_are_named(net, orders):
    """F2 and D1 deliver to the north only; F2 needs 8 days, too many for O3 and just in time for O1."""
    rows = route_orders(*net, orders, today=TODAY).alternatives.set_index(["order_id", "supplier_id"])["reason"]
    assert rows["O2", "F2"] == rows["O2", "D1"] == "out_of_territory"
    assert rows["O1", "F2"] == "below_minimum"
    assert rows["O3", "F2"] == "late"
    assert rows["O2", "F1"] == "chosen"


def test_capacity_is_never_exceeded(net, orders):
    """Ten orders of 40 meet 130 pieces in reach; the rest is left with a reason."""
    many = pd.concat([orders.iloc[[2]].assign(order_id=f"N{k}") for k in range(10)], ignore_index=True)
    report = route_orders(*net, many, today=TODAY)
    assert (report.prices["used"] <= report.prices["capacity"]).all()
    assert report.summary["matched_pieces"] == 130
    assert set(report.summary["unmatched_by_reason"]) == {"outbid"}


def test_max_price_is_a_limit(net, orders):
    """A buyer who pays 500 fen a piece at most is served by nobody."""
    report = route_orders(*net, orders.assign(max_price_fen=500), today=TODAY)
    assert report.matches.set_index("order_id")["reason"]["O2"] == "over_price"
    assert report.summary["matched_pieces"] == 0


def test_weights_change_the_choice(net, orders):
    """With cost alone, goods from the factory beat the distributor's, dearer and as far."""
    one = orders.iloc[[2]].assign(due_date="2026-03-30")
    assert route_orders(*net, one, today=TODAY, weights=CHEAPEST).matches["supplier_id"].tolist() == ["F2"]


def test_published_prices_steer_one_order_at_a_time(net, orders):
    """A high published price on F1 keeps its capacity for others."""
    one = orders.iloc[[1]]
    prices = pd.DataFrame({"supplier_id": ["F1"], "price": [5.0]})
    report = route_orders(*net, one, prices=prices, today=TODAY)
    assert report.matches["reason"].tolist() == ["outbid"]
    free = route_orders(*net, one, prices=prices.assign(price=0.0), today=TODAY)
    assert free.matches["supplier_id"].tolist() == ["F1"]


def test_unknown_buyer_and_empty_orders_are_refused(net, orders):
    """The error names the table and the row."""
    with pytest.raises(TableError, match="orders: column 'buyer_id', row 2"):
        route_orders(*net, orders.assign(buyer_id=["S1", "nobody", "S2"]), today=TODAY)
    with pytest.raises(TableError, match="orders: expected at least one row"):
        route_orders(*net, orders.iloc[:0], today=TODAY)
    with pytest.raises(InputError, match="method"):
        route_orders(*net, orders, method="magic", today=TODAY)


def test_a_placed_at_that_is_no_moment_is_named(net, orders):
    with pytest.raises(TableError, match=r"column 'placed_at', row 2.*then"):
        route_orders(*net, orders.head(2).assign(placed_at=["2026-03-01", "then"]))


def test_unknown_good_has_no_candidates(net, orders):
    """An sku that nobody offers leaves the order with that reason."""
    report = route_orders(*net, orders.iloc[[0]].assign(sku_id="Z-none"), today=TODAY)
    assert report.matches["reason"].tolist() == ["no_candidates"]
    assert report.alternatives.empty


def test_stock_carriers_and_exclusive_territories_change_the_promise(net, orders):
    """O2's 25 pieces come from F1 in 5 days; from its stock at S4 with S4's own van in one; not past a holder."""
    one = orders.iloc[[1]]
    assert _promise(route_orders(*net, one, today=TODAY)) == ("F1", "sku", "2026-03-06")
    stock = pd.DataFrame([{"place_id": "S4", "sku_id": "A-red", "owner_id": "F1", "pieces": 40.0}])
    lanes = pd.DataFrame([{"carrier_id": "S4", "to_region": "South", "transit_days": 1.0, "fen_per_order": 50.0}])
    offered = {"stock": stock, "lanes": lanes}
    report = route_orders(*net, one, offered=offered, today=TODAY)
    assert _promise(report) == ("F1", "stock", "2026-03-02")
    served = report.matches.iloc[0]
    assert (served["from_id"], served["carrier_id"]) == ("S4", "S4")
    assert served["operating_fen"] == 50 + 300  # the carrier's price, and handling of the order
    assert "no_delivery" in set(report.alternatives["reason"])
    held = pd.DataFrame([{"holder_id": "F2", "region": "South"}])
    refused = route_orders(*net, one, offered=offered | {"exclusives": held}, today=TODAY).matches.iloc[0]
    assert (pd.isna(refused["supplier_id"]), refused["reason"]) == (True, "exclusive")


def test_stock_is_sold_once(net, orders):
    """Two orders of 25 pieces, 40 on hand: what is left comes from capacity, and nobody sells more than there is."""
    two = pd.concat([orders.iloc[[1]], orders.iloc[[1]].assign(order_id="O9")])
    stock = pd.DataFrame([{"place_id": "F1", "sku_id": "A-red", "pieces": 40.0, "lead_time_days": 0.0}])
    matches = route_orders(*net, two, offered={"stock": stock}, today=TODAY).matches
    by_basis = matches[matches["reason"] == "chosen"].groupby("basis")["pieces"].sum()
    assert by_basis.sum() == 50
    assert by_basis["stock"] <= 40


def _promise(report) -> tuple[str, str, str]:
    row = report.matches.iloc[0]
    return row["supplier_id"], row["basis"], row["promised_date"].date().isoformat()
