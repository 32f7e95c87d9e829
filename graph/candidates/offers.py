"""Everything that is offered, as one frame: stock, listed skus, skus made by routes, categories made on request."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from graph.arrays import expand
from graph.candidates.delivery import require_parties, texts_of
from graph.candidates.dispatch import Dispatched, dispatched
from graph.candidates.layout import BASES
from graph.ids import IdColumn
from graph.network import SupplyNetwork
from graph.parties import Parties
from graph.tables import PARTY_KINDS

__all__ = ["listed", "made_by_routes", "on_request", "rows_in_force", "stocked"]

_MAKERS = ("factory", "workshop")
_TERMS = ("capacity", "unit_cost_fen", "minimum_order", "lead_time_days")


def rows_in_force(supply: pd.DataFrame, today: pd.Timestamp | None) -> pd.DataFrame:
    """Return the rows of supply that count today, all columns there.

    Of a supplier's rows for several buckets of the same thing the latest that has begun counts; the first without
    `today`.
    """
    names = ("sku_id", "resource", "unit_cost_fen", "minimum_order", "lead_time_days", "territory", "bucket")
    rows = supply.reset_index(drop=True)
    rows = rows.assign(**{name: np.nan for name in names if name not in supply})
    begun = pd.to_datetime(rows["bucket"])
    if today is not None:
        rows = rows[~(begun > pd.Timestamp(today))]
    rows = rows.assign(bucket=begun).sort_values("bucket", kind="stable", na_position="first")
    keep = "last" if today is not None else "first"
    return rows.drop_duplicates(["supplier_id", "sku_id", "resource"], keep=keep)


def listed(network: SupplyNetwork, rows: pd.DataFrame, skus: IdColumn) -> pd.DataFrame:
    """Return the skus that suppliers list."""
    supplier = network.parties.ids.positions(rows["supplier_id"].astype("str"))
    usual = network.parties.numbers["lead_time_days"][supplier]
    return _frame(rows, skus, (supplier, supplier), "sku", usual)


def stocked(network: SupplyNetwork, stock: pd.DataFrame, skus: IdColumn, *, lanes: bool) -> pd.DataFrame:
    """Return what lies somewhere, free to sell.

    Raises
    ------
    TableError
        If a place or an owner is not in the net.
    """
    ids = network.parties.ids
    place = require_parties(ids, stock, "stock", "place_id")
    owner = require_parties(ids, stock, "stock", "owner_id")
    usual = np.zeros(len(place)) if lanes else network.parties.numbers["lead_time_days"][place]
    rows = stock.rename(columns={"pieces": "capacity"})
    return _frame(rows, skus, (np.where(owner >= 0, owner, place), place), "stock", usual)


def made_by_routes(
    network: SupplyNetwork,
    rows: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    skus: IdColumn,
    offered: pd.DataFrame,
    *,
    day: int | None,
) -> tuple[pd.DataFrame, Dispatched]:
    """Return what factories make by `routes` (one of the tables) and do not list, and how; see `dispatched`."""
    routes = tables["routes"]
    items = _items(tables["products"], routes)
    found = dispatched(network, rows[(texts_of(rows, "resource") != "").to_numpy()], routes, items, day)
    made = found.offers.merge(items[["item", "sku_id"]], on="item")
    made = made.assign(good=skus.positions(made["sku_id"].astype("str"))).drop_duplicates(["good", "supplier"])
    known = pd.MultiIndex.from_frame(offered[["good", "supplier"]])
    made = made[~pd.MultiIndex.from_frame(made[["good", "supplier"]]).isin(known)]
    terms = {"place": made["supplier"], "territory": "", "unit_cost_fen": np.nan}
    return made.drop(columns=["item", "sku_id"]).assign(**terms), found


def on_request(parties: Parties, supply: pd.DataFrame, n_skus: int) -> pd.DataFrame:
    """Return the categories of the makers that have a daily capacity and no row of their own in `supply`."""
    makes = np.isin(parties.kind, [PARTY_KINDS.index(kind) for kind in _MAKERS])
    makes &= np.nan_to_num(parties.numbers["capacity_per_day"]) > 0
    makes[parties.ids.positions(supply["supplier_id"])] = False
    makers = np.flatnonzero(makes)
    which, place = expand(parties.category_start, makers)
    supplier = makers[which].astype(np.int32)
    lead = np.nan_to_num(parties.numbers["lead_time_days"][supplier].astype(float))
    return pd.DataFrame(
        {
            "good": parties.category[place] + np.int32(n_skus),
            "supplier": supplier,
            "place": supplier,
            "basis": np.int8(BASES.index("category")),
            "territory": np.full(len(supplier), "", dtype=object),
            "capacity": parties.numbers["capacity_per_day"][supplier].astype(float),
            "unit_cost_fen": np.nan,
            "minimum_order": 0.0,
            "lead_time_days": lead,
            "team": -1,
        }
    )


def _items(products: pd.DataFrame, routes: pd.DataFrame) -> pd.DataFrame:
    """Return item, sku_id and category: a route of a sku counts for it alone, one of a style for each of its skus."""
    category = texts_of(products, "category")
    sku = products["sku_id"].astype("str").reset_index(drop=True)
    own = pd.DataFrame({"item": sku, "sku_id": sku, "category": category})
    by_style = own.assign(item=texts_of(products, "style_id"))
    routed = set(routes["item"].astype("str"))
    by_style = by_style[~by_style["sku_id"].isin(routed)]
    both = pd.concat([own, by_style])
    return both[both["item"].isin(routed)].drop_duplicates(["item", "sku_id"])


def _frame(
    rows: pd.DataFrame, skus: IdColumn, ends: tuple[np.ndarray, np.ndarray], basis: str, usual_lead: np.ndarray
) -> pd.DataFrame:
    """Return rows as offers; `ends` are the positions of who sells and of where the goods leave."""
    supplier, place = ends
    columns = {name: _numbers(rows, name) for name in _TERMS}
    lead = columns["lead_time_days"]
    columns["lead_time_days"] = np.nan_to_num(np.where(np.isnan(lead), usual_lead, lead))
    columns["minimum_order"] = np.nan_to_num(columns["minimum_order"])
    coded = {
        "good": skus.positions(texts_of(rows, "sku_id")),
        "supplier": supplier.astype(np.int32),
        "place": place.astype(np.int32),
        "basis": np.full(len(rows), BASES.index(basis), dtype=np.int8),
        "territory": texts_of(rows, "territory").to_numpy(object),
    }
    return pd.DataFrame({**coded, **columns, "team": -1})


def _numbers(rows: pd.DataFrame, name: str) -> np.ndarray:
    if name not in rows:
        return np.full(len(rows), np.nan)
    numbers: np.ndarray = rows[name].to_numpy(np.float64, na_value=np.nan)
    return numbers
