"""Candidates of the small net's orders, worked by hand in its README."""

import pandas as pd
import pytest

from contracts.errors import InputError, TableError, UnknownIdError
from graph.candidates.filters import Filters
from graph.candidates.orders import OrderArrays
from graph.candidates.search import COLUMNS, gather, gather_from
from graph.candidates.supply_book import SupplyBook
from graph.network import SupplyNetwork

TODAY = pd.Timestamp("2026-03-02")
Small = dict[str, pd.DataFrame]


def _gather(net: SupplyNetwork, small: Small, **changes: object) -> pd.DataFrame:
    options = {"today": TODAY} | changes
    tables = {name: options.pop(name, small[name]) for name in ("supply", "products", "orders")}
    return gather(net, tables["supply"], tables["products"], tables["orders"], **options)  # type: ignore[arg-type]


def test_the_example_by_hand(small_net: SupplyNetwork, small: Small) -> None:
    """Who, by which path, how strong, and why not."""
    found = _gather(small_net, small)
    shown = found[["order_id", "supplier_id", "path", "tie_strength", "reason"]].to_records(index=False).tolist()
    assert shown == [
        ("O1", "D1", "D1 > S1", 3.0, ""),
        ("O1", "F1", "F1 > D1 > S1", 3.0, ""),
        ("O1", "F2", "F2 > D1 > S1", 2.0, "below_minimum"),
        ("O2", "F1", "F1 > S3", 5.0, ""),
        ("O2", "F2", "", 0.0, "out_of_territory"),
        ("O2", "D1", "", 0.0, "out_of_territory"),
        ("O3", "D1", "D1 > S2", 1.0, ""),
        ("O3", "F1", "F1 > D1 > S2", 1.0, ""),
        ("O3", "F2", "F2 > D1 > S2", 1.0, "late"),
    ]
    assert found.columns.tolist() == list(COLUMNS)
    assert found["eligible"].tolist() == (found["reason"] == "").tolist()


def test_terms_come_from_supply_then_from_the_party(small_net: SupplyNetwork, small: Small) -> None:
    """D1's lead time is the party's, its cost the supply's; one degree of latitude is 111.2 km."""
    row = _gather(small_net, small).iloc[0]
    assert (row["capacity"], row["unit_cost_fen"], row["minimum_order"], row["lead_time_days"]) == (30, 1100, 1, 1)
    assert row["distance_km"] == pytest.approx(111.195, abs=0.01)


def test_without_today_nobody_is_late(small_net: SupplyNetwork, small: Small) -> None:
    """No clock is read."""
    assert "late" not in set(_gather(small_net, small, today=None)["reason"])


def test_top_keeps_the_best(small_net: SupplyNetwork, small: Small) -> None:
    """One candidate each: the direct one."""
    assert _gather(small_net, small, top=1)["supplier_id"].tolist() == ["D1", "F1", "D1"]


def test_a_relation_that_has_ended_makes_a_stranger(small_net: SupplyNetwork, small: Small) -> None:
    """After 2026-07-01 F1 no longer supplies S3 directly."""
    later = small_net.as_of(pd.Timestamp("2026-07-01").date())
    found = _gather(later, small, orders=small["orders"].iloc[[1]].assign(due_date=pd.NaT))
    assert found.loc[found["supplier_id"] == "F1", "path"].tolist() == [""]


@pytest.mark.parametrize(
    ("ship_to", "able", "km"),
    [("S4", ["F1"], 111.2), ("South", ["F1"], 43.6), (None, ["D1", "F1"], 1911.3), ("North", ["D1", "F1"], 1846.5)],
)
def test_the_place_of_delivery_counts(
    small_net: SupplyNetwork, small: Small, ship_to: str | None, able: list[str], km: float
) -> None:
    """A party, a region (its middle: the mean of its parties' places) or, if empty, the buyer's own place."""
    order = small["orders"].iloc[[0]].assign(ship_to=ship_to)
    found = _gather(small_net, small, orders=order)
    assert sorted(found.loc[found["eligible"], "supplier_id"]) == able
    assert found.set_index("supplier_id").loc["F1", "distance_km"] == pytest.approx(km, abs=0.1)


def test_a_maker_of_the_category_is_asked_if_it_lists_nothing(small: Small) -> None:
    """F3 makes shirts, has capacity and no row in supply; its cost is the product's."""
    maker = {"id": "F3", "kind": "factory", "region": "South", "capacity_per_day": 70.0, "lead_time_days": 2.0}
    parties = pd.concat([small["parties"], pd.DataFrame([{**maker, "categories": "shirts"}])])
    found = _gather(SupplyNetwork.build(parties, small["relations"]), small).set_index(["order_id", "supplier_id"])
    row = found.loc[("O2", "F3")]
    assert (row["basis"], row["unit_cost_fen"], row["capacity"], row["eligible"]) == ("category", 1000, 70, True)
    assert "W1" not in found.index.get_level_values(1)  # it lists a resource


