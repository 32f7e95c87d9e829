"""Who sold what brand when, and what sellers and brands have in common: the features of their fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.fit.model import Codes
from graph.network import SupplyNetwork
from graph.tables import PARTY_KINDS, RELATION_KINDS

__all__ = ["FEATURES", "SELLERS", "FitBook"]

SELLERS = ("store", "franchisee", "guide", "group_leader", "kol", "community")
FEATURES: dict[str, tuple[str, ...]] = {
    "kind": SELLERS,
    "category": ("shared", "other"),
    "repurchase": ("short", "long"),
    "price_band": ("same", "other"),
    "region": ("sold_there", "not_there"),
    "traded_before": ("yes", "no"),
}
_SHORT_DAYS = 60.0  # cosmetics, household, health: bought again within two months
_SAME_PRICE = 1.5  # ratio of median prices up to which two sell in the same band
_ALWAYS, _NEVER = np.int64(-(2**31)), np.int64(2**31 - 1)
_EPOCH = pd.Timestamp("1970-01-01")
Days = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class FitBook:
    """What is known of sellers and brands until a day.

    Parameters
    ----------
    network
        The supply net.
    brands
        Ids of the brands, sorted: parties of that kind, and those that products name.
    trades
        One row per pair that ever traded: ``seller`` (position), ``brand`` (place in `brands`), ``first``, ``last``
        (days since 1970-01-01).
    categories
        Per brand and seller their categories: ``brand_categories`` (list per brand of category codes of the net).
    brand_price, brand_days
        Median price in fen and usual days until a shopper buys again, per brand, NaN unknown, shape (brands,).
    sold_goods
        What stores sold: ``seller`` (position), ``first`` (day), ``price`` in fen, a row per store and sku.
    """

    network: SupplyNetwork
    brands: pd.Index
    trades: pd.DataFrame
    brand_categories: list[npt.NDArray[np.int64]]
    brand_price: npt.NDArray[np.float64]
    brand_days: npt.NDArray[np.float64]
    sold_goods: pd.DataFrame

    @classmethod
    def of(cls, network: SupplyNetwork, products: pd.DataFrame, sales: pd.DataFrame, day: pd.Timestamp) -> FitBook:
        """Gather from a net and its checked tables ``products`` and ``sales`` (by store and sku) until a day."""
        kind = PARTY_KINDS.index("brand")
        at = np.flatnonzero(network.parties.kind == kind)
        named = products["brand"].dropna() if "brand" in products else pd.Series(dtype="str")
        brands = pd.Index(pd.concat([pd.Series(network.parties.ids.texts_at(at), dtype="str"), named]).unique())
        brands = brands.astype("str").sort_values()
        sold = _sold(network, products, sales, brands, day)
        trades = pd.concat([_related(network, at, brands, day), sold[["seller", "brand", "first", "last"]]])
        pairs = trades.groupby(["seller", "brand"], as_index=False).agg({"first": "min", "last": "max"})
        price, days = (_of_brands(products, brands, name) for name in ("price_fen", "repurchase_days"))
        categories = _categories(network, products, brands)
        price = _by_category(price, categories, products, network, "price_fen")
        days = _by_category(days, categories, products, network, "repurchase_days")
        return cls(network, brands, pairs, categories, price, days, sold[["seller", "first", "price"]])

    def codes(self, seller: Days, brand: Days, until: int) -> Codes:
        """Return the level of each feature of pairs, by what was known before a day, -1 unknown.

        Parameters
        ----------
        seller
            Positions of the sellers, shape (pairs,).
        brand
            Places in `brands`, shape (pairs,).
        until
            Day since 1970-01-01: trades that began later have no part in it.
        """
        past = self.trades[(self.trades["first"] < until).to_numpy()]
        kind = np.array([SELLERS.index(name) if name in SELLERS else -1 for name in PARTY_KINDS])
        return np.stack(
            (
                kind[self.network.parties.kind[seller]],
                self._category(seller, brand),
                _banded(self.brand_days[brand], _SHORT_DAYS),
                self._price_band(seller, brand, until),
                self._region(seller, brand, past),
                self._traded(seller, brand, past),
            ),
            axis=1,
        ).astype(np.int8)

    def sellers(self) -> Days:
        """Return the positions of all sellers."""
        kinds = [PARTY_KINDS.index(name) for name in SELLERS]
        return np.flatnonzero(np.isin(self.network.parties.kind, kinds)).astype(np.int64)

    def sold(self, seller: Days, brand: Days, start: int) -> npt.NDArray[np.bool_]:
        """Return which pairs traded on or after a day."""
        late = self.trades[(self.trades["last"] >= start).to_numpy()]
        found: npt.NDArray[np.bool_] = np.isin(self._key(seller, brand), self._key(late["seller"], late["brand"]))
        return found

    def _key(self, seller: Days | pd.Series, brand: Days | pd.Series) -> Days:
        return np.asarray(seller, dtype=np.int64) * len(self.brands) + np.asarray(brand, dtype=np.int64)

    def _category(self, seller: Days, brand: Days) -> Days:
        """Return 0 for pairs that share a category, 1 for others, -1 where one of them has none."""
        parties = self.network.parties
        code = np.full(len(seller), -1)
        for number, own in enumerate(self.brand_categories):
            asked = np.flatnonzero(brand == number)
            if not len(own) or not len(asked):
                continue
            shared = np.zeros(len(asked), dtype=bool)
            for category in own:
                shared |= parties.trades(int(category))[seller[asked]]
            some = np.diff(parties.category_start)[seller[asked]] > 0
            code[asked] = np.where(shared, 0, np.where(some, 1, -1))
        return code

    def _price_band(self, seller: Days, brand: Days, until: int) -> Days:
        goods = self.sold_goods
        past = goods[(goods["first"] < until).to_numpy() & np.isin(goods["seller"], seller)]
        price = past.groupby("seller")["price"].median().reindex(seller).to_numpy(np.float64)
        ratio = np.abs(np.log(price / self.brand_price[brand]))
        return _banded(ratio, np.log(_SAME_PRICE))

    def _region(self, seller: Days, brand: Days, past: pd.DataFrame) -> Days:
        """Return 0 where others in the seller's region sold the brand before, 1 where nobody did, -1 without one."""
        region = np.asarray(self.network.parties.region, dtype=np.int64)
        there, sellers = np.unique(self._key(region[past["seller"].to_numpy()], past["brand"]), return_counts=True)
        own = self._key(region[seller], brand)
        at = np.minimum(np.searchsorted(there, own), max(len(there) - 1, 0))
        found = np.where(there[at] == own, sellers[at], 0) if len(there) else np.zeros(len(own), dtype=np.int64)
        others = found - (self._traded(seller, brand, past) == 0)
        return np.where(region[seller] < 0, -1, np.where(others > 0, 0, 1))

    def _traded(self, seller: Days, brand: Days, past: pd.DataFrame) -> Days:
        """Return 0 for pairs that traded before, 1 for those that did not, -1 where the seller traded with nobody."""
        before = np.isin(self._key(seller, brand), self._key(past["seller"], past["brand"]))
        return np.where(before, 0, np.where(np.isin(seller, past["seller"]), 1, -1))


