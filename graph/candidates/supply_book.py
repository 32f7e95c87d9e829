"""Who offers what: supply, stock, routes, lanes and exclusive territories, indexed so that orders find them at once."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from graph.arrays import Array, Ints, expand
from graph.candidates.delivery import holders_of, in_force, lanes_of, require_parties, texts_of
from graph.candidates.layout import OFFER, SKU, STOCK, Float64, Holders, Lanes, Offers, Territories, Trade, plain, table
from graph.candidates.offers import listed, made_by_routes, on_request, rows_in_force, stocked
from graph.candidates.reach import trade_around
from graph.ids import IdColumn
from graph.network import SupplyNetwork, days_since_epoch
from graph.parties import Parties

__all__ = ["SupplyBook"]

_NOTHING = pd.DataFrame({"carrier_id": [], "holder_id": []}, dtype="str")
_REGIONS = (("lanes", "from_region"), ("lanes", "to_region"), ("exclusives", "region"))
_BUYERS_KEPT = 10_000


@dataclass(frozen=True, eq=False)
class SupplyBook:
    """Offers of goods. A good is a sku, or a category that somebody makes on request.

    Parameters
    ----------
    network
        The net the suppliers belong to.
    skus
        The goods 0 … len(skus) - 1; category c of the net is good ``len(skus) + c``.
    sku
        Shape (skus,), fields `graph.candidates.layout.SKU`: codes of the sku's ``category`` among those of parties, of
        its ``group``, the same among those of products, and of its ``brand`` (-1 unknown); its usual ``cost`` in fen
        and weight in ``kg`` (NaN unknown).
    offers, territories, lanes, exclusives
        See `graph.candidates.layout`; no lanes means that everybody delivers, no exclusives that nobody holds any.
    team_start, team
        Who else does steps of an offer: ``team[team_start[o]:team_start[o + 1]]``, positions in the order of the steps.
    regions
        Names of the regions of parties, territories and lanes.
    party_region
        Shape (parties,): codes into `regions`, -1 unknown.
    middles
        Shape (2, regions): latitude and longitude of the middle of each region's parties, NaN without any.
    day
        The day the book is for (days since 1970-01-01): relations must hold on it; None for any day.
    """

    network: SupplyNetwork
    skus: IdColumn
    sku: Array
    offers: Offers
    territories: Territories
    lanes: Lanes
    exclusives: Holders
    team_start: Ints
    team: Ints
    regions: IdColumn
    party_region: Ints
    middles: Float64
    day: int | None
    _traders: dict[int, Array] = field(default_factory=dict, repr=False)
    _around: dict[int, tuple[Trade, Trade]] = field(default_factory=dict, init=False, repr=False)

    def around(self, buyer: int) -> tuple[Trade, Trade]:
        """Return `graph.candidates.reach.trade_around` of one buyer, kept: the same buyers order again and again."""
        found = self._around.get(buyer)
        if found is None:
            if len(self._around) >= _BUYERS_KEPT:
                self._around.clear()
            found = self._around[buyer] = trade_around(self.network, np.array([buyer]), None, self.day)
        return found

    @classmethod
    def of(
        cls,
        network: SupplyNetwork,
        supply: pd.DataFrame,
        products: pd.DataFrame,
        *,
        stock: pd.DataFrame | None = None,
        routes: pd.DataFrame | None = None,
        lanes: pd.DataFrame | None = None,
        exclusives: pd.DataFrame | None = None,
        today: pd.Timestamp | None = None,
    ) -> SupplyBook:
        """Index what is offered.

        A factory or workshop with a daily capacity and categories, but no row of its own in `supply`, is taken to
        make its categories' skus on request. Of a supplier's rows for several buckets the one that holds today counts
        (the latest that has begun; the first without `today`).

        Parameters
        ----------
        supply, products, stock, lanes, exclusives
            Frames with the types of `graph.tables`; None or an empty frame where there is nothing of the kind.
        routes
            Process steps: ``item, route, step, resource, hours_per_unit`` (see `graph.candidates.dispatch`).

        Raises
        ------
        TableError
            If a party is not in the net; names the table and the row.
        """
        parties = network.parties
        require_parties(parties.ids, supply, "supply", "supplier_id")
        number = None if today is None else days_since_epoch(today.date())
        given = _given(stock=stock, routes=routes, lanes=lanes, exclusives=exclusives)
        given |= {"supply": supply, "products": products}
        rows = rows_in_force(supply, today)
        names = _names(products, rows, given.get("stock", rows[:0]))
        skus = names["sku_id"]
        frame, team_start, team = _offers(network, rows, given, skus, number)
        frame["unit_cost_fen"] = _cost(frame, products, skus)
        words = [texts_of(given[name], column) for name, column in _REGIONS if name in given]
        regions, territory, territories = _territories(parties, frame["territory"], words)
        party_region = np.append(regions.positions(parties.regions.all_texts()), np.int32(-1))[parties.region]
        return cls(
            network,
            skus,
            _of_products(parties, products, names),
            _sorted_offers(parties, frame, territory, party_region, len(skus) + len(parties.categories)),
            territories,
            lanes_of(parties, given.get("lanes", _NOTHING), regions),
            holders_of(parties, in_force(given.get("exclusives", _NOTHING), today), regions, names),
            team_start,
            team,
            regions,
            party_region,
            _middles(parties, party_region, len(regions)),
            number,
        )

    @property
    def n_goods(self) -> int:
        """How many goods there are: skus and categories."""
        return len(self.offers.start) - 1

    def traders(self, category: str) -> Array:
        """Return which offers' suppliers make or trade a category; raises UnknownIdError for one nobody has."""
        code = self.network.parties.categories.position(category, kind="category")
        if code not in self._traders:
            self._traders[code] = self.network.parties.trades(code)[self.offers.rows["supplier"]]
        return self._traders[code]


