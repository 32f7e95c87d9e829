"""Who offers what: the supply table indexed by good, so that a batch of orders finds its suppliers at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import TableError
from graph.arrays import Array, Ints, expand, starts_of
from graph.ids import IdColumn
from graph.network import SupplyNetwork
from graph.parties import Parties
from graph.tables import PARTY_KINDS

__all__ = ["SupplyBook"]

_MAKERS = ("factory", "workshop")


@dataclass(frozen=True, eq=False)
class SupplyBook:
    """Offers of goods, sorted by (good, supplier). A good is a sku, or a category that somebody makes on request.

    Parameters
    ----------
    network
        The net the suppliers belong to.
    skus
        The goods 0 … len(skus) - 1; category c of the net is good ``len(skus) + c``.
    sku_category, sku_cost
        Shape (skus,): code of the sku's category (-1 unknown) and its usual cost in fen (NaN unknown).
    start, supplier
        Shapes (goods + 1,) and (offers,): offers by good, and who makes each.
    keys
        Shape (offers,), increasing: ``good · parties + supplier``.
    columns
        Shape (offers,): ``capacity`` (pieces a day), ``unit_cost_fen``, ``minimum_order``, ``lead_time_days``.
    territory
        Shape (offers,): codes of territories, 0 = everywhere.
    allowed
        Sorted ``territory · len(regions) + region`` of the regions that each territory holds.
    regions
        Names of the regions of parties and territories.
    party_region
        Shape (parties,): codes into `regions`, -1 unknown.
    cheapest
        Shape (offers,): offers by (good, cost, capacity), to choose strangers from.
    place
        Shape (offers,): each offer's place in `cheapest`.
    """

    network: SupplyNetwork
    skus: IdColumn
    sku_category: Ints
    sku_cost: npt.NDArray[np.float64]
    start: Ints
    supplier: Ints
    keys: npt.NDArray[np.int64]
    columns: dict[str, npt.NDArray[np.float64]]
    territory: Ints
    allowed: npt.NDArray[np.int64]
    regions: IdColumn
    party_region: Ints
    cheapest: Ints
    place: Ints

    @classmethod
    def of(
        cls,
        network: SupplyNetwork,
        supply: pd.DataFrame,
        products: pd.DataFrame,
        *,
        today: pd.Timestamp | None = None,
    ) -> SupplyBook:
        """Index the supply of skus; rows of resources are planning's and left out.

        A factory or workshop with a daily capacity and categories, but no row of its own in `supply`, is taken to
        make its categories' skus on request. Of a supplier's rows for several buckets the one that holds today counts
        (the latest that has begun; the first without `today`).

        Raises
        ------
        TableError
            If a supplier is not in the net.
        """
        _require_suppliers(network.parties.ids, supply)
        rows = _rows_in_force(supply, today)
        skus = IdColumn.vocabulary(pd.concat([products["sku_id"], rows["sku_id"]]).astype("str"))
        offers = pd.concat([_listed(network, rows, skus), _on_request(network.parties, supply, len(skus))])
        offers = offers.sort_values(["good", "supplier"], kind="stable")
        good = offers["good"].to_numpy(np.int32)
        regions, territory, allowed = _territories(network.parties, offers["territory"])
        columns = _offer_columns(network.parties, offers)
        cheapest = np.lexsort((-columns["capacity"], columns["unit_cost_fen"], good)).astype(np.int32)
        party_region = regions.positions(network.parties.regions.all_texts())
        category, cost = _of_products(network, products, skus)
        return cls(
            network,
            skus,
            category,
            cost,
            starts_of(good, len(skus) + len(network.parties.categories)),
            offers["supplier"].to_numpy(np.int32),
            good.astype(np.int64) * len(network.parties) + offers["supplier"].to_numpy(np.int64),
            columns,
            territory,
            allowed,
            regions,
            np.append(party_region, np.int32(-1))[network.parties.region],
            cheapest,
            np.argsort(cheapest).astype(np.int32),
        )

    @property
    def n_goods(self) -> int:
        """How many goods there are: skus and categories."""
        return len(self.start) - 1

    def find(self, good: Array, supplier: Array) -> npt.NDArray[np.int64]:
        """Return the offer of each (good, supplier), -1 where there is none."""
        keys = self.keys
        wanted = np.asarray(good, np.int64) * self.network.n_parties + supplier
        if not len(keys):
            return np.full(len(wanted), -1)
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[at] == wanted, at, -1)

    def offers_of(self, goods: Array, *, most: int | None = None) -> tuple[Array, Array]:
        """Return (which good, offer) for all offers of the goods, or for the `most` cheapest of each."""
        which, place = expand(self.start, goods)
        if most is None:
            return which, place
        keep = place - self.start[np.asarray(goods)][which] < most
        return which[keep], self.cheapest[place[keep]]

    def delivers_to(self, offer: Array, region: Array) -> npt.NDArray[np.bool_]:
        """Return whether each offer's territory holds the region; an unknown one (-1) only if it is everywhere."""
        everywhere: npt.NDArray[np.bool_] = self.territory[offer] == 0
        wanted = self.territory[offer].astype(np.int64) * len(self.regions) + region
        if not len(self.allowed):
            return everywhere
        at = np.minimum(np.searchsorted(self.allowed, wanted), len(self.allowed) - 1)
        inside: npt.NDArray[np.bool_] = (self.allowed[at] == wanted) & (region >= 0)
        return everywhere | inside


