"""How sellers and brands fit: the features of pairs and the effects learnt from them."""

import numpy as np
import pandas as pd
import pytest

from graph.fit.model import fit_log_odds
from graph.fit.pairs import FitBook
from graph.network import SupplyNetwork


def small_world() -> tuple[SupplyNetwork, pd.DataFrame, pd.DataFrame]:
    """Two brands, a KOL of one of them, a store that sells it and one that sells the other."""
    parties = pd.DataFrame(
        {
            "id": ["B1", "K1", "S1", "S2"],
            "kind": ["brand", "kol", "store", "store"],
            "region": ["East", "East", "East", "West"],
            "categories": ["soap", "soap", "shoes", None],
        }
    )
    relations = pd.DataFrame(
        {"src": ["K1"], "dst": ["B1"], "kind": ["earns"], "first_at": ["2026-01-05"], "last_at": ["2026-02-01"]}
    ).astype({"first_at": "datetime64[us]", "last_at": "datetime64[us]"})
    products = pd.DataFrame(
        {
            "sku_id": ["a", "b"],
            "brand": ["B1", "B2"],
            "category": ["soap", "shoes"],
            "price_fen": [1000, 9000],
            "repurchase_days": [20.0, 300.0],
        }
    )
    sales = pd.DataFrame(
        {
            "store_id": ["S1", "S1", "S2"],
            "sku_id": ["a", "a", "b"],
            "ds": pd.to_datetime(["2026-01-10", "2026-02-20", "2026-03-01"]),
            "y": [2, 1, 1],
        }
    )
    return SupplyNetwork.build(parties, relations), products, sales


def test_effects_are_recovered():
    """Planted log-odds are found, within what so many rows can tell; unknown levels add nothing."""
    rng = np.random.default_rng(5)
    codes = rng.integers(-1, 2, (40_000, 2)).astype(np.int8)
    planted = np.array([[0.8, -0.8, 0.0], [-0.4, 0.4, 0.0]])
    log_odds = -1.0 + planted[0][codes[:, 0]] + planted[1][codes[:, 1]]
    yes = rng.random(len(codes)) < 1 / (1 + np.exp(-log_odds))
    found = fit_log_odds(codes, [2, 2], yes)
    assert found.base == pytest.approx(-1.0, abs=0.1)
    assert np.concatenate(found.effects) == pytest.approx(planted[:, :2].ravel(), abs=0.1)
    assert np.sqrt(found.covariance[0, 0]) < 0.05
    assert found.row([-1, 1]).tolist() == [1, 0, 0, 0, 1]


@pytest.mark.parametrize("answer", [True, False])
def test_where_all_answers_are_the_same_it_stays_finite(answer):
    """No effect runs away; the base is bounded by what so few can tell."""
    found = fit_log_odds(np.zeros((50, 1), np.int8), [1], np.full(50, answer))
    assert np.isfinite(found.covariance).all()
    assert 3 < abs(found.base + found.effects[0][0]) < 7


def test_what_two_have_in_common():
    """By hand: category, price, region and earlier trade of a store and a KOL with two brands."""
    network, products, sales = small_world()
    book = FitBook.of(network, products, sales, pd.Timestamp("2026-02-28"))
    assert book.brands.tolist() == ["B1", "B2"]
    at = {name: network.position(name) for name in ("B1", "K1", "S1", "S2")}
    trades = {(row.seller, row.brand): (row.first, row.last) for row in book.trades.itertuples()}
    day = {text: (pd.Timestamp(text) - pd.Timestamp("1970-01-01")).days for text in ("2026-01-10", "2026-02-20")}
    assert trades[at["S1"], 0] == (day["2026-01-10"], day["2026-02-20"])
    assert (at["S2"], 1) not in trades  # sold after the day
    seller, brand = np.array([at["S1"], at["S1"], at["K1"], at["S2"]]), np.array([0, 1, 0, 0])
    codes = book.codes(seller, brand, day["2026-02-20"]).tolist()
    #          kind, category, repurchase, price, region, traded before
    assert codes[0] == [0, 1, 0, 0, 0, 0]
    assert codes[1] == [0, 0, 1, 1, 1, 1]
    assert codes[2] == [4, 0, 0, -1, 0, 0]
    assert codes[3] == [0, -1, 0, -1, 1, -1]
    assert book.codes(seller, brand, day["2026-01-10"] - 6)[0].tolist() == [0, 1, 0, -1, 1, -1]
    assert book.sold(seller, brand, day["2026-02-20"]).tolist() == [True, False, False, False]
