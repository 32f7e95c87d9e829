"""How good one forecast of one origin was: overall, by level and by size of the series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecast.forecaster import ForecastResult, Ranges
from forecast.hierarchy import Level
from forecast.metrics import bias, coverage, quantile_loss, rmsse, wape
from forecast.panel import Panel
from forecast.weighted import wrmsse, wspl

__all__ = ["Outcome", "score", "value_added"]

SIZES = ("small", "medium", "large")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came after an origin, with what is needed to judge a forecast of it.

    Parameters
    ----------
    truth
        Pieces, shape (n, horizon), NaN where nothing could be seen.
    history
        Pieces up to the origin, shape (n, T), NaN where nothing could be seen.
    value
        What each series sold for (or the pieces, without prices) in its last four seasons, shape (n,).
    levels, quantiles
        Levels to score beside the series; the quantiles' levels.
    """

    truth: np.ndarray
    history: np.ndarray
    value: np.ndarray
    levels: tuple[Level, ...]
    quantiles: tuple[float, ...]

    @classmethod
    def of(cls, panel: Panel, length: int, truth: np.ndarray, *, levels: Sequence[Level], quantiles: Any) -> Outcome:
        """Collect what is known of an origin; nothing after it goes into scales and weights."""
        history = np.where(panel.available[:, :length], panel.y[:, :length], np.nan)
        return cls(
            truth=truth,
            history=history,
            value=_value(panel, history, length),
            levels=tuple(levels),
            quantiles=tuple(quantiles),
        )


def score(outcome: Outcome, result: ForecastResult) -> dict[str, Any]:
    """Return the measures of a forecast (docs/how-to/forecast.md defines them).

    Returns
    -------
    dict
        ``wape, rmsse, wrmsse, wspl, bias, quantile_loss, coverage`` of the series (the two weighted ones are means of
        all levels); ``sizes``: the same, without scales, for thirds of the series by their volume; ``levels``: for the
        nodes of each level.
    """
    own = _plain(outcome.truth, result.series, outcome.quantiles)
    return {
        **own,
        "rmsse": rmsse(outcome.truth, result.series.mean, outcome.history),
        **_weighted(outcome, result),
        "sizes": _by_size(outcome, result),
        "levels": {
            level.name: _plain(
                _summed(level, outcome.truth), _seen_only(level, outcome.truth, nodes, result), outcome.quantiles
            )
            for level, nodes in zip(outcome.levels, result.nodes, strict=True)
        },
    }


def value_added(scores: Sequence[dict[str, Any]], model: str) -> dict[str, float]:
    """Return by how much a model's WAPE is below each other one's at the same origin, as a share of theirs.

    Examples
    --------
    >>> value_added([{"model": "ours", "wape": 0.3}, {"model": "naive", "wape": 0.4}], "ours")
    {'naive': 0.25}
    """
    errors = {score["model"]: score["wape"] for score in scores}
    return {name: round(1 - errors[model] / wape, 4) for name, wape in errors.items() if name != model and wape > 0}


def _plain(truth: np.ndarray, ranges: Ranges, quantiles: Sequence[float]) -> dict[str, Any]:
    return {
        "wape": wape(truth, ranges.mean),
        "bias": bias(truth, ranges.mean),
        "quantile_loss": quantile_loss(truth, ranges.quantiles, quantiles),
        "coverage": coverage(truth, ranges.quantiles, quantiles),
    }


def _weighted(outcome: Outcome, result: ForecastResult) -> dict[str, float]:
    """Score the levels and the series on the days on which every series could be seen, else sums mean nothing."""
    own = Level(name="series", keys=tuple(map(str, range(len(outcome.truth)))), group=np.arange(len(outcome.truth)))
    whole = np.isfinite(outcome.truth).any(axis=0)
    truth, history = np.nan_to_num(outcome.truth[:, whole]), np.nan_to_num(outcome.history)
    mean = np.where(np.isfinite(outcome.truth), result.series.mean, 0.0)[:, whole]
    levels, nodes = (*outcome.levels, own), (*result.nodes, result.series)
    ranges = [node.quantiles[:, whole] for node in nodes]
    past = {"history": history, "value": outcome.value}
    return {
        "wrmsse": wrmsse(levels, truth, mean, **past),
        "wspl": wspl(levels, truth, ranges, outcome.quantiles, **past),
    }


def _by_size(outcome: Outcome, result: ForecastResult) -> dict[str, Any]:
    volume = np.nan_to_num(outcome.history).sum(axis=1)
    third = np.argsort(np.argsort(volume, kind="stable"), kind="stable") * len(SIZES) // max(len(volume), 1)
    out = {}
    for k, name in enumerate(SIZES):
        rows = third == k
        if rows.any():
            ranges = Ranges(mean=result.series.mean[rows], quantiles=result.series.quantiles[rows])
            out[name] = {"series": int(rows.sum()), **_plain(outcome.truth[rows], ranges, outcome.quantiles)}
    return out


def _summed(level: Level, truth: np.ndarray) -> np.ndarray:
    """Add up the members that could be seen; NaN where none could."""
    seen = np.isfinite(truth)
    return np.where(level.sum(seen.astype(float)) > 0, level.sum(np.where(seen, truth, 0)), np.nan)


def _seen_only(level: Level, truth: np.ndarray, nodes: Ranges, result: ForecastResult) -> Ranges:
    """Return the nodes' forecasts of the members that could be seen, in proportion."""
    seen = np.isfinite(truth)
    whole = level.sum(result.series.mean)
    part = level.sum(np.where(seen, result.series.mean, 0))
    share = np.divide(part, whole, out=np.ones_like(whole), where=whole > 0)
    return Ranges(mean=nodes.mean * share, quantiles=nodes.quantiles * share[:, :, None])


def _value(panel: Panel, history: np.ndarray, length: int) -> np.ndarray:
    start = max(length - 4 * panel.frequency.season, 0)
    pieces = np.nan_to_num(history[:, start:])
    prices = [a.values for a in panel.known if a.name == "price"]
    if not prices:
        return np.asarray(pieces.sum(axis=1))
    return np.asarray((pieces * np.nan_to_num(prices[0][:, start:length], nan=1.0)).sum(axis=1))