def _require_suppliers(ids: IdColumn, supply: pd.DataFrame) -> None:
    unknown = np.flatnonzero(ids.positions(supply["supplier_id"]) < 0)
    if len(unknown):
        got = supply["supplier_id"].iloc[unknown[0]]
        raise TableError(
            "supply", "supplier_id", "the id of a known party", got, row=int(unknown[0]) + 1, bad_rows=len(unknown)
        )


def _rows_in_force(supply: pd.DataFrame, today: pd.Timestamp | None) -> pd.DataFrame:
    names = ("sku_id", "unit_cost_fen", "minimum_order", "lead_time_days", "territory", "bucket")
    rows = supply.reset_index(drop=True)
    rows = rows.assign(**{name: np.nan for name in names if name not in supply})
    rows = rows[rows["sku_id"].notna() & (rows["sku_id"].astype("str") != "")]
    begun = pd.to_datetime(rows["bucket"])
    if today is not None:
        rows = rows[~(begun > pd.Timestamp(today))]
    rows = rows.assign(bucket=begun).sort_values("bucket", kind="stable", na_position="first")
    return rows.drop_duplicates(["supplier_id", "sku_id"], keep="last" if today is not None else "first")


def _listed(network: SupplyNetwork, rows: pd.DataFrame, skus: IdColumn) -> pd.DataFrame:
    coded = {
        "good": skus.positions(rows["sku_id"].astype("str")),
        "supplier": network.parties.ids.positions(rows["supplier_id"].astype("str")),
        "territory": rows["territory"].astype("str").to_numpy(object, na_value=""),
    }
    numbers = ("capacity", "unit_cost_fen", "minimum_order", "lead_time_days")
    return pd.DataFrame(coded | {name: rows[name].to_numpy(np.float64, na_value=np.nan) for name in numbers})


def _on_request(parties: Parties, supply: pd.DataFrame, n_skus: int) -> pd.DataFrame:
    makes = np.isin(parties.kind, [PARTY_KINDS.index(kind) for kind in _MAKERS])
    makes &= np.nan_to_num(parties.numbers["capacity_per_day"]) > 0
    makes[parties.ids.positions(supply["supplier_id"])] = False
    makers = np.flatnonzero(makes)
    which, place = expand(parties.category_start, makers)
    supplier = makers[which].astype(np.int32)
    return pd.DataFrame(
        {
            "good": parties.category[place] + np.int32(n_skus),
            "supplier": supplier,
            "territory": np.full(len(supplier), "", dtype=object),
            "capacity": parties.numbers["capacity_per_day"][supplier].astype(float),
            "unit_cost_fen": np.full(len(supplier), np.nan),
            "minimum_order": np.zeros(len(supplier)),
            "lead_time_days": np.full(len(supplier), np.nan),
        }
    )


def _offer_columns(parties: Parties, offers: pd.DataFrame) -> dict[str, npt.NDArray[np.float64]]:
    names = ("capacity", "unit_cost_fen", "minimum_order", "lead_time_days")
    columns = {name: offers[name].to_numpy(np.float64) for name in names}
    lead = columns["lead_time_days"]
    usual = parties.numbers["lead_time_days"][offers["supplier"].to_numpy()]
    columns["lead_time_days"] = np.nan_to_num(np.where(np.isnan(lead), usual, lead))
    columns["minimum_order"] = np.nan_to_num(columns["minimum_order"])
    return columns


def _territories(parties: Parties, texts: pd.Series) -> tuple[IdColumn, Ints, npt.NDArray[np.int64]]:
    codes, distinct = pd.factorize(pd.Series(texts.to_numpy(), dtype="str"), sort=True)
    lists = [[word.strip() for word in str(text).split("|") if word.strip()] for text in distinct]
    words = pd.Series([word for words in lists for word in words], dtype="str")
    regions = IdColumn.vocabulary(pd.concat([parties.regions.all_texts(), words]))
    # 0 is "everywhere", so a text with regions in it is numbered from 1.
    number = np.array([index + 1 if words else 0 for index, words in enumerate(lists)], dtype=np.int32)
    of_word = np.repeat(number.astype(np.int64), [len(words) for words in lists])
    allowed = np.unique(of_word * len(regions) + regions.positions(words))
    return regions, number[codes] if len(number) else np.zeros(len(texts), np.int32), allowed


def _of_products(
    network: SupplyNetwork, products: pd.DataFrame, skus: IdColumn
) -> tuple[Ints, npt.NDArray[np.float64]]:
    at = skus.positions(products["sku_id"].astype("str"))
    category = np.full(len(skus), -1, dtype=np.int32)
    cost = np.full(len(skus), np.nan)
    if "category" in products:
        category[at] = network.parties.categories.positions(products["category"].astype("str"))
    if "unit_cost_fen" in products:
        cost[at] = products["unit_cost_fen"].to_numpy(np.float64, na_value=np.nan)
    return category, cost
