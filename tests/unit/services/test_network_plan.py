"""The tables of a plan, taken from a loaded network."""

import pandas as pd
import pytest

from contracts.errors import NotReadyError
from services.network_plan import network_tables
from store.home import TABLES, Home
from store.prices import PriceShelf

WEEKS = pd.to_datetime(["2026-03-02", "2026-03-09"])
ROUTE = {"item": "soap", "route": "main", "step": 1, "resource": "line", "hours_per_unit": 0.2}
SUPPLY = [
    {"supplier_id": "f1", "resource": "line", "capacity": 40.0, "overtime": 8.0, "bucket": None},
    {"supplier_id": "f1", "resource": "line", "capacity": 5.0, "overtime": 0.0, "bucket": "2026-03-09"},
    {"supplier_id": "f1", "sku_id": "soap", "capacity": 100.0},
]


@pytest.fixture
def snapshot(tmp_path):
    home = Home(tmp_path)
    raw = {"parties": [{"id": "f1", "kind": "factory"}], "routes": [ROUTE], "supply": SUPPLY}
    home.publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in raw.items()})
    return home.current()


def forecast(*items):
    return pd.DataFrame(
        [{"unique_id": item, "ds": week, "mean": 10.0, "q0.5": 9.0} for item in items for week in WEEKS]
    )


def test_supply_in_hours_holds_for_every_week_unless_dated(snapshot):
    """A row without a bucket holds in each week; a dated one adds to its own."""
    snapshot.write_result("weekly_forecast", forecast("soap"))
    resources = network_tables(snapshot).resources
    assert resources[["resource", "bucket", "capacity"]].to_numpy().tolist() == [
        ["line", WEEKS[0], 40.0],
        ["line", WEEKS[1], 45.0],
    ]


def test_a_supplier_that_lost_capacity_has_the_hours_that_are_left(snapshot, tmp_path):
    """A quarter of its hours and of its overtime, and all of them once it is back."""
    snapshot.write_result("weekly_forecast", forecast("soap"))
    shelf = PriceShelf(tmp_path)
    for share, hours in ((0.25, [(10.0, 2.0), (11.25, 2.0)]), (1.0, [(40.0, 8.0), (45.0, 8.0)])):
        shelf.change_left({"f1": share})
        found = network_tables(snapshot).resources
        assert list(zip(found["capacity"], found["overtime"], strict=True)) == hours


def test_items_without_a_route_are_left_out_and_named(snapshot):
    """What nobody can make is not planned, and not dropped in silence."""
    snapshot.write_result("weekly_forecast", forecast("soap", "cream"))
    found = network_tables(snapshot)
    assert found.demand["item"].unique().tolist() == ["soap"]
    assert found.without_route == ["cream"]


def test_without_a_forecast_it_says_so(snapshot):
    """The message names the request that makes a forecast."""
    with pytest.raises(NotReadyError, match="POST /v1/forecasts"):
        network_tables(snapshot)


def test_without_routes_it_says_so(tmp_path):
    """A network that makes nothing cannot be planned."""
    home = Home(tmp_path)
    home.publish({"parties": TABLES["parties"].check(pd.DataFrame([{"id": "f1", "kind": "factory"}]))})
    home.current().write_result("weekly_forecast", forecast("soap"))
    with pytest.raises(NotReadyError, match="no routes"):
        network_tables(home.current())
