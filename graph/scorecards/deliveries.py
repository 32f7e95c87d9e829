"""What was known of deliveries on a day."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.scorecards.days import days_between
from graph.scorecards.params import ScorecardParams

__all__ = ["fault_pieces", "observed"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def observed(
    deliveries: pd.DataFrame, as_of: pd.Timestamp, params: ScorecardParams, *, faults: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return the deliveries whose outcome is known on a day, with what was observed of each.

    A delivery is known once it has arrived or its promised day is over. One that has not arrived by the day counts as
    late and not in full, and as late as it is by now.

    Parameters
    ----------
    deliveries
        Frame with the types of `graph.scorecards.tables.DELIVERIES`.
    as_of
        The day; what happened after it is not looked at.
    params
        How evidence fades.
    faults
        Frame with the types of `graph.scorecards.tables.FAULTS`: with it, a delivery that arrived without a count of
        defects has none but those. Faults that name a delivery and the defects counted on its arrival may be the same
        pieces: the larger of both counts.

    Returns
    -------
    DataFrame
        ``supplier, category, lane`` (categorical, empty texts where not given), ``weight`` (faded), ``late``, ``otif``
        (0 or 1), ``delay_days``, ``near`` (arrived within the tolerance of the promised day; NaN unknown yet),
        ``fill`` (share of the pieces), ``pieces``, ``defects``, ``tested``, ``conforming`` (NaN unknown).
    """
    arrived = deliveries["delivered_at"].where(deliveries["delivered_at"] <= as_of)
    known = (arrived.notna() | (deliveries["promised_at"] < as_of)).to_numpy()
    rows, arrived = deliveries[known], arrived[known]
    here = arrived.notna().to_numpy()
    overdue = days_between(rows["promised_at"], as_of)
    delay = np.where(here, days_between(rows["promised_at"], arrived), overdue)
    late = ~here | (delay > 0)
    fill = _fill(rows, here)
    near = np.abs(delay) <= params.tolerance_days
    return pd.DataFrame(
        {
            "supplier": _names(rows, "supplier_id"),
            "category": _names(rows, "category"),
            "lane": _names(rows, "lane"),
            "weight": np.exp2(-np.maximum(overdue, 0) / params.half_life_days),
            "late": late.astype(float),
            "otif": (~late & ~(fill < 1)).astype(float),
            "delay_days": delay,
            "near": np.where(here | ~near, near.astype(float), np.nan),
            "fill": fill,
            "pieces": np.where(here, _numbers(rows, "delivered_pieces"), np.nan),
            "defects": np.where(here, _defects(rows, as_of, faults), np.nan),
            "tested": np.where(here, _numbers(rows, "tested_pieces"), np.nan),
            "conforming": np.where(here, _numbers(rows, "conforming_pieces"), np.nan),
        }
    )


def fault_pieces(faults: pd.DataFrame) -> Floats:
    """Return the pieces expected at fault: as many as claims where only those are given, shape (rows,)."""
    pieces = _numbers(faults, "pieces")
    return np.where(np.isnan(pieces), np.nan_to_num(_numbers(faults, "claims")), pieces)


def _defects(rows: pd.DataFrame, as_of: pd.Timestamp, faults: pd.DataFrame | None) -> Floats:
    counted = _numbers(rows, "defective_pieces")
    if faults is None:
        return counted
    named = faults[faults["at"] <= as_of]
    if "delivery_id" not in rows or "delivery_id" not in named:
        return np.nan_to_num(counted)
    sums = named.assign(found=fault_pieces(named)).groupby(["party_id", "delivery_id"], sort=False)["found"].sum()
    keys = pd.MultiIndex.from_frame(rows[["supplier_id", "delivery_id"]])
    at_fault = sums.reindex(keys).fillna(0.0).to_numpy(np.float64) if len(sums) else np.zeros(len(rows))
    most = np.maximum(np.nan_to_num(counted), at_fault)
    return np.minimum(most, _numbers(rows, "delivered_pieces"))


def _fill(rows: pd.DataFrame, arrived: Mask) -> Floats:
    ordered, delivered = _numbers(rows, "ordered_pieces"), _numbers(rows, "delivered_pieces")
    delivered = np.where(arrived, delivered, 0.0)
    share = np.divide(delivered, ordered, out=np.full(len(rows), np.nan), where=ordered > 0)
    capped: Floats = np.minimum(share, 1.0)
    return capped


def _numbers(rows: pd.DataFrame, name: str) -> Floats:
    if name not in rows:
        return np.full(len(rows), np.nan)
    return np.asarray(rows[name].to_numpy(np.float64, na_value=np.nan))


def _names(rows: pd.DataFrame, name: str) -> pd.Categorical:
    """Return a text column as a categorical: its sums then need no look at the texts again."""
    if name not in rows:
        return pd.Categorical.from_codes(np.zeros(len(rows), dtype=np.int8), categories=[""])
    return pd.Categorical(rows[name].astype("str").fillna(""))
