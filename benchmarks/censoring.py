"""Stock-outs against simulated truth: ``python -m benchmarks.censoring --json``.

A fifth of all days is censored in each of four ways; the true demand and its mean are known. Measured are the estimate
of the lost days' demand (`uncensor`), all demand with it, and the forecast of the next four weeks (against the mean: on
single days the WAPE would reward whoever forecasts their median), beside ignoring the problem (what was sold is taken
for demand), dropping the lost days, and never having lost one.

- *closed*: a random day, nothing sold;
- *part*: a random day that closed at a random time;
- *peak*: stock runs out on the days of highest demand: what was sold is the stock;
- *after*: stock runs out as above, and the next day the shelf is empty.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_matrix

from forecast.boosting import BoostingParams
from forecast.censoring import uncensor
from forecast.direct import SamplingParams
from forecast.forecaster import ForecastProblem, forecast
from forecast.frequency import Frequency
from forecast.panel import Panel
from forecast.point import PointParams

MECHANISMS = ("closed", "part", "peak", "after")
_SHARE, _HORIZON = 0.2, 28
_WEEKDAY = np.array([0.8, 0.8, 0.9, 1.0, 1.2, 1.5, 1.3])
_QUICK = PointParams(boosting=BoostingParams(rounds=60), sampling=SamplingParams(fewest=60_000), level_seeds=1)


def demand(series: int, days: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return true demand and its mean: negative binomial, sizes from a piece to hundreds, weekday and slow drift."""
    rng = np.random.default_rng(seed)
    size = np.exp(rng.normal(1.5, 1.2, (series, 1)))
    drift = np.exp(np.cumsum(rng.normal(0, 0.01, (series, days)), axis=1))
    shape = rng.choice([1.5, 4.0, 30.0], (series, 1))
    mean = size * drift * _WEEKDAY[np.arange(days) % 7]
    level = (size * drift)[:, -_HORIZON - 1 : -_HORIZON]  # no drift that nobody could forecast
    mean[:, -_HORIZON:] = level * _WEEKDAY[np.arange(days - _HORIZON, days) % 7]
    return rng.poisson(rng.gamma(shape, mean / shape)).astype(float), mean


def censored(true: np.ndarray, mechanism: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what was sold and whether the shelf was full, shape (series, days): about a fifth of the days is lost."""
    rng = np.random.default_rng(seed)
    if mechanism in ("closed", "part"):
        lost = rng.random(true.shape) < _SHARE
        left = 0.0 if mechanism == "closed" else rng.random(true.shape)
        return np.where(lost, np.floor(true * left), true), ~lost
    share = _SHARE if mechanism == "peak" else _SHARE / 1.9
    window = np.ones(29)
    days = np.convolve(np.ones(true.shape[1]), window, mode="same")
    usual = np.stack([np.convolve(row, window, mode="same") for row in true]) / days
    ratio = true / np.maximum(usual, 0.2)
    stock = np.floor(np.quantile(ratio, 1 - share, axis=1, keepdims=True) * usual * rng.uniform(0.8, 1.1, true.shape))
    out, empty = true > stock, np.zeros(true.shape, dtype=bool)
    if mechanism == "after":
        for t in range(1, true.shape[1]):
            empty[:, t] = out[:, t - 1] & ~empty[:, t - 1]
    return np.where(empty, 0, np.minimum(true, stock)), ~(out | empty)


def panel_of(sold: np.ndarray, seen: np.ndarray) -> Panel:
    """Return the panel that knows which days were lost."""
    n = len(sold)
    return Panel(
        ids=np.array([f"s{k}" for k in range(n)], dtype=object),
        frequency=Frequency(unit="D"),
        first=19_000,
        y=np.where(seen, sold, 0).astype(np.float32),
        available=seen,
        born=np.zeros(n, dtype=np.int64),
        horizon=_HORIZON,
        sold=csr_matrix(np.where(seen, 0, sold)),
    )


def measure(mechanism: str, series: int, days: int, seed: int) -> dict[str, float | int | str]:
    """Score the three ways on one simulation."""
    true, expected = demand(series, days + _HORIZON, seed)
    sold, seen = censored(true[:, :days], mechanism, seed + 1)
    panel = panel_of(sold, seen)
    panels = {
        "ours": panel,
        "dropped": replace(panel, sold=None),
        "ignored": replace(panel, sold=None, y=sold.astype(np.float32), available=np.ones_like(seen)),
        "uncensored": replace(panel, sold=None, y=true[:, :days].astype(np.float32), available=np.ones_like(seen)),
    }
    out: dict[str, float | int | str] = {"mechanism": mechanism, "seed": seed, "lost": round(float(1 - seen.mean()), 3)}
    for way, given in panels.items():
        started = time.process_time()
        estimate = given.y.astype(float) if way in ("ignored", "uncensored") else uncensor(given)
        out[f"{way} days cpu_seconds"] = round(time.process_time() - started, 2)
        out |= _scores(f"{way} days", true[:, :days][~seen], estimate[~seen])
        out |= _scores(f"{way} history", true[:, :days], estimate)
        mean = forecast(ForecastProblem(panel=given), params=_QUICK, seed=seed).series.mean
        out |= _scores(f"{way} forecast", expected[:, days:], mean)
    return out


def _scores(name: str, true: np.ndarray, mean: np.ndarray) -> dict[str, float]:
    return {
        f"{name} bias": round(float(mean.sum() / true.sum() - 1), 4),
        f"{name} wape": round(float(np.abs(mean - true).sum() / true.sum()), 4),
    }


def summarise(runs: Sequence[dict[str, float | int | str]]) -> dict[str, dict[str, float]]:
    """Mean of every figure over the seeds, by mechanism."""
    out: dict[str, dict[str, float]] = {}
    for mechanism in dict.fromkeys(str(run["mechanism"]) for run in runs):
        same = [run for run in runs if run["mechanism"] == mechanism]
        names = [name for name in same[0] if name not in ("mechanism", "seed")]
        out[mechanism] = {name: round(float(np.mean([float(run[name]) for run in same])), 4) for name in names}
    return out


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print one JSON object (or one line per figure)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mechanisms", nargs="+", choices=MECHANISMS, default=list(MECHANISMS))
    parser.add_argument("--series", type=int, default=200)
    parser.add_argument("--days", type=int, default=500)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    runs = []
    for mechanism in options.mechanisms:
        for seed in options.seeds:
            runs.append(measure(mechanism, options.series, options.days, seed))
            print(json.dumps(runs[-1]), file=sys.stderr, flush=True)
    answer = {"mean": summarise(runs), "runs": runs}
    print(json.dumps(answer) if options.json else json.dumps(answer["mean"], indent=1))


if __name__ == "__main__":
    main()
