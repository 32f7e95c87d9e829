"""What holds for a simulated market of any size and seed."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.tables import SALES, SIGNALS
from graph.tables import DEMANDS, PARTIES, PRODUCTS, RELATIONS, SUPPLY
from planning.tables import ROUTES
from simulate.market import Market, evergreen_sales, evergreen_styles, simulate_market
from simulate.params import MarketParams

TODAY = pd.Timestamp("2025-03-03")

sizes = st.integers(10, 2_000)
seeds = st.integers(0, 2**31)
few = settings(max_examples=12, deadline=None)


def market(parties: int, seed: int, styles: int = 10) -> Market:
    """A market around four styles."""
    params = MarketParams(parties=parties, styles=styles)
    return simulate_market(params, evergreen_styles(4, seed=seed), TODAY, seed=seed)


@given(sizes, seeds)
@few
def test_there_are_as_many_parties_as_asked_for(parties: int, seed: int):
    """Every id once, every one marked as simulated."""
    table = market(parties, seed).parties()
    assert len(table) == parties
    assert table["id"].is_unique
    assert table["simulated"].all()
    assert table["id"].str.startswith("sim-").all()


@given(sizes, seeds)
@few
def test_every_end_of_a_relation_is_a_party(parties: int, seed: int):
    """Relations join two different parties of the table, a pair at most once a kind."""
    made = market(parties, seed)
    ids, relations = set(made.parties()["id"]), made.relations()
    assert set(relations["src"]) <= ids
    assert set(relations["dst"]) <= ids
    assert (relations["src"] != relations["dst"]).all()
    assert not relations.duplicated(["src", "dst", "kind"]).any()


@given(sizes, seeds)
@few
def test_dates_of_a_relation_are_ordered(parties: int, seed: int):
    """First trade, last trade, today, end of the relation."""
    relations = market(parties, seed).relations()
    assert (relations["valid_from"] <= relations["first_at"]).all()
    assert (relations["first_at"] <= relations["last_at"]).all()
    assert (relations["last_at"] < TODAY).all()
    assert (relations["valid_to"].dropna() > TODAY).all()


@given(st.integers(10, 300), seeds)
@few
def test_the_same_seed_makes_the_same_market(parties: int, seed: int):
    """Each table, twice, cell by cell."""
    first, second = market(parties, seed), market(parties, seed)
    for name in ("launches", "signals", "launch_sales", "orders"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name))
    for name in ("products", "routes", "supply"):
        pd.testing.assert_frame_equal(getattr(first.goods, name), getattr(second.goods, name))
    pd.testing.assert_frame_equal(first.parties(), second.parties())
    pd.testing.assert_frame_equal(first.relations(), second.relations())


@given(sizes, seeds)
@few
def test_tables_pass_the_schemas_of_a_users_files(parties: int, seed: int):
    """A simulated net is loaded like a user's own."""
    made = market(parties, seed)
    PARTIES.check(made.parties())
    RELATIONS.check(made.relations())
    PRODUCTS.check(made.goods.products)
    ROUTES.check(made.goods.routes)
    SUPPLY.check(made.goods.supply)
    DEMANDS.check(made.orders)
    SIGNALS.check(made.signals)
    SALES.check(made.launch_sales)


@given(sizes, seeds)
@few
def test_ids_named_anywhere_exist(parties: int, seed: int):
    """Suppliers, lines, buyers and KOLs are parties; skus and items are products."""
    made = market(parties, seed)
    ids, goods = set(made.parties()["id"]), made.goods
    assert set(goods.supply["supplier_id"]) <= ids
    assert set(goods.routes["resource"]) <= set(goods.supply["resource"].dropna())
    assert set(made.orders["buyer_id"]) | set(made.signals["kol_id"]) <= ids
    assert set(made.orders["sku_id"]) | set(goods.supply["sku_id"].dropna()) <= set(goods.products["sku_id"])
    assert set(goods.routes["item"]) == set(goods.products["style_id"])


@given(seeds, st.sampled_from([10, 40, 100]))
@few
def test_one_style_in_ten_is_a_hit_and_sells_twenty_thousand(seed: int, styles: int):
    """The hit share is exact, and a hit sells what the market's facts say."""
    launches = market(200, seed, styles).launches
    assert launches["hit"].sum() == styles // 10
    assert (launches.loc[launches["hit"], "total"] >= 20_000).all()
    assert (launches.loc[~launches["hit"], "total"] <= 20_000).all()


@given(seeds)
@few
def test_finished_styles_sold_their_total_within_their_life(seed: int):
    """Daily pieces of a style that ended sum to its total over 25 days."""
    made = market(200, seed, styles=20)
    sold = made.launch_sales.groupby("unique_id")["y"].agg(["sum", "size"])
    done = sold[sold["size"] == 25]
    total = made.launches.set_index("style_id")["total"]
    assert len(done) > 10
    assert (done["sum"] == total[done.index]).all()


@given(seeds)
@few
def test_signals_are_known_after_they_happen_and_not_after_today(seed: int):
    """No count is observed before its period ends, none tomorrow."""
    signals = market(200, seed, styles=20).signals
    assert (signals["observed_at"] > signals["signal_time"]).all()
    assert (signals["observed_at"] < TODAY.tz_localize("Asia/Shanghai")).all()


@given(seeds)
@few
def test_evergreen_sales_cover_every_day_of_every_series(seed: int):
    """A dense panel whose level follows the styles' weekly pieces."""
    styles = evergreen_styles(3, seed=seed)
    sales = SALES.check(evergreen_sales(styles, TODAY, 70, seed=seed))
    assert len(sales) == 3 * 3 * 70
    weekly = sales.groupby("style_id")["y"].sum() / 10
    assert np.allclose(weekly, styles.set_index("style_id")["weekly_pieces"][weekly.index], rtol=0.8)


@pytest.mark.parametrize("parties", [10, 11, 12, 13, 25])
def test_the_smallest_markets_have_everyone_an_order_needs(parties: int):
    """Ten parties still hold a maker, a distributor, a store, a community and a KOL."""
    kinds = set(market(parties, 0).parties()["kind"])
    assert {"factory", "workshop", "distributor", "warehouse", "store", "community", "kol"} <= kinds
