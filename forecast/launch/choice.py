"""Which method is best at a checkpoint: later launches among the known styles are forecast from the earlier ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from forecast.boosting import StumpParams
from forecast.launch.features import Features
from forecast.launch.intervals import fit_width
from forecast.launch.methods import Method, methods_of

__all__ = ["Backtest", "backtest"]

_FIRST_SHARE, _FOLDS = 0.4, 4
_FEWEST_STYLES = 10


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
        The method of the least error.
    """

    rows: np.ndarray
    medians: Mapping[str, np.ndarray]
    width: np.ndarray
    wape: Mapping[str, float]
    best: str


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
    able = {name: method for name, method in methods_of(params).items() if edges[0] >= method.fewest}
    folds = [
        _fold(features, total, methods=able, start=start, end=end, params=params, seed=seed)
        for start, end in pairwise(edges)
    ]
    rows = np.arange(edges[0], n)
    medians = {name: np.concatenate([fold[0][name] for fold in folds]) for name in able}
    width = np.concatenate([fold[1] for fold in folds])
    said, volume = features.so_far[rows], max(float(total[rows].sum()), 1e-9)
    wape = {name: float(np.abs(said + np.expm1(m) - total[rows]).sum() / volume) for name, m in medians.items()}
    return Backtest(rows=rows, medians=medians, width=width, wape=wape, best=min(wape, key=wape.__getitem__))


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
