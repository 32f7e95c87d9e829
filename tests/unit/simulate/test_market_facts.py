"""The simulator against the facts it is sized by, and against nonsense."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from simulate.census import party_blocks, take_census
from simulate.goods import sku_share
from simulate.market import evergreen_styles, simulate_market
from simulate.params import MarketParams
from simulate.places import AREAS, REGIONS, SHARE, distances_km
from simulate.ties import relation_blocks

TODAY = pd.Timestamp("2025-03-03")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"parties": 9}, r"parties in \[10, 6000000\]"),  # too few for every role
        ({"parties": 6_000_001}, r"parties in \[10, 6000000\]"),  # more than the ids have digits for
        ({"styles": 0}, "styles"),  # no launch
        ({"same_region": 1.1}, "same_region"),  # no share
        ({"hit_share": 0.0}, "hit_share"),  # an open interval
        ({"hit_pieces": 0}, "hit_pieces"),
        ({"life_days": 3}, "life_days"),
        ({"teaser_noise": -1.0}, "teaser_noise"),
        ({"wave_share": 2.0}, "wave_share"),
    ],
)
def test_params_out_of_range_are_refused_by_name(values: dict, message: str):
    """Each parameter says its own range."""
    with pytest.raises(ValueError, match=message):
        MarketParams(**values)


def test_more_given_store_ids_than_stores_are_refused():
    """Ten parties hold two stores."""
    with pytest.raises(ValueError, match="at most 2 store_ids, got 3"):
        take_census(MarketParams(parties=10), store_ids=["a", "b", "c"])


def test_a_market_of_the_real_size_has_the_real_proportions():
    """5.6 M stores, more than 100 k small sellers and traders, 30-50 k communities."""
    census = take_census(MarketParams(parties=5_760_000))
    assert census.total == 5_760_000
    assert 5_550_000 < census.size("store") < 5_650_000
    assert 30_000 <= census.size("community") <= 50_000
    assert 100_000 < census.total - census.size("store") < 200_000


def test_parties_live_where_people_do():
    """The share of stores of each region is its share of residents."""
    census = take_census(MarketParams(parties=200_000))
    share = census.counts["store"] / census.size("store")
    assert np.abs(share - SHARE).max() < 0.005


def test_given_store_ids_take_part_everywhere_under_their_own_names():
    """Stores whose sales are known keep their ids in parties, relations and orders, and say what is simulated."""
    census = take_census(MarketParams(parties=100), store_ids=["store-7", "store-8"])
    parties = pd.concat(party_blocks(census))
    named = parties[parties["id"].isin(["store-7", "store-8"])]
    assert named["kind"].tolist() == ["store", "store"]
    assert named["name"].tolist() == ["store-7 (place simulated)", "store-8 (place simulated)"]
    relations = pd.concat(relation_blocks(census, MarketParams(parties=100), TODAY))
    assert {"store-7", "store-8"} <= set(relations["dst"])


def test_stores_with_given_ids_are_in_the_area_of_their_region():
    """The area that the sales are summed over is that of the party's region."""
    census = take_census(MarketParams(parties=500), store_ids=[f"store-{i}" for i in range(40)])
    region = pd.concat(party_blocks(census)).set_index("id")["region"]
    found = census.store_areas()
    assert found == {store: AREAS[REGIONS.index(region[store])] for store in found}
    assert len(set(found.values())) == 7


def test_blocks_do_not_exceed_their_rows():
    """Memory stays bounded: a large market comes in pieces whose sum is the whole."""
    census = take_census(MarketParams(parties=5_000))
    blocks = [len(block) for block in party_blocks(census, rows=700)]
    assert max(blocks) <= 700
    assert sum(blocks) == 5_000


def test_partners_are_mostly_near_and_some_become_hubs():
    """Most distributors of a store are in its region; the busiest distributor serves many times the median."""
    params = MarketParams(parties=20_000)
    census = take_census(params)
    region = pd.concat(party_blocks(census)).set_index("id")["region"]
    ties = pd.concat(relation_blocks(census, params, TODAY))
    ties = ties[(ties["kind"] == "distributes") & ties["src"].str.startswith("sim-distributor")]
    near = (region[ties["src"]].to_numpy() == region[ties["dst"]].to_numpy()).mean()
    served = sorted(Counter(ties["src"]).values())
    assert 0.8 < near < 0.95
    assert served[-1] > 4 * served[len(served) // 2]


def test_teasers_rise_with_the_appeal_that_drives_the_total():
    """The link is real, and the noise parameter sets how much of it there is."""
    clear, faint = (_rank_correlation(noise) for noise in (0.3, 5.0))
    assert clear > 0.9
    assert faint < 0.6


def test_most_orders_come_in_the_coupon_hour():
    """Four fifths between 14:00 and 15:00, in the order of their times."""
    market = simulate_market(MarketParams(parties=3_000), evergreen_styles(5), TODAY)
    placed = market.orders["placed_at"]
    assert placed.is_monotonic_increasing
    assert 0.78 < (placed.dt.hour == 14).mean() < 0.86
    assert (market.orders["due_date"] > TODAY).all()


def test_usual_demand_fills_the_lines_but_for_the_slack():
    """Hours of the lines are 28 % more than usual sell-through takes."""
    styles = evergreen_styles(10)
    goods = simulate_market(MarketParams(parties=500), styles, TODAY).goods
    pieces = styles.set_index("style_id")["weekly_pieces"]
    ways = goods.routes.groupby(["item", "step"])["resource"].transform("size")
    needed = (goods.routes["hours_per_unit"] * goods.routes["item"].map(pieces) / ways).sum()
    lines = goods.supply[goods.supply["resource"].notna()]
    assert lines["capacity"].sum() == pytest.approx(1.28 * needed, rel=0.01)


def test_supply_of_a_day_exceeds_its_usual_orders():
    """Each sku's carriers together can deliver what is usually ordered, in their regions."""
    styles = evergreen_styles(6)
    market = simulate_market(MarketParams(parties=2_000), styles, TODAY)
    supply = market.goods.supply.dropna(subset="sku_id")
    ordered = 6.0 * len(market.orders) * sku_share(styles)
    capacity = supply.groupby("sku_id")["capacity"].sum()[market.goods.products["sku_id"]]
    assert (capacity.to_numpy() >= ordered).all()
    regions = {name for cell in supply["territory"].dropna() for name in cell.split("|")}
    assert regions <= set(REGIONS)


def test_distances_are_a_metric_table():
    """Symmetric, zero on the diagonal, no two capitals farther apart than China is wide."""
    table = distances_km()
    assert np.allclose(table, table.T)
    assert np.allclose(np.diag(table), 0)
    assert table.max() < 4_200


def _rank_correlation(noise: float) -> float:
    params = MarketParams(parties=100, styles=60, teaser_noise=noise)
    market = simulate_market(params, evergreen_styles(2), TODAY)
    signals = market.signals[market.signals["kind"] == "repost"].groupby("style_id")["count"].agg(["sum", "size"])
    whole = signals[signals["size"] == 7]["sum"]
    return whole.corr(market.launches.set_index("style_id")["total"][whole.index], method="spearman")
