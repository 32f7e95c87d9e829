"""Candidates and paths against plain Python and networkx on random nets."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.candidates.filters import Filters
from graph.candidates.search import gather
from graph.interop import to_networkx
from graph.network import SupplyNetwork
from graph.paths import introduction

TODAY = pd.Timestamp("2026-03-02")
TRADE = ("supplies", "distributes", "serves")
Market = dict[str, pd.DataFrame]


def _market(seed: int) -> Market:
    rng = np.random.default_rng(seed)
    ids = [f"P{i}" for i in range(30)]
    parties = pd.DataFrame(
        {
            "id": ids,
            "kind": rng.choice(["factory", "distributor", "store", "carrier"], 30),
            "region": rng.choice(["N", "S", "E"], 30),
            "lat": rng.uniform(20, 40, 30),
            "lon": rng.uniform(100, 120, 30),
            "lead_time_days": rng.integers(1, 9, 30).astype(float),
        }
    )
    relations = pd.DataFrame({"src": rng.choice(ids, 140), "dst": rng.choice(ids, 140)})
    relations["kind"] = rng.choice([*TRADE, "refers"], 140)
    relations["weight"] = rng.uniform(0, 5, 140).round(1)
    relations["valid_from"] = TODAY + pd.to_timedelta(rng.choice([np.nan, -9, 0, 1], 140, p=[0.4, 0.2, 0.3, 0.1]), "D")
    relations["valid_to"] = TODAY + pd.to_timedelta(rng.choice([np.nan, 0, 2, 9], 140, p=[0.4, 0.1, 0.3, 0.2]), "D")
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
    products = pd.DataFrame({"sku_id": ["a", "b", "c"], "brand": ["x", "y", None], "weight_kg": [2.0, 0.5, np.nan]})
    return {
        "parties": parties, "relations": relations, "supply": supply, "orders": orders, "products": products,
        **_deliveries(rng, ids),
    }  # fmt: skip


def _deliveries(rng: np.random.Generator, ids: list[str]) -> Market:
    stock = pd.DataFrame({"place_id": rng.choice(ids, 25), "owner_id": rng.choice([*ids, None], 25)})
    stock["sku_id"] = rng.choice(["a", "b"], 25)
    stock = stock.drop_duplicates().assign(pieces=lambda f: rng.integers(0, 50, len(f)).astype(float))
    lanes = pd.DataFrame({"carrier_id": rng.choice(ids, 25)})
    for name in ("from_region", "to_region"):
        lanes[name] = rng.choice(["N", "S", "E", None], 25)
    lanes["transit_days"] = rng.integers(0, 5, 25).astype(float)
    lanes["fen_per_kg"], lanes["fen_per_order"] = rng.integers(0, 9, 25).astype(float), rng.integers(0, 90, 25)
    lanes["max_kg"] = rng.choice([np.nan, 10.0, 60.0], 25)
    exclusives = pd.DataFrame({"holder_id": rng.choice(ids, 6), "region": rng.choice(["N", "S", None], 6)})
    exclusives["sku_id"] = rng.choice(["a", None], 6)
    exclusives["brand"] = rng.choice(["x", "y", "unheard"], 6)
    return {"stock": stock, "lanes": lanes, "exclusives": exclusives}


def _net(market: Market) -> SupplyNetwork:
    return SupplyNetwork.build(market["parties"], market["relations"])


def _gather(market: Market, *names: str, **options: Any) -> pd.DataFrame:
    extra = {name: market[name] for name in names}
    basics = (market["supply"], market["products"], market["orders"])
    return gather(_net(market), *basics, **extra, **{"top": 99, "today": TODAY} | options)


class _Oracle:
    """One order and one offer at a time, in plain Python."""

    def __init__(self, market: Market, names: tuple[str, ...]) -> None:
        self.given = {name: market[name].replace({np.nan: None}).to_dict("records") for name in names}
        self.parties = market["parties"].set_index("id").to_dict("index")
        self.products = market["products"].replace({np.nan: None}).set_index("sku_id").to_dict("index")
        self.market = market
        self.ties: dict[tuple[str, str], float] = {}
        for row in market["relations"].itertuples():
            holds = not (row.valid_from > TODAY or row.valid_to <= TODAY)
            if row.kind in TRADE and row.src != row.dst and holds:
                self.ties[row.src, row.dst] = max(self.ties.get((row.src, row.dst), 0.0), row.weight)

    def offers(self) -> Iterator[dict[str, Any]]:
        for row in self.market["supply"].replace({np.nan: None}).to_dict("records"):
            usual = self.parties[row["supplier_id"]]["lead_time_days"]
            lead = usual if row["lead_time_days"] is None else row["lead_time_days"]
            yield row | {"place": row["supplier_id"], "basis": "sku", "lead": lead}
        for row in self.given.get("stock", []):
            owner = row["owner_id"] or row["place_id"]
            lead = 0 if "lanes" in self.given else self.parties[row["place_id"]]["lead_time_days"]
            terms = {"minimum_order": 0, "territory": None, "capacity": row["pieces"], "lead": lead}
            yield terms | {
                "supplier_id": owner, "place": row["place_id"], "sku_id": row["sku_id"], "basis": "stock"
            }  # fmt: skip

    def candidates(self) -> Iterator[tuple[Any, ...]]:
        for order in self.market["orders"].to_dict("records"):
            for offer in self.offers():
                if offer["sku_id"] == order["sku_id"] and offer["supplier_id"] != order["buyer_id"]:
                    yield self.candidate(order, offer)

    def candidate(self, order: dict[str, Any], offer: dict[str, Any]) -> tuple[Any, ...]:
        holders = self.holders(order)
        ways = []
        for hops, strength, middle in self.ways(order["buyer_id"], offer["supplier_id"]):
            passed = not holders or offer["supplier_id"] in holders or middle in holders
            ways.append((not passed, hops or 3, -strength, int((middle or "P-1")[1:]), hops, strength))
        best = min(ways)
        lane = self.lane(order, offer)
        days = offer["lead"] + (lane["transit_days"] if lane else 0)
        violated = min(holders, key=self.rank) if best[0] else ""
        reason = self.reason(order, offer, lane, days, violated)
        return (
            order["order_id"], offer["supplier_id"], offer["place"], offer["basis"], round(best[5], 4), best[4],
            lane["carrier_id"] if lane else "", days, reason, violated if reason == "exclusive" else "",
        )  # fmt: skip

    def ways(self, buyer: str, supplier: str) -> Iterator[tuple[int, float, str | None]]:
        yield 0, 0.0, None
        if (supplier, buyer) in self.ties:
            yield 1, self.ties[supplier, buyer], None
        for middle in self.parties:
            if (supplier, middle) in self.ties and (middle, buyer) in self.ties:
                yield 2, min(self.ties[supplier, middle], self.ties[middle, buyer]), middle

    def holders(self, order: dict[str, Any]) -> list[str]:
        product = self.products.get(order["sku_id"], {"brand": None})
        asked = {"region": self.region(order), "sku_id": order["sku_id"], "brand": product["brand"]}
        found = [
            row["holder_id"]
            for row in self.given.get("exclusives", [])
            if all(row[name] in (None, value) for name, value in asked.items())
        ]
        everywhere = [
            row["holder_id"]
            for row in self.given.get("exclusives", [])
            if row["region"] is None and row["holder_id"] in found
        ]
        self.first = everywhere
        return [] if order["buyer_id"] in found else found

    def rank(self, holder: str) -> tuple[bool, str]:
        """Holders of everywhere are told before those of the region, then by id."""
        return holder not in self.first, holder

    def region(self, order: dict[str, Any]) -> str:
        return str(self.parties[order["buyer_id"]]["region"])

    def lane(self, order: dict[str, Any], offer: dict[str, Any]) -> dict[str, Any] | None:
        kg = (self.products.get(order["sku_id"], {}).get("weight_kg") or 0) * order["pieces"]
        left = (order["due_date"] - TODAY).days - offer["lead"]
        ways = [
            row
            for row in self.given.get("lanes", [])
            if row["from_region"] in (None, self.parties[offer["place"]]["region"])
            and row["to_region"] in (None, self.region(order))
            and (row["max_kg"] is None or kg <= row["max_kg"])
            and (
                self.parties[row["carrier_id"]]["kind"] == "carrier"
                or row["carrier_id"] in (offer["supplier_id"], offer["place"])
            )
        ]

        def worth(row: dict[str, Any]) -> tuple[Any, ...]:
            fen, days = row["fen_per_order"] + row["fen_per_kg"] * kg, row["transit_days"]
            open_ends = 2 * (row["to_region"] is None) + (row["from_region"] is None)
            late = days > left
            return late, (days if late else fen), (fen if late else days), open_ends, row["carrier_id"]

        return min(ways, key=worth, default=None)

    def reason(self, order: dict[str, Any], offer: dict[str, Any], lane: Any, days: float, violated: str) -> str:
        tests = {
            "out_of_territory": offer["territory"] and self.region(order) not in offer["territory"],
            "exclusive": violated != "",
            "no_delivery": "lanes" in self.given and lane is None,
            "below_minimum": order["pieces"] < offer["minimum_order"],
            "late": TODAY + pd.Timedelta(days=days) > order["due_date"],
            "full": offer["capacity"] < max(offer["minimum_order"], 1),
        }
        return next((name for name, applies in tests.items() if applies), "")


def _ours(found: pd.DataFrame) -> list[tuple[Any, ...]]:
    names = ["order_id", "supplier_id", "from_id", "basis", "tie_strength", "hops", "carrier_id", "lead_time_days"]
    rows = found[[*names, "reason", "violated_id"]].assign(tie_strength=found["tie_strength"].round(4))
    return sorted(rows.itertuples(index=False, name=None))


SOME = st.sets(st.sampled_from(["stock", "lanes", "exclusives"])).map(lambda names: tuple(sorted(names)))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), names=SOME)
def test_gather_agrees_with_a_loop_over_orders_and_offers(seed: int, names: tuple[str, ...]) -> None:
    """The same candidates with the same ties, hops, carriers, days, reasons and holders, whatever tables are given."""
    market = _market(seed)
    assert _ours(_gather(market, *names)) == sorted(_Oracle(market, names).candidates())


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), top=st.integers(1, 6))
def test_the_top_are_the_first_of_all(seed: int, top: int) -> None:
    """Stopping early at strangers changes nothing: the top of each order are the first of its full list."""
    market = _market(seed)
    whole = _gather(market, "stock", "lanes", "exclusives")
    best = _gather(market, "stock", "lanes", "exclusives", top=top)
    expected = whole.groupby("order_id", sort=False).head(top).reset_index(drop=True)
    pd.testing.assert_frame_equal(best, expected)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), tie=st.sampled_from([0.0, 1.5]), strangers=st.booleans())
def test_filters_keep_what_has_the_property(seed: int, tie: float, strangers: bool) -> None:
    """Filtering in the search is filtering its full answer."""
    market = _market(seed)
    filters = Filters(
        kinds=("factory", "store"), max_distance_km=900, max_lead_time_days=6, min_tie_strength=tie,
        strangers=strangers, without=("P1", "P2", "nobody"),
    )  # fmt: skip
    whole = _gather(market, "stock", "lanes")
    kinds = whole["supplier_id"].map(market["parties"].set_index("id")["kind"])
    keep = kinds.isin(["factory", "store"]) & (whole["distance_km"] <= 900) & (whole["lead_time_days"] <= 6)
    keep &= (whole["tie_strength"] >= tie) & (strangers | (whole["hops"] > 0))
    keep &= (tie == 0) | (whole["hops"] > 0)
    keep &= ~whole["supplier_id"].isin(["P1", "P2"])
    found = _gather(market, "stock", "lanes", filters=filters)
    pd.testing.assert_frame_equal(found, whole[keep].reset_index(drop=True))


@pytest.mark.parametrize("seed", range(4))
def test_the_middleman_named_carries_the_strength_told(seed: int) -> None:
    """On every path via somebody, the weaker of its two ties is the tie strength."""
    market = _market(seed)
    graph = to_networkx(_net(market).as_of(TODAY.date()))
    found = _gather(market)

    def tie(a: str, b: str) -> float:
        return max(data["weight"] for data in graph.get_edge_data(a, b).values() if data["kind"] in TRADE)

    paths = [path.split(" > ") for path in found["path"] if path.count(">") == 2]
    assert paths
    told = found.loc[found["path"].str.count(">") == 2, "tie_strength"]
    assert told.tolist() == [min(tie(a, b), tie(b, c)) for a, b, c in paths]


@pytest.mark.parametrize("seed", range(3))
def test_introductions_are_the_strongest_of_the_shortest(seed: int) -> None:
    """As short as networkx finds them, and no shortest path has a stronger weakest tie."""
    market = _market(seed)
    net = SupplyNetwork.build(market["parties"], market["relations"].sample(45, random_state=seed))
    graph = nx.Graph()
    graph.add_nodes_from(market["parties"]["id"])
    for a, b, data in to_networkx(net).edges(data=True):
        known = graph.get_edge_data(a, b, {"weight": -1.0})["weight"]
        graph.add_edge(a, b, weight=max(known, data["weight"]))
    for a in market["parties"]["id"][:12]:
        for b in market["parties"]["id"]:
            steps = introduction(net, a, b, max_hops=30)
            if a == b or not nx.has_path(graph, a, b):
                assert steps == ([] if a == b else None)
                continue
            ways = [list(pairwise(way)) for way in nx.all_shortest_paths(graph, a, b)]
            strongest = max(min(graph.edges[pair]["weight"] for pair in way) for way in ways)
            assert steps is not None
            assert len(steps) == len(ways[0])
            assert min(step.weight for step in steps) == pytest.approx(strongest)
            assert [step.source for step in steps] == [a, *(step.target for step in steps[:-1])]
