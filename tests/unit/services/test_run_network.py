"""What is computed on somebody's own network, and what is said where it cannot be."""

import pandas as pd
import pytest

from contracts.errors import NotReadyError, TableError
from services.example_files import write_examples
from services.load_network import load_network
from services.network_forecast import forecast_network
from services.network_plan import plan_network
from services.network_routes import route_network, route_on
from services.run_network import run_network
from store.home import TABLES, Home

PARTIES = [{"id": "f1", "kind": "factory"}, {"id": "s1", "kind": "store"}]
DAYS = pd.date_range("2026-01-05", periods=56)


def sales(unique_id, **more):
    return [{"unique_id": unique_id, "ds": day, "y": 4.0 + n % 7, **more} for n, day in enumerate(DAYS)]


def published(root, **raw):
    home = Home(root)
    raw = {"parties": PARTIES, **raw}
    home.publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in raw.items()})
    return home


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The example network, loaded and computed."""
    folder = tmp_path_factory.mktemp("net")
    write_examples(folder / "files")
    home = Home(folder / "home")
    load_network(folder / "files" / "net", home=home)
    return home, run_network(home)


def test_everything_is_kept_with_the_version(ran):
    """Forecasts, plan and matches are results of the very network they were computed on."""
    home, report = ran
    snapshot = home.current()
    assert report.version == snapshot.version
    assert report.skipped == {}
    for name in ("forecast", "weekly_forecast", "plan", "load", "boxes", "matches", "alternatives", "prices"):
        assert len(snapshot.result(name)) > 0, name
    assert snapshot.result("plan_summary")["fen_per_hour"] == {"idle": 2_500.0, "overtime": 3_750.0}


def test_the_example_shows_what_decides_over_orders(ran):
    """Goods on hand, makers with workshops, carriers, terms, credit used up, records and an exclusive territory."""
    snapshot = ran[0].current()
    matches, alternatives = snapshot.result("matches"), snapshot.result("alternatives")
    served = matches[matches["reason"] == "chosen"]
    assert {"stock", "sku", "workshop"} <= set(served["basis"])
    made = alternatives[alternatives["basis"] == "workshop"]
    assert made["workshops"].str.contains("sim-workshop-").all()
    assert {"no_credit", "exclusive"} <= set(alternatives["reason"])
    assert (served["carrier_id"] != "").any()
    assert served["terms_fen"].gt(0).any()
    assert served["score_reliability"].abs().gt(0).any()


def test_the_plan_makes_what_the_routes_make(ran):
    """Weeks are forecast by what has a route; items without one are named."""
    home, report = ran
    snapshot = home.current()
    assert set(snapshot.result("plan")["item"]) <= set(snapshot.table("routes")["item"])
    assert set(snapshot.result("weekly_forecast")["unique_id"]) >= set(snapshot.table("routes")["item"])
    assert all(name.startswith("sim-style-") for name in report.summary["plan"]["items_without_route"])
    assert report.summary["plan"]["fill_rate"] > 0.9


def test_alternatives_come_by_order_then_score(ran):
    """The best candidate of an order is its first."""
    home, _ = ran
    rows = home.current().result("alternatives")
    for _, group in rows.groupby("order_id", sort=False):
        assert group["score"].dropna().is_monotonic_decreasing
    order = pd.Index(home.current().table("orders")["order_id"]).get_indexer(rows["order_id"])
    assert (order[1:] >= order[:-1]).all()


def test_a_bare_network_says_what_is_missing(tmp_path):
    """Parties alone: each stage names the table it lacks, and nothing fails."""
    report = run_network(published(tmp_path))
    assert all(part is None for part in report.summary.values())
    assert "no sales" in report.skipped["forecast"]
    assert "no routes" in report.skipped["plan"]
    assert "no orders" in report.skipped["orders"]


def test_what_can_be_done_is_done(tmp_path):
    """Sales without routes or orders are forecast all the same."""
    home = published(tmp_path, sales=sales("soap"))
    report = run_network(home)
    assert report.summary["forecast"]["series"] == 1
    assert set(report.skipped) == {"plan", "orders"}
    assert len(home.current().result("forecast")) == 28


def test_simulated_sales_are_not_mixed_with_others(tmp_path):
    """Where real and simulated rows meet, the real ones are forecast; all simulated, all are."""
    mixed = sales("real", simulated=False) + sales("made-up", simulated=True)
    for rows, expected in ((mixed, {"real"}), (mixed[len(DAYS) :], {"made-up"})):
        home = published(tmp_path / str(len(rows)), sales=rows)
        found = forecast_network(home.current())
        assert set(found.asked.forecast["unique_id"]) == expected


def test_only_plain_days_are_kept(tmp_path):
    """A forecast in other buckets is the job's; the network keeps days by series."""
    home = published(tmp_path, sales=sales("soap"))
    assert not forecast_network(home.current(), options={"bucket": "W-MON"}).kept
    assert home.current().result("forecast") is None
    assert home.current().result("weekly_forecast") is not None


