"""Process steps as goods: orders for a step, workshops that offer one, and who is qualified for it.

A split factory's demand for cutting or sewing is matched like any other: what a workshop can do of a step is a
supplier with a capacity (hours, if a piece takes ``hours_per_piece``), and its price tells what an hour more is worth.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from contracts.errors import TableError
from contracts.tables import Column, TableSchema

__all__ = ["QUALIFIED_STEPS", "step_candidates"]

_OWN = ("supplier_id", "capacity", "process_step", "hours_per_piece", "minimum_order")

QUALIFIED_STEPS = TableSchema(
    name="qualified",
    columns=(
        Column(name="supplier_id", kind="str", description="a workshop's step, of the table suppliers"),
        Column(name="process_step", kind="str", description="the step it may do"),
        Column(
            name="sku_id", kind="str", required=False, nullable=True, description="only for this sku (empty = for any)"
        ),
    ),
    may_be_empty=True,
)


def step_candidates(
    orders: pd.DataFrame, suppliers: pd.DataFrame, qualified: pd.DataFrame | None, sources: Mapping[str, str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return who could do each ordered step, and who offers it without being qualified.

    Parameters
    ----------
    orders, suppliers
        Checked tables with ``process_step``; suppliers' further columns (``cost_fen``, ``lead_time_days``, ``score`` …)
        become parts of their candidates, ``hours_per_piece`` their ``load``.
    qualified
        Who may do what (`QUALIFIED_STEPS`); None = everybody who offers a step.

    Returns
    -------
    candidates, unqualified
        ``order_id, supplier_id`` and the parts of those who may; ``order_id, supplier_id`` of those who may not.

    Raises
    ------
    TableError
        If a table lacks ``process_step``, or hours are not above zero; names the row.
    """
    for name, table in (("orders", orders), ("suppliers", suppliers)):
        if "process_step" not in table:
            told = "this column, because no candidates are given"
            raise TableError(sources[name], "process_step", told, "no such column")
    parts = [name for name in suppliers.columns if name not in _OWN]
    offered = suppliers[["supplier_id", "process_step", *parts]].astype({"process_step": "str"})
    if "hours_per_piece" in suppliers:
        offered = offered.assign(load=_hours(suppliers["hours_per_piece"], sources["suppliers"]))
    own = [name for name in ("sku_id",) if name in orders]
    asked = orders[["order_id", "process_step", *own]].astype({"process_step": "str"})
    offered = offered.drop(columns=[name for name in own if name in offered])
    pairs = asked.merge(offered, on="process_step")
    able = _qualified(pairs, qualified)
    candidates = pairs[able].drop(columns=["process_step", *own]).reset_index(drop=True)
    return candidates, pairs.loc[~able, ["order_id", "supplier_id"]].reset_index(drop=True)


def _hours(cells: pd.Series, source: str) -> pd.Series:
    hours = pd.to_numeric(cells, errors="coerce")
    bad = ~(np.isfinite(hours) & (hours > 0)).to_numpy()
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise TableError(
            source, "hours_per_piece", "a number > 0", cells.iloc[row], row=row + 1, bad_rows=int(bad.sum())
        )
    return hours


def _qualified(pairs: pd.DataFrame, qualified: pd.DataFrame | None) -> pd.Series:
    """Return which pairs are listed, for their sku or for any."""
    if qualified is None:
        return pd.Series(data=True, index=pairs.index)
    sku = qualified["sku_id"].fillna("") if "sku_id" in qualified else pd.Series("", index=qualified.index)
    listed = pd.MultiIndex.from_arrays([qualified["supplier_id"], qualified["process_step"], sku])
    wanted = pairs.get("sku_id", pd.Series("", index=pairs.index)).fillna("")
    able = pd.Series(data=False, index=pairs.index)
    for of_sku in (pd.Series("", index=pairs.index), wanted):
        able |= pd.MultiIndex.from_arrays([pairs["supplier_id"], pairs["process_step"], of_sku]).isin(listed)
    return able
