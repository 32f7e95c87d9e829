"""Candidates of the small net's orders, worked by hand in its README."""

import pandas as pd
import pytest

from contracts.errors import InputError, TableError
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
