"""Decisions of the router as tables."""

from __future__ import annotations

import resource
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from matching.problem import Ints
from matching.routing import Routed

__all__ = ["alternatives_frame", "good_names", "matches_frame", "offer_prices", "price_frame", "summary_of"]

COSTS = ("goods_fen", "operating_fen", "channel_fen", "terms_fen")
_FIRST = ["order_id", "sku_id", "supplier_id", "pieces", "promised_date", *COSTS, "cost_fen"]
TERMS = (
    "lead_time_days",
    "transit_days",
    "distance_km",
    "tie_strength",
    "workshops",
    "violated_id",
    "unit_cost_fen",
    "minimum_order",
    "otif_low",
    "p_late_next",
)
_LAST = ["score", "price", "runner_up", "margin", "basis", "from_id", "carrier_id", "path", "reason"]


def matches_frame(routed: Routed, rows: pd.DataFrame, demands: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Return one row per order and supplier that serves it, and one per order with unserved pieces."""
    served = np.flatnonzero(routed.pieces)
    table = _table(routed, rows, day, served, routed.pieces[served])
    left = np.flatnonzero(routed.unserved)
    unserved = pd.DataFrame(
        {
            "order_id": demands["order_id"].to_numpy()[left],
            "sku_id": demands["sku_id"].to_numpy()[left],
            "pieces": routed.unserved[left],
            "reason": routed.unserved_reason[left],
        }
    )
    if unserved.empty:
        return table
    together = unserved.reindex(columns=table.columns)
    if len(table):
        together = pd.concat([table, unserved], ignore_index=True)
    at = pd.Index(demands["order_id"]).get_indexer(together["order_id"])
    return together.iloc[np.argsort(at, kind="stable")].reset_index(drop=True)


def good_names(rows: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Return what each candidate's capacity is of: its sku, the category, or the sku where it lies in stock."""
    sku = rows["sku_id"].to_numpy(dtype=object)
    place = rows["from_id"].astype(str)
    if (hidden := place == "").any():
        place = place.mask(hidden, "hidden-" + rows["offer"].astype(str))
    stored = (rows["sku_id"].astype(str) + " @ " + place).to_numpy(dtype=object)
    category = rows["category"].to_numpy(dtype=object)
    kinds = [rows["basis"] == "stock", rows["basis"] == "category"]
    names: npt.NDArray[np.object_] = np.select(kinds, [stored, category], sku).astype(object)
    return names


def alternatives_frame(routed: Routed, rows: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Return every candidate row as if it served the whole order, with what it serves and its reason."""
    every = np.arange(len(rows))
    table = _table(routed, rows, day, every, rows["pieces"].to_numpy())
    extra = rows[list(TERMS)]
    return table.assign(net=routed.net, served_pieces=routed.pieces).join(extra)


def price_frame(routed: Routed, rows: pd.DataFrame) -> pd.DataFrame:
    """Return supplier_id, good, price (score per piece of capacity), capacity and used pieces of each offer."""
    _, first = np.unique(routed.offer, return_index=True)
    offers = routed.offer[first]
    used = np.bincount(routed.offer, weights=routed.pieces, minlength=routed.offer_capacity.size)
    return pd.DataFrame(
        {
            "supplier_id": rows["supplier_id"].to_numpy()[first],
            "good": routed.good[first],
            "price": routed.result.prices[offers],
            "capacity": routed.offer_capacity[offers],
            "used": used[offers].astype(np.int64),
        }
    )


def offer_prices(
    published: pd.DataFrame, suppliers: pd.Series, goods: npt.NDArray[np.object_]
) -> npt.NDArray[np.float64]:
    """Return float64, the published price of each row's offer (by supplier and good if there, else by supplier)."""
    keys = ["supplier_id", "good"] if "good" in published else ["supplier_id"]
    table = published.groupby(keys)["price"].max()
    wanted = pd.MultiIndex.from_arrays([suppliers, goods]) if len(keys) == 2 else pd.Index(suppliers)
    return np.asarray(table.reindex(wanted).fillna(0.0), dtype=np.float64)


def summary_of(routed: Routed, rows: pd.DataFrame, demands: pd.DataFrame) -> dict[str, Any]:
    """Return the key figures of a routing."""
    served = np.flatnonzero(routed.pieces)
    result = routed.result
    cost = (rows["cost_fen"].to_numpy()[served] * routed.pieces[served]).sum()
    left = pd.Series(routed.unserved).groupby(pd.Series(routed.unserved_reason)).sum()
    matched = int(routed.pieces.sum())
    return {
        "objective": result.objective,
        "upper_bound": result.upper_bound,
        "gap": result.gap,
        "matched_pieces": matched,
        "unmatched_pieces": int(routed.unserved.sum()),
        "unmatched_by_reason": {str(reason): int(n) for reason, n in left.items() if n > 0},
        "orders": len(demands),
        "orders_served": int((routed.unserved == 0).sum()),
        "candidates": len(rows),
        "eligible_candidates": int(rows["eligible"].sum()),
        "cost_fen": int(np.rint(cost)) if matched else 0,
        "method": result.method,
        "status": result.status,
        "notes": list(result.notes),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _table(routed: Routed, rows: pd.DataFrame, day: pd.Timestamp, at: Ints, pieces: Ints) -> pd.DataFrame:
    """Return the given rows with promise, money for so many pieces, score parts and the decision."""
    part = rows.iloc[at].reset_index(drop=True)
    money = {name: _fen(part[name].to_numpy() * pieces) for name in COSTS}
    rival = routed.runner_up[at]
    suppliers = np.append(rows["supplier_id"].to_numpy(dtype=object), np.array([None]))
    scores = [name for name in part.columns if name.startswith("score_")]
    table = part.assign(
        pieces=pieces,
        promised_date=day.tz_localize(None) + pd.to_timedelta(np.ceil(part["lead_time_days"]), unit="D"),
        **money,
        cost_fen=sum(money.values(), start=pd.array(np.zeros(len(part)), dtype="Int64")),
        price=routed.price[at],
        runner_up=suppliers[rival],  # -1, the last, is nobody
        margin=routed.margin[at],
        reason=routed.reason[at],
    )
    return table[_FIRST + scores + _LAST]


def _fen(values: npt.NDArray[np.float64]) -> Any:
    return pd.array(np.rint(values), dtype="Int64") if np.isfinite(values).all() else _fen_or_empty(values)


def _fen_or_empty(values: npt.NDArray[np.float64]) -> Any:
    known = np.isfinite(values)
    amounts = pd.array(np.where(known, np.rint(values), 0), dtype="Int64")
    amounts[~known] = pd.NA
    return amounts