def test_no_room_is_told(small_net: SupplyNetwork, small: Small) -> None:
    """Capacity below one piece, or below the supplier's own minimum."""
    supply = small["supply"].assign(capacity=[9.0, 50, 0, 40])
    found = _gather(small_net, small, supply=supply).set_index(["order_id", "supplier_id"])
    assert found.loc[("O1", "F1"), "reason"] == "full"
    assert found.loc[("O1", "D1"), "reason"] == "full"


def test_of_dated_supply_the_row_in_force_counts(small_net: SupplyNetwork, small: Small) -> None:
    """The latest bucket that has begun; a later one is not looked at."""
    row = small["supply"].iloc[[2]]
    days = [pd.NaT, pd.Timestamp("2026-03-01"), pd.Timestamp("2026-03-08")]
    dated = pd.concat([row.assign(bucket=day, capacity=c) for day, c in zip(days, [10.0, 20, 40], strict=True)])
    found = _gather(small_net, small, supply=dated.sample(frac=1, random_state=1))
    assert set(found.loc[found["basis"] == "sku", "capacity"]) == {20}


def test_a_buyer_is_never_its_own_supplier(small_net: SupplyNetwork, small: Small) -> None:
    """D1 buys what it also sells."""
    found = _gather(small_net, small, orders=small["orders"].iloc[[0]].assign(buyer_id="D1"))
    assert found["supplier_id"].tolist() == ["F1", "F2"]


def test_a_sku_that_nobody_offers_has_no_candidate(small_net: SupplyNetwork, small: Small) -> None:
    """Known and unknown skus alike; no orders, no rows."""
    for sku in ("B-blue", "nothing"):
        assert _gather(small_net, small, orders=small["orders"].assign(sku_id=sku)).empty
    assert _gather(small_net, small, orders=small["orders"].iloc[:0]).empty


def test_without_any_supply_the_makers_of_the_category_are_asked(small_net: SupplyNetwork, small: Small) -> None:
    """Both factories make shirts."""
    found = _gather(small_net, small, supply=small["supply"].iloc[:0])
    assert set(found["supplier_id"]) == {"F1", "F2"}
    assert set(found["basis"]) == {"category"}


def test_one_book_serves_many_batches(small_net: SupplyNetwork, small: Small) -> None:
    """The same rows as gathering at once."""
    book = SupplyBook.of(small_net, small["supply"], small["products"], today=TODAY)
    parts = [gather_from(book, small["orders"].iloc[[i]], today=TODAY) for i in range(3)]
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), _gather(small_net, small))


@pytest.mark.parametrize(
    ("table", "column", "message"),
    [
        ("orders", "buyer_id", "orders: column 'buyer_id', row 1: expected the id of a known party, got X"),
        ("orders", "ship_to", "orders: column 'ship_to', row 1: expected the id of a known party or a region, got X"),
        ("supply", "supplier_id", "supply: column 'supplier_id', row 1: expected the id of a known party, got X"),
    ],
)
def test_unknown_ids_are_named(small_net: SupplyNetwork, small: Small, table: str, column: str, message: str) -> None:
    """With the table, the column and the row."""
    with pytest.raises(TableError) as caught:
        _gather(small_net, small, **{table: small[table].assign(**{column: "X"})})
    assert str(caught.value).startswith(message)


def test_top_must_be_positive(small_net: SupplyNetwork, small: Small) -> None:
    """At least one candidate."""
    with pytest.raises(InputError, match="top: expected at least 1, got 0"):
        _gather(small_net, small, top=0)


def _stock(**row: object) -> pd.DataFrame:
    usual = {"place_id": "D1", "sku_id": "A-red", "owner_id": "F1", "pieces": 30.0, "unit_cost_fen": 950.0}
    return pd.DataFrame([usual | row])


def _lanes(*rows: dict[str, object]) -> pd.DataFrame:
    usual = {"carrier_id": "C1", "from_region": None, "to_region": None, "transit_days": 2.0, "max_kg": None}
    return pd.DataFrame([usual | row for row in rows]).astype({"max_kg": float})


@pytest.fixture
def with_carriers(small: Small) -> SupplyNetwork:
    """The small net with two carriers."""
    carriers = pd.DataFrame({"id": ["C1", "C2"], "kind": "carrier"})
    return SupplyNetwork.build(pd.concat([small["parties"], carriers]), small["relations"])