def _banded(value: npt.NDArray[np.float64], limit: float) -> Days:
    return np.where(np.isnan(value), -1, np.where(value <= limit, 0, 1))


def _related(network: SupplyNetwork, at: Days, brands: pd.Index, day: pd.Timestamp) -> pd.DataFrame:
    """Return the relations of brands with others, of whatever kind and direction."""
    place = brands.get_indexer(pd.Index(network.parties.ids.texts_at(at)))
    parts = [pd.DataFrame({"seller": [], "brand": [], "first": [], "last": []}, dtype=np.int64)]
    for kind in RELATION_KINDS:
        block = network.block(kind)
        for ends in (block.out_of(at), block.into(at)):
            first, last = (_days(block.values(name, ends.relation), name) for name in ("first_at", "last_at"))
            rows = {"seller": ends.party, "brand": place[ends.which], "first": first, "last": last}
            parts.append(pd.DataFrame(rows).astype(np.int64))
    found = pd.concat(parts, ignore_index=True)
    return found[(found["first"] <= (day - _EPOCH).days).to_numpy()]


def _days(values: npt.NDArray[np.generic], name: str) -> Days:
    """Return days; a relation that does not say when it began or was last used always has been, and is."""
    days = values.astype(np.int64)
    unknown = days <= _ALWAYS
    return np.where(unknown, _ALWAYS if name == "first_at" else _NEVER, days)


