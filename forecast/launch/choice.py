"""Which method is best at a checkpoint: later launches among the known styles are forecast from the earlier ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from forecast.boosting import StumpParams
from forecast.launch.features import Features
from forecast.launch.intervals import fit_width
from forecast.launch.methods import Blended, Boosted, Corrected, Fitted, LogLinear, Method, Multiplier
from forecast.launch.update import CurveUpdate

__all__ = ["Backtest", "backtest", "fit_best"]

_FIRST_SHARE, _FOLDS = 0.6, 4
_FEWEST_STYLES = 10
_BLEND = "blended"
_CLOSE = 1.005


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """What each method said of styles that launched after all it had learnt from.

    Parameters
    ----------
    rows
        Which of the styles were forecast, shape (m,).
    medians
        By method, in logarithms, shape (m,).
    width
        Shape (m,).
    wape
        By method, the sum of absolute errors over the sum of totals.
    best
        The method of the least error, or the blend if that is hardly worse.
    blended
        The two methods of the least error, which the blend is the mean of.
    """

    rows: np.ndarray
    medians: Mapping[str, np.ndarray]
    width: np.ndarray
    wape: Mapping[str, float]
    best: str
    blended: tuple[str, ...] = ()


def backtest(features: Features, total: np.ndarray, *, params: StumpParams, seed: int) -> Backtest:
    """Forecast the later launches from the earlier ones, fold by fold, with every method that can learn from so few.

    Parameters
    ----------
    features, total
        Known styles in the order of their launch.
    """
    n = len(total)
    if n < _FEWEST_STYLES:
        none = np.empty(0)
        return Backtest(rows=none.astype(int), medians={"multiplier": none}, width=none, wape={}, best="multiplier")
    edges = np.unique((np.linspace(_FIRST_SHARE, 1, _FOLDS + 1) * n).astype(int))
    able = {name: method for name, method in _methods(params).items() if edges[0] >= method.fewest}
    folds = [
        _fold(features, total, methods=able, start=start, end=end, params=params, seed=seed)
        for start, end in pairwise(edges)
    ]
    rows = np.arange(edges[0], n)
    medians = {name: np.concatenate([fold[0][name] for fold in folds]) for name in able}
    width = np.concatenate([fold[1] for fold in folds])
    said, volume = features.so_far[rows], max(float(total[rows].sum()), 1e-9)

    def error(median: np.ndarray) -> float:
        return float(np.abs(said + np.expm1(median) - total[rows]).sum() / volume)

    wape = {name: error(median) for name, median in medians.items()}
    parts = tuple(sorted(wape, key=wape.__getitem__)[:2])
    medians[_BLEND] = np.mean([medians[name] for name in parts], axis=0)
    wape[_BLEND] = error(medians[_BLEND])
    return Backtest(rows=rows, medians=medians, width=width, wape=wape, best=_best(wape), blended=parts)


def _best(wape: Mapping[str, float]) -> str:
    """Return the method of the least error; the blend where it is as good within the noise of a backtest."""
    best = min(wape, key=wape.__getitem__)
    return _BLEND if wape.get(_BLEND, np.inf) <= _CLOSE * wape[best] else best


def fit_best(tried: Backtest, features: Features, total: np.ndarray, *, params: StumpParams, seed: int) -> Fitted:
    """Fit the method that a backtest chose to all known styles."""
    methods = _methods(params)
    names = tried.blended if tried.best == _BLEND else (tried.best,)
    parts = tuple(methods[name].fit(features, total, seed=seed) for name in names)
    return parts[0] if len(parts) == 1 else Blended(parts)


def _methods(params: StumpParams) -> Mapping[str, Method]:
    """Return the methods by name, the plainest first."""
    return {
        "multiplier": Multiplier(),
        "curve_update": CurveUpdate(),
        "log_linear": LogLinear(),
        "corrected": Corrected(params),
        "boosted": Boosted(params),
    }


def _fold(
    features: Features,
    total: np.ndarray,
    *,
    methods: Mapping[str, Method],
    start: int,
    end: int,
    params: StumpParams,
    seed: int,
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    past, later = features.take(np.arange(start)), features.take(np.arange(start, end))
    medians = {name: m.fit(past, total[:start], seed=seed).predict(later) for name, m in methods.items()}
    return medians, fit_width(past, total[:start], params=params, seed=seed).predict(later)
