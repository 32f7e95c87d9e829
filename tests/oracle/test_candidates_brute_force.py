"""Candidates and paths against plain Python and networkx on random nets."""

from collections.abc import Iterator
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from graph.candidates.search import gather
from graph.interop import to_networkx
from graph.network import SupplyNetwork
from graph.paths import introduction

TODAY = pd.Timestamp("2026-03-02")
TRADE = ("supplies", "distributes", "serves")


def _market(seed: int) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    ids = [f"P{i}" for i in range(30)]
    parties = pd.DataFrame(
        {
            "id": ids,
            "kind": rng.choice(["factory", "distributor", "store"], 30),
            "region": rng.choice(["N", "S", "E"], 30),
            "lat": rng.uniform(20, 40, 30),
            "lon": rng.uniform(100, 120, 30),
            "lead_time_days": rng.integers(1, 9, 30).astype(float),
        }
    )
    relations = pd.DataFrame({"src": rng.choice(ids, 140), "dst": rng.choice(ids, 140)})
    relations["kind"] = rng.choice([*TRADE, "refers"], 140)
    relations["weight"] = rng.uniform(0, 5, 140).round(1)
    supply = pd.DataFrame({"supplier_id": rng.choice(ids, 60), "sku_id": rng.choice(["a", "b", "c"], 60)})
    supply = supply.drop_duplicates().reset_index(drop=True)
    n = len(supply)
    supply["capacity"] = rng.integers(0, 60, n).astype(float)
    supply["unit_cost_fen"] = rng.integers(100, 200, n).astype(float)
    supply["minimum_order"] = rng.integers(0, 30, n).astype(float)
    supply["lead_time_days"] = np.where(rng.random(n) < 0.5, np.nan, rng.integers(1, 9, n))
    supply["territory"] = pd.Series(rng.choice(["", "N", "S|E"], n), dtype="str").replace("", None)
    orders = pd.DataFrame(
        {
            "order_id": [f"O{i}" for i in range(40)],
            "sku_id": rng.choice(["a", "b", "c", "d"], 40),
            "pieces": rng.integers(1, 40, 40),
            "buyer_id": rng.choice(ids, 40),
            "due_date": TODAY + pd.to_timedelta(rng.integers(2, 12, 40), unit="D"),
        }
    )
    products = pd.DataFrame({"sku_id": ["a", "b", "c"]})
    return {"parties": parties, "relations": relations, "supply": supply, "orders": orders, "products": products}


def _by_hand(market: dict[str, pd.DataFrame]) -> Iterator[tuple[str, str, float, int, str]]:
    """Yield order, supplier, tie strength, hops and reason, one order and one supplier at a time."""
    parties = market["parties"].set_index("id")
    ties: dict[tuple[str, str], float] = {}
    for row in market["relations"].itertuples():
        if row.kind in TRADE and row.src != row.dst:
            ties[row.src, row.dst] = max(ties.get((row.src, row.dst), 0.0), row.weight)
    for order in market["orders"].itertuples():
        for offer in market["supply"][market["supply"]["sku_id"] == order.sku_id].itertuples():
            if offer.supplier_id == order.buyer_id:
                continue
            through = [
                min(ties[offer.supplier_id, m], ties[m, order.buyer_id])
                for m in parties.index
                if (offer.supplier_id, m) in ties and (m, order.buyer_id) in ties
            ]
            if (offer.supplier_id, order.buyer_id) in ties:
                strength, hops = ties[offer.supplier_id, order.buyer_id], 1
            else:
                strength, hops = (max(through), 2) if through else (0.0, 3)
            reason = _reason(order, offer, parties)
            yield order.order_id, offer.supplier_id, round(strength, 4), hops, reason


def _reason(order: Any, offer: Any, parties: pd.DataFrame) -> str:
    lead = offer.lead_time_days
    lead = parties.loc[offer.supplier_id, "lead_time_days"] if np.isnan(lead) else lead
    if isinstance(offer.territory, str) and parties.loc[order.buyer_id, "region"] not in offer.territory:
        return "out_of_territory"
    if order.pieces < offer.minimum_order:
        return "below_minimum"
    if TODAY + pd.Timedelta(days=lead) > order.due_date:
        return "late"
    return "full" if offer.capacity < max(offer.minimum_order, 1) else ""


@pytest.mark.parametrize("seed", range(8))
def test_gather_agrees_with_a_loop_over_orders_and_suppliers(seed: int) -> None:
    """The same candidates with the same ties, hops and reasons."""
    market = _market(seed)
    net = SupplyNetwork.build(market["parties"], market["relations"])
    found = gather(net, market["supply"], market["products"], market["orders"], top=99, today=TODAY)
    hops = np.where(found["path"] == "", 3, found["path"].str.count(">"))
    ours = zip(
        found["order_id"],
        found["supplier_id"],
        found["tie_strength"].round(4),
        hops.tolist(),
        found["reason"],
        strict=True,
    )
    assert sorted(ours) == sorted(_by_hand(market))


@pytest.mark.parametrize("seed", range(4))
def test_the_middleman_named_carries_the_strength_told(seed: int) -> None:
    """On every path via somebody, the weaker of its two ties is the tie strength."""
    market = _market(seed)
    net = SupplyNetwork.build(market["parties"], market["relations"])
    graph = to_networkx(net)
    found = gather(net, market["supply"], market["products"], market["orders"], top=99, today=TODAY)

    def tie(a: str, b: str) -> float:
        return max(data["weight"] for data in graph.get_edge_data(a, b).values() if data["kind"] in TRADE)

    paths = [path.split(" > ") for path in found["path"] if path.count(">") == 2]
    assert paths
    told = found.loc[found["path"].str.count(">") == 2, "tie_strength"]
    assert told.tolist() == [min(tie(a, b), tie(b, c)) for a, b, c in paths]


@pytest.mark.parametrize("seed", range(4))
def test_introductions_are_as_short_as_networkx_finds_them(seed: int) -> None:
    """For every pair, also those that are not connected."""
    market = _market(seed)
    net = SupplyNetwork.build(market["parties"], market["relations"].sample(35, random_state=seed))
    lengths = dict(nx.all_pairs_shortest_path_length(to_networkx(net).to_undirected()))
    for a in market["parties"]["id"]:
        for b in market["parties"]["id"]:
            steps = introduction(net, a, b, max_hops=30)
            assert (None if steps is None else len(steps)) == lengths[a].get(b)
            for one, two in zip(steps or [], (steps or [])[1:], strict=False):
                assert one.target == two.source