def test_stock_of_an_owner_lies_elsewhere(small_net: SupplyNetwork, small: Small) -> None:
    """F1 sells what lies at D1: on hand, from D1's place, at its own price, in D1's one day."""
    found = _gather(small_net, small, stock=_stock()).set_index(["order_id", "supplier_id", "basis"])
    row = found.loc[("O1", "F1", "stock")]
    assert (row["from_id"], row["capacity"], row["unit_cost_fen"], row["lead_time_days"]) == ("D1", 30, 950, 1)
    assert row["distance_km"] == pytest.approx(111.195, abs=0.01)
    assert row["path"] == "F1 > D1 > S1"
    assert found.loc[("O1", "F1", "sku"), "lead_time_days"] == 5


def test_of_equals_stock_comes_first(small_net: SupplyNetwork, small: Small) -> None:
    """Dearer goods on hand before cheaper capacity of the same supplier, by the same path."""
    found = _gather(small_net, small, stock=_stock(place_id="F1", owner_id=None, unit_cost_fen=9999.0))
    of_f1 = found[(found["order_id"] == "O2") & (found["supplier_id"] == "F1")]
    assert of_f1["basis"].tolist() == ["stock", "sku"]


def test_a_carrier_adds_its_days_and_its_price(with_carriers: SupplyNetwork, small: Small) -> None:
    """12 pieces of 0.3 kg: 3.6 kg at 50 fen and 100 an order; stock leaves at once."""
    products = small["products"].assign(weight_kg=0.3)
    lanes = _lanes({"fen_per_kg": 50.0, "fen_per_order": 100.0})
    found = _gather(with_carriers, small, lanes=lanes, products=products, stock=_stock())
    row = found[(found["order_id"] == "O1") & (found["basis"] == "stock")].iloc[0]
    assert (row["carrier_id"], row["transit_days"], row["lead_time_days"], row["freight_fen"]) == ("C1", 2, 2, 280)
    assert found.set_index(["order_id", "supplier_id"]).loc[("O3", "F1"), "reason"].tolist()[-1] == "late"  # 5 + 2 > 5


@pytest.mark.parametrize(
    ("lanes", "carrier"),
    [
        ([{"fen_per_order": 900.0}, {"carrier_id": "C2", "fen_per_order": 100.0, "transit_days": 3.0}], "C2"),
        ([{"fen_per_order": 900.0}, {"carrier_id": "C2", "fen_per_order": 100.0, "transit_days": 99.0}], "C1"),
        ([{"transit_days": 99.0}, {"carrier_id": "C2", "transit_days": 98.0, "fen_per_order": 5.0}], "C2"),
        ([{"to_region": "North"}, {"carrier_id": "C2", "to_region": "South", "fen_per_order": 0.0}], "C1"),
        ([{"max_kg": 3.0}, {"carrier_id": "C2", "fen_per_order": 500.0}], "C2"),
        ([{"from_region": "South"}], ""),
        ([{"carrier_id": "D1"}], "D1"),
        ([{"carrier_id": "S1"}], ""),
    ],
    ids=["cheapest in time", "in time before cheap", "fastest if late", "place", "weight", "pick-up", "own", "not own"],
)
def test_which_carrier_is_taken(
    with_carriers: SupplyNetwork, small: Small, lanes: list[dict[str, object]], carrier: str
) -> None:
    """For O1 (3.6 kg, 7 days) from D1 in the North; a party that is no carrier drives its own goods only."""
    options = {"products": small["products"].assign(weight_kg=0.3), "lanes": _lanes(*lanes)}
    row = _gather(with_carriers, small, **options).set_index(["order_id", "supplier_id"]).loc[("O1", "D1")]
    assert row["carrier_id"] == carrier
    assert (row["reason"] == "no_delivery") == (carrier == "")


def test_who_delivers_past_the_holder_violates_its_territory(small_net: SupplyNetwork, small: Small) -> None:
    """D1 alone may deliver A-red in the North: F1's goods may come through D1, F1's own delivery to S4's place not."""
    held = pd.DataFrame({"holder_id": ["D1"], "region": ["North"], "sku_id": ["A-red"]})
    found = _gather(small_net, small, exclusives=held).set_index(["order_id", "supplier_id"])
    assert found.loc[("O1", "F1"), ["path", "reason"]].tolist() == ["F1 > D1 > S1", ""]
    to_north = small["orders"].iloc[[1]].assign(ship_to="North")
    past = _gather(small_net, small, exclusives=held, orders=to_north).set_index("supplier_id")
    assert past.loc["F1", ["reason", "violated_id"]].tolist() == ["exclusive", "D1"]
    assert past.loc["D1", "violated_id"] == ""
    own = small["orders"].iloc[[0]].assign(buyer_id="D1")
    assert _gather(small_net, small, exclusives=held, orders=own)["violated_id"].tolist() == ["", ""]


