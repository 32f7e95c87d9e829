"""What attributes, signals and the graph each tell about simulated launches, checkpoint by checkpoint.

The forecaster learns from the styles that were over at a cutoff and forecasts those launched after it, three times:
from attributes (and, once there are any, sales), with signals whose KOLs are not named, and with the KOLs named, their
followers, their trust and what they sold before. All three see the same styles, the same sales and nothing observed
after a checkpoint.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecast.launch.forecaster import LaunchForecaster
from simulate.launch_params import LaunchParams
from simulate.launches import Launches, simulate_launches

__all__ = ["ABLATIONS", "CHECKPOINTS", "Split", "ablation", "ablations", "forecasts_with", "split_season"]

ABLATIONS = ("attributes", "signals", "graph")
CHECKPOINTS = ("0h", "1h", "24h", "3d", "7d", "14d")
_HISTORY_SHARE = 0.7
_HIDDEN = ("simulated",)


@dataclass(frozen=True)
class Split:
    """A season cut at a moment.

    Parameters
    ----------
    season
        With its truth.
    as_of
        The moment.
    past
        Styles launched before it, with the totals of those that were over.
    test
        Styles launched after it.
    truth
        Total and hit of the test styles, in their order.
    """

    season: Launches
    as_of: pd.Timestamp
    past: pd.DataFrame
    test: pd.DataFrame
    truth: pd.DataFrame


def split_season(styles: int, seed: int) -> Split:
    """Simulate a season and cut it after 70 % of its launches."""
    season = simulate_launches(LaunchParams(styles=styles), seed=seed)
    as_of = season.styles["launch_at"].iloc[int(_HISTORY_SHARE * styles)]
    known = season.known(as_of).drop(columns=list(_HIDDEN))
    test = known["launch_at"] > as_of
    truth = season.truth[test.to_numpy()].reset_index(drop=True)
    return Split(season, as_of, known[~test], known[test].drop(columns="total"), truth)


def forecasts_with(
    split: Split,
    name: str,
    *,
    checkpoints: Sequence[str] = CHECKPOINTS,
    quantiles: Sequence[float] = (0.1, 0.5, 0.9),
    seed: int = 0,
) -> pd.DataFrame:
    """Return the forecasts of the test styles from one set of inputs."""
    season = split.season
    signals = None if name == "attributes" else season.signals.drop(columns=list(_HIDDEN))
    kols = season.kols.drop(columns=list(_HIDDEN)) if name == "graph" else None
    record = season.kol_record.drop(columns=list(_HIDDEN)) if name == "graph" else None
    if name == "signals" and signals is not None:
        signals = signals.drop(columns=["kol_id", "parent_id"])
    sales = season.sales.drop(columns=list(_HIDDEN))
    after = set(split.test["style_id"])
    fitted = LaunchForecaster(seed=seed).fit(
        split.past, _of(signals, after, inside=False), _of(sales, after, inside=False),
        kols=kols, kol_record=record, checkpoints=checkpoints, as_of=split.as_of,
    )  # fmt: skip
    return fitted.predict(
        split.test, _of(signals, after, inside=True), _of(sales, after, inside=True), quantiles=quantiles
    )


def _of(table: pd.DataFrame | None, styles: set[str], *, inside: bool) -> pd.DataFrame | None:
    return None if table is None else table[table["style_id"].isin(styles) == inside]


def scores(forecast: pd.DataFrame, truth: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return the scores of each checkpoint."""
    answer = {}
    total, hits = truth["total"].to_numpy(float), truth["hit"].to_numpy()
    for name, found in forecast.groupby("checkpoint", sort=False):
        rows = found.set_index("style_id").loc[truth["style_id"]]
        top = np.argsort(-rows["p_hit"].to_numpy(float), kind="stable")[: int(hits.sum())]
        answer[str(name)] = {
            "wape": _rounded(np.abs(rows["q0.5"] - total).sum() / total.sum()),
            "wape_of_mean": _rounded(np.abs(rows["mean"] - total).sum() / total.sum()),
            "coverage_80": _rounded(((rows["q0.1"] <= total) & (total <= rows["q0.9"])).mean()),
            "hit_precision_at_k": _rounded(hits[top].mean()),
        }
    return answer


def _rounded(value: float) -> float:
    return round(float(value), 4)


def ablation(split: Split, seed: int) -> dict[str, Any]:
    """Return the scores of one season by inputs and checkpoint."""
    return {name: scores(forecasts_with(split, name, seed=seed), split.truth) for name in ABLATIONS}


def ablations(seeds: Sequence[int], *, styles: int = 2_000) -> dict[str, Any]:
    """Return the table of several seasons: per checkpoint, measure and inputs the mean, and each season's value."""
    started = time.process_time()
    splits = {seed: split_season(styles, seed) for seed in seeds}
    tables = [ablation(split, seed) for seed, split in splits.items()]
    answer: dict[str, Any] = {
        "seeds": list(seeds),
        "history_styles": [int(split.past["total"].notna().sum()) for split in splits.values()],
        "test_styles": [len(split.test) for split in splits.values()],
        "test_hits": [int(split.truth["hit"].sum()) for split in splits.values()],
    }
    for checkpoint in CHECKPOINTS:
        answer[checkpoint] = {
            name: {
                measure: {"mean": _rounded(float(np.mean(values))), "by_seed": values}
                for measure in ("wape", "wape_of_mean", "coverage_80", "hit_precision_at_k")
                for values in [[table[name][checkpoint][measure] for table in tables]]
            }
            for name in ABLATIONS
        }
    return answer | {"cpu_seconds": round(time.process_time() - started, 1)}