def _given(**tables: pd.DataFrame | None) -> dict[str, pd.DataFrame]:
    """Return the tables that have rows."""
    return {name: table for name, table in tables.items() if table is not None and len(table)}


def _names(products: pd.DataFrame, rows: pd.DataFrame, stock: pd.DataFrame) -> dict[str, IdColumn]:
    """Return all skus, and the categories and brands of products."""
    skus = pd.concat([products["sku_id"], rows["sku_id"], texts_of(stock, "sku_id")]).astype("str")
    of_products = {name: IdColumn.vocabulary(texts_of(products, name)) for name in ("category", "brand")}
    return {"sku_id": IdColumn.vocabulary(skus)} | of_products


def _offers(
    network: SupplyNetwork, rows: pd.DataFrame, given: dict[str, pd.DataFrame], skus: IdColumn, day: int | None
) -> tuple[pd.DataFrame, Ints, Ints]:
    """Return all offers in the order they are kept in, and who else does steps of each."""
    own = listed(network, rows[(texts_of(rows, "sku_id") != "").to_numpy()], skus)
    parts = [own, on_request(network.parties, given["supply"], len(skus))]
    start, members = np.zeros(1, np.int32), np.empty(0, np.int32)
    if "stock" in given:
        parts.append(stocked(network, given["stock"], skus, lanes="lanes" in given))
    if "routes" in given:
        made, found = made_by_routes(network, rows, given, skus, own, day=day)
        parts.append(made)
        start, members = found.start, found.members
    frame = pd.concat(parts, ignore_index=True)
    frame = frame.sort_values(["good", "supplier", "basis", "place"], kind="stable", ignore_index=True)
    team = frame["team"].to_numpy(np.int64)
    # A last, empty team stands for those that need nobody.
    starts = np.append(start, start[-1])
    which, place = expand(starts, np.where(team >= 0, team, len(start) - 1))
    return frame, np.searchsorted(which, np.arange(len(frame) + 1)).astype(np.int32), members[place]