def test_an_exclusive_territory_has_its_days(small_net: SupplyNetwork, small: Small) -> None:
    """From valid_from on, and no longer on valid_to."""
    held = pd.DataFrame({"holder_id": ["S2"], "valid_from": [TODAY], "valid_to": [TODAY + pd.Timedelta(days=1)]})
    for day, told in ((-1, False), (0, True), (1, False)):
        found = _gather(small_net, small, exclusives=held, today=TODAY + pd.Timedelta(days=day))
        assert ("exclusive" in set(found["reason"])) == told


ROUTES = pd.DataFrame(
    {
        "item": "A-red",
        "route": "usual",
        "step": [1, 2],
        "resource": ["sewing", "pressing"],
        "hours_per_unit": [0.1, 0.05],
        "minimum_lot": [8, 3],
    }
)


def _workshop_net(small: Small) -> tuple[SupplyNetwork, pd.DataFrame]:
    """F3 presses itself (28 hours a week) and has W1 sew, which supplies it."""
    maker = pd.DataFrame([{"id": "F3", "kind": "factory", "region": "North", "lead_time_days": 2.0}])
    tie = pd.DataFrame([{"src": "W1", "dst": "F3", "kind": "supplies"}, {"src": "F3", "dst": "S1", "kind": "supplies"}])
    net = SupplyNetwork.build(pd.concat([small["parties"], maker]), pd.concat([small["relations"], tie]))
    presses = pd.DataFrame([{"supplier_id": "F3", "resource": "pressing", "capacity": 28.0}])
    supply = pd.concat([small["supply"], presses], ignore_index=True)
    supply.loc[supply["resource"] == "sewing", "lead_time_days"] = 3.0
    return net, supply


def test_a_factory_dispatches_steps_to_a_workshop(small: Small) -> None:
    """40 sewing hours a week at 0.1 h = 57 a day, pressing 80; 2 + 3 days; lots of 8 at least."""
    net, supply = _workshop_net(small)
    row = _gather(net, small, supply=supply, routes=ROUTES).set_index(["order_id", "supplier_id"]).loc[("O1", "F3")]
    assert (row["basis"], row["workshops"], row["path"]) == ("workshop", "W1", "W1 > F3 > S1")
    assert (row["capacity"], row["lead_time_days"], row["minimum_order"], row["hops"]) == (57, 5, 8, 1)


def test_without_the_workshops_tie_the_step_cannot_be_done(small: Small) -> None:
    """No relation, no offer; with a sewing line of its own it needs nobody."""
    net, supply = _workshop_net(small)
    alone = SupplyNetwork.build(
        pd.concat([small["parties"], pd.DataFrame([{"id": "F3", "kind": "factory"}])]), small["relations"]
    )
    assert "F3" not in set(_gather(alone, small, supply=supply, routes=ROUTES)["supplier_id"])
    sews = pd.DataFrame([{"supplier_id": "F3", "resource": "sewing", "capacity": 7.0}])
    found = _gather(net, small, supply=pd.concat([supply, sews], ignore_index=True), routes=ROUTES)
    row = found.set_index(["order_id", "supplier_id"]).loc[("O1", "F3")]
    assert (row["basis"], row["workshops"], row["capacity"]) == ("route", "", 10)


def test_one_order_needs_no_frame(with_carriers: SupplyNetwork, small: Small) -> None:
    """The same candidates as from a table of one row."""
    book = SupplyBook.of(with_carriers, small["supply"], small["products"], stock=_stock(), today=TODAY)
    for row in small["orders"].itertuples():
        days = (row.due_date - TODAY).days
        for ship_to in ("", "S4", "South"):
            table = pd.DataFrame([row]).assign(ship_to=ship_to)
            one = OrderArrays.one(book, row.sku_id, row.pieces, row.buyer_id, ship_to=ship_to, days=days)
            assert one.rows.tolist() == OrderArrays.of(book, table, TODAY).rows.tolist()
    for wrong in ({"buyer_id": "X"}, {"buyer_id": "S1", "ship_to": "Moon"}):
        with pytest.raises(TableError, match="expected the id of a known party"):
            OrderArrays.one(book, "A-red", 1, **wrong)


def test_wrong_filters_are_refused(small_net: SupplyNetwork, small: Small) -> None:
    """Unknown kinds and categories, bounds below zero."""
    with pytest.raises(UnknownIdError, match="unknown party kind shop"):
        Filters(kinds=("shop",))
    with pytest.raises(InputError, match="max_distance_km: expected a number >= 0, got nan"):
        Filters(max_distance_km=float("nan"))
    with pytest.raises(UnknownIdError, match="unknown category hats"):
        _gather(small_net, small, filters=Filters(category="hats"))


def test_only_who_trades_the_category(small_net: SupplyNetwork, small: Small) -> None:
    """Of the three that list A-red, D1 alone trades shoes too."""
    assert set(_gather(small_net, small, filters=Filters(category="shoes"))["supplier_id"]) == {"D1"}
