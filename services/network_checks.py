"""A network's files checked together: ids that point from one file into another, and rules across columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.candidates.checks import exclusive_faults, stock_faults
from graph.credit.checks import ledger_faults, terms_faults
from graph.density.checks import area_faults, catchment_faults
from graph.ids import IdColumn, id_faults
from graph.relations import FAULTS, Relations
from graph.scorecards.tables import delivery_faults, evidence_faults
from graph.trust.tables import judgement_faults

__all__ = ["CHECK_ORDER", "Reasons", "row_reasons"]

Reasons = npt.NDArray[np.object_]

# A file comes after the files its ids point into, so that a row which points at a quarantined row is quarantined too.
CHECK_ORDER = (
    "parties",
    "products",
    "supply",
    "stock",
    "lanes",
    "exclusives",
    "relations",
    "routes",
    "sales",
    "signals",
    "styles",
    "orders",
    "ledger",
    "terms",
    "lots",
    "claims",
    "judgements",
    "areas",
    "catchments",
    "deliveries",
    "evidence",
    "sellers",
    "promotions",
    "sell_in",
    "sell_through",
)


@dataclass(frozen=True)
class _Reference:
    table: str
    column: str
    targets: tuple[tuple[str, str], ...]
    expected: str


_PARTY = (("parties", "id"),)
_SKU = (("products", "sku_id"),)
_REFERENCES = (
    _Reference("supply", "supplier_id", _PARTY, "the id of a party"),
    _Reference("supply", "sku_id", _SKU, "a sku of products"),
    _Reference("stock", "place_id", _PARTY, "the id of a party"),
    _Reference("stock", "owner_id", _PARTY, "the id of a party"),
    _Reference("stock", "sku_id", _SKU, "a sku of products"),
    _Reference("lanes", "carrier_id", _PARTY, "the id of a party"),
    _Reference("lanes", "from_region", (("parties", "region"),), "a region of parties"),
    _Reference("lanes", "to_region", (("parties", "region"),), "a region of parties"),
    _Reference("exclusives", "holder_id", _PARTY, "the id of a party"),
    _Reference("exclusives", "region", (("parties", "region"),), "a region of parties"),
    _Reference("exclusives", "sku_id", _SKU, "a sku of products"),
    _Reference("exclusives", "category", (("products", "category"),), "a category of products"),
    _Reference("exclusives", "brand", (("products", "brand"),), "a brand of products"),
    _Reference("routes", "item", (*_SKU, ("products", "style_id")), "a sku or style of products"),
    _Reference("routes", "resource", (("supply", "resource"),), "a resource of supply"),
    _Reference("sales", "store_id", _PARTY, "the id of a party"),
    _Reference("sales", "attributed_to", _PARTY, "the id of a party"),
    _Reference("sales", "sku_id", _SKU, "a sku of products"),
    _Reference("signals", "store_id", _PARTY, "the id of a party"),
    _Reference("signals", "community_id", _PARTY, "the id of a party"),
    _Reference("orders", "buyer_id", _PARTY, "the id of a party"),
    _Reference("orders", "sku_id", _SKU, "a sku of products"),
    _Reference("orders", "ship_to", (*_PARTY, ("parties", "region")), "the id of a party or a region of parties"),
    _Reference("ledger", "buyer_id", _PARTY, "the id of a party"),
    _Reference("ledger", "supplier_id", _PARTY, "the id of a party"),
    _Reference("terms", "buyer_id", _PARTY, "the id of a party"),
    _Reference("terms", "supplier_id", _PARTY, "the id of a party"),
    _Reference("lots", "party_id", _PARTY, "the id of a party"),
    _Reference("lots", "sku_id", _SKU, "a sku of products"),
    _Reference("claims", "lot_id", (("lots", "lot_id"),), "a lot of lots"),
    _Reference("claims", "buyer_id", _PARTY, "the id of a party"),
    _Reference("claims", "sku_id", _SKU, "a sku of products"),
    _Reference("catchments", "store_id", _PARTY, "the id of a party"),
    _Reference("judgements", "src", _PARTY, "the id of a party"),
    _Reference("judgements", "dst", _PARTY, "the id of a party"),
    _Reference("deliveries", "supplier_id", _PARTY, "the id of a party"),
    _Reference("deliveries", "buyer_id", _PARTY, "the id of a party"),
    _Reference("evidence", "party_id", _PARTY, "the id of a party"),
    _Reference("sellers", "seller_id", _PARTY, "the id of a party"),
    _Reference("promotions", "seller_id", _PARTY, "the id of a party"),
    _Reference("sell_in", "distributor_id", _PARTY, "the id of a party"),
    _Reference("sell_in", "supplier_id", _PARTY, "the id of a party"),
    _Reference("sell_in", "sku_id", _SKU, "a sku of products"),
    _Reference("sell_through", "distributor_id", _PARTY, "the id of a party"),
    _Reference("sell_through", "supplier_id", _PARTY, "the id of a party"),
    _Reference("sell_through", "sku_id", _SKU, "a sku of products"),
)

_FAULTS = {
    "stock": stock_faults,
    "exclusives": exclusive_faults,
    "ledger": ledger_faults,
    "terms": terms_faults,
    "judgements": judgement_faults,
    "areas": area_faults,
    "catchments": catchment_faults,
    "deliveries": delivery_faults,
    "evidence": evidence_faults,
}


def row_reasons(name: str, frame: pd.DataFrame, checked: Mapping[str, pd.DataFrame]) -> Reasons:
    """Return per row why it cannot be used beside the other files, an empty text if it can.

    Parameters
    ----------
    name
        The table's name.
    frame
        Its rows, with their schema's types.
    checked
        The usable rows of the tables before it in `CHECK_ORDER`. Ids that point into a file which was not given are
        not checked.
    """
    reasons = np.full(len(frame), "", dtype=object)
    if name == "parties":
        _add(reasons, "id", id_faults(frame["id"]), frame)
    if name == "relations":
        ids = IdColumn.of(checked["parties"]["id"])
        reasons = np.array(FAULTS, dtype=object)[Relations.of(frame, ids).fault]
    if name == "supply":
        reasons = _supply_reasons(frame)
    if name in _FAULTS:
        reasons = _FAULTS[name](frame)
    for reference in _REFERENCES:
        if reference.table == name and reference.column in frame:
            _add(reasons, reference.column, _unknown(frame, reference, checked), frame)
    return reasons


def _add(reasons: Reasons, column: str, expected: Reasons, frame: pd.DataFrame) -> None:
    """Add a reason where something was expected of a cell and the row has none yet."""
    for row in np.flatnonzero((expected != "") & (reasons == "")):
        reasons[row] = f"{column}: expected {expected[row]}, got {frame[column].iloc[row]}"


def _unknown(frame: pd.DataFrame, reference: _Reference, checked: Mapping[str, pd.DataFrame]) -> Reasons:
    if reference.targets[0][0] not in checked:
        return np.full(len(frame), "", dtype=object)
    known = [checked[table][column] for table, column in reference.targets if column in checked[table]]
    cells = frame[reference.column].astype("str")
    given = cells.notna().to_numpy() & (cells != "").to_numpy()
    inside = np.zeros(len(frame), dtype=bool)
    for ids in known:
        inside |= cells.isin(ids.dropna()).to_numpy()
    return np.where(given & ~inside, reference.expected, "").astype(object)


def _supply_reasons(frame: pd.DataFrame) -> Reasons:
    given = [_filled(frame, name) for name in ("sku_id", "resource")]
    reasons = np.full(len(frame), "", dtype=object)
    reasons[given[0] == given[1]] = "sku_id, resource: expected exactly one of them"
    key = [name for name in ("supplier_id", "sku_id", "resource", "bucket") if name in frame]
    reasons[frame.duplicated(key).to_numpy() & (reasons == "")] = f"{', '.join(key)}: the same again"
    return reasons


def _filled(frame: pd.DataFrame, name: str) -> npt.NDArray[np.bool_]:
    if name not in frame:
        return np.zeros(len(frame), dtype=bool)
    filled: npt.NDArray[np.bool_] = frame[name].notna().to_numpy() & (frame[name].astype("str") != "").to_numpy()
    return filled
