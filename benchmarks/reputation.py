"""Scorecards and trust on real histories: `python -m benchmarks.reputation [--json]`.

Reads the development data (EVENFLOW_DATA). `scms`: deliveries of medicines, trained before 2011, tested on those
promised in 2011 and 2012. `bitcoin_otc_trust`: judgements of traders about each other, trained on the first 80 % by
time, tested on the sign of the rest. Prints one JSON object; baselines are computed on the same rows.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.ids import IdColumn
from graph.scorecards.lateness import LatenessModel
from graph.scorecards.suppliers import ScorecardParams, observed
from graph.tables import DELIVERIES
from graph.trust.judgements import Judgements, TrustParams, global_trust, pair_trust

Floats = npt.NDArray[np.float64]


def data_dir() -> Path:
    """Return the development data's folder."""
    default = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    return Path(os.environ.get("EVENFLOW_DATA", default))


def auc(outcome: npt.NDArray[np.bool_], score: Floats) -> float:
    """Return the probability that a positive scores above a negative (ties count half)."""
    rank = pd.Series(score).rank().to_numpy()
    positives = int(outcome.sum())
    negatives = len(outcome) - positives
    return float((rank[outcome].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def scms_deliveries(folder: Path) -> pd.DataFrame:
    """Return the deliveries as `graph.tables.DELIVERIES`."""
    raw = pd.read_csv(folder / "scms" / "deliveries.csv.gz")
    days = {
        name: pd.to_datetime(raw[column], format="%d-%b-%y")
        for name, column in (("promised_at", "Scheduled Delivery Date"), ("delivered_at", "Delivered to Client Date"))
    }
    texts = {"supplier_id": raw["Vendor"], "category": raw["Sub Classification"], "lane": raw["Country"]}
    return DELIVERIES.check(pd.DataFrame(texts | days))


def lateness(deliveries: pd.DataFrame) -> dict[str, Any]:
    """Predict who will be late from what was known on 2011-01-01, beside two raw rates."""
    cut, end = pd.Timestamp("2011-01-01"), pd.Timestamp("2013-01-01")
    params = ScorecardParams()
    train = observed(deliveries, cut, params)
    promised = deliveries["promised_at"]
    test = deliveries[(promised >= cut) & (promised < end)].rename(columns={"supplier_id": "supplier"})
    late = (test["delivered_at"] > test["promised_at"]).to_numpy()
    forecasts = {
        "ours": LatenessModel.fit(train, prior=params.prior_deliveries).predict(test),
        "vendor_raw_rate": _raw_rate(train, test, "supplier"),
        "category_mean": _raw_rate(train, test, "category"),
    }
    scores = {name: {"auc": auc(late, p), "brier": float(np.mean((p - late) ** 2))} for name, p in forecasts.items()}
    return {"train": len(train), "test": len(test), "late_share": float(late.mean()), **scores}


def trust(folder: Path) -> dict[str, Any]:
    """Predict the sign of the last fifth of the judgements, beside Beta-smoothed in-ratings alone."""
    rows = pd.read_csv(
        folder / "bitcoin_otc_trust" / "soc-sign-bitcoinalpha.csv.gz", header=None, names=["src", "dst", "weight", "at"]
    ).sort_values("at", kind="stable")
    rows = rows.astype({"src": "str", "dst": "str"})
    ids = IdColumn.vocabulary(pd.concat([rows["src"], rows["dst"]]))
    cut = int(len(rows) * 0.8)
    train, test = rows[:cut], rows[cut:]
    good = (test["weight"] > 0).to_numpy()
    src, dst = ids.positions(train["src"]), ids.positions(train["dst"])
    age = ((train["at"].max() - train["at"]) / 86_400).to_numpy(float)
    params = TrustParams()
    judgements = Judgements.of(len(ids), src, dst, weight=train["weight"].to_numpy(float), age_days=age, params=params)
    score = global_trust(judgements, params=params)
    asker, asked = ids.positions(test["src"]), ids.positions(test["dst"])
    smoothed = {f"beta_in_ratings_prior_{k}": _in_ratings(train, dst, len(ids), k)[asked] for k in (1, 2, 5)}
    forecasts = {
        "ours_global": score[asked],
        "ours_pairwise": pair_trust(judgements, score, asker, asked, params=params).score,
        **smoothed,
    }
    aucs = {name: auc(good, p) for name, p in forecasts.items()}
    return {"train": len(train), "test": len(test), "positive_share": float(good.mean()), "auc": aucs}


def _raw_rate(train: pd.DataFrame, test: pd.DataFrame, factor: str) -> Floats:
    rates = train.groupby(factor)["late"].mean()
    return np.asarray(test[factor].map(rates).fillna(train["late"].mean()).to_numpy(float))


def _in_ratings(train: pd.DataFrame, dst: npt.NDArray[np.int32], n: int, prior: float) -> Floats:
    positive = (train["weight"] > 0).to_numpy(float)
    good, total = np.bincount(dst, positive, n), np.bincount(dst, minlength=n)
    return np.asarray((good + prior * positive.mean()) / (total + prior))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print on one line")
    options = parser.parse_args()
    folder = data_dir()
    result = {"lateness_scms": lateness(scms_deliveries(folder)), "trust_bitcoin": trust(folder)}
    print(json.dumps(result, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