def _cost(frame: pd.DataFrame, products: pd.DataFrame, skus: IdColumn) -> Float64:
    """Return each offer's cost of a piece; the product's usual cost where it names none, NaN for categories."""
    usual = np.full(len(skus) + 1, np.nan)
    if "unit_cost_fen" in products:
        at = skus.positions(products["sku_id"].astype("str"))
        usual[at] = products["unit_cost_fen"].to_numpy(np.float64, na_value=np.nan)
    own = frame["unit_cost_fen"].to_numpy(np.float64)
    filled: Float64 = np.where(np.isnan(own), usual[np.minimum(frame["good"].to_numpy(), len(skus))], own)
    return filled


def _sorted_offers(parties: Parties, frame: pd.DataFrame, territory: Ints, party_region: Ints, n_goods: int) -> Offers:
    good, basis = frame["good"].to_numpy(np.int64), frame["basis"].to_numpy(np.int8)
    supplier, place = frame["supplier"].to_numpy(np.int64), frame["place"].to_numpy(np.int64)
    capacity, cost = frame["capacity"].to_numpy(np.float64), frame["unit_cost_fen"].to_numpy(np.float64)
    cheapest = np.lexsort((-capacity, cost, basis != STOCK, good))
    rows = table(
        OFFER,
        supplier=supplier,
        place=place,
        region=party_region[place],
        territory=territory,
        rank=np.argsort(cheapest),
        kind=parties.kind[supplier],
        basis=basis,
        lat=parties.numbers["lat"][place],
        lon=parties.numbers["lon"][place],
        capacity=capacity,
        unit_cost=cost,
        minimum=frame["minimum_order"].to_numpy(np.float64),
        lead=frame["lead_time_days"].to_numpy(np.float64),
    )
    start = np.concatenate(([0], np.cumsum(np.bincount(good, minlength=n_goods))))
    return Offers(plain(start, np.int64), rows, plain(cheapest, np.int32))


def _territories(parties: Parties, texts: pd.Series, others: list[pd.Series]) -> tuple[IdColumn, Ints, Territories]:
    codes, distinct = pd.factorize(pd.Series(texts.to_numpy(), dtype="str"), sort=True)
    lists = [[word.strip() for word in str(text).split("|") if word.strip()] for text in distinct]
    words = pd.Series([word for words in lists for word in words], dtype="str")
    regions = IdColumn.vocabulary(pd.concat([parties.regions.all_texts(), words, *others]))
    # 0 is "everywhere", so a text with regions in it is numbered from 1.
    number = np.array([index + 1 if words else 0 for index, words in enumerate(lists)], dtype=np.int32)
    of_word = np.repeat(number.astype(np.int64), [len(words) for words in lists])
    allowed = np.unique(of_word * len(regions) + regions.positions(words))
    coded = number[codes] if len(number) else np.zeros(len(texts), np.int32)
    return regions, coded, Territories(plain(allowed, np.int64), len(regions))


def _of_products(parties: Parties, products: pd.DataFrame, names: dict[str, IdColumn]) -> Array:
    rows = np.empty(len(names["sku_id"]), dtype=np.dtype(list(SKU.items())))
    for name in SKU:
        rows[name] = -1 if name in ("category", "group", "brand") else np.nan
    at = names["sku_id"].positions(products["sku_id"].astype("str"))
    rows["category"][at] = parties.categories.positions(texts_of(products, "category"))
    for name, column in (("group", "category"), ("brand", "brand")):
        rows[name][at] = names[column].positions(texts_of(products, column))
    for name, column in (("cost", "unit_cost_fen"), ("kg", "weight_kg")):
        if column in products:
            rows[name][at] = products[column].to_numpy(np.float64, na_value=np.nan)
    return rows


def _middles(parties: Parties, party_region: Ints, n_regions: int) -> Float64:
    lat, lon = parties.numbers["lat"], parties.numbers["lon"]
    located = np.flatnonzero((party_region >= 0) & np.isfinite(lat) & np.isfinite(lon))
    region = party_region[located]
    count = np.bincount(region, minlength=n_regions)
    sums = [np.bincount(region, numbers[located], minlength=n_regions) for numbers in (lat, lon)]
    middles: Float64 = np.where(count > 0, np.array(sums) / np.maximum(count, 1), np.nan)
    return middles
