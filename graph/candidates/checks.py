"""Rules across the columns of stock and exclusive territories."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["exclusive_faults", "stock_faults"]


def stock_faults(frame: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Return per row of `graph.tables.STOCK` why it cannot be used: the same goods of the same owner again."""
    key = [name for name in ("place_id", "sku_id", "owner_id") if name in frame]
    faults = np.full(len(frame), "", dtype=object)
    faults[frame.duplicated(key).to_numpy()] = f"{', '.join(key)}: the same again"
    return faults


def exclusive_faults(frame: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Return per row of `graph.tables.EXCLUSIVES` why it cannot be used: it ends before it begins."""
    faults = np.full(len(frame), "", dtype=object)
    if {"valid_from", "valid_to"} <= set(frame.columns):
        ended = pd.to_datetime(frame["valid_to"]) <= pd.to_datetime(frame["valid_from"])
        faults[ended.to_numpy()] = "valid_to: expected a day after valid_from"
    return faults