def _sold(
    network: SupplyNetwork, products: pd.DataFrame, sales: pd.DataFrame, brands: pd.Index, day: pd.Timestamp
) -> pd.DataFrame:
    """Return what stores sold until a day: ``seller, brand, first, last, price``, a row per store and sku."""
    columns = ["seller", "brand", "first", "last", "price"]
    if not {"store_id", "sku_id"} <= set(sales) or "brand" not in products:
        return pd.DataFrame({name: [] for name in columns}).astype(dict.fromkeys(columns[:4], np.int64))
    rows = sales[(sales["ds"] <= day).to_numpy() & (sales["y"] > 0).to_numpy()].dropna(subset=["store_id", "sku_id"])
    ends = rows.groupby(["store_id", "sku_id"])["ds"].agg(["min", "max"]).reset_index()
    of_sku = products.set_index("sku_id").reindex(columns=["brand", "price_fen"]).reindex(ends["sku_id"])
    made = pd.DataFrame(
        {
            "seller": network.parties.ids.positions(ends["store_id"]).astype(np.int64),
            "brand": brands.get_indexer(of_sku["brand"].fillna("")),
            "first": (ends["min"] - _EPOCH).dt.days.to_numpy(),
            "last": (ends["max"] - _EPOCH).dt.days.to_numpy(),
            "price": of_sku["price_fen"].to_numpy(np.float64, na_value=np.nan),
        }
    )
    return made[(made["seller"] >= 0) & (made["brand"] >= 0)].reset_index(drop=True)


def _of_brands(products: pd.DataFrame, brands: pd.Index, name: str) -> npt.NDArray[np.float64]:
    if "brand" not in products or name not in products:
        return np.full(len(brands), np.nan)
    found: npt.NDArray[np.float64] = products.groupby("brand")[name].median().reindex(brands).to_numpy(np.float64)
    return found


def _categories(network: SupplyNetwork, products: pd.DataFrame, brands: pd.Index) -> list[npt.NDArray[np.int64]]:
    """Return each brand's categories as the net's codes: its own as a party, and its products'."""
    parties = network.parties
    named: dict[str, set[str]] = {brand: set() for brand in brands}
    for brand, at in zip(brands, parties.ids.positions(pd.Series(brands, dtype="str")), strict=True):
        named[brand] |= set(parties.categories_of(int(at))) if at >= 0 else set()
    if {"brand", "category"} <= set(products):
        for brand, category in products[["brand", "category"]].dropna().drop_duplicates().itertuples(index=False):
            named[brand].add(category)
    found = [parties.categories.positions(pd.Series(sorted(named[brand]), dtype="str")) for brand in brands]
    return [codes[codes >= 0].astype(np.int64) for codes in found]


def _by_category(
    value: npt.NDArray[np.float64],
    categories: list[npt.NDArray[np.int64]],
    products: pd.DataFrame,
    network: SupplyNetwork,
    name: str,
) -> npt.NDArray[np.float64]:
    """Return a number of each brand, that of its categories' products where it has none of its own."""
    if not {"category", name} <= set(products):
        return value
    usual = products.groupby("category")[name].median()
    for number in np.flatnonzero(np.isnan(value)):
        own = [network.parties.categories.text(int(code)) for code in categories[number]]
        value[number] = usual.reindex(own).median()
    return value
