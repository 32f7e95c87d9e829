"""Changes folded into the tables that a net is built from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.blocks import MISSING
from graph.delta.rows import Pair
from graph.delta.state import Delta, Touched
from graph.ids import IdColumn
from graph.tables import PARTIES

__all__ = ["folded_parties", "folded_relations"]

_DATES = ("first_at", "last_at", "valid_from", "valid_to")


def folded_parties(frame: pd.DataFrame, delta: Delta, *, only: str | None = None) -> pd.DataFrame:
    """Return the table of parties with new ones at its end and changed cells.

    Parameters
    ----------
    frame
        Parties of the net underneath, all or some of them, with the types of `graph.tables.PARTIES`.
    delta
        The changes.
    only
        Add this new party at most, by its id; all of them by default.
    """
    ids = delta.base.parties.ids
    n = delta.base.n_parties
    added = {n + index: text for index, text in enumerate(delta.added) if only in (None, text)}
    new = pd.DataFrame({"id": list(added.values())}, index=list(added), dtype="str")
    positions = ids.positions(frame["id"])
    whole = pd.concat([frame.set_axis(positions), new]) if len(new) else frame.set_axis(positions)
    here = set(positions.tolist()) | set(added) if len(positions) < n else None
    given = {at: cells for at, cells in delta.given.items() if here is None or at in here}
    for name in dict.fromkeys(name for cells in given.values() for name in cells):
        cells = {at: attributes[name] for at, attributes in given.items() if name in attributes}
        whole[name] = _with_cells(whole.get(name), cells, name, whole.index)
    return whole.reset_index(drop=True)


def folded_relations(frame: pd.DataFrame, delta: Delta) -> pd.DataFrame:
    """Return the table of relations with the rows of changed pairs replaced.

    Parameters
    ----------
    frame
        The relations of the net underneath, with the types of `graph.tables.RELATIONS`.
    delta
        The changes. Rows of a changed pair lose the columns that no net keeps.
    """
    stays = np.ones(len(frame), dtype=bool)
    parts = []
    for kind, pairs in delta.pairs.items():
        if pairs:
            stays &= ~_touched(frame, kind, pairs, delta.base.parties.ids)
            parts.append(_rows_of(kind, pairs, delta))
    new = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if not len(new):
        return frame[stays].reset_index(drop=True)
    kept = frame[stays]
    for name in ("src", "dst", "kind"):
        if isinstance(kept[name].dtype, pd.CategoricalDtype):
            kept = kept.assign(**{name: kept[name].astype("str")})
    names = [name for name in new if name in kept or new[name].notna().any()]
    return pd.concat([kept, new[names].reset_index(drop=True)], ignore_index=True) if len(kept) else new[names]


def _with_cells(column: pd.Series | None, cells: Mapping[int, Any], name: str, index: pd.Index) -> pd.Series:
    kind = PARTIES.by_name[name].kind
    if column is None:
        column = pd.Series(
            np.nan if kind == "float" else None, index=index, dtype="float64" if kind == "float" else "str"
        )
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype("str")
    changed = column.copy()
    changed.loc[list(cells)] = list(cells.values())
    return changed


def _touched(frame: pd.DataFrame, kind: str, pairs: Mapping[Pair, Touched], ids: IdColumn) -> npt.NDArray[np.bool_]:
    """Return the mask of the rows of a kind's changed pairs."""
    old = np.array([pair for pair, one in pairs.items() if one.first < one.end], dtype=np.int64).reshape(-1, 2)
    mask = np.zeros(len(frame), dtype=bool)
    texts = ids.texts_at(np.unique(old[:, 0]))
    near = np.flatnonzero(frame["src"].isin(texts).to_numpy() & (frame["kind"] == kind).to_numpy())
    src, dst = (ids.positions(frame[name].iloc[near].astype("str")).astype(np.int64) for name in ("src", "dst"))
    n = len(ids)
    mask[near] = np.isin(src * n + dst, old[:, 0] * n + old[:, 1])
    return mask


def _rows_of(kind: str, pairs: Mapping[Pair, Touched], delta: Delta) -> pd.DataFrame:
    """Return the relations of a kind's changed pairs as rows of the table."""
    n, ids = delta.base.n_parties, delta.base.parties.ids
    ends = np.array([pair for pair, one in pairs.items() for _ in one.rows], dtype=np.int64).reshape(-1, 2)
    texts = {at: ids.text(at) if at < n else delta.added[at - n] for at in np.unique(ends).tolist()}
    cells = np.array([row for one in pairs.values() for row in one.rows], dtype=np.float64).reshape(-1, len(MISSING))
    frame = pd.DataFrame(
        {
            name: pd.Series([texts[at] for at in ends[:, end].tolist()], dtype="str")
            for end, name in enumerate(("src", "dst"))
        }
    )
    frame["kind"] = pd.Series([kind] * len(frame), dtype="str")
    for name, column in zip(MISSING, cells.T, strict=True):
        frame[name] = column
        if name != "weight":
            frame[name] = frame[name].mask(column == float(MISSING[name]))
        if name in _DATES:
            frame[name] = pd.to_datetime(frame[name], unit="D")
    return frame
