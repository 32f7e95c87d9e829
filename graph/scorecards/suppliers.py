"""Scorecards of suppliers from their deliveries: smoothed, faded, ranked by what can be relied on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import betaincinv

from graph.scorecards.lateness import LatenessModel

__all__ = ["COLUMNS", "ScorecardParams", "observed", "scorecards"]

COLUMNS = (
    "supplier_id",
    "n",
    "otif",
    "otif_low",
    "lead_time_bias_days",
    "fill_rate",
    "defect_ppm",
    "p_late_next",
)
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ScorecardParams:
    """How evidence counts.

    Parameters
    ----------
    half_life_days
        Age at which a delivery counts half, > 0.
    prior_deliveries
        Deliveries that the category's mean counts for, > 0: few observations stay near it.
    prior_pieces
        Pieces that the category's defect rate counts for, > 0.
    low
        Posterior quantile that ranks, in (0, 1).
    """

    half_life_days: float = 180.0
    prior_deliveries: float = 10.0
    prior_pieces: float = 1_000.0
    low: float = 0.1

    def __post_init__(self) -> None:
        for name in ("half_life_days", "prior_deliveries", "prior_pieces"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise ValueError(f"{name}: expected a number > 0, got {value}")
        if not 0 < self.low < 1:
            raise ValueError(f"low: expected a number in (0, 1), got {self.low}")


def observed(deliveries: pd.DataFrame, as_of: pd.Timestamp, params: ScorecardParams) -> pd.DataFrame:
    """Return the deliveries whose outcome is known on a day, with what was observed of each.

    A delivery is known once it has arrived or its promised day is over. One that has not arrived by the day counts as
    late and not in full, and as late as it is by now.

    Parameters
    ----------
    deliveries
        Frame with the types of `graph.tables.DELIVERIES`.
    as_of
        The day; what happened after it is not looked at.
    params
        How evidence fades.

    Returns
    -------
    DataFrame
        ``supplier, category, lane`` (empty texts where not given), ``weight`` (faded), ``late``, ``otif`` (0 or 1),
        ``delay_days``, ``fill`` (share of the pieces, NaN unknown), ``pieces`` and ``defects`` (NaN unknown).
    """
    arrived = deliveries["delivered_at"].where(deliveries["delivered_at"] <= as_of)
    known = (arrived.notna() | (deliveries["promised_at"] < as_of)).to_numpy()
    rows, arrived = deliveries[known], arrived[known]
    age = np.maximum((as_of - rows["promised_at"]).dt.days.to_numpy(), 0)
    delay = (arrived.fillna(as_of) - rows["promised_at"]).dt.days.to_numpy()
    late = (arrived.isna() | (arrived > rows["promised_at"])).to_numpy()
    fill = _fill(rows, arrived.notna().to_numpy())
    return pd.DataFrame(
        {
            "supplier": rows["supplier_id"].to_numpy(object),
            "category": _texts(rows, "category"),
            "lane": _texts(rows, "lane"),
            "weight": np.exp2(-age / params.half_life_days),
            "late": late.astype(float),
            "otif": (~late & ~(fill < 1)).astype(float),
            "delay_days": delay.astype(float),
            "fill": fill,
            "pieces": _numbers(rows, "delivered_pieces"),
            "defects": _numbers(rows, "defective_pieces"),
        }
    )


def scorecards(deliveries: pd.DataFrame, as_of: pd.Timestamp, *, params: ScorecardParams | None = None) -> pd.DataFrame:
    """Return one scorecard per supplier, the most reliable first.

    Rates are Beta posteriors whose prior is the mean of the supplier's categories (itself shrunk to the mean of all),
    defects a Gamma-Poisson one; a supplier's few deliveries stay near its category, and old ones fade.

    Parameters
    ----------
    deliveries
        Frame with the types of `graph.tables.DELIVERIES`.
    as_of
        The day the scorecards are for; what happened after it is not looked at.
    params
        How evidence counts.

    Returns
    -------
    DataFrame
        ``supplier_id``, ``n`` (deliveries known), ``otif`` (probability of on time and in full), ``otif_low`` (its
        10 % posterior quantile: the ranking key), ``lead_time_bias_days`` (days late on average, negative = early),
        ``fill_rate``, ``defect_ppm`` (NaN without such columns), ``p_late_next`` (probability that the next delivery
        is late). Suppliers none of whose deliveries is known yet have no row.

    Notes
    -----
    Beta-binomial and Gamma-Poisson conjugacy: Gelman et al., Bayesian Data Analysis, chapter 2.
    """
    params = params or ScorecardParams()
    rows = observed(deliveries, as_of, params)
    model = LatenessModel.fit(rows, prior=params.prior_deliveries)
    rows["p_late"] = model.predict(rows)
    k = params.prior_deliveries
    good, total, mean = _sums(rows, "otif", rows["weight"], k)
    suppliers, counts = np.unique(rows["supplier"], return_counts=True)
    a, b = good + k * mean, total - good + k * (1 - mean)
    late, weight, _ = _sums(rows, "p_late", rows["weight"], k)
    card = pd.DataFrame(
        {
            "supplier_id": pd.Series(suppliers, dtype="str"),
            "n": counts,
            "otif": a / (a + b),
            "otif_low": betaincinv(a, b, params.low),
            "lead_time_bias_days": _smoothed(rows, "delay_days", rows["weight"], k),
            "fill_rate": _smoothed(rows, "fill", rows["weight"], k),
            "defect_ppm": _defects(rows, params) * 1e6,
            "p_late_next": late / weight,
        },
        columns=list(COLUMNS),
    )
    return card.sort_values(["otif_low", "supplier_id"], ascending=[False, True]).reset_index(drop=True)


def _sums(rows: pd.DataFrame, name: str, weight: Any, prior: float) -> tuple[Floats, Floats, Floats]:
    """Return, per supplier, the weighted sum of a column, its weight, and the mean expected from its categories.

    Rows where the column is unknown do not count; a supplier without any expects the mean of all.
    """
    known = rows[name].notna().to_numpy()
    w = np.where(known, weight, 0.0)
    value = np.where(known, rows[name], 0.0) * w
    supplier = np.unique(rows["supplier"], return_inverse=True)[1]
    category = np.unique(rows["category"], return_inverse=True)[1]
    n = supplier.max() + 1 if len(supplier) else 0
    overall = value.sum() / w.sum() if w.sum() > 0 else np.nan
    of_category = (np.bincount(category, value) + prior * overall) / (np.bincount(category, w) + prior)
    plain = rows["weight"].to_numpy()
    expected = _per(supplier, of_category[category] * plain, n) / _per(supplier, plain, n)
    return _per(supplier, value, n), _per(supplier, w, n), expected


def _per(group: npt.NDArray[np.int64], value: Floats, n: int) -> Floats:
    sums: Floats = np.bincount(group, value, n).astype(np.float64)
    return sums


def _smoothed(rows: pd.DataFrame, name: str, weight: Any, prior: float) -> Floats:
    value, total, mean = _sums(rows, name, weight, prior)
    smoothed: Floats = (value + prior * mean) / (total + prior)
    return smoothed


def _defects(rows: pd.DataFrame, params: ScorecardParams) -> Floats:
    """Return defects per piece: each delivery's rate counts as many times as it has pieces."""
    rated = rows.assign(rate=rows["defects"] / rows["pieces"].where(rows["pieces"] > 0))
    return _smoothed(rated, "rate", rows["weight"] * rows["pieces"].fillna(0), params.prior_pieces)


def _fill(rows: pd.DataFrame, arrived: npt.NDArray[np.bool_]) -> Floats:
    ordered, delivered = _numbers(rows, "ordered_pieces"), _numbers(rows, "delivered_pieces")
    delivered = np.where(arrived, delivered, 0.0)
    share = np.divide(delivered, ordered, out=np.full(len(rows), np.nan), where=ordered > 0)
    capped: Floats = np.minimum(share, 1.0)
    return capped


def _numbers(rows: pd.DataFrame, name: str) -> Floats:
    if name not in rows:
        return np.full(len(rows), np.nan)
    return np.asarray(rows[name].to_numpy(np.float64, na_value=np.nan))


def _texts(rows: pd.DataFrame, name: str) -> npt.NDArray[np.object_]:
    if name not in rows:
        return np.full(len(rows), "", dtype=object)
    return np.asarray(rows[name].astype("str").fillna("").to_numpy(object))
