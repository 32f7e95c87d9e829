"""Candidates as a table: ids instead of positions, paths as texts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graph.arrays import Array, expand
from graph.candidates.filters import Sight
from graph.candidates.kernel import REASONS
from graph.candidates.layout import BASES, Lanes
from graph.candidates.orders import OrderArrays
from graph.candidates.supply_book import SupplyBook

__all__ = ["COLUMNS", "candidate_frame", "candidate_numbers", "path_texts"]

COLUMNS = (
    "order_id",
    "supplier_id",
    "from_id",
    "basis",
    "capacity",
    "unit_cost_fen",
    "minimum_order",
    "lead_time_days",
    "transit_days",
    "carrier_id",
    "freight_fen",
    "distance_km",
    "hops",
    "tie_strength",
    "path",
    "workshops",
    "eligible",
    "reason",
    "violated_id",
)


def candidate_frame(
    book: SupplyBook, orders: OrderArrays, order_ids: pd.Series, found: Array, sight: Sight | None = None
) -> pd.DataFrame:
    """Return the table that `graph.candidates.search.gather` describes; parties out of sight are not named."""
    ids, own = book.network.parties.ids, book.offers.rows[found["offer"]]
    lane = _lanes(book, found)
    supplier, workshops = ids.arrow_at(own["supplier"]), _workshops(book, found["offer"], sight)
    return pd.DataFrame(
        {
            "order_id": _series(pa.array(order_ids, pa.large_string()).take(pa.array(found["demand"]))),
            "supplier_id": _series(supplier),
            "from_id": _series(ids.arrow_at(_told(own["place"], sight))),
            "basis": _words(BASES, own["basis"]),
            "capacity": np.floor(own["capacity"]).astype(np.int64),
            "minimum_order": own["minimum"].astype(np.int64),
            "transit_days": lane["days"],
            "carrier_id": _series(ids.arrow_at(_told(lane["carrier"], sight))),
            **candidate_numbers(book, orders, found),
            "path": _series(_paths(book, orders, found, supplier, workshops)),
            "workshops": _series(workshops),
            "eligible": found["reason"] == 0,
            "reason": _words(REASONS, found["reason"]),
            "violated_id": _series(ids.arrow_at(_told(np.where(found["reason"] == 2, found["holder"], -1), sight))),
        },
        columns=list(COLUMNS),
    )


def candidate_numbers(book: SupplyBook, orders: OrderArrays, found: Array) -> dict[str, Array]:
    """Return what the costs of each candidate are computed from.

    ``unit_cost_fen, lead_time_days, freight_fen, distance_km, hops, tie_strength``, as `graph.candidates.search.gather`
    describes them.
    """
    own, order, lane = book.offers.rows[found["offer"]], orders.rows[found["demand"]], _lanes(book, found)
    usual = np.append(book.sku["cost"], np.nan)[order["sku"]]
    return {
        "unit_cost_fen": np.where(np.isnan(own["unit_cost"]), usual, own["unit_cost"]),
        "lead_time_days": found["days"],
        "freight_fen": np.rint(lane["per_order"] + lane["per_kg"] * order["kg"]),
        "distance_km": found["km"],
        "hops": np.where(found["hops"] == 3, 0, found["hops"]).astype(np.int64),
        "tie_strength": found["strength"],
    }


def path_texts(book: SupplyBook, orders: OrderArrays, found: Array, sight: Sight | None = None) -> list[str]:
    """Return the column ``path`` of `candidate_frame`."""
    supplier = book.network.parties.ids.arrow_at(book.offers.rows["supplier"][found["offer"]])
    paths: list[str] = _paths(book, orders, found, supplier, _workshops(book, found["offer"], sight)).to_pylist()
    return paths


def _lanes(book: SupplyBook, found: Array) -> Array:
    """Return the lane that each candidate takes."""
    lanes: Array = np.append(book.lanes.rows, _no_lane(book.lanes))[found["lane"]]
    return lanes


def _no_lane(lanes: Lanes) -> Array:
    """Return the row that stands for no lane: everything unknown."""
    none = np.zeros(1, lanes.rows.dtype)
    none["carrier"] = -1
    for name in ("days", "per_kg", "per_order"):
        none[name] = np.nan
    return none


def _told(positions: Array, sight: Sight | None) -> Array:
    return positions if sight is None else np.where(sight.parties[positions], positions, -1)


def _workshops(book: SupplyBook, offer: Array, sight: Sight | None) -> pa.Array:
    """Return per row the others that do steps, joined by +."""
    distinct, where = np.unique(offer, return_inverse=True)
    which, place = expand(book.team_start, distinct)
    if sight is not None:
        seen = sight.between(book.team[place], book.offers.rows["supplier"][distinct[which]])
        which, place = which[seen], place[seen]
    names = book.network.parties.ids.texts_at(book.team[place])
    texts = [""] * len(distinct)
    for row, name in zip(which.tolist(), names.tolist(), strict=True):
        texts[row] = f"{texts[row]} + {name}" if texts[row] else name
    return pa.array(texts, pa.large_string()).take(pa.array(where))


def _paths(book: SupplyBook, orders: OrderArrays, found: Array, supplier: pa.Array, workshops: pa.Array) -> pa.Array:
    ids = book.network.parties.ids
    buyer = ids.arrow_at(orders.rows["buyer"]).take(pa.array(found["demand"]))
    middle = ids.arrow_at(found["middle"])
    arrow, nothing = (pa.scalar(text, pa.large_string()) for text in (" > ", ""))
    through = pc.binary_join_element_wise(supplier, middle, buyer, arrow)
    straight = pc.binary_join_element_wise(supplier, buyer, arrow)
    known = pc.if_else(pa.array(found["hops"] == 2), through, straight)
    made = pc.if_else(pc.equal(workshops, ""), known, pc.binary_join_element_wise(workshops, known, arrow))
    return pc.if_else(pa.array(found["hops"] == 3), nothing, made)


def _words(words: tuple[str, ...], codes: Array) -> pd.Series:
    return _series(pa.array(words, pa.large_string()).take(pa.array(codes)))


def _series(texts: pa.Array) -> pd.Series:
    return pd.Series(pd.array(texts, dtype="str"))
