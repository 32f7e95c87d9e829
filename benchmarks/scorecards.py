"""What `benchmarks.reputation` measures of scorecards: lateness on a real history, and the speed of many cards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.meter import peak_mb, timed
from graph.scorecards.deliveries import observed
from graph.scorecards.lateness import LatenessModel
from graph.scorecards.params import ScorecardParams
from graph.scorecards.suppliers import scorecards
from graph.scorecards.tables import DELIVERIES

__all__ = ["auc", "calibration", "cards_speed", "lateness", "scms_deliveries"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def auc(outcome: Mask, score: Floats) -> float:
    """Return the probability that a positive scores above a negative (ties count half)."""
    rank = pd.Series(score).rank().to_numpy()
    positives = int(outcome.sum())
    negatives = len(outcome) - positives
    return float((rank[outcome].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def calibration(outcome: Mask, probability: Floats) -> list[dict[str, float]]:
    """Return, per tenth of the probabilities, the mean one and the share that came true.

    Examples
    --------
    >>> tenths = calibration(np.arange(20) >= 10, np.arange(20) / 20)
    >>> tenths[0], len(tenths)
    ({'predicted': 0.025, 'observed': 0.0, 'n': 2}, 10)
    """
    order = np.argsort(probability, kind="stable")
    return [
        {"predicted": float(probability[rows].mean()), "observed": float(outcome[rows].mean()), "n": len(rows)}
        for rows in np.array_split(order, 10)
        if len(rows)
    ]


def scms_deliveries(folder: Path) -> pd.DataFrame:
    """Return the deliveries as `graph.scorecards.tables.DELIVERIES`."""
    raw = pd.read_csv(folder / "scms" / "deliveries.csv.gz")
    days = {
        name: pd.to_datetime(raw[column], format="%d-%b-%y")
        for name, column in (("promised_at", "Scheduled Delivery Date"), ("delivered_at", "Delivered to Client Date"))
    }
    texts = {"supplier_id": raw["Vendor"], "category": raw["Sub Classification"], "lane": raw["Country"]}
    return DELIVERIES.check(pd.DataFrame(texts | days))


def lateness(deliveries: pd.DataFrame) -> dict[str, Any]:
    """Predict who will be late in 2011 and 2012 from what was known on 2011-01-01, beside two raw rates.

    Known on a day is what had arrived or was overdue by then: a delivery promised before and arrived after it counts as
    late, not with its arrival. `earlier_years` are the same for the two years before, from which the parameters could
    have been tuned; they were not, because nothing predicts these years.
    """
    main = _predicted(deliveries, "2011-01-01", "2013-01-01")
    earlier = {year: _predicted(deliveries, f"{year}-01-01", f"{year + 1}-01-01") for year in (2009, 2010)}
    return main | {
        "earlier_years": {
            str(year): {name: scores[name] for name in ("test", "late_share", *_NAMES)}
            for year, scores in earlier.items()
        }
    }


_NAMES = ("ours", "vendor_raw_rate", "category_mean")


def _predicted(deliveries: pd.DataFrame, start: str, stop: str) -> dict[str, Any]:
    cut, end = pd.Timestamp(start), pd.Timestamp(stop)
    params = ScorecardParams()
    train = observed(deliveries, cut, params)
    promised = deliveries["promised_at"]
    test = deliveries[(promised >= cut) & (promised < end)].rename(columns={"supplier_id": "supplier"})
    late = (test["delivered_at"] > test["promised_at"]).to_numpy()
    ours = LatenessModel.fit(train, prior=params.prior_deliveries).predict(test)
    forecasts = (ours, _raw_rate(train, test, "supplier"), _raw_rate(train, test, "category"))
    scores = {
        name: {"auc": auc(late, p), "brier": float(np.mean((p - late) ** 2))}
        for name, p in zip(_NAMES, forecasts, strict=True)
    }
    told = {"train": len(train), "test": len(test), "late_share": float(late.mean())}
    return told | scores | {"predicted_share": float(ours.mean()), "calibration": calibration(late, ours)}


def _raw_rate(train: pd.DataFrame, test: pd.DataFrame, factor: str) -> Floats:
    rates = train.groupby(factor, observed=True)["late"].mean()
    known = test[factor].map(rates.rename(index=str)).astype(float)
    return np.asarray(known.fillna(train["late"].mean()).to_numpy(float))


def cards_speed(deliveries: int, suppliers: int, *, seed: int) -> dict[str, Any]:
    """Score many suppliers by made-up deliveries of 20 categories and 30 lanes: CPU seconds, all rates and ranges."""
    rng = np.random.default_rng(seed)
    supplier = rng.integers(0, suppliers, deliveries)
    promised = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 400, deliveries), unit="D")
    pieces = rng.integers(1, 100, deliveries).astype(np.float64)
    rows = pd.DataFrame(
        {
            "supplier_id": _names("s", suppliers, supplier),
            "category": _names("c", 20, supplier % 20),
            "lane": _names("l", 30, rng.integers(0, 30, deliveries)),
            "promised_at": promised,
            "delivered_at": promised + pd.to_timedelta(rng.integers(-3, 6, deliveries), unit="D"),
            "ordered_pieces": pieces,
            "delivered_pieces": pieces,
            "defective_pieces": rng.binomial(pieces.astype(np.int64), 0.01).astype(np.float64),
        }
    )
    seconds, cards = timed(lambda: scorecards(rows, pd.Timestamp("2026-03-01")))
    return {
        "deliveries": deliveries,
        "suppliers": len(cards.frame),
        "cpu_seconds": round(seconds, 2),
        "peak_mb": round(peak_mb()),
    }


def _names(prefix: str, n: int, number: npt.NDArray[np.int64]) -> pd.Series:
    return pd.Series([f"{prefix}{k:06d}" for k in range(n)], dtype="str").take(number).reset_index(drop=True)
