"""Who drives where, and who alone may deliver there: lanes and exclusive territories as sorted arrays."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from contracts.errors import TableError
from graph.arrays import Array
from graph.candidates.layout import HOLDER, LANE, Holders, Lanes, plain, table
from graph.ids import IdColumn
from graph.parties import Parties
from graph.tables import PARTY_KINDS

__all__ = ["holders_of", "in_force", "lanes_of", "require_parties", "texts_of"]


def require_parties(ids: IdColumn, frame: pd.DataFrame, name: str, column: str) -> Array:
    """Return the positions of a column's parties, -1 where a cell is empty.

    Raises
    ------
    TableError
        If a party is not in the net; names the row.
    """
    texts = texts_of(frame, column)
    positions = ids.positions(texts)
    unknown = np.flatnonzero((positions < 0) & (texts != "").to_numpy())
    if len(unknown):
        row = int(unknown[0])
        raise TableError(name, column, "the id of a known party", texts.iloc[row], row=row + 1, bad_rows=len(unknown))
    return positions


def texts_of(frame: pd.DataFrame, column: str) -> pd.Series:
    """Return a column's texts, empty where a cell is empty or the column is not there."""
    if column not in frame:
        return pd.Series(np.full(len(frame), "", dtype=object), dtype="str")
    return frame[column].reset_index(drop=True).astype("str").fillna("")


def lanes_of(parties: Parties, lanes: pd.DataFrame, regions: IdColumn) -> Lanes:
    """Encode a frame with the columns of `graph.tables.LANES`.

    Raises
    ------
    TableError
        If a carrier is not in the net.
    """
    carrier = require_parties(parties.ids, lanes, "lanes", "carrier_id")
    start, end = (_regions(texts_of(lanes, name), regions, len(regions)) for name in ("from_region", "to_region"))
    key = start.astype(np.int64) * (len(regions) + 1) + end
    numbers = {name: _numbers(lanes, name, 0.0) for name in ("transit_days", "fen_per_kg", "fen_per_order")}
    open_to_all = parties.kind[carrier] == PARTY_KINDS.index("carrier")
    order = np.lexsort((numbers["transit_days"], carrier, key))
    rows = table(
        LANE,
        key=key,
        carrier=carrier,
        own=np.where(open_to_all, -1, carrier),
        days=numbers["transit_days"],
        per_kg=numbers["fen_per_kg"],
        per_order=numbers["fen_per_order"],
        max_kg=_numbers(lanes, "max_kg", np.inf),
    )
    return Lanes(plain(key[order], np.int64), rows[order], len(regions))


def holders_of(parties: Parties, exclusives: pd.DataFrame, regions: IdColumn, names: Mapping[str, IdColumn]) -> Holders:
    """Encode a frame with the columns of `graph.tables.EXCLUSIVES`; `names` are those of sku_id, category and brand.

    Raises
    ------
    TableError
        If a holder is not in the net.
    """
    holder = require_parties(parties.ids, exclusives, "exclusives", "holder_id")
    region = _regions(texts_of(exclusives, "region"), regions, -1)
    codes, known = {}, np.ones(len(exclusives), dtype=bool)
    for column, words in names.items():
        texts = texts_of(exclusives, column)
        found = words.positions(texts)
        given = (texts != "").to_numpy()
        known &= ~given | (found >= 0)  # nothing here is of a brand or category that nobody knows
        codes[column] = np.where(given, found, -1)
    rows = np.flatnonzero(known)
    rows = rows[np.lexsort((holder[rows], region[rows]))]
    every = table(
        HOLDER, region=region, holder=holder, brand=codes["brand"], group=codes["category"], sku=codes["sku_id"]
    )
    return Holders(plain(region[rows], np.int32), every[rows])


def in_force(exclusives: pd.DataFrame, today: pd.Timestamp | None) -> pd.DataFrame:
    """Return the rows of exclusive territories that hold today, all without `today`."""
    holds = np.ones(len(exclusives), dtype=bool)
    if today is not None:
        if "valid_from" in exclusives:
            holds &= ~(pd.to_datetime(exclusives["valid_from"]) > today).to_numpy()
        if "valid_to" in exclusives:
            holds &= ~(pd.to_datetime(exclusives["valid_to"]) <= today).to_numpy()
    return exclusives[holds]


def _regions(texts: pd.Series, regions: IdColumn, everywhere: int) -> Array:
    return np.where((texts == "").to_numpy(), everywhere, regions.positions(texts))


def _numbers(frame: pd.DataFrame, name: str, missing: float) -> Array:
    if name not in frame:
        return np.full(len(frame), missing)
    numbers = frame[name].to_numpy(np.float64, na_value=np.nan)
    return np.where(np.isnan(numbers), missing, numbers)