def test_a_plan_forecasts_first_if_nobody_did(tmp_path):
    """One request is enough; pieces on hand need not be made."""
    route = {"item": "soap", "route": "main", "step": 1, "resource": "line", "hours_per_unit": 0.1}
    supply = {"supplier_id": "f1", "resource": "line", "capacity": 500.0, "overtime": 4.0}
    made = []
    for stock in (0, 200):
        product = {"sku_id": "soap", "price_fen": 900, "stock_pieces": stock}
        home = published(
            tmp_path / str(stock), sales=sales("soap"), routes=[route], supply=[supply], products=[product]
        )
        made.append(plan_network(home.current()).report.summary["pieces"])
    assert 0 < made[0] - made[1] <= 200


def test_routes_of_other_goods_say_so(tmp_path):
    """Nothing that is sold has a route: the first item sold is named."""
    route = {"item": "cream", "route": "main", "step": 1, "resource": "line", "hours_per_unit": 0.1}
    supply = {"supplier_id": "f1", "resource": "line", "capacity": 20.0, "overtime": 4.0}
    home = published(tmp_path, sales=sales("soap"), routes=[route], supply=[supply])
    with pytest.raises(NotReadyError, match="soap"):
        plan_network(home.current())


def test_an_order_of_an_unknown_sku_is_refused(tmp_path):
    """Row and id are named, before anything is computed."""
    supply = {"supplier_id": "f1", "sku_id": "soap", "capacity": 20.0, "unit_cost_fen": 100}
    home = published(tmp_path, supply=[supply])
    orders = pd.DataFrame({"order_id": ["a", "b"], "sku_id": ["soap", "soup"], "pieces": 1, "buyer_id": "s1"})
    with pytest.raises(TableError, match=r"orders: column 'sku_id', row 2: .*got soup"):
        route_on(home.current(), orders)


def test_supply_in_hours_only_cannot_fill_orders(tmp_path):
    """The message says which rows are missing."""
    supply = {"supplier_id": "f1", "resource": "line", "capacity": 20.0}
    order = {"order_id": "a", "sku_id": "soap", "pieces": 1, "buyer_id": "s1"}
    with pytest.raises(NotReadyError, match="sku_id"):
        route_network(published(tmp_path, supply=[supply], orders=[order]).current())


def test_weekly_sales_are_read_as_weeks(tmp_path):
    """Rows on Sundays only: eight weeks by series, and the plan's demand by the Monday of each week."""
    weeks = pd.date_range("2024-01-07", periods=40, freq="7D")
    rows = [{"unique_id": "s1/soap", "ds": day, "y": 70.0} for day in weeks]
    found = forecast_network(published(tmp_path, sales=rows).current())
    assert found.kept
    assert found.asked.summary["fallback_reasons"] == {"too_little_for_lightgbm": 1}
    assert found.asked.forecast["mean"].round(3).tolist() == [70.0] * 8
    assert found.asked.forecast["ds"].dt.day_name().unique().tolist() == ["Sunday"]
    assert found.weekly.forecast["mean"].round(3).tolist() == [70.0] * 8
    assert found.weekly.forecast["ds"].dt.day_name().unique().tolist() == ["Monday"]
